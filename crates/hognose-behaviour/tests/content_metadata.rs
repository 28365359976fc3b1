//! What metadata and start-up files show.

use hognose_behaviour::content::metadata::{self, Metadata};
use hognose_behaviour::content::startup;
use hognose_behaviour::{
    Fact,
    FactKind::{self, *},
    Trigger,
};
use proptest::prelude::*;

fn kinds(out: &[Fact]) -> Vec<FactKind> {
    out.iter().map(|fact| fact.kind).collect()
}

fn judged(metadata: &Metadata, outside: Option<&str>) -> Vec<FactKind> {
    let mut out = Vec::new();
    metadata::facts("PKG-INFO", metadata, outside, Trigger::Call, &mut out);
    kinds(&out)
}

const HONEST: &str = "Metadata-Version: 2.1\r\nName: Example_Pkg\r\nVersion: 1.2\r\nSummary: does things\r\nHome-page: UNKNOWN\r\n\
    Project-URL: Source, https://example.invalid/x\r\nAuthor: A, B\r\nAuthor-email: a@example.invalid\r\n\
    Requires-Dist: requests (>=2)\r\nRequires-Dist: x[y]>=1; extra == 'z'\r\nClassifier: A :: B\r\nClassifier: C\r\n\r\n# Title\r\ntext\r\n";

#[test]
fn honest_metadata() {
    let metadata = Metadata::read(HONEST);
    assert_eq!(metadata.name, "Example_Pkg");
    assert_eq!(
        metadata.requires_dist,
        ["requests (>=2)", "x[y]>=1; extra == 'z'"]
    );
    assert_eq!(
        metadata.urls,
        [("Source".to_owned(), "https://example.invalid/x".to_owned())]
    );
    assert_eq!(metadata.classifiers.len(), 2);
    assert_eq!(metadata.description_len, 13);
    assert_eq!(judged(&metadata, Some("example.pkg")), []);
}

#[test]
fn folded_description() {
    let metadata =
        Metadata::read("Name: a\nDescription: one\n        two\n       |three\nVersion: 1\n");
    assert_eq!(metadata.description, "one\ntwo\nthree");
    assert_eq!(metadata.version, "1");
}

#[test]
fn what_is_missing_or_odd() {
    let metadata = Metadata::read(
        "Name: a\nVersion: 99.0.0\nHome-page: UNKNOWN\nDescription: UNKNOWN\nSummary: dependency confusion PoC\n",
    );
    assert_eq!(
        judged(&metadata, Some("b")),
        [
            DescriptionEmpty,
            HomepageMissing,
            AuthorMissing,
            VersionAbsurd,
            ResearchWording,
            NameMismatch
        ]
    );
    let metadata = Metadata::read(
        "Name: a\nVersion: 1\nAuthor-email: X <x@mailinator.com>\nHome-page: https://example.invalid\n\
         Requires-Dist: b @ https://example.invalid/b.whl\nRequires-Dist: subprocess\nRequires-Dist: dataclasses\nRequires-Dist: requests; python_version<'3'\n\ntext",
    );
    assert_eq!(
        judged(&metadata, None),
        [MailDisposable, DirectReference, StdlibDependency]
    );
}

#[test]
fn pyproject_and_setup_cfg() {
    let metadata = Metadata::from_pyproject(
        "[project]\nname='a'\nversion='1'\nreadme='R.md'\ndependencies=['b>1']\nauthors=[{name='N',email='n@example.invalid'}]\n[project.urls]\nSource='https://example.invalid'\n",
    )
    .unwrap();
    assert_eq!(judged(&metadata, Some("a")), []);
    let metadata = Metadata::from_pyproject("[tool.poetry]\nname='a'\nauthors=['N <n@example.invalid>']\nhomepage='https://example.invalid'\n[tool.poetry.dependencies]\npython='^3'\nb={git='https://example.invalid/b'}\n").unwrap();
    assert_eq!(
        judged(&metadata, Some("a")),
        [DescriptionEmpty, DirectReference]
    );
    let metadata = Metadata::from_setup_cfg("[metadata]\nname = a\nversion = 1\nurl = https://example.invalid\nauthor = N\nlong_description = file: README\n[options]\ninstall_requires =\n    b\n    c>1\n").unwrap();
    assert_eq!(metadata.requires_dist, ["b", "c>1"]);
    assert_eq!(judged(&metadata, Some("a")), []);
    assert_eq!(Metadata::from_pyproject("[build-system]\n"), None);
    assert_eq!(Metadata::from_pyproject("{"), None);
}

