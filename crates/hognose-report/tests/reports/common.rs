//! A believable report, and one written by an attacker.

use hognose_report::{ScanReport, Style};
use hognose_types::rules::{gap_unpinned, gap_unreadable, mal_known, vuln};
use hognose_types::{
    AdvisoryEvidence, AppliedWaiver, Component, ComponentId, ComponentKind, ComponentVersion,
    Confidence, CvssVersion, DatabaseInfo, Decision, Declaration, Digest, DigestAlgorithm, Edge,
    Epss, FeedInfo, Finding, ForeignIdentity, Gap, Input, InputFormat, InputId, Inventory, Judged,
    JudgedGap, KnownExploited, Location, Marker, Match, MatchBasis, Notice, Occurrence,
    PackageName, RecordSource, RedactedUrl, Reference, Remedy, Score, Severity, SeverityEstimate,
    SeverityOrigin, SkippedInput, Source, Subject, Verdict, Version,
};

pub(crate) const PLAIN: Style = Style {
    colour: false,
    width: 80,
    verbose: false,
};

pub(crate) fn component(name: &str, version: &str, line: u32, direct: bool) -> Component {
    let declaration = Declaration::new(Location::line("uv.lock", line), direct);
    let name = PackageName::new(name).unwrap();
    Component::distribution(
        InputId(0),
        name,
        ComponentVersion::exact(version),
        declaration,
    )
}

pub(crate) fn score(version: CvssVersion, vector: &str, base: f64, record: &str) -> Score {
    Score {
        version,
        vector: vector.into(),
        base,
        record: record.into(),
    }
}

pub(crate) fn estimate(scores: Vec<Score>) -> SeverityEstimate {
    let low = scores.iter().map(|s| s.base).fold(10.0, f64::min);
    let high = scores.iter().map(|s| s.base).fold(0.0, f64::max);
    let score = scores[0].base;
    SeverityEstimate {
        band: Severity::from_score(score),
        score,
        low,
        high,
        origin: SeverityOrigin::Cvss,
        scores,
    }
}

pub(crate) fn advisory(id: &str, summary: &str, severity: SeverityEstimate) -> AdvisoryEvidence {
    AdvisoryEvidence {
        id: id.into(),
        aliases: Vec::new(),
        summary: summary.into(),
        details: "Longer text.\n\n* with a list".into(),
        malicious: severity.band == Severity::Malicious,
        severity,
        cwes: vec!["CWE-79".into()],
        epss: None,
        kev: None,
        records: vec![RecordSource {
            id: id.into(),
            feed: "osv".into(),
            published: Some("2025-03-05T12:00:00Z".into()),
            modified: Some("2025-04-01T08:30:00.123Z".into()),
        }],
        matches: vec![Match {
            record: id.into(),
            basis: MatchBasis::Range {
                introduced: None,
                fixed: Some("3.1.6".into()),
                last_affected: None,
            },
            local_ignored: false,
        }],
        references: vec![Reference {
            kind: "ADVISORY".into(),
            url: format!("https://advisories.example/{id}"),
        }],
        fixed_in: None,
    }
}

/// A finding about a component of the inventory, blocked.
pub(crate) fn judged(
    inventory: &Inventory,
    id: usize,
    advisory: AdvisoryEvidence,
    fix: Option<&str>,
) -> Judged {
    let component = &inventory.components[id];
    let declaration = &component.declarations[0];
    Judged {
        finding: Finding {
            rule: if advisory.malicious {
                mal_known::ID
            } else {
                vuln::ID
            },
            subject: Subject::of(component),
            severity: advisory.severity.band,
            confidence: Confidence::High,
            message: format!("{} is affected by {}", component.label(), advisory.id),
            occurrences: vec![Occurrence {
                component: ComponentId(id),
                location: declaration.location.clone(),
                direct: declaration.direct,
                groups: declaration.groups.clone(),
                extras: Vec::new(),
                condition: declaration.marker.as_ref().map(Marker::describe),
                path: Vec::new(),
                edit: None,
            }],
            remedy: Remedy {
                text: fix.map_or_else(|| "no fix is known".into(), |v| format!("upgrade to {v}")),
                version: fix.map(str::to_owned),
            },
            advisory: Some(AdvisoryEvidence {
                fixed_in: fix.map(|v| Version::new(v).unwrap()),
                ..advisory
            }),
        },
        decision: Decision::Block,
        because: "severity is at or above fail-on low".into(),
        waiver: None,
    }
}

