//! RECORD beside the files it names.

use std::fs;

use hognose_provenance::environment::Without;
use proptest::prelude::*;
use sha2::{Digest as _, Sha384, Sha512};

use super::{Made, base64, row};

#[test]
fn what_is_as_installed_is_silent() {
    let made = Made::new();
    made.install(
        "one",
        &[("one/__init__.py", "a = 1\n"), ("one/data.txt", "x")],
    );
    assert_eq!(made.problems(), [""; 0]);
    let counts = made.check().counts;
    assert_eq!((counts.files, counts.bytes), (2, 7));
}

#[test]
fn altered_missing_and_shared_files_are_found() {
    let made = Made::new();
    made.install(
        "one",
        &[
            ("one.py", "a = 1\n"),
            ("gone.py", ""),
            ("size.py", "b = 1\n"),
            ("linked.py", "c\n"),
        ],
    );
    made.write("one.py", "a = 2\n");
    fs::remove_file(made.site().join("gone.py")).unwrap();
    fs::hard_link(made.site().join("linked.py"), made.root().join("cache")).unwrap();
    made.write("linked.py", "d\n");
    made.write("size.py", "b = 10\n");
    assert_eq!(
        made.problems(),
        [
            "gone.py: missing",
            "linked.py: altered, 2 links",
            "one.py: altered",
            "size.py: altered",
        ]
    );
}

#[test]
fn every_algorithm_of_the_specification_counts() {
    let made = Made::new();
    let text = b"a = 1\n";
    made.write("a.py", text);
    made.write("b.py", text);
    made.write("c.py", "changed");
    let record = format!(
        "a.py,sha384={},6\nb.py,sha512={},\nc.py,sha512={},7\none-1.0.dist-info/RECORD,,\n",
        base64(&Sha384::digest(text)),
        base64(&Sha512::digest(text)),
        base64(&Sha512::digest(text)),
    );
    made.record("one", record);
    assert_eq!(made.problems(), ["c.py: altered"]);
}

#[test]
fn rows_that_lead_out_or_say_nothing_are_named() {
    let made = Made::new();
    fs::write(made.root().join("bin/run"), "x").unwrap();
    made.write("a.py", "");
    let outside = made
        .root()
        .parent()
        .unwrap()
        .join("x")
        .display()
        .to_string();
    let record = format!(
        "/etc/passwd,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
         ../../../../../../../../etc/hosts,,\n{outside},,\n\
         a.py,sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
         b.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n\
         no row\n\"open\n{}{}",
        row("../../../bin/run", b"x"),
        row(&made.root().join("bin/run").display().to_string(), b"x"),
    );
    made.record("one", record);
    let problems = made.problems();
    let starts = [
        "b.py: missing",
        "one-1.0.dist-info/RECORD: row 1 Outside(\"/etc/passwd\")",
        "one-1.0.dist-info/RECORD: row 2 Outside",
        "one-1.0.dist-info/RECORD: row 3 Outside",
        "one-1.0.dist-info/RECORD: row 4 Damaged(\"a.py\")",
        "one-1.0.dist-info/RECORD: row 5 Weak(\"md5\")",
        "one-1.0.dist-info/RECORD: row 6 Unreadable",
        "one-1.0.dist-info/RECORD: row 7 Unreadable",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem} is not {start}");
    }
}

#[test]
fn rows_without_hash_hide_nothing() {
    let made = Made::new();
    made.write("one/__init__.py", "a = 2\n");
    made.write("one/data.txt", "x");
    made.write("one/sized.py", "x");
    made.write("one/loose.pyc", "x");
    made.write("one/beside.pyc", "x");
    made.write("one/beside.py", "");
    made.write("one/__pycache__/beside.cpython-311.pyc", "x");
    made.write("one-1.0.virtualenv", "");
    made.write("full-1.0.virtualenv", "x");
    made.write("one-1.0.dist-info/INSTALLER", "pip\n");
    made.write("one-1.0.dist-info/RECORD.jws", "{}");
    let honest = "#!/e/bin/python\nimport sys\nfrom one import main\nsys.exit(main())\n";
    let points = "[console_scripts]\none = one:main\n";
    made.write("one-1.0.dist-info/entry_points.txt", points);
    fs::write(made.root().join("bin/one-3.11"), honest).unwrap();
    fs::write(made.root().join("bin/evil"), honest.replace("main", "evil")).unwrap();
    std::os::unix::fs::symlink(made.root().join("bin/evil"), made.site().join("link.py")).unwrap();
    let rows = [
        "one/__init__.py,,",
        "one/data.txt,,",
        "one/sized.py,,1",
        "one/loose.pyc,,",
        "one/beside.pyc,,",
        "one/__pycache__/beside.cpython-311.pyc,,",
        "one-1.0.virtualenv,,",
        "full-1.0.virtualenv,,",
        "one-1.0.dist-info/INSTALLER,,",
        "one-1.0.dist-info/RECORD.jws,,",
        "one-1.0.dist-info/RECORD,,",
        "../../../bin/one-3.11,,",
        "../../../bin/evil,,",
        "link.py,,",
        "gone.py,,",
    ];
    let record = rows.join("\n")
        + "\n"
        + &row("one/beside.py", b"")
        + &row("one-1.0.dist-info/entry_points.txt", points.as_bytes());
    made.record("one", record);
    let named = [
        (1, "one/__init__.py"),
        (2, "one/data.txt"),
        (3, "one/sized.py"),
        (4, "one/loose.pyc"),
        (8, "full-1.0.virtualenv"),
        (13, "../../../bin/evil"),
        (14, "link.py"),
    ];
    let expected: Vec<String> = named
        .iter()
        .map(|(line, path)| format!("one-1.0.dist-info/RECORD: row {line} Unhashed({path:?})"))
        .collect();
    assert_eq!(made.problems(), expected);
}