#[test]
fn pth_files() {
    let mut out = Vec::new();
    let read = startup::pth(
        "x.pth",
        "# c\n/opt/x\nimport os; os.system('id')\n",
        &mut out,
    );
    assert_eq!(kinds(&out), [PthPath, PthCode]);
    assert_eq!(read.code, [(3, "import os; os.system('id')".to_owned())]);
    assert!(!read.known_shape);
    for line in [
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; enabled and __import__('_distutils_hack').add_shim(); ",
        "import __editable___pkg_1_0_finder; __editable___pkg_1_0_finder.install()",
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('a', 'b'));importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('a.b', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('a.b', [os.path.dirname(p)])));m = m or sys.modules.setdefault('a.b', types.ModuleType('a.b'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);m and setattr(sys.modules['a'], 'b', m)",
        "import _virtualenv",
        "import coverage; coverage.process_startup()",
    ] {
        assert!(
            startup::pth("x.pth", line, &mut Vec::new()).known_shape,
            "{line}"
        );
    }
    for line in [
        "import __editable___pkg_finder; __editable___pkg_finder.install(); import evil",
        "import coverage; coverage.process_startup() or exec('x')",
        "import evil",
        "import os",
        "/only/a/path",
        "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *(exec('x'),))",
    ] {
        assert!(
            !startup::pth("x.pth", line, &mut Vec::new()).known_shape,
            "{line}"
        );
    }
}

#[test]
fn start_files_and_modules() {
    let mut out = Vec::new();
    assert_eq!(
        startup::start_file("x.start", "# c\na.b:f\n\n", &mut out),
        ["a.b:f"]
    );
    startup::modules(
        [
            "sitecustomize.py",
            "pkg/usercustomize.py",
            "json/__init__.py",
            "json/x.py",
            "numbers.cpython-312-x86_64-linux-gnu.so",
            "a/json.py",
            "typing.txt",
            "six.py",
        ],
        &mut out,
    );
    assert_eq!(
        kinds(&out),
        [StartFile, SiteCustomize, ShadowsStdlib, ShadowsStdlib]
    );
}

#[test]
fn entry_points() {
    let mut out = Vec::new();
    let read = startup::entry_points(
        "e",
        "[console_scripts]\na = b.c:d [x]\n\n[pytest11]\np=q\n[other]\nr = s:t\n",
        &mut out,
    );
    assert_eq!(read.scripts, [("a".to_owned(), "b.c:d".to_owned())]);
    assert_eq!(read.plugins.len(), 2);
    assert_eq!(kinds(&out), [PluginHook]);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let metadata = Metadata::read(&text);
        judged(&metadata, Some(&text));
        Metadata::from_setup_cfg(&text);
        Metadata::from_pyproject(&text);
        startup::pth("x", &text, &mut Vec::new());
        startup::entry_points("x", &text, &mut Vec::new());
        startup::start_file("x", &text, &mut Vec::new());
    }

    #[test]
    fn any_version_and_requirement_is_survived(text in "(Name|Version|Requires-Dist|Author-email): [0-9a-z.@:+!<> -]{0,40}\n{0,2}") {
        judged(&Metadata::read(&text), None);
    }

    #[test]
    fn any_statement_is_survived(text in "import [a-z_*'(); ]{0,60}") {
        startup::pth("x", &text, &mut Vec::new());
    }
}