fn inventory() -> Inventory {
    let mut project = component("storefront", "1.0", 1, true);
    project.kind = ComponentKind::Project;
    project.license = Some("MIT".into());
    let mut flask = component("flask", "2.0.0", 40, true);
    flask.license = Some("BSD-3-Clause".into());
    flask.hashes = vec![
        Digest::new(DigestAlgorithm::Sha256, &"ab".repeat(32)).unwrap(),
        Digest::new(DigestAlgorithm::Sha256, &"cd".repeat(32)).unwrap(),
    ];
    let mut jinja = component("jinja2", "3.1.2", 88, false);
    jinja.license = Some("BSD License (3 clause)".into());
    let mut torch = component("torch", "1.13.0+cu117", 120, true);
    torch.source = Source::Url {
        url: RedactedUrl::new("https://files.index.example/torch-1.13.0.whl"),
    };
    let mut pillow = component("pillow", "9.0.0", 100, true);
    pillow.declarations[0].groups = vec!["dev".into()];
    pillow.declarations[0].marker = Some(Marker::parse("sys_platform == 'win32'").unwrap());
    let mut requests = component("requests", "1", 4, true);
    requests.version = ComponentVersion::Range(">=2".into());
    requests.input = InputId(1);
    requests.declarations[0].location = Location::line("requirements.txt", 4);
    let mut openssl = component("openssl", "3.0.1", 200, false);
    openssl.kind = ComponentKind::Foreign;
    Inventory {
        inputs: vec![
            Input {
                path: "uv.lock".into(),
                format: InputFormat::UvLock,
            },
            Input {
                path: "requirements.txt".into(),
                format: InputFormat::Requirements,
            },
        ],
        skipped: vec![SkippedInput {
            path: "pyproject.toml".into(),
            reason: "uv.lock pins it".into(),
        }],
        components: vec![
            project,
            flask,
            component("werkzeug", "2.0.1", 95, false),
            jinja,
            component("colourama", "0.1.6", 30, true),
            torch,
            pillow,
            component("click", "8.1.7", 20, false),
            requests,
            openssl,
        ],
        edges: [(0, 1), (1, 2), (1, 3), (1, 7), (0, 4), (0, 5), (0, 6)]
            .map(|(from, to)| Edge {
                from: ComponentId(from),
                to: ComponentId(to),
                marker: None,
            })
            .into(),
        gaps: Vec::new(),
        notices: Vec::new(),
        options: Vec::new(),
    }
}

fn jinja_findings(inventory: &Inventory) -> Vec<Judged> {
    let mut escape = advisory(
        "PYSEC-2025-12",
        "Sandbox breakout through the attr filter that selects the format method",
        estimate(vec![
            score(
                CvssVersion::V31,
                "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
                7.8,
                "PYSEC-2025-12",
            ),
            score(
                CvssVersion::V4,
                "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                5.4,
                "GHSA-cpwx-vrp4-4pq7",
            ),
        ]),
    );
    escape.aliases = vec!["CVE-2025-27516".into(), "GHSA-cpwx-vrp4-4pq7".into()];
    escape.epss = Some(Epss {
        cve: "CVE-2025-27516".into(),
        probability: 0.1234,
        percentile: 0.95,
    });
    let mut escape = judged(inventory, 3, escape, Some("3.1.6"));
    let mut xss = judged(
        inventory,
        3,
        advisory(
            "CVE-2024-22195",
            "HTML attribute injection through xmlattr",
            estimate(vec![score(
                CvssVersion::V31,
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
                5.4,
                "CVE-2024-22195",
            )]),
        ),
        Some("3.1.3"),
    );
    for judged in [&mut escape, &mut xss] {
        judged.finding.occurrences[0].path = vec!["flask 2.0.0".into(), "jinja2 3.1.2".into()];
        judged.finding.occurrences[0].edit = Some(Location::line("pyproject.toml", 7));
    }
    xss.decision = Decision::Warn;
    vec![xss, escape]
}

