//! Base scores of CVSS vectors.

use hognose_types::{CvssVersion, Score};

/// Base metrics of each scale. A vector that lacks one has no base score, whatever a parser makes of it.
const V2: [&str; 6] = ["AV", "AC", "Au", "C", "I", "A"];
const V3: [&str; 8] = ["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
const V4: [&str; 11] = [
    "AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA",
];

fn has_all(vector: &str, metrics: &[&str]) -> bool {
    let has = |metric: &&str| {
        vector
            .split('/')
            .any(|part| part.split(':').next() == Some(metric))
    };
    metrics.iter().all(has)
}

/// Scores one vector. `None` when it is not a CVSS vector of a known version.
pub(crate) fn score(vector: &str, record: &str) -> Option<Score> {
    let vector = vector.trim();
    let (version, base) = if vector.starts_with("CVSS:4.0/") {
        has_all(vector, &V4).then_some(())?;
        let parsed: cvss::v4::Vector = vector.parse().ok()?;
        (CvssVersion::V4, parsed.score().value())
    } else if vector.starts_with("CVSS:3.") {
        has_all(vector, &V3).then_some(())?;
        let parsed: cvss::v3::Vector = base_metrics(vector).parse().ok()?;
        let version = if vector.starts_with("CVSS:3.1") {
            CvssVersion::V31
        } else {
            CvssVersion::V30
        };
        (version, parsed.score().value())
    } else {
        // The crate takes v2 vectors only without a prefix; some records add one, or parentheses.
        let bare = vector.strip_prefix("CVSS:2.0/").unwrap_or(vector);
        let bare = bare.trim_start_matches('(').trim_end_matches(')');
        has_all(bare, &V2).then_some(())?;
        let parsed: cvss::v2::Vector = bare.parse().ok()?;
        (CvssVersion::V2, parsed.score().value())
    };
    Some(Score {
        version,
        vector: vector.to_owned(),
        base: (base * 10.0).round() / 10.0,
        record: record.to_owned(),
    })
}

/// Keeps the eight base metrics of a v3 vector: temporal and environmental ones do not change the base score.
fn base_metrics(vector: &str) -> String {
    vector
        .split('/')
        .filter(|part| {
            part.split(':')
                .next()
                .is_some_and(|name| name == "CVSS" || V3.contains(&name))
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vectors() {
        let cases = [
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                CvssVersion::V31,
                9.8,
            ),
            (
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
                CvssVersion::V30,
                6.1,
            ),
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P",
                CvssVersion::V31,
                6.1,
            ),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                CvssVersion::V4,
                9.3,
            ),
            ("CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P", CvssVersion::V2, 7.5),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", CvssVersion::V2, 7.5),
        ];
        for (vector, version, base) in cases {
            let score = score(vector, "X").unwrap_or_else(|| panic!("{vector}"));
            assert_eq!((score.version, score.base), (version, base), "{vector}");
        }
        for bad in ["", "HIGH", "CVSS:9.9/X:Y", "CVSS:3.1/AV:N", "7.5"] {
            assert!(score(bad, "X").is_none(), "{bad}");
        }
    }
}
