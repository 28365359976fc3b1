//! What somebody verified and signed elsewhere, beside the files that are here.

use hognose_advisories::Judgement;
use hognose_provenance::summary::{MAX_ENVELOPE, Summary};

use super::attested::Looked;
use super::disk::limited;
use crate::cli::VerifyArgs;
use crate::error::Failure;

/// The signed summary that is named, if any.
pub(super) fn read(args: &VerifyArgs) -> Result<Option<Summary>, Failure> {
    let (Some(path), Some(key)) = (&args.attestation, &args.key) else {
        return Ok(None);
    };
    let read = |path: &std::path::Path| {
        limited(path, MAX_ENVELOPE)
            .map_err(|e| Failure::usage(format!("cannot read {}", path.display())).because(&e))
    };
    let shown = path.display();
    let (envelope, key) = (read(path)?, read(key)?);
    let summary = Summary::verified(&envelope, &String::from_utf8_lossy(&key));
    let summary =
        summary.map_err(|e| Failure::incomplete(format!("{shown} does not hold")).because(&e))?;
    if !summary.passed {
        return Err(Failure::incomplete(format!(
            "{shown} says that verification failed on {}",
            summary.time
        )));
    }
    Ok(Some(summary))
}

/// Compares every file with it, if there is one.
pub(super) fn compare(
    summary: Option<&Summary>,
    looks: &mut [Looked<'_>],
    evidence: &mut Judgement,
) {
    let Some(summary) = summary else {
        return;
    };
    for look in looks {
        let mut gaps = Vec::new();
        for seen in &mut look.files {
            match summary.subjects.get(&seen.file) {
                Some(hex) if seen.sha256.as_ref() == Some(hex) => {}
                Some(hex) if seen.sha256.is_some() => {
                    seen.other_bytes = Some(("the signed attestation".to_owned(), hex.clone()));
                }
                Some(_) => gaps.push(format!("{}: its digest is not known", seen.file)),
                None => gaps.push(format!("{} is not in the signed attestation", seen.file)),
            }
        }
        let release = look.release();
        let gaps = gaps.into_iter().filter_map(|gap| release.gap(gap, None));
        evidence.gaps.extend(gaps);
    }
}