fn waived(inventory: &Inventory) -> Judged {
    let mut judged = judged(
        inventory,
        2,
        advisory(
            "CVE-2023-25577",
            "Unbounded multipart form parts",
            estimate(vec![score(
                CvssVersion::V31,
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                7.5,
                "CVE-2023-25577",
            )]),
        ),
        Some("2.2.3"),
    );
    judged.decision = Decision::Allow;
    judged.waiver = Some(AppliedWaiver {
        reason: "no forms are accepted".into(),
        expires: Some("2027-03-01".into()),
        owner: Some("web team".into()),
        location: Location::line("hognose.toml", 3),
        vex_status: Some("not_affected".into()),
        vex_justification: Some("vulnerable_code_not_in_execute_path".into()),
    });
    judged
}

/// Direct, transitive, malicious, waived, allowed, conditional, disagreeing, exploited.
pub(crate) fn report() -> ScanReport {
    let inventory = inventory();
    let mut findings = jinja_findings(&inventory);
    findings.push(waived(&inventory));
    let mut malicious = advisory(
        "MAL-2022-7421",
        "Steals the clipboard on import",
        SeverityEstimate::malicious(),
    );
    malicious.cwes = vec!["CWE-506".into()];
    let mut malicious = judged(&inventory, 4, malicious, None);
    malicious.finding.remedy.text =
        "remove the package and replace every secret it could read".into();
    findings.push(malicious);
    let mut torch = advisory(
        "CVE-2022-45907",
        "Code injection in torch.jit annotations",
        estimate(vec![score(
            CvssVersion::V31,
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            9.8,
            "CVE-2022-45907",
        )]),
    );
    torch.matches[0].local_ignored = true;
    torch.kev = Some(KnownExploited {
        cve: "CVE-2022-45907".into(),
        date_added: "2023-01-10".into(),
        due_date: Some("2023-01-31".into()),
        ransomware: true,
    });
    findings.push(judged(&inventory, 5, torch, Some("1.13.1")));
    let unscored = SeverityEstimate {
        band: Severity::Medium,
        score: 6.0,
        low: 4.0,
        high: 9.0,
        origin: SeverityOrigin::Assumed,
        scores: Vec::new(),
    };
    let mut pillow = judged(
        &inventory,
        6,
        advisory("PYSEC-2022-10", "Path traversal", unscored),
        Some("9.0.1"),
    );
    pillow.decision = Decision::Allow;
    findings.push(pillow);
    ScanReport {
        tool_version: "0.1.0".into(),
        started: "2026-11-21T10:00:00Z".into(),
        command: "hognose scan .".into(),
        inventory,
        judged: findings,
        gaps: gaps(),
        notices: vec![Notice {
            location: Some(Location::line("hognose.toml", 9)),
            message: "the waiver for CVE-2020-1 matched nothing".into(),
        }],
        verdict: Verdict {
            decision: Decision::Block,
            complete: false,
            anything_checked: true,
        },
        database: Some(database()),
        since: None,
        verified: None,
    }
}

pub(crate) fn database() -> DatabaseInfo {
    let feed = |name: &str, records, date: &str| FeedInfo {
        name: name.into(),
        location: format!("https://feeds.example/{name}"),
        records,
        date: Some(date.into()),
    };
    DatabaseInfo {
        revision: "5f0c2a91".into(),
        built: "2026-08-17T00:00:00Z".into(),
        starter: false,
        feeds: vec![
            feed("osv", 12_345, "2026-08-16T02:00:00Z"),
            feed("epss", 300_000, "2026-08-17"),
        ],
    }
}

fn gaps() -> Vec<JudgedGap> {
    let unpinned = Gap {
        rule: gap_unpinned::ID,
        subject: "requests>=2".into(),
        location: Some(Location::line("requirements.txt", 4)),
        message: "not pinned to one version".into(),
        hint: Some("lock the project and scan the lock".into()),
        groups: Vec::new(),
    };
    let unreadable = Gap::file(
        gap_unreadable::ID,
        Location::line("legacy/poetry.lock", 12),
        "expected a string, found the end of the file",
    );
    let allowed = Gap {
        subject: "boto3".into(),
        ..unpinned.clone()
    };
    vec![
        JudgedGap {
            gap: unreadable,
            allowed: false,
        },
        JudgedGap {
            gap: unpinned,
            allowed: false,
        },
        JudgedGap {
            gap: allowed,
            allowed: true,
        },
    ]
}

