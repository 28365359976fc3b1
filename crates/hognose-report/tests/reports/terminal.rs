//! What people see.

use crate::common::{PLAIN, clean, report};
use hognose_report::{Format, Style, render};
use unicode_width::UnicodeWidthStr;

fn terminal(report: &hognose_report::ScanReport, style: &Style) -> String {
    render(report, Format::Terminal, style).unwrap()
}

#[test]
fn eighty_columns_without_colour() {
    insta::assert_snapshot!(terminal(&report(), &PLAIN), @"
    read uv.lock (uv lock)
    read requirements.txt (requirements file)
    ignored 1 file (--verbose says which and why)

    colourama 0.1.6 (1 finding)
      at   uv.lock:30, named directly
      malicious  MAL-2022-7421
                 Steals the clipboard on import
                 do: remove the package and replace every secret it could read

    torch 1.13.0+cu117 (1 finding)
      at   uv.lock:120, named directly
      critical   CVE-2022-45907 fixed in 1.13.1
                 Code injection in torch.jit annotations
                 CVSS 3.1 score 9.8, known exploited (KEV 2023-01-10, used by
                 ransomware), matched without its local version part

    jinja2 3.1.2 (2 findings)
      at   uv.lock:88, via flask 2.0.0 → jinja2 3.1.2
      edit pyproject.toml:7
      high       PYSEC-2025-12 (CVE-2025-27516) fixed in 3.1.6
                 Sandbox breakout through the attr filter that selects the format
                 method
                 CVSS 3.1 score 7.8, EPSS 12.3%
                 sources disagree, 5.4 to 7.8: CVSS 3.1 7.8 (PYSEC-2025-12), CVSS
                 4.0 5.4 (GHSA-cpwx-vrp4-4pq7)
      medium     CVE-2024-22195 fixed in 3.1.3
                 HTML attribute injection through xmlattr
                 CVSS 3.1 score 5.4

    Not checked: a requirement without an exact version cannot be judged
        (HOG-GAP-unpinned)
      requirements.txt:4: requests>=2: not pinned to one version
      hint: lock the project and scan the lock

    Not checked: a file could not be read, or only in part (HOG-GAP-unreadable)
      legacy/poetry.lock:12: expected a string, found the end of the file

    note: hognose.toml:9: the waiver for CVE-2020-1 matched nothing

    4 findings in 3 of 7 packages (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed, 3 not checked (1 allowed): incomplete
    ");
}

#[test]
fn verbose_shows_what_was_allowed_and_where_it_comes_from() {
    let style = Style {
        verbose: true,
        ..PLAIN
    };
    insta::assert_snapshot!(terminal(&report(), &style), @"
    read uv.lock (uv lock)
    read requirements.txt (requirements file)
    ignored pyproject.toml (uv.lock pins it)

    colourama 0.1.6 (1 finding)
      at   uv.lock:30, named directly
      malicious  MAL-2022-7421
                 Steals the clipboard on import
                 do: remove the package and replace every secret it could read
                 decision: severity is at or above fail-on low
                 matched by MAL-2022-7421: every version before 3.1.6
                 source: MAL-2022-7421 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/MAL-2022-7421
                 Longer text.

                 * with a list

    torch 1.13.0+cu117 (1 finding)
      at   uv.lock:120, named directly
      critical   CVE-2022-45907 fixed in 1.13.1
                 Code injection in torch.jit annotations
                 CVSS 3.1 score 9.8, known exploited (KEV 2023-01-10, used by
                 ransomware), matched without its local version part
                 do: upgrade to 1.13.1
                 decision: severity is at or above fail-on low
                 matched by CVE-2022-45907: every version before 3.1.6
                 source: CVE-2022-45907 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/CVE-2022-45907
                 Longer text.

                 * with a list

    jinja2 3.1.2 (2 findings)
      at   uv.lock:88, via flask 2.0.0 → jinja2 3.1.2
      edit pyproject.toml:7
      high       PYSEC-2025-12 (CVE-2025-27516) fixed in 3.1.6
                 Sandbox breakout through the attr filter that selects the format
                 method
                 CVSS 3.1 score 7.8, EPSS 12.3%
                 sources disagree, 5.4 to 7.8: CVSS 3.1 7.8 (PYSEC-2025-12), CVSS
                 4.0 5.4 (GHSA-cpwx-vrp4-4pq7)
                 do: upgrade to 3.1.6
                 decision: severity is at or above fail-on low
                 also known as CVE-2025-27516, GHSA-cpwx-vrp4-4pq7
                 matched by PYSEC-2025-12: every version before 3.1.6
                 source: PYSEC-2025-12 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/PYSEC-2025-12
                 Longer text.

                 * with a list
      medium     CVE-2024-22195 fixed in 3.1.3
                 HTML attribute injection through xmlattr
                 CVSS 3.1 score 5.4
                 do: upgrade to 3.1.3
                 decision: severity is at or above fail-on low
                 matched by CVE-2024-22195: every version before 3.1.6
                 source: CVE-2024-22195 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/CVE-2024-22195
                 Longer text.

                 * with a list

    Allowed by the policy

    pillow 9.0.0 (1 finding)
      at   uv.lock:100, named directly, only on win32; group dev
      medium     PYSEC-2022-10 fixed in 9.0.1
                 Path traversal
                 no score published, 6.0 assumed
                 do: upgrade to 9.0.1
                 decision: severity is at or above fail-on low
                 matched by PYSEC-2022-10: every version before 3.1.6
                 source: PYSEC-2022-10 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/PYSEC-2022-10
                 Longer text.

                 * with a list

    Waived

    werkzeug 2.0.1 (1 finding)
      at   uv.lock:95
      high       CVE-2023-25577 fixed in 2.2.3
                 Unbounded multipart form parts
                 CVSS 3.1 score 7.5
                 do: upgrade to 2.2.3
                 waived: no forms are accepted, until 2027-03-01, by web team
                 (hognose.toml:3)
                 decision: severity is at or above fail-on low
                 matched by CVE-2023-25577: every version before 3.1.6
                 source: CVE-2023-25577 (osv, 2025-04-01T08:30:00.123Z)
                 https://advisories.example/CVE-2023-25577
                 Longer text.

                 * with a list

    Not checked: a requirement without an exact version cannot be judged
        (HOG-GAP-unpinned)
      requirements.txt:4: requests>=2: not pinned to one version
      requirements.txt:4: boto3: not pinned to one version (allowed)
      hint: lock the project and scan the lock

    Not checked: a file could not be read, or only in part (HOG-GAP-unreadable)
      legacy/poetry.lock:12: expected a string, found the end of the file

    note: hognose.toml:9: the waiver for CVE-2020-1 matched nothing

    Advisory database
      revision 5f0c2a91, built 2026-08-17T00:00:00Z
      osv: 12,345 records of 2026-08-16T02:00:00Z, https://feeds.example/osv
      epss: 300,000 records of 2026-08-17, https://feeds.example/epss

    4 findings in 3 of 7 packages (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed, 3 not checked (1 allowed): incomplete
    ");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let style = Style {
        colour: true,
        ..PLAIN
    };
    let coloured = terminal(&report(), &style);
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, terminal(&report(), &PLAIN));
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[35mmalicious\u{1b}[0m"),
        "{coloured:?}"
    );
}

#[test]
fn a_clean_run_says_what_was_checked() {
    insta::assert_snapshot!(terminal(&clean(), &PLAIN), @"
    read uv.lock (uv lock)
    read requirements.txt (requirements file)
    ignored 1 file (--verbose says which and why)

    no known vulnerabilities in 7 packages (12,345 advisories of 2026-08-16)
    ");
}

#[test]
fn summary_line_covers_every_outcome() {
    let last = |report: &hognose_report::ScanReport| {
        terminal(report, &PLAIN).lines().last().unwrap().to_owned()
    };
    let mut all = vec![last(&report()), last(&clean())];
    let mut one = report();
    one.since = Some("main".into());
    one.gaps.clear();
    one.verdict.complete = true;
    all.push(last(&one));
    let mut none = clean();
    none.since = Some("main".into());
    all.push(last(&none));
    none.database = None;
    none.verdict.complete = false;
    all.push(last(&none));
    let mut starter = clean();
    starter.database.as_mut().unwrap().starter = true;
    starter.verdict.complete = false;
    all.push(last(&starter));
    let mut empty = clean();
    empty.inventory = hognose_types::Inventory::default();
    all.push(last(&empty));
    empty.verdict.anything_checked = false;
    all.push(last(&empty));
    insta::assert_snapshot!(all.join("\n"), @"
    4 findings in 3 of 7 packages (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed, 3 not checked (1 allowed): incomplete
    no known vulnerabilities in 7 packages (12,345 advisories of 2026-08-16)
    4 new findings in 3 of 7 packages since main (1 malicious, 1 critical, 1 high, 1 medium), 1 waived, 1 allowed
    no new known vulnerabilities in 7 packages since main (12,345 advisories of 2026-08-16)
    no package could be checked (no advisory database): incomplete
    no known vulnerabilities in 7 packages (12,345 built-in advisories of 2026-08-16): incomplete
    no package could be checked (12,345 advisories of 2026-08-16)
    nothing to check
    ");
}

#[test]
fn hundreds_of_findings_do_not_bury_the_rest() {
    let mut report = report();
    let template = report.judged[0].clone();
    for number in 0..400 {
        let mut judged = template.clone();
        judged.finding.advisory.as_mut().unwrap().id = format!("CVE-2021-{number:05}");
        report.judged.push(judged);
    }
    let text = terminal(&report, &PLAIN);
    assert!(text.lines().count() < 90, "{}", text.lines().count());
    assert!(
        text.contains("… and 395 more (--verbose or --format json)"),
        "{text}"
    );
    assert!(text.contains("404 findings in 3 of 7 packages"), "{text}");
    let style = Style {
        verbose: true,
        ..PLAIN
    };
    assert!(terminal(&report, &style).contains("CVE-2021-00399"));
}

#[test]
fn lines_fit_and_ids_are_whole() {
    for width in [40, 60, 80, 132] {
        let style = Style { width, ..PLAIN };
        let text = terminal(&report(), &style);
        // The summary is one line by contract.
        for line in text.trim_end().rsplit_once('\n').unwrap().0.lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
        for id in [
            "PYSEC-2025-12",
            "(CVE-2025-27516)",
            "GHSA-cpwx-vrp4-4pq7",
            "MAL-2022-7421",
        ] {
            assert!(text.contains(id), "{width}: {id}");
        }
    }
}

#[test]
fn wide_characters_and_endless_words_wrap() {
    let mut report = report();
    let advisory = report.judged[0].finding.advisory.as_mut().unwrap();
    advisory.summary = "漏洞".repeat(100);
    let text = terminal(&report, &PLAIN);
    let body = text.trim_end().rsplit_once('\n').unwrap().0;
    assert!(body.lines().all(|line| line.width() <= 80), "{text}");
}
