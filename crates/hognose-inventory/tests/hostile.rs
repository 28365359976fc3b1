//! Input made to break a reader: never a panic, never unbounded work, always a gap with file and line.

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{scan_memory, scan_memory_for, show, show_gaps};
use hognose_inventory::{Disk, Inventory, Memory, Options, fuzzing, scan_paths};
use proptest::prelude::*;

type Parser = fn(&[u8]) -> Inventory;

/// Every parser, by name.
const PARSERS: [(&str, Parser); 14] = [
    ("requirements", fuzzing::requirements),
    ("pyproject", fuzzing::pyproject),
    ("setup_cfg", fuzzing::setup_cfg),
    ("setup_py", fuzzing::setup_py),
    ("poetry_lock", fuzzing::poetry_lock),
    ("pdm_lock", fuzzing::pdm_lock),
    ("uv_lock", fuzzing::uv_lock),
    ("pipfile", fuzzing::pipfile),
    ("pipfile_lock", fuzzing::pipfile_lock),
    ("pylock", fuzzing::pylock),
    ("script", fuzzing::script),
    ("wheel", fuzzing::wheel),
    ("sdist", fuzzing::sdist),
    ("environment", fuzzing::environment),
];

/// Fragments from which near-valid files of each format are put together.
const PIECES: &str = "(\\[\\[package\\]\\]|\\[package\\.dependencies\\]|\\[project\\]|\\[tool\\.poetry\\.dependencies\\]|name|version|source|dependencies|marker| = |\"a\"|\"1\\.0\"|==1\\.0|>=2|; |extra == 'x'|\n|\n  |\\{|\\}|\\[|\\]|,|:|\"|'|\\\\|#|# via b|-r |-c |-e |--hash=|sha256:00|git\\+https://x|@|setup\\(|install_requires=|\\*\\*|\\+|\"default\": |\"_meta\": |Name: a|Version: 1|[a-z]|[0-9]|é|\u{0}|\u{1b}){0,40}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_a_parser_panic(text in PIECES) {
        for (_, parse) in PARSERS {
            parse(text.as_bytes());
        }
        fuzzing::sniff(text.as_bytes());
        fuzzing::core_metadata(text.as_bytes());
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (_, parse) in PARSERS {
            parse(&bytes);
        }
        fuzzing::sniff(&bytes);
        fuzzing::core_metadata(&bytes);
    }

    #[test]
    fn a_damaged_lock_never_panics(at in 0_usize..20_000, byte in any::<u8>(), cut in any::<bool>()) {
        for (name, parse) in [("uv_lock/uv.lock", fuzzing::uv_lock as Parser), ("pipfile_lock/Pipfile.lock", fuzzing::pipfile_lock)] {
            let mut bytes = fs::read(common::fixture(name)).unwrap();
            bytes.truncate(20_000);
            if cut { bytes.truncate(at) } else if let Some(b) = bytes.get_mut(at) { *b = byte }
            parse(&bytes);
        }
    }

    #[test]
    fn pins_round_trip(pins in proptest::collection::btree_map("[a-z][a-z0-9]{0,8}", "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}", 0..20)) {
        let lines: Vec<String> = pins.iter().map(|(name, version)| format!("{name}=={version}")).collect();
        let text = lines.join("\n");
        let inventory = fuzzing::requirements(text.as_bytes());
        let read: Vec<(String, String)> = inventory.components.iter().map(|c| (c.name.to_string(), c.version.as_str().unwrap().to_owned())).collect();
        prop_assert_eq!(read, pins.into_iter().collect::<Vec<_>>());
        prop_assert!(inventory.gaps.is_empty());
    }
}

#[test]
fn empty_files_are_no_faults_of_syntax() {
    for (name, parse) in PARSERS {
        let inventory = parse(b"");
        assert!(inventory.components.len() <= 1, "{name}");
    }
}