#[test]
fn links_of_pdm_and_flit_are_known_by_where_they_lead() {
    let made = Made::new();
    let cache = made.root().join("cache/one-1.0/lib/one");
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("__init__.py"), "").unwrap();
    std::os::unix::fs::symlink(&cache, made.site().join("one")).unwrap();
    let refers = made.root().join("cache/one-1.0").display().to_string();
    let other = made.root().join("cache/two-1.0").display().to_string();
    made.install("one", &[("one-1.0.dist-info/REFER_TO", &refers)]);
    let rows = row("one-1.0.dist-info/REFER_TO", refers.as_bytes());
    made.record("one", format!("{rows}one,,\none-1.0.dist-info/RECORD,,\n"));
    assert_eq!(made.problems(), [""; 0]);
    assert_eq!(made.check().unchecked.len(), 1);
    fs::create_dir_all(&other).unwrap();
    made.write("one-1.0.dist-info/REFER_TO", &other);
    assert_eq!(made.problems().len(), 2, "{:?}", made.problems());
    let sources = made.root().join("cache");
    let direct = format!(
        "{{\"url\": \"file://{}\", \"dir_info\": {{\"editable\": true}}}}",
        sources.display()
    );
    fs::remove_file(made.site().join("one-1.0.dist-info/REFER_TO")).unwrap();
    made.write("one-1.0.dist-info/direct_url.json", &direct);
    made.record("one", "one,,\none-1.0.dist-info/RECORD,,\n");
    assert_eq!(made.problems(), [""; 0]);
}

#[test]
fn two_distributions_of_one_name() {
    let made = Made::new();
    made.install("one", &[("one.py", "")]);
    made.write("One-2.0.dist-info/RECORD", "One-2.0.dist-info/RECORD,,\n");
    made.write("one-1.0.egg-info/PKG-INFO", "Name: one\n");
    assert_eq!(
        made.problems(),
        ["one-1.0.dist-info: of a name that another has"]
    );
}

#[test]
fn windows_separators_and_quotes_are_read() {
    let made = Made::new();
    made.write("one/a.py", "a");
    made.write("one/b,c.py", "b");
    let record = row("one\\a.py", b"a") + &row("\"one/b,c.py\"", b"b").replace('\n', "\r\n");
    made.record("one", format!("\u{feff}{record}\r\n"));
    assert_eq!(made.problems(), [""; 0]);
}

#[test]
fn one_file_of_two_distributions() {
    let made = Made::new();
    made.install("one", &[("tests/__init__.py", "one")]);
    made.install("two", &[("tests/__init__.py", "two"), ("same.py", "s")]);
    made.install("three", &[("same.py", "s")]);
    assert_eq!(made.problems(), ["tests/__init__.py: claimed twice"]);
    made.write("tests/__init__.py", "neither");
    assert_eq!(made.problems(), ["tests/__init__.py: altered"]);
}

#[test]
fn distributions_without_hashes_are_said_and_not_guessed_at() {
    let made = Made::new();
    made.write("none-1.0.dist-info/METADATA", "Name: none\n");
    made.write("none/__init__.py", "");
    made.write("old-1.0-py3.11.egg-info/top_level.txt", "oldmodule\n");
    made.write("oldmodule.py", "");
    made.write("file-2.0.egg-info", "Name: file\n");
    let report = made.check();
    assert_eq!(made.problems(), [""; 0]);
    let why: Vec<&Without> = report.unchecked.iter().map(|u| &u.why).collect();
    assert_eq!(why, [&Without::Hashes, &Without::Record, &Without::Hashes]);
    assert_eq!(report.distributions[2].version, "1.0");
}

#[test]
fn a_record_without_end_is_bounded() {
    let made = Made::new();
    // Ten million rows: eighty megabytes, over the limit for one RECORD.
    made.record("huge", "a.py,,1\n".repeat(10_000_000));
    let report = made.check();
    assert_eq!(report.unchecked.len(), 1);
    assert!(matches!(report.unchecked[0].why, Without::Size { .. }));
    // And as many as fit, all of them wrong.
    made.record("huge", "/x,,1\n".repeat(10_000_000));
    let report = made.check();
    assert!(report.problems.len() <= 20, "{}", report.problems.len());
}

#[test]
fn pipes_and_links_out_of_the_environment_hold_nobody_up() {
    let made = Made::new();
    made.install("one", &[("one.py", "a")]);
    let pipe = made.site().join("one.py");
    fs::remove_file(&pipe).unwrap();
    let made_pipe = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made_pipe.unwrap().success());
    std::os::unix::fs::symlink(&pipe, made.site().join("two.py")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", made.site().join("three.py")).unwrap();
    std::os::unix::fs::symlink(made.site(), made.site().join("loop")).unwrap();
    assert_eq!(
        made.problems(),
        ["loop: unlisted Link 1", "one.py: missing"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_record_is_survived(text in "(([a-z./\\\\\":,=\n]|sha256=|\\.\\./){0,40}\n?){0,20}") {
        let made = Made::new();
        made.record("any", &text);
        let _ = made.check();
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let made = Made::new();
        made.record("any", &bytes);
        made.write("x.pth", &bytes);
        made.write("any-1.0.dist-info/entry_points.txt", &bytes);
        made.write("any-1.0.dist-info/direct_url.json", &bytes);
        let _ = made.check();
    }
}
