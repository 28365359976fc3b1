//! `hognose inspect --yara`. The engine is an optional feature: `cargo xtask test --yara` runs these tests with it.

#![allow(
    clippy::panic,
    clippy::allow_attributes,
    reason = "a test stops at the first surprise; which helpers are used depends on the feature"
)]

#[path = "inspect/archives.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod archives;
mod common;

use archives::wheel;
use common::{Outcome, Sandbox};

/// A wheel with words to look for, and more files.
fn sandbox(more: &[(&str, String)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut files = vec![
        (
            "acme/__init__.py",
            "\n\nTOKEN = 'acme-plain-7'\n".to_owned(),
        ),
        ("acme/data.txt", "acme-data-7\n".to_owned()),
    ];
    files.extend(more.iter().cloned());
    let bytes = wheel("acme", "1.0", &files, "");
    sandbox.write("acme-1.0-py3-none-any.whl", bytes);
    sandbox
}

fn inspect(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let mut all = vec!["inspect", "acme-1.0-py3-none-any.whl"];
    all.extend(arguments);
    sandbox.run(&all)
}

#[cfg(not(feature = "yara"))]
#[test]
fn a_build_without_the_engine_says_so() {
    let sandbox = sandbox(&[]);
    sandbox.write("any.yar", "rule A { condition: true }\n");
    let outcome = inspect(&sandbox, &["--yara", "any.yar"]);
    insta::assert_snapshot!(outcome.whole(), @"
    exit: 2
    --- stdout
    --- stderr
    error: this build of hognose has no YARA engine: it lacks the feature `yara`
    hint: released builds have it; from source: `cargo build --profile dist -p hognose --features yara`
    ");
}

#[cfg(feature = "yara")]
mod engine {
    use super::archives::base64;
    use super::{Outcome, inspect, sandbox};

    fn json(outcome: &Outcome) -> serde_json::Value {
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("{e}: {}", outcome.whole()))
    }

    const RULES: &str = r#"
rule Plain : house secret {
    meta:
        description = "an internal word"
        severity = "high"
    strings:
        $a = "acme-plain-"
    condition:
        $a
}
rule Data { strings: $a = "acme-data-7" condition: $a }
rule Absent { strings: $a = "acme-nowhere" condition: $a }
"#;

    #[test]
    fn a_match_is_shown_with_rule_place_and_text() {
        let sandbox = sandbox(&[]);
        sandbox.write("house.yar", RULES);
        let outcome = inspect(&sandbox, &["--yara", "house.yar", "--verbose"]);
        insta::assert_snapshot!(outcome.whole(), @r#"
        exit: 0
        --- stdout
        suspicious 50.0/100 acme 1.0 (wheel)
          at   acme-1.0-py3-none-any.whl
          of   5 files, 441 bytes
          sha256 a7e2671f5ede932fc6f6652d3b92be8df686298bd053a8da32bfd8152dc714eb

          high       matches YARA rules of the user
                     HOG-MAL-yara, 5.0 points
                     acme/__init__.py:3 matches a YARA rule of high severity
                       › house:Plain [house, secret]: an internal word, at "acme-plain-"
                     acme/data.txt:1 matches a YARA rule
                       › house:Data, at "acme-data-7"
          it also is very small

        hint: `hognose explain HOG-MAL-yara` says what it means and what to do

        1 artifact: 1 suspicious
        --- stderr
        "#);
    }

    #[test]
    fn a_match_alone_is_notable_and_a_grade_lifts_it() {
        let band = |meta: &str| {
            let sandbox = sandbox(&[]);
            let rule =
                format!("rule R {{ meta: {meta} strings: $a = \"acme-data-7\" condition: $a }}\n");
            sandbox.write("r.yar", rule);
            let outcome = inspect(&sandbox, &["--yara", "r.yar", "--format", "json"]);
            json(&outcome)["artifacts"][0]["band"].to_string()
        };
        assert_eq!(band("author = \"a\""), "\"notable\"");
        assert_eq!(band("severity = \"low\""), "\"notable\"");
        assert_eq!(band("severity = \"High\""), "\"suspicious\"");
        assert_eq!(band("score = 80"), "\"suspicious\"");
        assert_eq!(band("score = \"80\" severity = \"low\""), "\"suspicious\"");
        assert_eq!(band("severity = \"critical\""), "\"malicious\"");
        assert_eq!(band("score = 99"), "\"malicious\"");
    }

    #[test]
    fn decoded_text_is_matched_at_the_line_that_holds_it() {
        let layer = base64(b"marker = 'acme-layer-7'\nprint(marker)\n");
        let text = format!("import base64\nexec(base64.b64decode('{layer}'))\n");
        let sandbox = sandbox(&[("acme/inner.py", text)]);
        sandbox.write(
            "layer.yar",
            "rule Layer { strings: $a = \"acme-layer-7\" condition: $a }\n",
        );
        let outcome = inspect(&sandbox, &["--yara", "layer.yar", "--facts"]);
        let facts = json(&outcome)["facts"].clone();
        let found: Vec<String> = facts
            .as_array()
            .into_iter()
            .flatten()
            .filter(|fact| fact["kind"] == "yara-match")
            .map(|fact| format!("{} {}", fact["place"], fact["detail"]))
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r#"{"file":"acme/inner.py","line":2,"column":1,"layers":["base64"]} "layer:Layer, at \"acme-layer-7\"""#);
    }

    #[test]
    fn every_report_names_the_rule() {
        let sandbox = sandbox(&[]);
        sandbox.write("house.yar", RULES);
        for format in ["terminal", "json", "sarif", "html", "markdown"] {
            let outcome = inspect(&sandbox, &["--yara", "house.yar", "--format", format]);
            assert!(
                outcome.stdout.contains("house:Plain"),
                "{format}: {}",
                outcome.stdout
            );
        }
    }

    #[test]
    fn a_directory_is_read_with_its_includes_and_nothing_else() {
        let sandbox = sandbox(&[]);
        sandbox.write("rules/index.yar", "include \"./parts/one.yara\"\n");
        sandbox.write(
            "rules/parts/one.yara",
            "rule One { strings: $a = \"acme-data-7\" condition: $a }\n",
        );
        sandbox.write("rules/readme.txt", "no rule");
        let outcome = inspect(&sandbox, &["--yara", "rules", "--format", "json"]);
        assert!(outcome.stdout.contains("index:One"), "{}", outcome.whole());
        sandbox.write("outside.yar", "rule Two { condition: true }\n");
        sandbox.write("rules/index.yar", "\ninclude \"../outside.yar\"\n");
        let outcome = inspect(&sandbox, &["--yara", "rules"]);
        insta::assert_snapshot!(outcome.whole(), @r#"
        exit: 2
        --- stdout
        --- stderr
        error: the YARA rules rules/index.yar:2 cannot be used
          cause: includes "../outside.yar", which is not among the files that `--yara` names
        hint: `docs/inspect.md` says which modules there are and what an `include` may name
        "#);
    }

    #[test]
    fn errors_name_file_line_and_reason() {
        let sandbox = sandbox(&[]);
        let wrong = [
            ("syntax.yar", "rule A {\n  condition:\n    tru e\n}\n"),
            ("pattern.yar", "rule A {\n  condition:\n    $a\n}\n"),
            (
                "module.yar",
                "import \"pe\"\nrule A { condition: pe.is_dll() }\n",
            ),
            ("empty.yar", "// nothing\n"),
        ];
        let mut shown = String::new();
        for (name, text) in wrong {
            sandbox.write(name, text);
            shown.push_str(&inspect(&sandbox, &["--yara", name]).whole());
            shown.push('\n');
        }
        shown.push_str(&inspect(&sandbox, &["--yara", "absent.yar"]).whole());
        insta::assert_snapshot!(shown, @"
        exit: 2
        --- stdout
        --- stderr
        error: the YARA rules syntax.yar:3 cannot be used
          cause: syntax error: expecting `(`, `[`, expression, `%`, operator, `of` or `}`, found `e`
        hint: `docs/inspect.md` says which modules there are and what an `include` may name

        exit: 2
        --- stdout
        --- stderr
        error: the YARA rules pattern.yar:3 cannot be used
          cause: unknown pattern `$a`: this pattern is not declared in the `strings` section
        hint: `docs/inspect.md` says which modules there are and what an `include` may name

        exit: 2
        --- stdout
        --- stderr
        error: the YARA rules module.yar:1 cannot be used
          cause: unknown module `pe`: module `pe` not found
        hint: `docs/inspect.md` says which modules there are and what an `include` may name

        exit: 2
        --- stdout
        --- stderr
        error: the YARA rules empty.yar cannot be used
          cause: holds no YARA rule
        hint: `docs/inspect.md` says which modules there are and what an `include` may name

        exit: 2
        --- stdout
        --- stderr
        error: cannot read absent.yar
          cause: No such file or directory (os error 2)
        ");
    }
}