#[test]
fn deep_nesting_is_a_gap() {
    let mut out = String::new();
    for (name, text) in [
        (
            "uv.lock",
            format!("version = 1\nx = {}", "[".repeat(100_000)),
        ),
        (
            "pyproject.toml",
            format!("a = 1\nx = {}", "{a=".repeat(100_000)),
        ),
        ("poetry.lock", format!("[{}x]\n", "a.".repeat(100_000))),
        (
            "Pipfile.lock",
            format!("{{\n\"a\": {}", "[".repeat(100_000)),
        ),
        (
            "setup.py",
            format!("setup(install_requires={}'a==1'", "[".repeat(100_000)),
        ),
        ("requirements.txt", format!("a==1 ; {}", "(".repeat(10_000))),
    ] {
        let started = Instant::now();
        out.push_str(&show_gaps(&scan_memory(&[(name, &text)], &[name])));
        assert!(started.elapsed() < Duration::from_secs(10), "{name}");
    }
    insta::assert_snapshot!(out, @"
    gap HOG-GAP-unreadable uv.lock:2: not valid TOML: cannot recurse further; max recursion depth met (restore the file or lock again; what could be read around the fault was read)
    gap HOG-GAP-unreadable pyproject.toml:2: not valid TOML: cannot recurse further; max recursion depth met (correct the file; what could be read around the fault was read)
    gap HOG-GAP-unreadable poetry.lock:1: not valid TOML: recursion limit (restore the file or lock again; what could be read around the fault was read)
    gap HOG-GAP-unreadable poetry.lock:1: the lock does not state its format version: read as the newest known (lock again with the tool that wrote it)
    gap HOG-GAP-unreadable Pipfile.lock:2: nested deeper than 64 levels (lock again)
    gap HOG-GAP-unreadable setup.py:1: install_requires is computed: only running setup.py would tell it (setup.py is never run; lock the project, or scan the environment it is installed in)
    gap HOG-GAP-unreadable requirements.txt:1: the environment marker nests parentheses deeper than 32 (write it as `name==1.0 ; marker`; the rest of the file was read)
    ");
}

#[test]
fn truncated_and_garbled_files_keep_what_can_be_read() {
    let mut out = String::new();
    for (name, text) in [
        (
            "uv.lock",
            "version = 1\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n[[package]]\nname = \"b",
        ),
        (
            "uv.lock",
            "version = 7\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n",
        ),
        (
            "uv.lock",
            "[[package]]\nversion = \"1.0\"\n[[package]]\nname = \"\\u001b[31m\"\n[[package]]\nname = \"b\"\nversion = 3\n",
        ),
        (
            "poetry.lock",
            "<<<<<<< HEAD\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n=======\n[metadata]\nlock-version = \"2.1\"\n",
        ),
        (
            "pdm.lock",
            "[metadata]\nlock_version = \"9.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nmarker = \"wat\"\n",
        ),
        (
            "pylock.toml",
            "lock-version = \"2.0\"\n[[packages]]\nname = \"a\"\nmarker = \"'dev' in dependency_groups\"\nwheels = [{ name = \"a-1.0-py3-none-any.whl\" }]\n",
        ),
        (
            "Pipfile.lock",
            "{\n\"_meta\": {\"pipfile-spec\": 5},\n\"default\": {\n \"a\": {\"version\": \"==1.0\"},\n \"b\": 3,\n \"-c-\": {},\n \"d\": {\"version\": \"1.0\"}\n},\n\"develop\": []\n}",
        ),
        ("Pipfile.lock", "{\n\"default\": {\n \"a\": {\"version\": "),
    ] {
        out.push_str(&show(&scan_memory(&[(name, text)], &[name])));
        out.push_str("--\n");
    }
    insta::assert_snapshot!(out, @r#"
    input uv.lock (uv lock)
    a 1.0 [uv.lock:3]
    b unknown [uv.lock:6]
    gap HOG-GAP-unreadable uv.lock:6: not valid TOML: invalid basic string, expected `"` (restore the file or lock again; what could be read around the fault was read)
    gap HOG-GAP-version uv.lock:6: b: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    --
    input uv.lock (uv lock)
    a 1.0 [uv.lock:3]
    gap HOG-GAP-unreadable uv.lock:1: lock format version 7 is not known (known: 1): read as the newest known (update Hognose, or lock again with a version of the tool it knows)
    --
    input uv.lock (uv lock)
    b unknown [uv.lock:6]
    gap HOG-GAP-unreadable uv.lock:1: the lock does not state its format version: read as the newest known (lock again with the tool that wrote it)
    gap HOG-GAP-unreadable uv.lock:1: an entry without name (lock again; the rest of the file was read)
    gap HOG-GAP-unreadable uv.lock:4: "\u{1b}[31m" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name; the rest of the file was read)
    gap HOG-GAP-version uv.lock:6: b: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    --
    input poetry.lock (Poetry lock)
    gap HOG-GAP-unreadable poetry.lock:1: not valid TOML: key with no value, expected `=` (restore the file or lock again; what could be read around the fault was read)
    gap HOG-GAP-unreadable poetry.lock:1: the lock does not state its format version: read as the newest known (lock again with the tool that wrote it)
    --
    input pdm.lock (PDM lock)
    a 1.0 [pdm.lock:4]
    gap HOG-GAP-unreadable pdm.lock:2: lock format version 9.0 is not known (known: 2, 3, 4): read as the newest known (update Hognose, or lock again with a version of the tool it knows)
    gap HOG-GAP-unreadable pdm.lock:4: cannot read the environment marker "wat" at byte 3: expected a comparison operator (correct the marker; the entry was read as if it had none)
    --
    input pylock.toml (pylock)
    a 1.0 [pylock.toml:3 groups=dev if 'dev' in dependency_groups]
    gap HOG-GAP-unreadable pylock.toml:1: lock format version 2.0 is not known (known: 1): read as the newest known (update Hognose, or lock again with a version of the tool it knows)
    --
    input Pipfile.lock (Pipenv lock)
    a 1.0 [Pipfile.lock:4]
    d 1.0 [Pipfile.lock:7]
    gap HOG-GAP-unreadable Pipfile.lock:2: lock format version 5 is not known (known: 6): read as the newest known (update Hognose, or lock again with a version of the tool it knows)
    gap HOG-GAP-unreadable Pipfile.lock:5: cannot read this entry: invalid type: integer `3`, expected package (run `pipenv lock`; the rest of the file was read)
    gap HOG-GAP-unreadable Pipfile.lock:6: "-c-" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name; the rest of the file was read)
    gap HOG-GAP-unreadable Pipfile.lock:9: "develop" is not an object of packages (run `pipenv lock`)
    --
    input Pipfile.lock (Pipenv lock)
    gap HOG-GAP-unreadable Pipfile.lock:3: not valid JSON: eof while parsing a value (restore the file, or run `pipenv lock`)
    --
    "#);
}

