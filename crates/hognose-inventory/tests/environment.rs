//! Installed environments and artifacts.

mod common;

use std::fs;
use std::path::Path;

use common::{scan_memory, show};
use hognose_inventory::{Disk, Memory, Options, read_environment, scan_paths};

const SITE: &str = "venv/lib/python3.11/site-packages";

fn environment(files: &[(&str, &str)]) -> String {
    let mut all = vec![(
        "venv/pyvenv.cfg".to_owned(),
        "home = /usr/bin\nversion = 3.11.7\ninclude-system-site-packages = true\n".to_owned(),
    )];
    for (path, text) in files {
        all.push((format!("{SITE}/{path}"), (*text).to_owned()));
    }
    let tree = Memory::new(all);
    show(&scan_paths(
        &tree,
        &["venv".to_owned()],
        &Options::default(),
    ))
    .replace(SITE, "SITE")
}

#[test]
fn distributions_of_every_kind() {
    insta::assert_snapshot!(environment(&[
        ("Flask-2.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: Flask\nVersion: 2.0.1\nLicense: BSD-3-Clause\nRequires-Dist: Werkzeug (>=2.0)\nRequires-Dist: asgiref>=3.2; extra == 'async'\nRequires-Dist: colorama; sys_platform == 'win32'\n\nName: fake\n"),
        ("Flask-2.0.1.dist-info/REQUESTED", ""),
        ("werkzeug-2.0.0.dist-info/METADATA", "Name: Werkzeug\nVersion: 2.0.0\n\n"),
        ("asgiref-3.2.dist-info/METADATA", "Name: asgiref\nVersion: 3.2\n\n"),
        ("colorama-0.4.dist-info/METADATA", "Name: colorama\nVersion: 0.4\n\n"),
        ("edit-1.0.dist-info/METADATA", "Name: edit\nVersion: 1.0\n\n"),
        ("edit-1.0.dist-info/direct_url.json", "{\"url\": \"file:///srv/my%20edit\", \"dir_info\": {\"editable\": true}}"),
        ("fork-1.0.dist-info/METADATA", "Name: fork\nVersion: 1.0\n\n"),
        ("fork-1.0.dist-info/direct_url.json", "{\"url\": \"https://forge.example/fork.git\", \"vcs_info\": {\"vcs\": \"git\", \"commit_id\": \"abc\", \"requested_revision\": \"v1\"}}"),
        ("file-1.0.dist-info/METADATA", "Name: file\nVersion: 1.0\n\n"),
        ("file-1.0.dist-info/direct_url.json", "{\"url\": \"https://index.example/file.whl?token=x\", \"archive_info\": {\"hash\": \"sha256=0000000000000000000000000000000000000000000000000000000000000000\"}}"),
        ("old-0.9-py3.11.egg-info/PKG-INFO", "Name: old\nVersion: 0.9\n\n"),
        ("older-0.1.egg-info", "Name: older\nVersion: 0.1\n\n"),
        ("egg-1.0-py3.11.egg/EGG-INFO/PKG-INFO", "Name: egg\nVersion: 1.0\n\n"),
        ("zipped-1.0-py3.11.egg", "PK"),
        ("linked.egg-link", "/srv/linked\n.\n"),
        ("~lask-1.0.dist-info/METADATA", "Name: flask\nVersion: 1.0\n\n"),
        ("plain.py", ""),
        ("__pycache__/plain.pyc", ""),
    ]), @r#"
    input venv (environment)
    python 3.11.7 Interpreter [venv/pyvenv.cfg:2]
    flask 2.0.1 license="BSD-3-Clause" [SITE/Flask-2.0.1.dist-info/METADATA:3 direct]
    asgiref 3.2 [SITE/asgiref-3.2.dist-info/METADATA:2]
    colorama 0.4 [SITE/colorama-0.4.dist-info/METADATA:2]
    edit 1.0 Project path=/srv/my edit editable [SITE/edit-1.0.dist-info/METADATA:2]
    egg 1.0 [SITE/egg-1.0-py3.11.egg/EGG-INFO/PKG-INFO:2]
    file 1.0 url=https://index.example/file.whl?token=**** hashes=1 [SITE/file-1.0.dist-info/METADATA:2]
    fork 1.0 vcs=git+https://forge.example/fork.git@v1@abc [SITE/fork-1.0.dist-info/METADATA:2]
    linked unknown Project path=/srv/linked editable [SITE/linked.egg-link:1 direct]
    old 0.9 [SITE/old-0.9-py3.11.egg-info/PKG-INFO:2]
    older 0.1 [SITE/older-0.1.egg-info:2]
    werkzeug 2.0.0 [SITE/werkzeug-2.0.0.dist-info/METADATA:2]
    edge flask 2.0.1 -> werkzeug 2.0.0
    edge flask 2.0.1 -> colorama 0.4 if sys_platform == 'win32'
    edge flask 2.0.1 -> asgiref 3.2 if extra == 'async'
    gap HOG-GAP-unreadable SITE/zipped-1.0-py3.11.egg: a zipped egg is not read (reinstall the distribution with a current pip)
    notice venv/pyvenv.cfg:3: the environment also sees the system's packages, which were not read; name their site-packages directory too
    notice SITE/~lask-1.0.dist-info: left over from an interrupted uninstall; not judged
    "#);
}

#[test]
fn damaged_distributions() {
    insta::assert_snapshot!(environment(&[
        ("bare-1.0.dist-info/RECORD", ""),
        ("empty-2.0.dist-info/METADATA", ""),
        ("dup-1.0.dist-info/METADATA", "Name: dup\nVersion: 1.0\n\n"),
        ("dup-2.0.dist-info/METADATA", "Name: dup\nVersion: 2.0\n\n"),
        ("evil-1.0.dist-info/METADATA", "Name: evil\u{1b}[31m\nVersion: 1.0\n\n"),
        ("odd-1.0.dist-info/METADATA", "Name: odd\nVersion: 1.0-\u{7}weird\n\n"),
        ("badurl-1.0.dist-info/METADATA", "Name: badurl\nVersion: 1.0\n\n"),
        ("badurl-1.0.dist-info/direct_url.json", "{"),
    ]), @r#"
    input venv (environment)
    python 3.11.7 Interpreter [venv/pyvenv.cfg:2]
    badurl 1.0 [SITE/badurl-1.0.dist-info/METADATA:2 direct]
    bare 1.0 [SITE/bare-1.0.dist-info/METADATA direct]
    dup 1.0 [SITE/dup-1.0.dist-info/METADATA:2 direct]
    dup 2.0 [SITE/dup-2.0.dist-info/METADATA:2 direct]
    empty 2.0 [SITE/empty-2.0.dist-info/METADATA direct]
    odd opaque:"1.0-\u{7}weird" [SITE/odd-1.0.dist-info/METADATA:2 direct]
    gap HOG-GAP-unreadable SITE/bare-1.0.dist-info/METADATA: missing: name and version were taken from the directory's name (reinstall the distribution)
    gap HOG-GAP-unreadable SITE/empty-2.0.dist-info/METADATA: states no name or no version: taken from the directory's name (reinstall the distribution)
    gap HOG-GAP-unreadable SITE/evil-1.0.dist-info/METADATA:2: "evil\u{1b}[31m" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name; the rest of the file was read)
    notice venv/pyvenv.cfg:3: the environment also sees the system's packages, which were not read; name their site-packages directory too
    notice SITE/dup-2.0.dist-info/METADATA:2: dup 2.0 is installed beside dup 1.0: Python imports only one of them
    notice SITE/odd-1.0.dist-info/METADATA:2: its directory is named odd-1.0, its metadata says odd 1.0-\u{7}weird: judged as the metadata says
    "#);
}

#[test]
fn only_the_head_of_a_huge_metadata_is_read() {
    let long = format!("Name: long\nVersion: 1.0\n\n{}", "x".repeat(50 << 20));
    let endless = format!(
        "Name: endless\nVersion: 1.0\n{}",
        "Classifier: x\n".repeat(4 << 20)
    );
    let out = environment(&[
        ("long-1.0.dist-info/METADATA", &long),
        ("endless-1.0.dist-info/METADATA", &endless),
    ]);
    insta::assert_snapshot!(out, @"
    input venv (environment)
    python 3.11.7 Interpreter [venv/pyvenv.cfg:2]
    endless 1.0 [SITE/endless-1.0.dist-info/METADATA:2 direct]
    long 1.0 [SITE/long-1.0.dist-info/METADATA:2 direct]
    gap HOG-GAP-unreadable SITE/endless-1.0.dist-info/METADATA: the headers are longer than the limit of 8388608 bytes: read in part (reinstall the distribution)
    notice venv/pyvenv.cfg:3: the environment also sees the system's packages, which were not read; name their site-packages directory too
    ");
}

#[test]
fn environments_are_found_and_yield_to_pins() {
    let venv = [
        (".venv/pyvenv.cfg", "version = 3.12.0\n"),
        (
            ".venv/lib/python3.12/site-packages/six-1.16.0.dist-info/METADATA",
            "Name: six\nVersion: 1.16.0\n\n",
        ),
    ];
    let mut out = String::new();
    for file in [
        ("requirements.txt", "flask>=2\n"),
        ("requirements.txt", "flask==2.0\n"),
        (
            "Pipfile.lock",
            "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {\"flask\": {\"version\": \"==2.0\"}}}",
        ),
        ("readme.md", ""),
    ] {
        let files: Vec<_> = venv.iter().copied().chain([file]).collect();
        out.push_str(&show(&scan_memory(&files, &[])));
        out.push_str("--\n");
    }
    insta::assert_snapshot!(out, @r#"
    input requirements.txt (requirements file)
    input .venv (environment)
    flask range:">=2" [requirements.txt:1 direct]
    python 3.12.0 Interpreter [.venv/pyvenv.cfg:1]
    six 1.16.0 [.venv/lib/python3.12/site-packages/six-1.16.0.dist-info/METADATA:2 direct]
    gap HOG-GAP-unpinned requirements.txt:1: flask>=2: not pinned: cannot be judged (lock it, or pass `--resolve`)
    --
    input requirements.txt (requirements file)
    flask 2.0 [requirements.txt:1 direct]
    skipped .venv: requirements.txt pins this project; name .venv to scan what is installed
    --
    input Pipfile.lock (Pipenv lock)
    flask 2.0 [Pipfile.lock:1]
    skipped .venv: Pipfile.lock pins this project; name .venv to scan what is installed
    --
    input .venv (environment)
    python 3.12.0 Interpreter [.venv/pyvenv.cfg:1]
    six 1.16.0 [.venv/lib/python3.12/site-packages/six-1.16.0.dist-info/METADATA:2 direct]
    --
    "#);
}

#[test]
fn several_site_directories_are_one_environment_each() {
    let tree = Memory::new([
        (
            "usr/lib/site/a-1.0.dist-info/METADATA",
            "Name: a\nVersion: 1.0\n\n",
        ),
        (
            "home/site/b-1.0.dist-info/METADATA",
            "Name: b\nVersion: 1.0\n\n",
        ),
    ]);
    let sites = [
        "usr/lib/site".to_owned(),
        "home/site".to_owned(),
        "usr/lib/site".to_owned(),
    ];
    insta::assert_snapshot!(show(&read_environment(&tree, &sites, &Options::default())), @"
    input usr/lib/site (environment)
    input home/site (environment)
    a 1.0 [usr/lib/site/a-1.0.dist-info/METADATA:2 direct]
    b 1.0 [home/site/b-1.0.dist-info/METADATA:2 direct]
    ");
}

#[cfg(unix)]
#[test]
fn symbolic_links_that_loop_end() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let site = root.join("v/lib/python3.11/site-packages");
    fs::create_dir_all(&site).unwrap();
    fs::write(root.join("v/pyvenv.cfg"), "version = 3.11\n").unwrap();
    symlink("lib", root.join("v/lib64")).unwrap();
    symlink("loop-1.0.dist-info", site.join("loop-1.0.dist-info")).unwrap();
    symlink(".", root.join("v/lib/python3.12")).unwrap();
    symlink("..", site.join("up")).unwrap();
    fs::create_dir(site.join("six-1.16.0.dist-info")).unwrap();
    fs::write(
        site.join("six-1.16.0.dist-info/METADATA"),
        "Name: six\nVersion: 1.16.0\n\n",
    )
    .unwrap();
    insta::assert_snapshot!(scan_disk(root, "v"), @"
    input ROOT/v (environment)
    python 3.11 Interpreter [ROOT/v/pyvenv.cfg:1]
    loop 1.0 [ROOT/v/lib/python3.11/site-packages/loop-1.0.dist-info/METADATA direct]
    six 1.16.0 [ROOT/v/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA:2 direct]
    gap HOG-GAP-unreadable ROOT/v/lib/python3.11/site-packages/loop-1.0.dist-info/METADATA: cannot read the file: Too many levels of symbolic links (os error 40) (reinstall the distribution)
    ");
}

fn scan_disk(root: &Path, name: &str) -> String {
    let path = root.join(name).display().to_string();
    let shown = show(&scan_paths(&Disk, &[path], &Options::default()));
    shown.replace(&root.display().to_string(), "ROOT")
}

/// A stored (uncompressed) zip.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = out.len() as u32;
        let mut fields = Vec::new();
        fields.extend(20u16.to_le_bytes());
        fields.extend([0; 8]);
        fields.extend(crc32(text.as_bytes()).to_le_bytes());
        fields.extend((text.len() as u32).to_le_bytes());
        fields.extend((text.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02");
        directory.extend(20u16.to_le_bytes());
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, files.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
        crc
    })
}

#[test]
fn wheels() {
    let meta = "Name: shop\nVersion: 1.0\nLicense-Expression: MIT\nRequires-Dist: six>=1\nRequires-Dist: gone\n\n";
    let tree = Memory::new([
        (
            "dist/shop-1.0-py3-none-any.whl",
            zip(&[("shop.py", ""), ("shop-1.0.dist-info/METADATA", meta)]),
        ),
        (
            "dist/six-1.16.0-py2.py3-none-any.whl",
            zip(&[(
                "six-1.16.0.dist-info/METADATA",
                "Name: six\nVersion: 1.16.0\n\n",
            )]),
        ),
        (
            "dist/liar-1.0-py3-none-any.whl",
            zip(&[("x-2.0.dist-info/METADATA", "Name: truth\nVersion: 2.0\n\n")]),
        ),
        (
            "dist/two-1.0-py3-none-any.whl",
            zip(&[
                ("two-1.0.dist-info/METADATA", "Name: two\nVersion: 1.0\n\n"),
                (
                    "three-1.0.dist-info/METADATA",
                    "Name: three\nVersion: 1.0\n\n",
                ),
            ]),
        ),
        ("dist/none-1.0-py3-none-any.whl", zip(&[("none.py", "")])),
        ("dist/junk-1.0-py3-none-any.whl", b"PK junk".to_vec()),
        (
            "dist/old-1.0.zip",
            zip(&[
                ("old-1.0/PKG-INFO", "Name: old\nVersion: 1.0\n\n"),
                ("old-1.0/vendor/PKG-INFO", "Name: other\n"),
            ]),
        ),
        ("dist/junk-2.0.tar.gz", b"not gzip".to_vec()),
    ]);
    insta::assert_snapshot!(show(&scan_paths(&tree, &["dist".to_owned()], &Options::default())), @r#"
    input dist/junk-1.0-py3-none-any.whl (wheel)
    input dist/junk-2.0.tar.gz (sdist)
    input dist/liar-1.0-py3-none-any.whl (wheel)
    input dist/none-1.0-py3-none-any.whl (wheel)
    input dist/shop-1.0-py3-none-any.whl (wheel)
    input dist/six-1.16.0-py2.py3-none-any.whl (wheel)
    input dist/two-1.0-py3-none-any.whl (wheel)
    junk 1.0 path=dist/junk-1.0-py3-none-any.whl hashes=1 [dist/junk-1.0-py3-none-any.whl direct]
    junk 2.0 path=dist/junk-2.0.tar.gz hashes=1 [dist/junk-2.0.tar.gz direct]
    truth 2.0 path=dist/liar-1.0-py3-none-any.whl hashes=1 [dist/liar-1.0-py3-none-any.whl direct]
    none 1.0 path=dist/none-1.0-py3-none-any.whl hashes=1 [dist/none-1.0-py3-none-any.whl direct]
    shop 1.0 path=dist/shop-1.0-py3-none-any.whl hashes=1 license="MIT" [dist/shop-1.0-py3-none-any.whl direct]
    six 1.16.0 path=dist/six-1.16.0-py2.py3-none-any.whl hashes=1 [dist/six-1.16.0-py2.py3-none-any.whl direct]
    two 1.0 path=dist/two-1.0-py3-none-any.whl hashes=1 [dist/two-1.0-py3-none-any.whl direct]
    edge shop 1.0 -> six 1.16.0
    gap HOG-GAP-unreadable dist/junk-1.0-py3-none-any.whl: not a ZIP archive, or cut off: no end record (name and version were taken from the file's name; build or download the file again)
    gap HOG-GAP-unreadable dist/junk-2.0.tar.gz: cannot read the archive (name and version were taken from the file's name; build or download the file again)
    gap HOG-GAP-unreadable dist/liar-1.0-py3-none-any.whl: the file's name does not match its metadata, which says truth 2.0 (do not install it: installers and indexes disagree about what it is)
    gap HOG-GAP-unreadable dist/none-1.0-py3-none-any.whl: holds no METADATA (name and version were taken from the file's name; build or download the file again)
    gap HOG-GAP-unreadable dist/two-1.0-py3-none-any.whl: holds 2 .dist-info directories: which one counts depends on the installer (name and version were taken from the file's name; build or download the file again)
    notice : 1 requirement of the scanned artifacts is not among them: not judged
    "#);
    insta::assert_snapshot!(show(&scan_paths(&tree, &["dist/old-1.0.zip".to_owned()], &Options::default())), @"
    input dist/old-1.0.zip (sdist)
    old 1.0 path=dist/old-1.0.zip hashes=1 [dist/old-1.0.zip direct]
    ");
}

/// A file of one distribution, in a temporary environment.
#[cfg(unix)]
fn put(site: &Path, entry: &str, text: &str) -> std::io::Result<()> {
    let file = site.join(entry);
    fs::create_dir_all(file.parent().unwrap_or(site))?;
    fs::write(file, text)
}

#[cfg(unix)]
#[test]
fn links_out_of_site_packages_are_not_opened() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let real = root.join("elsewhere/site-packages");
    let secret = "Name: secret\nVersion: 6.6.6\n\n";
    put(root, "secret/METADATA", secret).unwrap();
    put(
        root,
        "secret/direct_url.json",
        "{\"url\": \"https://secret.example/\"}",
    )
    .unwrap();
    put(root, "secret/EGG-INFO/PKG-INFO", secret).unwrap();
    put(&real, "inside-1.0.dist-info/RECORD", "").unwrap();
    put(&real, "store/METADATA", "Name: inside\nVersion: 1.0\n\n").unwrap();
    put(
        &real,
        "origin-1.0.dist-info/METADATA",
        "Name: origin\nVersion: 1.0\n\n",
    )
    .unwrap();
    fs::create_dir(real.join("file-1.0.dist-info")).unwrap();
    fs::create_dir(real.join("egg-1.0.egg")).unwrap();
    // What installers link from a cache keeps its name.
    let kept = "cache/kept-1.0.dist-info/METADATA";
    put(root, kept, "Name: kept\nVersion: 1.0\n\n").unwrap();
    symlink(
        "../../cache/kept-1.0.dist-info",
        real.join("kept-1.0.dist-info"),
    )
    .unwrap();
    for (target, link) in [
        ("../store/METADATA", "inside-1.0.dist-info/METADATA"),
        ("../../../secret/METADATA", "file-1.0.dist-info/METADATA"),
        ("../../secret", "whole-1.0.dist-info"),
        ("../../secret/METADATA", "flat-1.0.egg-info"),
        ("../../../secret/EGG-INFO", "egg-1.0.egg/EGG-INFO"),
        (
            "../../../secret/direct_url.json",
            "origin-1.0.dist-info/direct_url.json",
        ),
    ] {
        symlink(target, real.join(link)).unwrap();
    }
    // The environment itself lies behind a link, and its lib64 is one.
    put(root, "v/pyvenv.cfg", "version = 3.11\n").unwrap();
    fs::create_dir_all(root.join("v/lib/python3.11")).unwrap();
    symlink(&real, root.join("v/lib/python3.11/site-packages")).unwrap();
    symlink("lib", root.join("v/lib64")).unwrap();
    let out = scan_disk(root, "v").replace("v/lib/python3.11/site-packages", "SITE");
    assert!(!out.contains("6.6.6") && !out.contains("secret"), "{out}");
    insta::assert_snapshot!(out, @"
    input ROOT/v (environment)
    python 3.11 Interpreter [ROOT/v/pyvenv.cfg:1]
    egg 1.0 [ROOT/SITE/egg-1.0.egg/EGG-INFO/PKG-INFO direct]
    file 1.0 [ROOT/SITE/file-1.0.dist-info/METADATA direct]
    flat 1.0 [ROOT/SITE/flat-1.0.egg-info direct]
    inside 1.0 [ROOT/SITE/inside-1.0.dist-info/METADATA:2 direct]
    kept 1.0 [ROOT/SITE/kept-1.0.dist-info/METADATA:2 direct]
    origin 1.0 [ROOT/SITE/origin-1.0.dist-info/METADATA:2 direct]
    whole 1.0 [ROOT/SITE/whole-1.0.dist-info/METADATA direct]
    gap HOG-GAP-unreadable ROOT/SITE/egg-1.0.egg/EGG-INFO/PKG-INFO: a link that leads out of site-packages, which was not opened (reinstall the distribution with copies in place of links)
    gap HOG-GAP-unreadable ROOT/SITE/file-1.0.dist-info/METADATA: a link that leads out of site-packages, which was not opened (reinstall the distribution with copies in place of links)
    gap HOG-GAP-unreadable ROOT/SITE/flat-1.0.egg-info: a link that leads out of site-packages, which was not opened (reinstall the distribution with copies in place of links)
    gap HOG-GAP-unreadable ROOT/SITE/origin-1.0.dist-info/direct_url.json: a link that leads out of site-packages, which was not opened (reinstall the distribution with copies in place of links)
    gap HOG-GAP-unreadable ROOT/SITE/whole-1.0.dist-info/METADATA: a link that leads out of site-packages, which was not opened (reinstall the distribution with copies in place of links)
    ");
}

#[test]
fn metadata_decides_when_the_directory_says_otherwise() {
    let out = environment(&[
        (
            "mism-1.0.dist-info/METADATA",
            "Name: other\nVersion: 1.0\n\n",
        ),
        ("old-1.0.dist-info/METADATA", "Name: old\nVersion: 2.0\n\n"),
        // Spellings of the same name and version.
        (
            "Zope.Thing-1.0.dist-info/METADATA",
            "Name: zope-thing\nVersion: 1.0.0\n\n",
        ),
        (
            "two-words-1.0.dist-info/METADATA",
            "Name: two-words\nVersion: 1.0\n\n",
        ),
        (
            "legacy-0.9_odd-x.dist-info/METADATA",
            "Name: legacy\nVersion: 0.9-odd-x\n\n",
        ),
    ]);
    insta::assert_snapshot!(out, @r#"
    input venv (environment)
    python 3.11.7 Interpreter [venv/pyvenv.cfg:2]
    zope-thing 1.0.0 [SITE/Zope.Thing-1.0.dist-info/METADATA:2 direct]
    legacy opaque:"0.9-odd-x" [SITE/legacy-0.9_odd-x.dist-info/METADATA:2 direct]
    other 1.0 [SITE/mism-1.0.dist-info/METADATA:2 direct]
    old 2.0 [SITE/old-1.0.dist-info/METADATA:2 direct]
    two-words 1.0 [SITE/two-words-1.0.dist-info/METADATA:2 direct]
    notice venv/pyvenv.cfg:3: the environment also sees the system's packages, which were not read; name their site-packages directory too
    notice SITE/mism-1.0.dist-info/METADATA:2: its directory is named mism-1.0, its metadata says other 1.0: judged as the metadata says
    notice SITE/old-1.0.dist-info/METADATA:2: its directory is named old-1.0, its metadata says old 2.0: judged as the metadata says
    "#);
}

#[test]
fn one_version_in_two_directories_is_no_news() {
    let tree = Memory::new(
        [
            ("lib/python3.11", "1.0"),
            ("lib64/python3.11", "1.0"),
            ("Lib", "2.0"),
        ]
        .map(|(lib, version)| {
            (
                format!("v/{lib}/site-packages/twice-{version}.dist-info/METADATA"),
                format!("Name: twice\nVersion: {version}\n\n"),
            )
        })
        .into_iter()
        .chain([("v/pyvenv.cfg".to_owned(), String::new())]),
    );
    let inventory = scan_paths(&tree, &["v".to_owned()], &Options::default());
    let notices: Vec<_> = inventory
        .notices
        .iter()
        .map(|n| n.message.as_str())
        .collect();
    assert_eq!(inventory.components.len(), 3);
    assert_eq!(
        notices,
        ["twice 2.0 is installed beside twice 1.0: Python imports only one of them"]
    );
}
