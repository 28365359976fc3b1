//! From the report to the document.

use hognose_types as types;
use hognose_types::{ComponentVersion, MatchBasis, Purl, Severity};

use super::model::{
    Advisory, Bands, Component, Database, Declaration, Document, Edge, Epss, Estimate, Feed, File,
    Finding, Gap, Input, Kev, Match, Notice, Occurrence, Package, Place, Record, Reference, Remedy,
    Score, Skipped, Source, Summary, Tool, Verdict, Waiver,
};
use crate::stored::{SCHEMA, SCHEMA_WITH_FILES, SCHEMA_WITH_REBUILDS};
use crate::view::{self, Counts};
use crate::{ScanReport, words};

pub(super) fn document(report: &ScanReport) -> Document<'_> {
    let inventory = &report.inventory;
    Document {
        schema: match &report.verified {
            None => SCHEMA,
            Some(files) if files.iter().all(|f| f.rebuilds.is_empty()) => SCHEMA_WITH_FILES,
            Some(_) => SCHEMA_WITH_REBUILDS,
        },
        tool: Tool {
            name: "hognose",
            version: &report.tool_version,
        },
        started: &report.started,
        command: &report.command,
        since: report.since.as_deref(),
        verdict: Verdict {
            decision: decision(report.verdict.decision),
            complete: report.verdict.complete,
            anything_checked: report.verdict.anything_checked,
        },
        summary: summary(report),
        database: report.database.as_ref().map(database),
        inputs: inventory
            .inputs
            .iter()
            .map(|input| Input {
                path: &input.path,
                format: input.format,
            })
            .collect(),
        skipped: inventory
            .skipped
            .iter()
            .map(|skipped| Skipped {
                path: &skipped.path,
                reason: &skipped.reason,
            })
            .collect(),
        findings: view::packages(report, |_| true)
            .iter()
            .flat_map(|package| package.findings.iter().map(|j| finding(j)))
            .collect(),
        gaps: report.gaps.iter().map(gap).collect(),
        notices: report.notices.iter().map(notice).collect(),
        files: report
            .verified
            .as_ref()
            .map(|files| files.iter().map(file).collect()),
        components: inventory.components.iter().map(component).collect(),
        edges: inventory.edges.iter().map(edge).collect(),
    }
}

fn file(file: &crate::VerifiedFile) -> File<'_> {
    File {
        package: &file.package,
        version: &file.version,
        file: &file.file,
        sha256: file.sha256.as_deref(),
        verdict: file.verdict.as_str(),
        reason: file.reason.as_deref(),
        attestations: &file.attestations,
        rebuilds: &file.rebuilds,
    }
}

pub(super) fn decision(decision: types::Decision) -> &'static str {
    match decision {
        types::Decision::Allow => "allow",
        types::Decision::Warn => "warn",
        types::Decision::Block => "block",
    }
}

fn summary(report: &ScanReport) -> Summary {
    let counts = Counts::of(report);
    Summary {
        text: words::summary(report),
        packages_checked: counts.checked,
        packages_affected: counts.affected,
        findings: Bands {
            malicious: counts.severity(Severity::Malicious),
            critical: counts.severity(Severity::Critical),
            high: counts.severity(Severity::High),
            medium: counts.severity(Severity::Medium),
            low: counts.severity(Severity::Low),
            none: counts.severity(Severity::None),
        },
        waived: counts.waived,
        allowed: counts.allowed,
        gaps: counts.gaps,
        gaps_allowed: counts.gaps_allowed,
    }
}

fn database(database: &types::DatabaseInfo) -> Database<'_> {
    Database {
        revision: &database.revision,
        built: &database.built,
        starter: database.starter,
        feeds: database
            .feeds
            .iter()
            .map(|feed| Feed {
                name: &feed.name,
                location: &feed.location,
                records: feed.records,
                date: feed.date.as_deref(),
            })
            .collect(),
    }
}

fn place(location: &types::Location) -> Place<'_> {
    Place {
        file: &location.file,
        line: location.line,
    }
}

fn finding(judged: &types::Judged) -> Finding<'_> {
    let finding = &judged.finding;
    Finding {
        rule: finding.rule.as_str(),
        id: view::finding_id(finding),
        package: Package {
            name: &finding.subject.name,
            version: finding.subject.version.as_deref(),
            purl: finding.subject.purl.as_str(),
        },
        severity: finding.severity,
        confidence: finding.confidence,
        decision: decision(judged.decision),
        because: &judged.because,
        message: &finding.message,
        remedy: Remedy {
            text: &finding.remedy.text,
            version: finding.remedy.version.as_deref(),
        },
        waiver: judged.waiver.as_ref().map(|waiver| Waiver {
            reason: &waiver.reason,
            expires: waiver.expires.as_deref(),
            owner: waiver.owner.as_deref(),
            location: place(&waiver.location),
            vex_status: waiver.vex_status.as_deref(),
            vex_justification: waiver.vex_justification.as_deref(),
        }),
        advisory: finding.advisory.as_ref().map(advisory),
        occurrences: finding.occurrences.iter().map(occurrence).collect(),
    }
}