#[test]
fn a_lock_of_100_megabytes_is_bounded() {
    for (name, entry) in [
        (
            "uv.lock",
            "[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [{ name = \"a\" }]\n",
        ),
        ("uv.lock", "[[package]]\nname = 'a'\n"),
        ("requirements.txt", "a\n"),
        ("Pipfile.lock", "\"a\": {},"),
    ] {
        let mut text = entry.repeat((100 << 20) / entry.len());
        if name == "Pipfile.lock" {
            text = format!("{{\"default\": {{{text}\"b\": {{}}}}}}");
        }
        let started = Instant::now();
        let inventory = scan_memory(&[(name, &text)], &[name]);
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "{name} {:?}",
            started.elapsed()
        );
        assert!(inventory.components.len() <= 200_000, "{name}");
        assert!(!inventory.gaps.is_empty(), "{name}");
    }
}

#[test]
fn forks_do_not_multiply_edges() {
    let entry = "[[package]]\nname = \"a\"\nversion = \"V\"\ndependencies = [{ name = \"a\" }]\n";
    let text: String = (0..20_000)
        .map(|v| entry.replace('V', &v.to_string()))
        .collect();
    let started = Instant::now();
    let inventory = scan_memory(&[("uv.lock", &text)], &["uv.lock"]);
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(inventory.components.len(), 20_000);
    assert!(inventory.edges.len() <= 1_000_000);
}

