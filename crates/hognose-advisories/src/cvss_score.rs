//! Base scores of CVSS vectors.

use hognose_types::{CvssVersion, Score};

/// Scores one vector. `None` when it is not a CVSS vector of a known version.
pub(crate) fn score(vector: &str, record: &str) -> Option<Score> {
    let vector = vector.trim();
    let (version, base) = if vector.starts_with("CVSS:4.0/") {
        let parsed: cvss::v4::Vector = vector.parse().ok()?;
        (CvssVersion::V4, parsed.score().value())
    } else if vector.starts_with("CVSS:3.") {
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
    let keep = ["CVSS", "AV", "AC", "PR", "UI", "S", "C", "I", "A"];
    vector
        .split('/')
        .filter(|part| {
            part.split(':')
                .next()
                .is_some_and(|name| keep.contains(&name))
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