fn occurrence(occurrence: &types::Occurrence) -> Occurrence<'_> {
    Occurrence {
        component: occurrence.component.0,
        location: place(&occurrence.location),
        direct: occurrence.direct,
        groups: &occurrence.groups,
        extras: &occurrence.extras,
        condition: occurrence.condition.as_deref(),
        path: &occurrence.path,
        edit: occurrence.edit.as_ref().map(place),
    }
}

fn advisory(advisory: &types::AdvisoryEvidence) -> Advisory<'_> {
    Advisory {
        id: &advisory.id,
        aliases: &advisory.aliases,
        summary: &advisory.summary,
        details: &advisory.details,
        malicious: advisory.malicious,
        severity: estimate(&advisory.severity),
        cwes: &advisory.cwes,
        epss: advisory.epss.as_ref().map(|epss| Epss {
            cve: &epss.cve,
            probability: epss.probability,
            percentile: epss.percentile,
        }),
        kev: advisory.kev.as_ref().map(|kev| Kev {
            cve: &kev.cve,
            date_added: &kev.date_added,
            due_date: kev.due_date.as_deref(),
            ransomware: kev.ransomware,
        }),
        records: advisory
            .records
            .iter()
            .map(|record| Record {
                id: &record.id,
                feed: &record.feed,
                published: record.published.as_deref(),
                modified: record.modified.as_deref(),
            })
            .collect(),
        matches: advisory.matches.iter().map(matched).collect(),
        references: advisory
            .references
            .iter()
            .map(|reference| Reference {
                kind: &reference.kind,
                url: &reference.url,
            })
            .collect(),
        fixed_in: advisory.fixed_in.as_ref().map(types::Version::as_str),
    }
}

fn estimate(severity: &types::SeverityEstimate) -> Estimate<'_> {
    Estimate {
        band: severity.band,
        score: severity.score,
        low: severity.low,
        high: severity.high,
        origin: severity.origin,
        sources_disagree: severity.sources_disagree(),
        scores: severity
            .scores
            .iter()
            .map(|score| Score {
                version: score.version.as_str(),
                vector: &score.vector,
                base: score.base,
                record: &score.record,
            })
            .collect(),
    }
}

fn matched(found: &types::Match) -> Match<'_> {
    let (kind, introduced, fixed, last_affected) = match &found.basis {
        MatchBasis::Listed => ("listed", None, None, None),
        MatchBasis::Range {
            introduced,
            fixed,
            last_affected,
        } => (
            "range",
            introduced.as_deref(),
            fixed.as_deref(),
            last_affected.as_deref(),
        ),
    };
    Match {
        record: &found.record,
        kind,
        introduced,
        fixed,
        last_affected,
        local_ignored: found.local_ignored,
    }
}

fn gap(judged: &types::JudgedGap) -> Gap<'_> {
    let gap = &judged.gap;
    Gap {
        rule: gap.rule.as_str(),
        subject: &gap.subject,
        message: &gap.message,
        hint: gap.hint.as_deref(),
        location: gap.location.as_ref().map(place),
        groups: &gap.groups,
        allowed: judged.allowed,
    }
}

fn notice(notice: &types::Notice) -> Notice<'_> {
    Notice {
        message: &notice.message,
        location: notice.location.as_ref().map(place),
    }
}

fn component(component: &types::Component) -> Component<'_> {
    Component {
        purl: Purl::of(component).as_str().to_owned(),
        kind: component.kind,
        name: component
            .foreign
            .as_ref()
            .map_or(component.name.as_str(), |f| &f.name),
        version: component.version.as_str(),
        requirement: match &component.version {
            ComponentVersion::Range(range) => Some(range),
            _ => None,
        },
        input: component.input.0,
        judged: component.is_judged(),
        source: source(&component.source),
        hashes: component.hashes.iter().map(ToString::to_string).collect(),
        license: component.license.as_deref(),
        declarations: component
            .declarations
            .iter()
            .map(|declaration| Declaration {
                location: place(&declaration.location),
                direct: declaration.direct,
                groups: &declaration.groups,
                extras: &declaration.extras,
                marker: declaration.marker.as_ref().map(types::Marker::as_str),
            })
            .collect(),
    }
}

fn source(source: &types::Source) -> Source<'_> {
    let mut out = Source {
        kind: "default",
        url: None,
        reference: None,
        commit: None,
        path: None,
        editable: None,
    };
    match source {
        types::Source::Default => {}
        types::Source::Index { url } => {
            (out.kind, out.url) = ("index", Some(url.to_string()));
        }
        types::Source::Url { url } => {
            (out.kind, out.url) = ("url", Some(url.to_string()));
        }
        types::Source::Vcs {
            url,
            reference,
            commit,
        } => {
            (out.kind, out.url) = ("vcs", Some(url.to_string()));
            (out.reference, out.commit) = (reference.as_deref(), commit.as_deref());
        }
        types::Source::Path { path, editable } => {
            (out.kind, out.path, out.editable) = ("path", Some(path.as_str()), Some(*editable));
        }
    }
    out
}

fn edge(edge: &types::Edge) -> Edge<'_> {
    Edge {
        from: edge.from.0,
        to: edge.to.0,
        marker: edge.marker.as_ref().map(types::Marker::as_str),
    }
}