#[test]
fn files_over_the_limit_are_gaps() {
    let mut options = Options::default();
    options.limits.file_bytes = 100;
    let long = "a==1\n".repeat(50);
    let inventory = scan_memory_for(
        &[("requirements.txt", &long), ("b/requirements.txt", "b==1")],
        &["."],
        &options,
    );
    insta::assert_snapshot!(show(&inventory), @"
    input b/requirements.txt (requirements file)
    b 1 [b/requirements.txt:1 direct]
    gap HOG-GAP-unreadable requirements.txt: cannot read the file: larger than the limit of 100 bytes (no real file of this kind is so large; remove it, or leave it out with `--exclude`)
    ");
}

#[test]
fn a_file_may_not_flood_the_report() {
    let mut options = Options::default();
    options.limits.gaps_per_file = 3;
    let text = "==\n".repeat(10);
    let inventory = scan_memory_for(
        &[("requirements.txt", &text)],
        &["requirements.txt"],
        &options,
    );
    insta::assert_snapshot!(show_gaps(&inventory), @r#"
    gap HOG-GAP-unreadable requirements.txt:1: "==" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:2: "==" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:3: "==" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt: 7 more faults like the 3 reported for this file (mend those that are reported first)
    "#);
}

#[test]
fn nothing_outside_the_scanned_directories_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("app/sub")).unwrap();
    fs::write(root.join("secret.txt"), "root:x:0:0\n").unwrap();
    fs::write(
        root.join("app/requirements.txt"),
        "-r ../secret.txt\n-c sub/link.txt\na==1\n",
    )
    .unwrap();
    fs::write(
        root.join("app/setup.cfg"),
        "[options]\ninstall_requires = file: ../secret.txt\n",
    )
    .unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../../secret.txt", root.join("app/sub/link.txt")).unwrap();
        std::os::unix::fs::symlink("../../secret.txt", root.join("app/sub/requirements.txt"))
            .unwrap();
        std::os::unix::fs::symlink("..", root.join("app/sub/loop")).unwrap();
    }
    let path = root.join("app").to_str().unwrap().to_owned();
    let shown = show(&scan_paths(&Disk, &[path], &Options::default()));
    assert!(!shown.contains("x:0:0"), "{shown}");
    insta::assert_snapshot!(shown.replace(root.to_str().unwrap(), "ROOT"), @"
    input ROOT/app/requirements.txt (requirements file)
    input ROOT/app/setup.cfg (setup.cfg)
    a 1 [ROOT/app/requirements.txt:3 direct]
    skipped ROOT/app/sub/loop: a link to a directory; name it to scan it
    gap HOG-GAP-unreadable ROOT/app/requirements.txt:1: ../secret.txt lies outside the scanned directories and was not opened (name its directory too, or scan from a directory that holds both)
    gap HOG-GAP-unreadable ROOT/app/requirements.txt:2: sub/link.txt lies outside the scanned directories and was not opened (name its directory too, or scan from a directory that holds both)
    gap HOG-GAP-unreadable ROOT/app/setup.cfg:2: ../secret.txt does not exist or lies outside the scanned directories (correct the path)
    gap HOG-GAP-unreadable ROOT/app/sub/requirements.txt: a link to a file outside the scanned directories, which was not opened (name the file itself to scan it)
    ");
}

#[test]
fn odd_paths_are_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("uv.lock")).unwrap();
    fs::create_dir_all(root.join("requirements.txt")).unwrap();
    fs::write(root.join("notes.md"), "").unwrap();
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let paths = [
        path("uv.lock"),
        path("missing"),
        path("notes.md"),
        path("."),
        "/dev/null".to_owned(),
    ];
    let shown = show(&scan_paths(&Disk, &paths, &Options::default()));
    insta::assert_snapshot!(shown.replace(root.to_str().unwrap(), "ROOT"), @"
    gap HOG-GAP-unreadable ROOT/missing: no such file or directory (check the path)
    gap HOG-GAP-unreadable ROOT/notes.md: not a format that can be read (name a requirements file, manifest, lock, script with inline metadata, SBOM, wheel or sdist)
    gap HOG-GAP-unreadable /dev/null: not a regular file or directory (name a file of a known format, or a directory)
    ");
}