/// Nothing found, nothing missing.
pub(crate) fn clean() -> ScanReport {
    let mut report = report();
    report.judged.clear();
    report.gaps.clear();
    report.notices.clear();
    report.verdict = Verdict {
        decision: Decision::Allow,
        complete: true,
        anything_checked: true,
    };
    report
}

/// Puts one hostile string into every field that outside text can reach.
pub(crate) fn hostile(evil: &str) -> ScanReport {
    let mut report = report();
    let text = || evil.to_owned();
    let place = || Location::line(text(), 3);
    report.command = text();
    report.started = text();
    report.since = Some(text());
    for input in &mut report.inventory.inputs {
        input.path = text();
    }
    for skipped in &mut report.inventory.skipped {
        (skipped.path, skipped.reason) = (text(), text());
    }
    for component in &mut report.inventory.components {
        component.license = Some(text());
        if component.kind == ComponentKind::Foreign {
            component.foreign = Some(ForeignIdentity {
                name: text(),
                purl: Some(format!("pkg:npm/{evil}")),
            });
        }
        component.version = ComponentVersion::exact(evil);
        for declaration in &mut component.declarations {
            declaration.location = place();
            declaration.groups = vec![text()];
        }
        component.source = Source::Vcs {
            url: RedactedUrl::new(format!("git+https://x/{evil}")),
            reference: Some(text()),
            commit: Some(text()),
        };
    }
    for judged in &mut report.judged {
        judged.because = text();
        let id = judged.finding.occurrences[0].component;
        judged.finding.subject = Subject::of(&report.inventory.components[id.0]);
        hostile_finding(&mut judged.finding, evil);
        if let Some(waiver) = &mut judged.waiver {
            waiver.reason = text();
            waiver.expires = Some(text());
            waiver.owner = Some(text());
            waiver.location = place();
            waiver.vex_justification = Some(text());
        }
    }
    for gap in &mut report.gaps {
        let gap = &mut gap.gap;
        (gap.subject, gap.message) = (text(), text());
        (gap.hint, gap.location, gap.groups) = (Some(text()), Some(place()), vec![text()]);
    }
    for notice in &mut report.notices {
        (notice.message, notice.location) = (text(), Some(place()));
    }
    if let Some(database) = &mut report.database {
        (database.revision, database.built) = (text(), text());
        for feed in &mut database.feeds {
            (feed.location, feed.date) = (text(), Some(text()));
        }
    }
    report
}

fn hostile_finding(finding: &mut Finding, evil: &str) {
    let text = || evil.to_owned();
    finding.message = text();
    finding.remedy = Remedy {
        text: text(),
        version: finding.remedy.version.as_ref().map(|_| text()),
    };
    for occurrence in &mut finding.occurrences {
        occurrence.location = Location::line(text(), 3);
        occurrence.edit = Some(Location::line(text(), 4));
        occurrence.path = vec![text(), text()];
        occurrence.condition = Some(text());
        occurrence.groups = vec![text()];
        occurrence.extras = vec![text(), text()];
    }
    let Some(advisory) = &mut finding.advisory else {
        return;
    };
    advisory.summary = text();
    advisory.details = text();
    advisory.aliases = vec![text(), format!("CVE-{evil}")];
    advisory.cwes = vec![text()];
    for reference in &mut advisory.references {
        reference.url = text();
    }
    advisory.references.push(Reference {
        kind: text(),
        url: format!("https://advisories.example/{evil}"),
    });
    for record in &mut advisory.records {
        (record.feed, record.published, record.modified) = (text(), Some(text()), Some(text()));
    }
    for found in &mut advisory.matches {
        found.record = text();
    }
    for score in &mut advisory.severity.scores {
        score.record = text();
    }
    advisory.id = text();
}
