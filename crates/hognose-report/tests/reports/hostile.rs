//! Nothing an attacker writes acts on a terminal, a log, a browser or a code host.

use crate::common::{PLAIN, hostile};
use hognose_report::{Format, Style, render};
use proptest::prelude::*;

const EVIL: [&str; 12] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
    "a\r\n::error file=x::gotcha\n::add-mask::b",
    "x ::stop-commands::t ##[error]boo ##vso[task.complete]",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>' onmouseover='x",
    "[click](javascript:alert(1)) ![i](https://evil.example/i.png)",
    "javascript:alert(1)",
    "| a | b |\n|---|---|\n# heading\n`code` **bold** @everyone #1 www.evil.example https://evil.example",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{e0041}",
    "]]><!-- --> &lt;b&gt; </details></td>\u{0}\u{8}\u{fffe}\u{ffff}",
    "%0A::warning::x,title=y:z",
    "\\u003cscript\\u003e ${{ secrets.TOKEN }} {{7*7}}",
];

/// What no output may contain, whatever its format.
fn no_raw_control(text: &str, colour: bool) {
    for (number, line) in text.lines().enumerate() {
        for c in line.chars() {
            let ours = colour && c == '\u{1b}';
            assert!(
                ours || !hognose_types::text::is_unsafe(c),
                "line {number}: {c:?} in {line:?}"
            );
        }
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{line:?}"
        );
    }
    assert!(!text.contains('\r'));
}

/// No line that a CI runner would execute, except the ones the GitHub format writes itself.
fn no_command(text: &str, format: Format) {
    for line in text.lines().map(str::trim_start) {
        let ours = format == Format::Github
            && ["::error ", "::warning ", "::notice "]
                .iter()
                .any(|c| line.starts_with(c));
        assert!(ours || !line.starts_with("::"), "{format:?}: {line:?}");
    }
    if format == Format::Github {
        for line in text.lines() {
            let (properties, _) = line[2..].split_once("::").unwrap();
            let (_, properties) = properties.split_once(' ').unwrap();
            let keys = properties.split(',').map(|p| p.split_once('=').unwrap().0);
            let keys: Vec<&str> = keys.collect();
            assert!(
                matches!(
                    *keys,
                    ["title"] | ["file", "title"] | ["file", "line", "title"]
                ),
                "{line:?}"
            );
        }
    }
}

/// Only the tags and attributes the page is made of.
fn only_our_markup(text: &str) {
    let lower = text.to_ascii_lowercase();
    for bad in [
        "<script>alert",
        "<img",
        "<svg",
        "onerror=alert(1)>",
        "href=\"javascript",
        "' onmouseover='",
    ] {
        assert!(!lower.contains(bad), "{bad}");
    }
    for href in lower.split("href=\"").skip(1) {
        assert!(
            href.starts_with("https://") || href.starts_with("http://"),
            "{}",
            &href[..40]
        );
    }
}

fn inert_markdown(text: &str) {
    for bad in [
        "](javascript",
        "<script",
        "![",
        "@everyone",
        " #1",
        "`code`",
        "**bold",
        "](http",
    ] {
        assert!(!text.contains(bad), "{bad} in {text}");
    }
    assert!(!text.contains(" www.evil") && !text.contains(" https://evil"));
    let rows = text.lines().filter(|l| l.starts_with('|'));
    for row in rows {
        assert!(row.ends_with('|') && row.matches('|').count() == 5, "{row}");
    }
}

fn check(evil: &str) {
    let report = hostile(evil);
    for format in Format::ALL {
        for style in [
            PLAIN,
            Style {
                verbose: true,
                colour: true,
                width: 50,
            },
        ] {
            let text = render(&report, format, &style).unwrap();
            no_raw_control(&text, style.colour && format == Format::Terminal);
            no_command(&text, format);
            match format {
                Format::Html => only_our_markup(&text),
                Format::Markdown => inert_markdown(&text),
                Format::Json
                | Format::Sarif
                | Format::CycloneDx
                | Format::Spdx
                | Format::OpenVex => {
                    let _: serde_json::Value = serde_json::from_str(&text).unwrap();
                }
                Format::Terminal | Format::Junit | Format::Github => {}
            }
        }
    }
}

#[test]
fn hostile_reports_are_inert_in_every_format() {
    for evil in EVIL {
        check(evil);
    }
}

#[test]
fn json_keeps_hostile_text_exactly() {
    for evil in EVIL {
        let text = render(&hostile(evil), Format::Json, &PLAIN).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["notices"][0]["message"], evil);
        assert_eq!(value["findings"][0]["advisory"]["summary"], evil);
    }
}

#[test]
fn sarif_messages_hold_no_links() {
    let text = render(&hostile(EVIL[5]), Format::Sarif, &PLAIN).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    for result in value["runs"][0]["results"].as_array().unwrap() {
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.replace("\\]", "").contains("]("), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_inert(evil in "(\\PC|[\u{0}-\u{9f}]|::|##\\[|<script>alert|\u{1b}\\[|\u{202e}|\n| |\\]\\(|\\|){0,40}") {
        check(&evil);
    }
}
