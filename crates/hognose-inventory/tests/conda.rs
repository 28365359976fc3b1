//! conda files and installed environments.

mod common;

use hognose_inventory::{Memory, Options, fuzzing, scan_paths};
use proptest::prelude::*;

use common::{scan_fixture, scan_memory, scan_memory_for, show, show_gaps, target};

#[test]
fn environment_file() {
    insta::assert_snapshot!(show(&scan_fixture("conda/environment.yml")), @r#"
    input conda/environment.yml (conda environment file)
    input conda/extra.txt (requirements file)
    python unknown Interpreter [conda/environment.yml:7 direct]
    numpy 1.24.2 Conda [conda/environment.yml:8 direct]
    pandas 1.5.3 Conda [conda/environment.yml:9 direct]
    scipy 1.10.0 Conda [conda/environment.yml:10 direct]
    scikit-learn range:"=1.2" Conda [conda/environment.yml:11 direct]
    torch range:">=1.13,<2" Conda [conda/environment.yml:12 direct]
    openssl 3.0.7 Conda [conda/environment.yml:13 direct]
    pip range:"" Conda [conda/environment.yml:14 direct]
    flask 2.0.0 [conda/environment.yml:16 direct]
    colorama 0.4.6 [conda/environment.yml:17 direct if sys_platform == 'win32']
    requests range:">=2" [conda/environment.yml:18 direct]
    jinja2 3.1.2 [conda/extra.txt:1 direct]
    tool unknown vcs=git+https://forge.example/team/tool.git@v1 [conda/environment.yml:21 direct]
    gap HOG-GAP-unpinned conda/environment.yml:11: scikit-learn=1.2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned conda/environment.yml:12: torch>=1.13,<2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned conda/environment.yml:14: pip: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned conda/environment.yml:18: requests>=2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unmapped conda/environment.yml:13: openssl 3.0.7: listed and not judged, since no Python distribution name is known for it (scan the installed environment; libraries that are no Python distributions need another scanner)
    gap HOG-GAP-version conda/environment.yml:21: tool: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    "#);
}

#[test]
fn lock_with_the_file_it_was_made_from() {
    insta::assert_snapshot!(show(&scan_fixture("conda/conda-lock.yml")), @"
    input conda/conda-lock.yml (conda lock)
    colorama 0.4.6 Conda hashes=1 [conda/conda-lock.yml:15 groups=dev if sys_platform == 'win32'] [conda/environment.yml:17 direct]
    numpy 1.24.2 Conda hashes=2 [conda/conda-lock.yml:27] [conda/environment.yml:8 direct]
    openssl 3.0.7 Conda hashes=1 [conda/conda-lock.yml:52 if sys_platform == 'linux'] [conda/environment.yml:13 direct]
    python 3.10.8 Interpreter hashes=1 [conda/conda-lock.yml:63 if sys_platform == 'linux'] [conda/environment.yml:7 direct]
    flask 2.0.0 url=https://files.index.example/packages/flask-2.0.0-py3-none-any.whl hashes=1 [conda/conda-lock.yml:75 if sys_platform == 'linux'] [conda/environment.yml:16 direct]
    jinja2 3.1.2 url=https://files.index.example/packages/jinja2-3.1.2-py3-none-any.whl hashes=1 [conda/conda-lock.yml:86 if sys_platform == 'linux']
    edge colorama 0.4.6 -> python 3.10.8
    edge numpy 1.24.2 -> openssl 3.0.7
    edge numpy 1.24.2 -> python 3.10.8
    edge python 3.10.8 -> openssl 3.0.7
    edge flask 2.0.0 -> jinja2 3.1.2
    gap HOG-GAP-unmapped conda/conda-lock.yml:52: openssl 3.0.7: listed and not judged, since no Python distribution name is known for it (scan the installed environment; libraries that are no Python distributions need another scanner)
    ");
}

#[test]
fn lock_for_one_platform() {
    let text = std::fs::read_to_string(common::fixture("conda/conda-lock.yml")).unwrap();
    let files = [("conda-lock.yml", text.as_str())];
    let inventory = scan_memory_for(&files, &["conda-lock.yml"], &target("3.10", "linux"));
    let shown = show(&inventory);
    assert!(
        !shown.contains("colorama") && shown.contains("openssl"),
        "{shown}"
    );
}

#[test]
fn installed_from_records_alone() {
    insta::assert_snapshot!(show(&scan_fixture("conda/installed")), @r#"
    input conda/installed/conda-meta (conda environment)
    libblas 3.9.0 Conda license="BSD-3-Clause" [conda/installed/conda-meta/libblas-3.9.0-16_linux64_openblas.json]
    numpy 1.24.2 Conda hashes=1 license="BSD-3-Clause" [conda/installed/conda-meta/numpy-1.24.2-py310h8deb116_0.json direct]
    python 3.10.8 Interpreter [conda/installed/conda-meta/python-3.10.8-h4a9ceb5_0_cpython.json]
    functorch 1.13.1 Conda license="BSD 3-Clause" [conda/installed/conda-meta/pytorch-1.13.1-py3.10_cpu_0.json]
    torch 1.13.1 Conda license="BSD 3-Clause" [conda/installed/conda-meta/pytorch-1.13.1-py3.10_cpu_0.json]
    edge numpy 1.24.2 -> libblas 3.9.0
    edge numpy 1.24.2 -> python 3.10.8
    edge functorch 1.13.1 -> numpy 1.24.2
    edge functorch 1.13.1 -> python 3.10.8
    edge torch 1.13.1 -> numpy 1.24.2
    edge torch 1.13.1 -> python 3.10.8
    gap HOG-GAP-unreadable conda/installed/conda-meta/broken-1.0-0.json: not a conda record: EOF while parsing an object at line 2 column 0 (reinstall the package; the others were read)
    gap HOG-GAP-unmapped conda/installed/conda-meta/libblas-3.9.0-16_linux64_openblas.json: libblas 3.9.0: listed and not judged, since no Python distribution name is known for it (they hold no Python distribution: another scanner must judge them, or allow this gap)
    "#);
}

#[test]
fn installed_with_its_files() {
    let record = r#"{"name": "pytorch", "version": "2.0.0", "build": "py310", "depends": [],
      "files": ["lib/python3.10/site-packages/torch-2.0.0.dist-info/METADATA"]}"#;
    let metadata = |name: &str, version: &str| {
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    };
    let (torch, pip) = (metadata("torch", "2.0.1"), metadata("requests", "2.0.0"));
    let files = [
        ("env/conda-meta/pytorch-2.0.0-py310.json", record),
        (
            "env/lib/python3.10/site-packages/torch-2.0.0.dist-info/METADATA",
            torch.as_str(),
        ),
        (
            "env/lib/python3.10/site-packages/requests-2.0.0.dist-info/METADATA",
            pip.as_str(),
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["env"])), @"
    input env/conda-meta (conda environment)
    input env (environment)
    requests 2.0.0 [env/lib/python3.10/site-packages/requests-2.0.0.dist-info/METADATA:3 direct]
    torch 2.0.1 [env/lib/python3.10/site-packages/torch-2.0.0.dist-info/METADATA:3 direct]
    notice env/lib/python3.10/site-packages/torch-2.0.0.dist-info/METADATA:3: its directory is named torch-2.0.0, its metadata says torch 2.0.1: judged as the metadata says
    ");
}

#[test]
fn odd_metadata_names_do_not_hide_a_package() {
    let record = r#"{"name": "numpy", "version": "1.24.2",
      "files": ["lib/python3.10/site-packages/odd.dist-info/METADATA"]}"#;
    let files = [("env/conda-meta/numpy.json", record)];
    insta::assert_snapshot!(show(&scan_memory(&files, &["env"])), @"
    input env/conda-meta (conda environment)
    numpy 1.24.2 Conda [env/conda-meta/numpy.json]
    ");
}

#[test]
fn faults_are_gaps_with_lines() {
    let deep = "- ".repeat(500);
    let cases = [
        (
            "environment.yml",
            "name: x\ndependencies:\n- numpy==1.0\n- [broken\n",
        ),
        (
            "environment.yml",
            "dependencies:\n- ???\n- pip:\n  - {a: b}\n  - 'b a d'\n  - -e .\n  - -r ../../etc/x\n- npm:\n  - left-pad\n",
        ),
        ("environment.yml", "a: &a [*a]\n"),
        ("environment.yml", deep.as_str()),
        ("environment.yml", ""),
        ("conda-lock.yml", "version: 1\n"),
        (
            "conda-lock.yml",
            "version: 2\npackage:\n- name: x\n- version: '1'\n",
        ),
        (
            "conda-lock.yml",
            "version: 1\npackage:\n- {name: -x-, version: '1', manager: pip}\n",
        ),
    ];
    let mut out = String::new();
    for (name, text) in cases {
        out.push_str(&show_gaps(&scan_memory(&[(name, text)], &[name])));
    }
    insta::assert_snapshot!(out, @r#"
    gap HOG-GAP-unreadable environment.yml:5: not valid YAML: while parsing a flow sequence, expected ',' or ']' (correct the file; what stands before the fault was read)
    gap HOG-GAP-unreadable environment.yml:2: not a conda package specification: "???" (correct the line; the rest of the file was read)
    gap HOG-GAP-unreadable environment.yml:4: an entry of the pip list that is no text (write it as `name==version`)
    gap HOG-GAP-unreadable environment.yml:5: "a d" is not a version specifier under PEP 440 (correct the line; the rest of the file was read)
    gap HOG-GAP-unreadable environment.yml:6: "." is no project that can be read (check the path, or scan that directory by name)
    gap HOG-GAP-unreadable environment.yml:7: "../../etc/x" is not read: only files of the scanned directories are (name that file on the command line to scan it)
    gap HOG-GAP-unreadable environment.yml:1: not valid YAML: an alias of something that encloses it (correct the file; what stands before the fault was read)
    gap HOG-GAP-unreadable environment.yml:1: not valid YAML: nested deeper than 64 levels (correct the file; what stands before the fault was read)
    gap HOG-GAP-unreadable conda-lock.yml: no list of packages (restore the file, or run `conda-lock`)
    gap HOG-GAP-unreadable conda-lock.yml:1: a conda lock of another version than 1: read as version 1 (run `conda-lock` of version 1 or newer)
    gap HOG-GAP-unreadable conda-lock.yml:3: an entry without name or version (run `conda-lock`; the rest of the file was read)
    gap HOG-GAP-unreadable conda-lock.yml:4: an entry without name or version (run `conda-lock`; the rest of the file was read)
    gap HOG-GAP-unreadable conda-lock.yml:3: "-x-" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name; the rest of the file was read)
    "#);
}

#[test]
fn a_local_project_is_read() {
    let files = [
        (
            "environment.yml",
            "dependencies:\n- pip:\n  - -e ./app[web]\n",
        ),
        (
            "app/pyproject.toml",
            "[project]\nname = 'app'\nversion = '1'\ndependencies = ['six==1.16.0']\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["environment.yml"])), @"
    input environment.yml (conda environment file)
    input app/pyproject.toml (pyproject.toml)
    app 1 Project [app/pyproject.toml:2 direct]
    six 1.16.0 [app/pyproject.toml:4 direct]
    edge app 1 -> six 1.16.0
    ");
}

#[test]
fn an_environment_file_without_dependencies_is_said_to_be_empty() {
    let inventory = scan_memory(
        &[("environment.yml", "MODE: production\n")],
        &["environment.yml"],
    );
    insta::assert_snapshot!(show(&inventory), @"
    input environment.yml (conda environment file)
    notice environment.yml: no list of dependencies: nothing read
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn garbled_files(
        file in prop::sample::select(vec!["environment.yml", "conda-lock.yml"]),
        cut in 0.0..0.99_f64,
        garble in prop::collection::vec((0.0..1.0_f64, any::<u8>()), 0..8),
    ) {
        let mut bytes = std::fs::read(common::fixture(&format!("conda/{file}"))).unwrap();
        let length = bytes.len() as f64;
        for (at, byte) in garble {
            let at = (at * length) as usize;
            bytes[at] = byte;
        }
        bytes.truncate((cut * length) as usize);
        let tree = Memory::new([(file, bytes)]);
        scan_paths(&tree, &[file.to_owned()], &Options::default());
    }

    #[test]
    fn any_text(text in "(dependencies:|package:|version: 1|- |pip:|\n|\n  |name: a|manager: pip|platform: linux-64|metadata:|\\[|\\]|\\{|\\}|,|&a|\\*a|a=1|\"|'|\"files\": |\"name\": |\\PC){0,40}") {
        fuzzing::conda_environment(text.as_bytes());
        fuzzing::conda_lock(text.as_bytes());
        fuzzing::conda_record(text.as_bytes());
        fuzzing::cyclonedx(text.as_bytes());
        fuzzing::spdx(text.as_bytes());
    }

    #[test]
    fn any_specification(spec in "(numpy|=|==|>=|,| |\\[|\\]|version|'|::|\\*|1\\.2|\\PC){0,12}") {
        let text = format!("dependencies:\n- {}\n", serde_json::to_string(&spec).unwrap());
        let inventory = scan_memory(&[("environment.yml", &text)], &["environment.yml"]);
        // Whatever it is, it is either a component, a machine's property, or a gap; never silence.
        let known = !inventory.components.is_empty() || !inventory.gaps.is_empty();
        prop_assert!(known || spec.trim().is_empty() || spec.contains("__"), "{spec:?}");
    }
}
