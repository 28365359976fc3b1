//! The severity rule: keep every vector; point = mean of the base scores of one version; interval = their span.
//!
//! Version 3.1 is preferred while most records carry it; else the newest version present decides. Scores of v4
//! and v3 are not comparable and never mixed. Without any vector a severity word gives the band; without that,
//! 6.0 within 4.0–9.0 is assumed: unknown is not safe.

use hognose_types::{CvssVersion, Score, Severity, SeverityEstimate, SeverityOrigin};

/// Assumed score and interval when no source says anything.
const ASSUMED: (f64, f64, f64) = (6.0, 4.0, 9.0);

pub(crate) fn estimate(mut scores: Vec<Score>, words: &[Severity]) -> SeverityEstimate {
    scores
        .sort_by(|a, b| (&a.record, a.version, &a.vector).cmp(&(&b.record, b.version, &b.vector)));
    scores.dedup();
    if let Some(chosen) = preferred_version(&scores) {
        let same = |s: &&Score| s.version == chosen;
        let (sum, count) = scores
            .iter()
            .filter(same)
            .fold((0.0, 0.0), |(sum, n), s| (sum + s.base, n + 1.0));
        let point = round(sum / count);
        let span = scores
            .iter()
            .filter(|s| comparable(s.version, chosen))
            .map(|s| s.base);
        let (low, high) = span.fold((point, point), |(low, high), s| {
            (f64::min(low, s), f64::max(high, s))
        });
        return SeverityEstimate {
            band: Severity::from_score(point),
            score: point,
            low,
            high,
            origin: SeverityOrigin::Cvss,
            scores,
        };
    }
    if let Some(worst) = words.iter().max() {
        let (point, low, high) = word_scores(*worst);
        return SeverityEstimate {
            band: *worst,
            score: point,
            low,
            high,
            origin: SeverityOrigin::Word,
            scores,
        };
    }
    let (point, low, high) = ASSUMED;
    SeverityEstimate {
        band: Severity::from_score(point),
        score: point,
        low,
        high,
        origin: SeverityOrigin::Assumed,
        scores,
    }
}

fn preferred_version(scores: &[Score]) -> Option<CvssVersion> {
    if scores.iter().any(|s| s.version == CvssVersion::V31) {
        return Some(CvssVersion::V31);
    }
    scores.iter().map(|s| s.version).max()
}

/// 3.0 and 3.1 share a scale.
fn comparable(a: CvssVersion, b: CvssVersion) -> bool {
    let scale = |v| {
        if v == CvssVersion::V30 {
            CvssVersion::V31
        } else {
            v
        }
    };
    scale(a) == scale(b)
}

fn word_scores(word: Severity) -> (f64, f64, f64) {
    match word {
        Severity::Malicious => (10.0, 10.0, 10.0),
        Severity::Critical => (9.5, 9.0, 10.0),
        Severity::High => (8.0, 7.0, 8.9),
        Severity::Medium => (5.5, 4.0, 6.9),
        Severity::Low => (2.0, 0.1, 3.9),
        Severity::None => (0.0, 0.0, 0.0),
    }
}

fn round(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(version: CvssVersion, base: f64, record: &str) -> Score {
        Score {
            version,
            vector: String::new(),
            base,
            record: record.to_owned(),
        }
    }

    #[test]
    fn mean_of_one_version_and_span_of_its_scale() {
        let e = estimate(
            vec![
                score(CvssVersion::V31, 5.9, "GHSA"),
                score(CvssVersion::V31, 7.5, "PYSEC"),
                score(CvssVersion::V4, 9.3, "GHSA"),
            ],
            &[],
        );
        assert_eq!(
            (e.score, e.low, e.high, e.band),
            (6.7, 5.9, 7.5, Severity::Medium)
        );
        assert!(e.sources_disagree());
        assert_eq!(e.scores.len(), 3);
    }

    #[test]
    fn without_vectors() {
        let e = estimate(vec![], &[Severity::High]);
        assert_eq!((e.band, e.origin), (Severity::High, SeverityOrigin::Word));
        let e = estimate(vec![], &[]);
        assert_eq!(
            (e.score, e.low, e.high, e.origin),
            (6.0, 4.0, 9.0, SeverityOrigin::Assumed)
        );
        assert!(!e.sources_disagree());
        let e = estimate(
            vec![
                score(CvssVersion::V2, 7.5, "A"),
                score(CvssVersion::V4, 6.9, "A"),
            ],
            &[],
        );
        assert_eq!((e.score, e.low), (6.9, 6.9));
    }
}
