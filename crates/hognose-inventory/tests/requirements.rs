//! `requirements.txt` as pip, pip-tools and uv write it, and as people do.

mod common;

use common::{scan_fixture, scan_memory, scan_memory_for, show, show_gaps, target};
use hognose_inventory::Options;

fn one(text: &str) -> String {
    show(&scan_memory(
        &[("requirements.txt", text)],
        &["requirements.txt"],
    ))
}

#[test]
fn compiled_by_pip_tools() {
    insta::assert_snapshot!(show(&scan_fixture("requirements/requirements.txt")));
}

#[test]
fn compiled_by_uv() {
    insta::assert_snapshot!(show(&scan_fixture("requirements/dev-requirements.txt")), @"
    input requirements/dev-requirements.txt (requirements file)
    iniconfig 2.3.1 [requirements/dev-requirements.txt:3]
    packaging 26.3 [requirements/dev-requirements.txt:5]
    pluggy 1.7.0 [requirements/dev-requirements.txt:7]
    pytest 7.4.4 [requirements/dev-requirements.txt:9 direct] [requirements/dev.in:2 direct]
    edge pytest 7.4.4 -> iniconfig 2.3.1
    edge pytest 7.4.4 -> packaging 26.3
    edge pytest 7.4.4 -> pluggy 1.7.0
    ");
}

#[test]
fn exported_by_uv() {
    insta::assert_snapshot!(show(&scan_fixture(
        "requirements/uv_export/requirements.txt"
    )));
}

#[test]
fn notations() {
    insta::assert_snapshot!(one(concat!(
        "\u{feff}# comment\r\n",
        "--index-url https://me:secret@index.example/simple\r\n",
        "Flask[async]==2.0.1 ; python_version >= '3.8'  # why\r\n",
        "a==1.0 \\\r\n",
        "    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000 \\\r\n",
        "    --hash sha256:1111111111111111111111111111111111111111111111111111111111111111\r\n",
        "b===2004d\r\n",
        "c == 1.2.*\r\n",
        "d~=1.4\r\n",
        "e (>=1,<2)\r\n",
        "f @ https://u:p@files.index.example/f-1.5-py3-none-any.whl\r\n",
        "https://files.index.example/g-2.0.tar.gz#sha256=2222222222222222222222222222222222222222222222222222222222222222\r\n",
        "git+https://forge.example/h.git@v3#egg=h\r\n",
        "-e git+ssh://git@forge.example/i.git@0123456789012345678901234567890123456789#egg=i[x]\r\n",
        "./wheels/j-1.0-py3-none-any.whl\r\n",
        "k==1.0 --global-option=\"-x y\"\r\n",
        "l == 1.0, >=0.9\r\n",
        "torch==1.13.0+cu117\r\n",
    )), @r#"
    input requirements.txt (requirements file)
    flask 2.0.1 index=https://****@index.example/simple [requirements.txt:3 direct if python_version >= '3.8']
    a 1.0 index=https://****@index.example/simple hashes=2 [requirements.txt:4 direct]
    b opaque:"2004d" index=https://****@index.example/simple [requirements.txt:7 direct]
    c range:"== 1.2.*" index=https://****@index.example/simple [requirements.txt:8 direct]
    d range:"~=1.4" index=https://****@index.example/simple [requirements.txt:9 direct]
    e range:">=1,<2" index=https://****@index.example/simple [requirements.txt:10 direct]
    f 1.5 url=https://****@files.index.example/f-1.5-py3-none-any.whl [requirements.txt:11 direct]
    g 2.0 url=https://files.index.example/g-2.0.tar.gz hashes=1 [requirements.txt:12 direct]
    h unknown vcs=git+https://forge.example/h.git@v3 [requirements.txt:13 direct]
    i unknown vcs=git+ssh://git@forge.example/i.git@0123456789012345678901234567890123456789 [requirements.txt:14 direct]
    j 1.0 path=./wheels/j-1.0-py3-none-any.whl [requirements.txt:15 direct]
    k 1.0 index=https://****@index.example/simple [requirements.txt:16 direct]
    l 1.0 index=https://****@index.example/simple [requirements.txt:17 direct]
    torch 1.13.0+cu117 index=https://****@index.example/simple [requirements.txt:18 direct]
    gap HOG-GAP-unpinned requirements.txt:8: c== 1.2.*: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned requirements.txt:9: d~=1.4: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-unpinned requirements.txt:10: e>=1,<2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    gap HOG-GAP-version requirements.txt:13: h: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    gap HOG-GAP-version requirements.txt:14: i: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    "#);
}

#[test]
fn includes_and_constraints() {
    let files = [
        (
            "app/requirements/prod.txt",
            "-r base.txt\n-c ../constraints.txt\nrequests\nhttpx==0.27.0\n",
        ),
        ("app/requirements/base.txt", "flask\n"),
        (
            "app/constraints.txt",
            "flask==2.0.1\nrequests==2.31.0 ; python_version >= '3'\nunused==1.0\nhttpx==0.26.0\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["app/requirements/prod.txt"])), @"
    input app/requirements/prod.txt (requirements file)
    input app/requirements/base.txt (requirements file)
    input app/constraints.txt (requirements file)
    flask 2.0.1 [app/constraints.txt:1] [app/requirements/base.txt:1 direct]
    requests 2.31.0 [app/constraints.txt:2 if python_version >= '3'] [app/requirements/prod.txt:3 direct]
    httpx 0.27.0 [app/requirements/prod.txt:4 direct]
    notice app/constraints.txt: 1 constraint for names that no requirement lists: not judged; name the file to scan it
    ");
}

#[test]
fn markers_are_evaluated_for_the_target() {
    let files = [(
        "requirements.txt",
        "a==1 ; sys_platform == 'win32'\nb==1 ; python_version < '3.10'\nc==1 ; platform_machine == 'arm64'\n",
    )];
    let inventory = scan_memory_for(&files, &["requirements.txt"], &target("3.11", "linux"));
    insta::assert_snapshot!(show(&inventory), @"
    input requirements.txt (requirements file)
    c 1 [requirements.txt:3 direct if platform_machine == 'arm64']
    ");
    assert_eq!(
        scan_memory(&files, &["requirements.txt"]).components.len(),
        3
    );
}

#[test]
fn variables_come_from_the_options_only() {
    let files = [(
        "requirements.txt",
        "a==${VERSION}\nb @ https://${TOKEN}@index.example/b-1.0.tar.gz\nc==1 # ${NOT}\nd==$X${y}\n",
    )];
    let mut options = Options::default();
    options.env.insert("VERSION".to_owned(), "1.5".to_owned());
    insta::assert_snapshot!(show(&scan_memory_for(&files, &["requirements.txt"], &options)), @r#"
    input requirements.txt (requirements file)
    a 1.5 [requirements.txt:1 direct]
    b 1.0 url=https://****@index.example/b-1.0.tar.gz [requirements.txt:2 direct]
    c 1 [requirements.txt:3 direct]
    gap HOG-GAP-unreadable requirements.txt:4: "==$X${y}" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    "#);
}

/// A file under review names the variables; what it asks for must not get into a report.
#[test]
fn values_of_variables_are_not_told() {
    let files = [
        (
            "requirements.txt",
            "-i https://index.example/${TOKEN}/simple\na==1.0+${TOKEN}\nb @ https://x.example/${TOKEN}/b-1.0.tar.gz\n-r ${TOKEN}.txt\n-r https://x.example/${TOKEN}\n-e git+https://${TOKEN}@x.example/c.git#egg=c\n-r ${DIR}/more.txt\n-e ${DIR}/e\n",
        ),
        ("sub/more.txt", "d==${TOKEN}\n"),
        (
            "sub/e/pyproject.toml",
            "[project]\nname = \"e\"\nversion = \"1\"\n",
        ),
    ];
    let mut options = Options::default();
    options
        .env
        .insert("TOKEN".to_owned(), "s3cret0a1b".to_owned());
    options.env.insert("DIR".to_owned(), "sub".to_owned());
    let inventory = scan_memory_for(&files, &["requirements.txt"], &options);
    assert!(!format!("{inventory:?}").contains("s3cret"));
    insta::assert_snapshot!(show(&inventory), @r"
    input requirements.txt (requirements file)
    input sub/more.txt (requirements file)
    input sub/e/pyproject.toml (pyproject.toml)
    b 1.0 url=https://x.example/${TOKEN}/b-1.0.tar.gz [requirements.txt:3 direct]
    c unknown vcs=git+https://****@x.example/c.git [requirements.txt:6 direct]
    e 1 Project [sub/e/pyproject.toml:2 direct] [requirements.txt:8 direct]
    gap HOG-GAP-unreadable requirements.txt:2: the environment variable TOKEN has no usable value in this scan (set it in the environment of the scan; in a requirement only a plain version is put in)
    gap HOG-GAP-unreadable requirements.txt:4: ${TOKEN}.txt does not exist (correct the path; it is relative to the file that includes it)
    gap HOG-GAP-unreadable requirements.txt:5: https://x.example/${TOKEN} is not fetched (download it and name the copy)
    gap HOG-GAP-unreadable sub/more.txt:1: the environment variable TOKEN has no usable value in this scan (set it in the environment of the scan; in a requirement only a plain version is put in)
    gap HOG-GAP-version requirements.txt:6: c: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    ");
}

#[test]
fn local_projects_are_followed() {
    let files = [
        (
            "requirements.txt",
            "-e .\n./libs/util[fast]\nother @ file:libs/other\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\nversion = \"1.0\"\ndependencies = [\"flask==2.0\"]\n",
        ),
        (
            "libs/util/setup.py",
            "from setuptools import setup\nsetup(name='util', install_requires=['six==1.16.0'])\n",
        ),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["requirements.txt"])), @"
    input requirements.txt (requirements file)
    input pyproject.toml (pyproject.toml)
    input libs/util/setup.py (setup.py)
    shop 1.0 Project [pyproject.toml:2 direct] [requirements.txt:1 direct]
    flask 2.0 [pyproject.toml:4 direct]
    util unknown Project [libs/util/setup.py:2 direct] [requirements.txt:2 direct]
    six 1.16.0 [libs/util/setup.py:2 direct]
    other unknown Project path=libs/other [requirements.txt:3 direct]
    edge shop 1.0 -> flask 2.0
    edge util -> six 1.16.0
    ");
}

#[test]
fn loops_and_outsiders_are_gaps() {
    let files = [
        (
            "app/requirements.txt",
            "-r requirements.txt\n-r a.txt\n-r missing.txt\n-r https://index.example/r.txt?t=s\n-r ../secret.txt\na==1\n",
        ),
        ("app/a.txt", "-r b.txt\n"),
        ("app/b.txt", "-r a.txt\nb==1\n"),
        ("secret.txt", "root:x:0:0\n"),
    ];
    let inventory = scan_memory(&files, &["app/requirements.txt"]);
    insta::assert_snapshot!(show(&inventory), @r#"
    input app/requirements.txt (requirements file)
    input app/a.txt (requirements file)
    input app/b.txt (requirements file)
    input secret.txt (requirements file)
    b 1 [app/b.txt:2 direct]
    a 1 [app/requirements.txt:6 direct]
    gap HOG-GAP-unreadable app/requirements.txt:1: requirements.txt includes itself (remove the line that closes the loop)
    gap HOG-GAP-unreadable app/b.txt:1: a.txt includes itself (remove the line that closes the loop)
    gap HOG-GAP-unreadable app/requirements.txt:3: missing.txt does not exist (correct the path; it is relative to the file that includes it)
    gap HOG-GAP-unreadable app/requirements.txt:4: https://index.example/r.txt?t=**** is not fetched (download it and name the copy)
    gap HOG-GAP-unreadable secret.txt:1: ":x:0:0" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    "#);
}

#[test]
fn faults_name_their_line() {
    insta::assert_snapshot!(one(concat!(
        "a==1\n",
        "b==\n",
        "--wat\n",
        "-r\n",
        "c==1 --frob=1\n",
        "d==1 --hash=sha256:12\n",
        "e==1 ; wat\n",
        "evil\u{1b}[31m==1\n",
        "--pre f==1\n",
        "git+https://forge.example/nameless.git\n",
        "g==not a version\n",
        "h==1\n",
    )), @r#"
    input requirements.txt (requirements file)
    a 1 [requirements.txt:1 direct]
    c 1 [requirements.txt:5 direct]
    d 1 [requirements.txt:6 direct]
    h 1 [requirements.txt:12 direct]
    gap HOG-GAP-unreadable requirements.txt:2: "==" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:3: pip has no option "--wat" in a requirements file (remove the option, or write the requirement first and its options after it)
    gap HOG-GAP-unreadable requirements.txt:4: pip has no option "-r" in a requirements file (remove the option, or write the requirement first and its options after it)
    gap HOG-GAP-unreadable requirements.txt:5: pip has no option "--frob" for a requirement (remove the option; the requirement was read without it)
    gap HOG-GAP-unreadable requirements.txt:6: a sha256 hash has 64 hexadecimal digits (lock the file again; the requirement was read without this hash)
    gap HOG-GAP-unreadable requirements.txt:7: cannot read the environment marker "wat" at byte 3: expected a comparison operator (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:8: "\u{1b}[31m==1" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:9: unexpected "f==1" after an option (put each requirement on its own line)
    gap HOG-GAP-unreadable requirements.txt:10: "git+https://forge.example/nameless.git" does not tell which distribution it is (write it as `name @ URL`)
    gap HOG-GAP-unreadable requirements.txt:11: "==not a version" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    "#);
}

#[test]
fn encodings() {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("a==1\r\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let tree = hognose_inventory::Memory::new([
        ("requirements.txt", utf16),
        (
            "bad/requirements.txt",
            b"a==1\nb\xE9==2\n# caf\xE9\nc==3\n".to_vec(),
        ),
        ("odd/requirements.txt", vec![0xFF, 0xFE, 0x61]),
    ]);
    let inventory = hognose_inventory::scan_paths(&tree, &[], &Options::default());
    insta::assert_snapshot!(show(&inventory), @"
    input requirements.txt (requirements file)
    input bad/requirements.txt (requirements file)
    input odd/requirements.txt (requirements file)
    a 1 [requirements.txt:1 direct]
    a 1 [bad/requirements.txt:1 direct]
    c 3 [bad/requirements.txt:4 direct]
    gap HOG-GAP-unreadable bad/requirements.txt:2: not valid UTF-8 (save the file as UTF-8)
    gap HOG-GAP-unreadable odd/requirements.txt: starts like UTF-16 and is not valid UTF-16 (save the file as UTF-8)
    ");
}

#[test]
fn via_comments_in_all_spellings() {
    insta::assert_snapshot!(one(concat!(
        "a==1    # via b, c[x]\n",
        "b==1\n",
        "    # via\n",
        "    #   -c constraints.txt\n",
        "    #   -r requirements.in (line 2)\n",
        "c==1\n",
        "    # via shop (pyproject.toml:dev)\n",
        "d==1\n",
        "# The following packages are considered to be unsafe in a requirements file:\n",
        "# setuptools\n",
        "e==1 # via the moon\n",
    )), @"
    input requirements.txt (requirements file)
    a 1 [requirements.txt:1]
    b 1 [requirements.txt:2 direct]
    c 1 [requirements.txt:6 direct]
    d 1 [requirements.txt:8 direct]
    e 1 [requirements.txt:11 direct]
    edge b 1 -> a 1
    edge c 1 -> a 1
    ");
}

#[test]
fn a_million_includes_are_refused() {
    let mut options = Options::default();
    options.limits.includes = 3;
    let files = [
        ("r.txt", "-r 1.txt\n-r 2.txt\n-r 3.txt\n-r 4.txt\n"),
        ("1.txt", "a==1"),
        ("2.txt", "b==1"),
        ("3.txt", "c==1"),
        ("4.txt", "d==1"),
    ];
    let inventory = scan_memory_for(&files, &["r.txt"], &options);
    insta::assert_snapshot!(show_gaps(&inventory), @"gap HOG-GAP-unreadable r.txt:4: more than 3 included files, or more than 64 inside each other (merge the files)");
    assert_eq!(inventory.components.len(), 3);
}

#[test]
fn pins_from_before_pep_440_are_opaque() {
    let text = "a==0.9-ivysaur\nb[x] == 2004-d ; os_name == 'nt'\nc==1.0 --hash=x\nd==0.9-ivysaur,>1\ne==1.0.x*\nf>=0.9-ivysaur\ng==1.0 ; junk\n";
    insta::assert_snapshot!(show(&scan_memory(&[("requirements.txt", text)], &[])), @r#"
    input requirements.txt (requirements file)
    a opaque:"0.9-ivysaur" [requirements.txt:1 direct]
    b opaque:"2004-d" [requirements.txt:2 direct if os_name == 'nt']
    c 1.0 [requirements.txt:3 direct]
    gap HOG-GAP-unreadable requirements.txt:3: a hash is written 'sha256:<hex>' (lock the file again; the requirement was read without this hash)
    gap HOG-GAP-unreadable requirements.txt:4: "==0.9-ivysaur" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:5: "==1.0.x*" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:6: ">=0.9-ivysaur" is not a version specifier under PEP 440 (write it as `name==1.0 ; marker`; the rest of the file was read)
    gap HOG-GAP-unreadable requirements.txt:7: cannot read the environment marker "junk" at byte 4: expected a comparison operator (write it as `name==1.0 ; marker`; the rest of the file was read)
    "#);
}

#[test]
fn named_files_of_any_name_are_read_when_plainly_requirements() {
    let files = [
        (
            "base.txt",
            "urllib3==1.24.1 \\\n    ; python_version >= \"3.0\"\n",
        ),
        ("pins", "# exact\nflask==2.0\nsix\n"),
        ("prose", "flask==2.0\nis what we use\n"),
    ];
    insta::assert_snapshot!(show(&scan_memory(&files, &["base.txt", "pins", "prose"])), @r#"
    input base.txt (requirements file)
    input pins (requirements file)
    urllib3 1.24.1 [base.txt:1 direct if python_version >= "3.0"]
    flask 2.0 [pins:2 direct]
    six range:"" [pins:3 direct]
    gap HOG-GAP-unreadable prose: not a format that can be read (name a requirements file, manifest, lock, script with inline metadata, SBOM, wheel or sdist)
    gap HOG-GAP-unpinned pins:3: six: not pinned: cannot be judged (lock it, or pass `--resolve`)
    "#);
    // Searching looks at names alone.
    let found = scan_memory(&files, &[]);
    assert!(found.inputs.is_empty(), "{:?}", found.inputs);
}
