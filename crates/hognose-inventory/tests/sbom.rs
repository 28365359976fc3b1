//! CycloneDX and SPDX documents: files of the real tools, then faults.

mod common;

use hognose_inventory::{Memory, Options, scan_paths};
use proptest::prelude::*;

use common::{scan_fixture, scan_memory, scan_memory_for, show, show_gaps, target};

#[test]
fn cyclonedx_py_environment() {
    insta::assert_snapshot!(show(&scan_fixture("sbom/cyclonedx-py-environment.cdx.json")), @r#"
    input sbom/cyclonedx-py-environment.cdx.json (CycloneDX SBOM)
    flask 2.0.0 license="BSD-3-Clause" [sbom/cyclonedx-py-environment.cdx.json:3]
    jinja2 3.1.2 license="BSD-3-Clause" [sbom/cyclonedx-py-environment.cdx.json:24]
    markupsafe 3.0.4 license="BSD-3-Clause" [sbom/cyclonedx-py-environment.cdx.json:45]
    werkzeug 2.0.1 license="BSD-3-Clause" [sbom/cyclonedx-py-environment.cdx.json:60]
    click 8.5.1 license="BSD-3-Clause" [sbom/cyclonedx-py-environment.cdx.json:81]
    itsdangerous 2.2.0 license="License :: OSI Approved :: BSD License" [sbom/cyclonedx-py-environment.cdx.json:96]
    pip 23.2.1 license="MIT" [sbom/cyclonedx-py-environment.cdx.json:111]
    setuptools 65.5.0 license="MIT" [sbom/cyclonedx-py-environment.cdx.json:126]
    edge flask 2.0.0 -> jinja2 3.1.2
    edge flask 2.0.0 -> werkzeug 2.0.1
    edge flask 2.0.0 -> click 8.5.1
    edge flask 2.0.0 -> itsdangerous 2.2.0
    edge jinja2 3.1.2 -> markupsafe 3.0.4
    edge setuptools 65.5.0 -> pip 23.2.1
    "#);
}

#[test]
fn cyclonedx_py_requirements() {
    insta::assert_snapshot!(show(&scan_fixture("sbom/cyclonedx-py-requirements.cdx.json")), @"
    input sbom/cyclonedx-py-requirements.cdx.json (CycloneDX SBOM)
    flask 2.0.0 [sbom/cyclonedx-py-requirements.cdx.json:3]
    jinja2 3.1.2 [sbom/cyclonedx-py-requirements.cdx.json:10]
    requests unknown [sbom/cyclonedx-py-requirements.cdx.json:17]
    gap HOG-GAP-version sbom/cyclonedx-py-requirements.cdx.json:17: requests: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    ");
}

#[test]
fn uv_export() {
    insta::assert_snapshot!(show(&scan_fixture("sbom/uv-export.cdx.json")), @"
    input sbom/uv-export.cdx.json (CycloneDX SBOM)
    shop 1.0 Project [sbom/uv-export.cdx.json:15]
    click 8.1.8 hashes=2 [sbom/uv-export.cdx.json:29 if python_full_version < '3.10']
    click 8.5.1 hashes=2 [sbom/uv-export.cdx.json:64 if python_full_version >= '3.10']
    colorama 0.4.6 hashes=2 [sbom/uv-export.cdx.json:99 direct if sys_platform == 'win32']
    flask 2.0.0 hashes=2 [sbom/uv-export.cdx.json:134 direct]
    itsdangerous 2.2.0 hashes=2 [sbom/uv-export.cdx.json:163]
    jinja2 3.1.2 hashes=2 [sbom/uv-export.cdx.json:192 direct]
    markupsafe 3.0.4 hashes=2 [sbom/uv-export.cdx.json:221]
    werkzeug 3.1.9 hashes=2 [sbom/uv-export.cdx.json:250]
    edge click 8.1.8 -> colorama 0.4.6
    edge flask 2.0.0 -> click 8.1.8
    edge flask 2.0.0 -> click 8.5.1
    edge flask 2.0.0 -> itsdangerous 2.2.0
    edge flask 2.0.0 -> jinja2 3.1.2
    edge flask 2.0.0 -> werkzeug 3.1.9
    edge jinja2 3.1.2 -> markupsafe 3.0.4
    edge shop 1.0 -> colorama 0.4.6
    edge shop 1.0 -> flask 2.0.0
    edge shop 1.0 -> jinja2 3.1.2
    edge werkzeug 3.1.9 -> markupsafe 3.0.4
    ");
}

#[test]
fn sbom4python_in_both_syntaxes() {
    let json = show(&scan_fixture("sbom/sbom4python.spdx.json"));
    insta::assert_snapshot!(json, @r#"
    input sbom/sbom4python.spdx.json (SPDX SBOM)
    rich 15.0.0 license="MIT" [sbom/sbom4python.spdx.json:15 direct]
    markdown-it-py 4.3.0 license="MIT" [sbom/sbom4python.spdx.json:42]
    mdurl 0.1.2 license="MIT" [sbom/sbom4python.spdx.json:70]
    pygments 2.21.0 license="BSD-2-Clause" [sbom/sbom4python.spdx.json:93]
    edge rich 15.0.0 -> markdown-it-py 4.3.0
    edge markdown-it-py 4.3.0 -> mdurl 0.1.2
    edge rich 15.0.0 -> pygments 2.21.0
    "#);
    insta::assert_snapshot!(show(&scan_fixture("sbom/sbom4python.spdx")), @r#"
    input sbom/sbom4python.spdx (SPDX SBOM)
    rich 15.0.0 license="MIT" [sbom/sbom4python.spdx:12 direct]
    markdown-it-py 4.3.0 license="MIT" [sbom/sbom4python.spdx:23]
    mdurl 0.1.2 license="MIT" [sbom/sbom4python.spdx:34]
    pygments 2.21.0 license="BSD-2-Clause" [sbom/sbom4python.spdx:45]
    edge rich 15.0.0 -> markdown-it-py 4.3.0
    edge markdown-it-py 4.3.0 -> mdurl 0.1.2
    edge rich 15.0.0 -> pygments 2.21.0
    "#);
}

#[test]
fn the_target_counts() {
    let fixture = common::fixture("sbom/uv-export.cdx.json");
    let text = std::fs::read_to_string(fixture).unwrap();
    let inventory = scan_memory_for(
        &[("a.cdx.json", &text)],
        &["a.cdx.json"],
        &target("3.12.1", "linux"),
    );
    assert!(!show(&inventory).contains("colorama 0.4.6"));
}

#[test]
fn every_kind_of_component() {
    let text = r#"{
 "bomFormat": "CycloneDX", "specVersion": "1.6",
 "metadata": {"component": {"type": "application", "bom-ref": "root", "name": "my shop"}},
 "components": [
  {"type": "library", "bom-ref": "a", "name": "Jinja2", "purl": "pkg:pypi/Jinja2@3.1.2",
   "components": [{"type": "library", "bom-ref": "b", "name": "markupsafe", "purl": "pkg:pypi/MarkupSafe@2.1.1"}]},
  {"type": "library", "name": "jinja2", "purl": "pkg:pypi/jinja2@3.1.2?file_name=x.whl"},
  {"type": "library", "group": "@babel", "name": "core", "version": "7.0.0", "purl": "pkg:npm/%40babel/core@7.0.0"},
  {"type": "library", "name": "zlib1g", "purl": "pkg:deb/debian/zlib1g@1%3A1.2"},
  {"type": "library", "name": "pytorch", "purl": "pkg:conda/pytorch@1.13.1?build=py310_0&channel=main&subdir=linux-64"},
  {"type": "library", "name": "libblas", "purl": "pkg:conda/libblas@3.9.0"},
  {"type": "library", "name": "left-pad", "version": "1.0"},
  {"type": "file", "name": "/etc/passwd"},
  {"type": "library", "name": "six", "purl": "pkg:pypi/six"},
  {"type": "library", "name": "bad", "purl": "pkg:pypi/-bad-@1"},
  {"type": "library", "version": "1"},
  {"type": "library", "name": 5}
 ],
 "dependencies": [{"ref": "root", "dependsOn": ["a", "gone"]}, {"ref": "a", "dependsOn": ["b", "a"]}]
}"#;
    insta::assert_snapshot!(show(&scan_memory(&[("bom.json", text)], &["bom.json"])), @r#"
    input bom.json (CycloneDX SBOM)
    my-shop unknown Project [bom.json:3]
    jinja2 3.1.2 [bom.json:5 direct] [bom.json:7 direct]
    markupsafe 2.1.1 [bom.json:6]
    babel-core 7.0.0 Foreign [bom.json:8]
    zlib1g opaque:"1:1.2" Foreign [bom.json:9]
    torch 1.13.1 Conda [bom.json:10]
    libblas 3.9.0 Conda [bom.json:11]
    left-pad 1.0 Foreign [bom.json:12]
    etc-passwd unknown Foreign [bom.json:13]
    six unknown [bom.json:14]
    edge my-shop -> jinja2 3.1.2
    edge jinja2 3.1.2 -> markupsafe 2.1.1
    gap HOG-GAP-unreadable bom.json:15: "-bad-" is not a package name: only letters, digits, '.', '_' and '-' are allowed, with a letter or digit at both ends (correct the name; the rest of the file was read)
    gap HOG-GAP-unreadable bom.json:16: a component without name (make the SBOM again; the rest of the file was read)
    gap HOG-GAP-unreadable bom.json:17: cannot read a component: invalid type: integer `5`, expected a string (make the SBOM again; the rest of the file was read)
    gap HOG-GAP-unreadable bom.json: components without package URL cannot be judged: left-pad (make the SBOM with a tool that writes package URLs, or scan the project itself)
    gap HOG-GAP-unmapped bom.json:11: libblas 3.9.0: listed and not judged, since no Python distribution name is known for it (scan the installed environment; libraries that are no Python distributions need another scanner)
    gap HOG-GAP-version bom.json:14: six: the version is not known: cannot be judged (pin a released version, or scan the environment it is installed in)
    notice bom.json: components of other ecosystems are listed and not judged: deb 1, npm 1
    "#);
}

#[test]
fn faults_are_gaps_with_lines() {
    let deep = format!(
        "{{\"bomFormat\": \"CycloneDX\", \"a\": {}1{}}}",
        "[".repeat(500),
        "]".repeat(500)
    );
    let cases = [
        (
            "bom.json",
            "{\"bomFormat\": \"CycloneDX\",\n \"components\": [",
        ),
        ("bom.json", "[]"),
        ("bom.json", "{}"),
        ("bom.json", ""),
        (
            "bom.json",
            "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"3.0\", \"components\": {}}",
        ),
        ("bom.json", &deep),
        (
            "a.spdx.json",
            "{\"spdxVersion\": \"SPDX-2.3\",\n \"packages\": [{\"name\": 5}, {\"name\": \"\"}]}",
        ),
        (
            "a.spdx.json",
            "{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"}",
        ),
        ("a.spdx", "SPDXVersion: SPDX-2.1\nPackageName: x\n"),
        ("a.spdx", "nothing\n"),
    ];
    let mut out = String::new();
    for (name, text) in cases {
        out.push_str(&show_gaps(&scan_memory(&[(name, text)], &[name])));
    }
    insta::assert_snapshot!(out, @"
    gap HOG-GAP-unreadable bom.json:2: not valid JSON: EOF while parsing a list at line 2 column 16 (make the SBOM again)
    gap HOG-GAP-unreadable bom.json:1: not valid JSON: invalid type: sequence, expected an object at line 1 column 0 (make the SBOM again)
    gap HOG-GAP-unreadable bom.json:1: not a CycloneDX document (name another file)
    gap HOG-GAP-unreadable bom.json:1: not valid JSON: EOF while parsing a value at line 1 column 0 (make the SBOM again)
    gap HOG-GAP-unreadable bom.json:1: CycloneDX 3.0 is not known (1.2 to 1.7 are): read as 1.7 (make the SBOM in a version that Hognose knows)
    gap HOG-GAP-unreadable bom.json:1: cannot read the components: invalid type: map, expected a sequence (make the SBOM again; the rest of the file was read)
    gap HOG-GAP-unreadable bom.json:1: nested deeper than 64 levels (make the SBOM again)
    gap HOG-GAP-unreadable a.spdx.json:2: cannot read a package: invalid type: integer `5`, expected a string (make the SBOM again; the rest of the file was read)
    gap HOG-GAP-unreadable a.spdx.json:2: a package without name (make the SBOM again; the rest of the file was read)
    gap HOG-GAP-unreadable a.spdx.json:1: an SPDX document of no stated version: only 2.2 and 2.3 are known, read as 2.3 (make the SBOM as SPDX 2.3 or CycloneDX)
    gap HOG-GAP-unreadable a.spdx:1: an SPDX document SPDX-2.1: only 2.2 and 2.3 are known, read as 2.3 (make the SBOM as SPDX 2.3 or CycloneDX)
    gap HOG-GAP-unreadable a.spdx: components without package URL cannot be judged: x (make the SBOM with a tool that writes package URLs, or scan the project itself)
    gap HOG-GAP-unreadable a.spdx:1: an SPDX document of no stated version: only 2.2 and 2.3 are known, read as 2.3 (make the SBOM as SPDX 2.3 or CycloneDX)
    ");
}

#[test]
fn tag_value_keeps_to_packages() {
    let text = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nPackageName: six\nSPDXID: SPDXRef-six\n\
                PackageComment: <text>PackageVersion: 9.9\nPackageName: evil\n</text>\nPackageVersion: 1.16.0\n\
                ExternalRef: PACKAGE-MANAGER purl pkg:pypi/six@1.16.0\nFileName: ./x\nSPDXID: SPDXRef-file\n";
    insta::assert_snapshot!(show(&scan_memory(&[("a.spdx", text)], &["a.spdx"])), @"
    input a.spdx (SPDX SBOM)
    six 1.16.0 [a.spdx:3]
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Cut and garbled documents: no panic, and a document that lost its end is said to have.
    #[test]
    fn garbled_documents(
        file in prop::sample::select(vec![
            "uv-export.cdx.json", "cyclonedx-py-environment.cdx.json", "sbom4python.spdx.json", "sbom4python.spdx",
        ]),
        cut in 0.0..0.99_f64,
        garble in prop::collection::vec((0.0..1.0_f64, any::<u8>()), 0..8),
    ) {
        let mut bytes = std::fs::read(common::fixture(&format!("sbom/{file}"))).unwrap();
        let length = bytes.len() as f64;
        for (at, byte) in garble {
            let at = (at * length) as usize;
            bytes[at] = byte;
        }
        bytes.truncate((cut * length) as usize);
        let tree = Memory::new([(file, bytes)]);
        let inventory = scan_paths(&tree, &[file.to_owned()], &Options::default());
        if file.ends_with(".json") {
            prop_assert!(!inventory.gaps.is_empty());
        }
    }

    #[test]
    fn any_tag_value(text in "(SPDXVersion|PackageName|SPDXID|ExternalRef|Relationship|<text>|</text>|: |\n|[a-z]|pkg:pypi/|@| ){0,60}") {
        let text = format!("SPDXVersion: SPDX-2.3\n{text}");
        scan_memory(&[("a.spdx", &text)], &["a.spdx"]);
    }
}
