//! When things were uploaded.

use std::collections::BTreeMap;

use hognose_index::{IndexFile, Upload};
use hognose_report::{Card, CardRelease};
use hognose_types::Version;

use crate::project_facts::seconds;

const DAY: i64 = 86_400;
/// What counts as lately.
const LATELY: i64 = 30;

/// When a file was uploaded, as its page or the project page says.
pub(super) fn time<'a>(file: &'a IndexFile, upload: Option<&'a Upload>) -> Option<&'a str> {
    let stated = file.upload_time.as_deref();
    stated
        .or_else(|| upload?.time.as_deref())
        .filter(|t| seconds(t).is_some())
}

/// Puts ages on the card. A release is as old as its first file; later files of it are said.
pub(super) fn fill(
    card: &mut Card,
    files: &[IndexFile],
    uploads: &BTreeMap<&str, &Upload>,
    now: i64,
) {
    let mut releases: BTreeMap<&Version, Option<i64>> = BTreeMap::new();
    let (mut paged, mut listed) = (false, false);
    for file in files {
        let upload = uploads.get(file.filename.as_str()).copied();
        let at = time(file, upload).and_then(seconds);
        if at.is_some() {
            paged |= file.upload_time.is_some();
            listed |= file.upload_time.is_none();
        }
        let first = releases.entry(&file.version).or_default();
        *first = [*first, at].into_iter().flatten().min();
    }
    card.age.releases = releases.len();
    let release = |(version, at): (&&Version, &Option<i64>)| CardRelease {
        version: version.to_string(),
        uploaded: at.and_then(|s| Some(jiff::Timestamp::from_second(s).ok()?.to_string())),
        days_ago: at.map(|s| now.saturating_sub(s).div_euclid(DAY)),
    };
    let shown = card.version.as_deref();
    let of_card = releases.iter().find(|(v, _)| Some(v.as_str()) == shown);
    card.age.shown = of_card.map(release);
    let mut dated: Vec<(i64, CardRelease)> = releases
        .iter()
        .filter_map(|pair| Some(((*pair.1)?, release(pair))))
        .collect();
    dated.sort_by_key(|(at, _)| *at);
    let undated = releases.len() - dated.len();
    match (paged, listed) {
        (true, _) => card.age.source = Some("upload times of the index's page".to_owned()),
        (_, true) => card.age.source = Some("upload times of the index's project page".to_owned()),
        _ => {}
    }
    if undated > 0 {
        let what = if dated.is_empty() {
            "its releases were"
        } else {
            "some releases were"
        };
        card.unknown
            .push(format!("when {what} uploaded: the index does not say"));
    }
    card.age.first = dated.first().map(|(_, r)| r.clone());
    card.age.last = dated.last().map(|(_, r)| r.clone());
    card.age.median_gap_days = median_gap(&dated);
    let recent = dated.iter().rev().map(|(_, r)| r);
    let recent = recent.filter(|r| r.days_ago.is_some_and(|d| (0..=LATELY).contains(&d)));
    card.age.recent = recent.cloned().collect();
}

fn median_gap(dated: &[(i64, CardRelease)]) -> Option<i64> {
    let pairs = dated.iter().zip(dated.iter().skip(1));
    let mut gaps: Vec<i64> = pairs.map(|((a, _), (b, _))| b.saturating_sub(*a)).collect();
    gaps.sort_unstable();
    let middle = gaps.get(gaps.len().checked_sub(1)? / 2)?;
    Some((middle + DAY / 2) / DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps() {
        let at = |days: i64| {
            let release = CardRelease {
                version: String::new(),
                uploaded: None,
                days_ago: None,
            };
            (days * DAY, release)
        };
        let median = |days: &[i64]| median_gap(&days.iter().map(|d| at(*d)).collect::<Vec<_>>());
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[5]), None);
        assert_eq!(median(&[0, 10]), Some(10));
        assert_eq!(median(&[0, 1, 2, 100]), Some(1));
    }
}
