//! What no RECORD lists and Python would run all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::Made;

fn program(made: &Made, name: &str, text: &str) {
    let path = made.root().join("bin").join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_starts_with_python_is_shown_with_what_it_runs() {
    let made = Made::new();
    made.install("one", &[("one.pth", "import one\n"), ("one.py", "")]);
    made.write(
        "evil.pth",
        "# comment\nimport os; os.getpid()\n/tmp/elsewhere\n",
    );
    made.write("x.start", "evil.module:run\n");
    made.write("sitecustomize.py", "print()\n");
    made.write("usercustomize/__init__.py", "print()\n");
    assert_eq!(
        made.problems(),
        [
            "evil.pth: hook Pth runs [\"import os; os.getpid()\"] adds [\"/tmp/elsewhere\"]",
            "sitecustomize.py: hook SiteCustomize runs [\"all of sitecustomize.py\"] adds []",
            "usercustomize/__init__.py: hook UserCustomize runs [\"all of usercustomize\"] adds []",
            "x.start: hook Start runs [\"evil.module:run\"] adds []",
        ]
    );
    let report = made.check();
    assert_eq!(report.hooks.len(), 5);
    assert_eq!(report.hooks[1].distribution, Some(0));
}

#[test]
fn lines_of_hooks_end_as_they_do_for_python() {
    let made = Made::new();
    let long = format!("import os\n{}", "#".repeat(300 << 10));
    let cases = [
        ("a.pth", "x\rimport os; os.getpid()\ry"),
        ("b.pth", "x\u{c}import os; os.getpid()"),
        ("c.pth", "# x\u{2028}import os; os.getpid()"),
        ("d.pth", "\u{feff}import os; os.getpid()"),
        ("e.pth", "  import os; os.getpid()"),
        ("f.pth", "# x\u{85}\timport\tos; os.getpid()"),
        ("g.pth", &long),
    ];
    for (name, text) in cases {
        made.write(name, text);
    }
    let hooks = made.check().hooks;
    assert_eq!(hooks.len(), cases.len());
    for hook in hooks {
        assert_eq!(hook.runs.len(), 1, "{hook:?}");
    }
}

#[test]
fn modules_libraries_directories_and_links_are_found() {
    let made = Made::new();
    made.install(
        "one",
        &[("one/__init__.py", ""), ("one/fast.py", ""), ("two.py", "")],
    );
    made.write("one/extra.py", "");
    made.write("one/fast.cpython-311-x86_64-linux-gnu.so", "");
    made.write("one/notes.txt", "");
    made.write("two/__init__.py", "");
    made.write("two/more.py", "");
    made.write("single.py", "");
    made.write("__pycache__/single.cpython-311.pyc", "");
    made.write("one/old.pyc", "");
    made.write("one-1.0.dist-info/entry_points.txt", "[pytest11]\nx = y\n");
    std::os::unix::fs::symlink("/tmp", made.site().join("outside")).unwrap();
    assert_eq!(
        made.problems(),
        [
            "one-1.0.dist-info/entry_points.txt: unlisted EntryPoints 1",
            "one/extra.py: unlisted Module 1",
            "one/fast.cpython-311-x86_64-linux-gnu.so: unlisted Native 1, shadows",
            "one/old.pyc: unlisted Module 1",
            "outside: unlisted Link 1",
            "single.py: unlisted Module 1",
            "two: unlisted Directory 2, shadows",
        ]
    );
    assert_eq!(made.check().counts.data, 1);
}

#[test]
fn programs_are_listed_and_do_what_they_say() {
    let made = Made::new();
    let honest = "#!/e/bin/python\nimport sys\nfrom one import main\nif __name__ == '__main__':\n    sys.exit(main())\n";
    let evil = honest.replace(
        "import sys\n",
        "import sys, subprocess\nsubprocess.run('id')\n",
    );
    for (name, text) in [("good", honest), ("bad", evil.as_str())] {
        program(&made, name, text);
    }
    for name in ["ls", "python-x", "activate-x", "deactivate.sh"] {
        program(&made, name, "#!/bin/sh\n");
    }
    program(&made, "python3", "");
    fs::write(made.root().join("bin/activate"), "").unwrap();
    let points = "[console_scripts]\ngood = one:main\nbad = one:main\n";
    made.install("one", &[("one-1.0.dist-info/entry_points.txt", points)]);
    let record = made.site().join("one-1.0.dist-info/RECORD");
    let rows = fs::read_to_string(&record).unwrap()
        + &super::row("../../../bin/good", honest.as_bytes())
        + &super::row("../../../bin/bad", evil.as_bytes());
    fs::write(record, rows).unwrap();
    assert_eq!(
        made.problems(),
        [
            "^bin/activate-x: unlisted Script 1",
            "^bin/bad: script subprocess",
            "^bin/deactivate.sh: unlisted Script 1",
            "^bin/ls: unlisted Script 1",
            "^bin/python-x: unlisted Script 1",
        ]
    );
}

#[test]
fn what_virtualenv_left_is_known_only_by_its_words() {
    let made = Made::new();
    made.write("_virtualenv.pth", "import _virtualenv");
    let honest = "import os\nimport sys\nclass _Finder:\n    def find_spec(self, fullname, path, target=None):\n        return None\nsys.meta_path.insert(0, _Finder())\n";
    made.write("_virtualenv.py", honest);
    assert_eq!(made.problems(), [""; 0]);
    made.write("_virtualenv.py", format!("{honest}os.system('id')\n"));
    assert_eq!(made.problems().len(), 2);
}