#[test]
fn two_scans_are_equal() {
    let paths = [common::fixture("uv_lock"), common::fixture("requirements")];
    let scan = || scan_paths(&Disk, &paths, &Options::default());
    assert_eq!(scan(), scan());
}

#[test]
fn memory_and_disk_read_the_same() {
    let mut files = Vec::new();
    for name in [
        "uv.lock",
        "pyproject.toml",
        "packages/helper/pyproject.toml",
    ] {
        files.push((
            format!("uv_lock/{name}"),
            fs::read(common::fixture(&format!("uv_lock/{name}"))).unwrap(),
        ));
    }
    let memory = scan_paths(
        &Memory::new(files),
        &["uv_lock".to_owned()],
        &Options::default(),
    );
    let disk = scan_paths(&Disk, &[common::fixture("uv_lock")], &Options::default());
    assert_eq!(show(&memory), show(&disk));
}

/// Shapes in which a look-up per entry would make the work quadratic.
#[test]
fn repetition_is_not_quadratic() {
    let many =
        |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().concat();
    let cases = [
        (
            "poetry.lock",
            many(50_000, |i| {
                format!("[[package]]\nname = \"p{i}\"\nversion = \"1\"\n")
            }) + "[metadata.files]\n"
                + &many(50_000, |i| format!("p{i} = []\n")),
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\ndependencies = [".to_owned()
                + &many(20_000, |i| format!("\"p{i}\",\n"))
                + "]\n[tool.uv.sources]\n"
                + &many(20_000, |i| format!("p{i} = {{ workspace = true }}\n")),
        ),
        (
            "pyproject.toml",
            "[dependency-groups]\n".to_owned()
                + &many(5_000, |i| {
                    format!("g{i} = [{{ include-group = \"g{}\" }}]\n", i + 1)
                }),
        ),
        (
            "Pipfile",
            "[packages]\n".to_owned()
                + &many(20_000, |i| {
                    format!("p{i} = {{ version = \"*\", index = \"i{i}\" }}\n")
                })
                + &many(20_000, |i| {
                    format!("[[source]]\nname = \"i{i}\"\nurl = \"u\"\n")
                }),
        ),
        (
            "requirements.txt",
            many(20_000, |_| "a==1 # via a, a, a, a\n".to_owned())
                + &many(20_000, |_| "a\n".to_owned()),
        ),
        (
            "setup.py",
            "a = ['x==1']\n".to_owned()
                + &many(5_000, |_| "a = a + a\n".to_owned())
                + "setup(install_requires=a)\n",
        ),
        (
            "setup.py",
            many(100_000, |_| "setup(install_requires=[".to_owned()),
        ),
        ("setup.py", many(200_000, |_| "a = [\n)\n".to_owned())),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n".to_owned() + &many(200_000, |i| format!("  p{i}\n")),
        ),
    ];
    for (name, text) in cases {
        let started = Instant::now();
        scan_memory(&[(name, &text)], &[name]);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{name} {:?}",
            started.elapsed()
        );
    }
}

/// A name that is not Unicode must not hide what a file or directory holds.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_gaps() {
    use std::os::unix::ffi::OsStrExt as _;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let named = |bytes: &[u8]| root.join(std::ffi::OsStr::from_bytes(bytes));
    fs::write(named(b"requirements-\xff.txt"), "a==1\n").unwrap();
    fs::create_dir(named(b"sub\xfe")).unwrap();
    fs::write(named(b"sub\xfe/requirements.txt"), "b==1\n").unwrap();
    fs::write(named(b"picture-\xff.png"), "").unwrap();
    let path = root.to_str().unwrap().to_owned();
    let shown = show(&scan_paths(&Disk, &[path], &Options::default()));
    insta::assert_snapshot!(shown.replace(root.to_str().unwrap(), "ROOT"), @"
    gap HOG-GAP-unreadable ROOT/requirements-�.txt: cannot read the file: no such file or directory (its name is not Unicode: rename it, or leave it out with `--exclude`)
    gap HOG-GAP-unreadable ROOT/sub�: cannot list the directory: no such file or directory (check its permissions, or leave it out with `--exclude`)
    ");
}
