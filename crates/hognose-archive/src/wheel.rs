//! What a wheel says about itself against what it holds: RECORD, METADATA, WHEEL, file name.
//!
//! Pure functions over names, digests and the text of a few members, which the caller collects while it examines the
//! archive. Formats: packaging.python.org, "Binary distribution format" and "Recording installed projects".

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{PackageName, Version};

use crate::record::{self, RecordHash, Row};

/// One thing a distribution says about itself that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What it is.
    pub kind: MismatchKind,
    /// The member, directory or value it is about.
    pub subject: String,
    /// The particulars, as a fragment; may be empty.
    pub detail: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.describe(), self.subject)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        Ok(())
    }
}

macro_rules! mismatches {
    ($($variant:ident $id:literal $text:literal;)*) => {
        /// What does not hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum MismatchKind {
            $(#[doc = $text] $variant,)*
        }

        impl MismatchKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it is, as a fragment of a sentence.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

mismatches! {
    FileName "file-name" "the file name is not one of a distribution";
    NoDistInfo "no-dist-info" "the wheel has no dist-info directory";
    SeveralDistInfo "several-dist-info" "the wheel has several dist-info directories";
    DistInfoName "dist-info-name" "the dist-info directory names another release than the file name";
    NoMetadata "no-metadata" "the distribution has no metadata file";
    NoWheelFile "no-wheel-file" "the wheel has no WHEEL file";
    NoRecord "no-record" "the wheel has no RECORD file";
    MetadataName "metadata-name" "the metadata names another project than the file name";
    MetadataVersion "metadata-version" "the metadata states another version than the file name";
    MetadataRepeated "metadata-repeated" "the metadata states a name or version more than once";
    WheelTags "wheel-tags" "the WHEEL file lists other tags than the file name";
    RecordDamaged "record-damaged" "a row of RECORD cannot be parsed";
    RecordDuplicate "record-duplicate" "RECORD lists a path twice";
    RecordOutside "record-outside" "RECORD lists a path outside the wheel";
    RecordAbsent "record-absent" "RECORD lists a file that the wheel does not hold";
    RecordUnlisted "record-unlisted" "the wheel holds a file that RECORD does not list";
    RecordNoHash "record-no-hash" "RECORD states no hash for a file";
    RecordWeakHash "record-weak-hash" "RECORD states a hash that proves nothing or cannot be checked";
    RecordHash "record-hash" "RECORD states another hash";
    RecordSize "record-size" "RECORD states another size";
    TopDirectory "top-directory" "the sdist has another top directory than its file name says";
}

pub(crate) fn mismatch(
    kind: MismatchKind,
    subject: impl Into<String>,
    detail: impl Into<String>,
) -> Mismatch {
    Mismatch {
        kind,
        subject: subject.into(),
        detail: detail.into(),
    }
}

/// One file of the wheel, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its path in the wheel.
    pub path: &'a str,
    /// sha256 of its content.
    pub sha256: [u8; 32],
    /// Its size.
    pub size: u64,
}

/// The parts of a wheel's file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName<'a> {
    /// The project, as written.
    pub name: &'a str,
    /// The version, as written.
    pub version: &'a str,
    /// The build tag.
    pub build: Option<&'a str>,
    /// The three compressed tag sets: Python, ABI, platform.
    pub tags: [&'a str; 3],
}

impl<'a> WheelName<'a> {
    /// Parses `name-version[-build]-python-abi-platform.whl`.
    pub fn parse(file: &'a str) -> Option<Self> {
        let stem = file.strip_suffix(".whl")?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (head, tags) = parts.split_last_chunk::<3>()?;
        let (name, version, build) = match head {
            [name, version] => (*name, *version, None),
            [name, version, build] => (*name, *version, Some(*build)),
            _ => return None,
        };
        let tags = *tags;
        let whole = [name, version].iter().chain(&tags).all(|p| !p.is_empty());
        let built = build.is_none_or(|b| b.starts_with(|c: char| c.is_ascii_digit()));
        (whole && built).then_some(Self {
            name,
            version,
            build,
            tags,
        })
    }

    /// Every `python-abi-platform` combination of the compressed tags, at most 10,000.
    pub fn combinations(&self) -> BTreeSet<String> {
        let [python, abi, platform] = self.tags;
        let all = python.split('.').flat_map(|p| {
            abi.split('.').flat_map(move |a| {
                platform
                    .split('.')
                    .map(move |platform| format!("{p}-{a}-{platform}"))
            })
        });
        all.take(10_000).collect()
    }
}

/// Text of the members that describe a wheel; none where the member is missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Described<'a> {
    /// `METADATA`.
    pub metadata: Option<&'a str>,
    /// `WHEEL`.
    pub wheel: Option<&'a str>,
    /// `RECORD`.
    pub record: Option<&'a str>,
}

/// The dist-info directories at the top of a wheel, in order.
pub fn dist_infos<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let tops = paths
        .into_iter()
        .filter_map(|path| path.split_once('/').map(|(top, _)| top))
        .filter(|top| top.ends_with(".dist-info"));
    tops.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Checks names and versions: file name, dist-info directory, METADATA, WHEEL.
pub fn check_names<'a>(
    file: &str,
    paths: impl IntoIterator<Item = &'a str>,
    described: &Described<'_>,
) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let infos = dist_infos(paths);
    let parsed = WheelName::parse(file);
    if parsed.is_none() {
        out.push(mismatch(MismatchKind::FileName, file, ""));
    }
    match infos.as_slice() {
        [] => out.push(mismatch(MismatchKind::NoDistInfo, file, "")),
        [_] => {}
        _ => out.push(mismatch(
            MismatchKind::SeveralDistInfo,
            infos.join(", "),
            "",
        )),
    }
    for (text, kind) in [
        (described.metadata, MismatchKind::NoMetadata),
        (described.wheel, MismatchKind::NoWheelFile),
        (described.record, MismatchKind::NoRecord),
    ] {
        if text.is_none() {
            out.push(mismatch(kind, file, ""));
        }
    }
    let Some(parsed) = parsed else {
        return out;
    };
    for info in infos {
        let stem = info.strip_suffix(".dist-info").unwrap_or(info);
        let (name, version) = stem.rsplit_once('-').unwrap_or((stem, ""));
        if !same_name(name, parsed.name) || !same_version(version, parsed.version) {
            out.push(mismatch(MismatchKind::DistInfoName, info, file));
        }
    }
    if let Some(metadata) = described.metadata {
        check_metadata(metadata, parsed.name, parsed.version, &mut out);
    }
    if let Some(wheel) = described.wheel {
        check_tags(wheel, &parsed, &mut out);
    }
    out
}

/// Compares `Name` and `Version` of a metadata file with what a file name says.
pub(crate) fn check_metadata(text: &str, name: &str, version: &str, out: &mut Vec<Mismatch>) {
    let (mut names, mut versions) = (values(text, "Name"), values(text, "Version"));
    let stated = names.next().unwrap_or_default();
    if !same_name(stated, name) {
        out.push(mismatch(MismatchKind::MetadataName, stated, name));
    }
    let stated = versions.next().unwrap_or_default();
    if !same_version(stated, version) {
        out.push(mismatch(MismatchKind::MetadataVersion, stated, version));
    }
    if let Some(second) = names.next().or_else(|| versions.next()) {
        out.push(mismatch(MismatchKind::MetadataRepeated, second, ""));
    }
}

fn check_tags(wheel: &str, parsed: &WheelName<'_>, out: &mut Vec<Mismatch>) {
    let listed: BTreeSet<String> = values(wheel, "Tag").map(str::to_owned).collect();
    let named = parsed.combinations();
    if let Some(tag) = listed.symmetric_difference(&named).next() {
        let side = if named.contains(tag) {
            "only in the file name"
        } else {
            "only in WHEEL"
        };
        out.push(mismatch(MismatchKind::WheelTags, tag, side));
    }
}

/// Values of a header of an e-mail-like text; the body is not looked at.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .take_while(|line| !line.trim_end().is_empty())
        .filter_map(move |line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(key).then(|| value.trim())
        })
}

/// Names of one project, by their normal form; what is no name is only itself.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    match (PackageName::new(a), PackageName::new(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Spellings of one version. File names write `_` where a local version has `+`; what is no version is only itself.
pub(crate) fn same_version(a: &str, b: &str) -> bool {
    let parse = |raw: &str| {
        let plain = raw.parse::<Version>();
        plain.or_else(|_| raw.replacen('_', "+", 1).parse::<Version>())
    };
    match (parse(a), parse(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Compares RECORD with the files of the wheel, and the files with RECORD.
pub fn check_record(record: &str, dist_info: &str, members: &[Member<'_>]) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let mut by_path: BTreeMap<&str, &Member<'_>> = BTreeMap::new();
    for member in members {
        by_path.insert(member.path, member);
    }
    let own = format!("{dist_info}/RECORD");
    // Signatures of RECORD cannot stand in it.
    let exempt = [&own, &format!("{own}.jws"), &format!("{own}.p7s")];
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for row in record::rows(record) {
        let Some(row) = row else {
            out.push(mismatch(MismatchKind::RecordDamaged, own.as_str(), ""));
            continue;
        };
        check_row(&row, &by_path, &exempt, &mut out);
        if !listed.insert(row.path.to_string()) {
            out.push(mismatch(MismatchKind::RecordDuplicate, row.path, ""));
        }
    }
    for path in by_path.keys() {
        let known = listed.contains(*path) || exempt.iter().any(|e| e == path);
        if !known && !path.ends_with('/') {
            out.push(mismatch(MismatchKind::RecordUnlisted, *path, ""));
        }
    }
    out
}

fn check_row(
    row: &Row<'_>,
    members: &BTreeMap<&str, &Member<'_>>,
    exempt: &[&String],
    out: &mut Vec<Mismatch>,
) {
    let path = row.path.as_ref();
    let say = |kind, detail: String| mismatch(kind, path, detail);
    if path.starts_with('/') || path.contains('\\') || path.split('/').any(|p| p == "..") {
        out.push(say(MismatchKind::RecordOutside, String::new()));
    }
    let Some(member) = members.get(path) else {
        if !path.ends_with('/') {
            out.push(say(MismatchKind::RecordAbsent, String::new()));
        }
        return;
    };
    if let Some(size) = row.size.filter(|size| *size != member.size) {
        let detail = format!("{size} bytes stated, {} found", member.size);
        out.push(say(MismatchKind::RecordSize, detail));
    }
    match &row.hash {
        RecordHash::Sha256(stated) if *stated == member.sha256 => {}
        RecordHash::Sha256(_) => out.push(say(MismatchKind::RecordHash, String::new())),
        RecordHash::None if exempt.iter().any(|e| e.as_str() == path) => {}
        RecordHash::None => out.push(say(MismatchKind::RecordNoHash, String::new())),
        // Members are hashed with sha256 alone: what states another hash was not compared.
        RecordHash::Sha384(_) => out.push(say(MismatchKind::RecordWeakHash, "sha384".to_owned())),
        RecordHash::Sha512(_) => out.push(say(MismatchKind::RecordWeakHash, "sha512".to_owned())),
        RecordHash::Damaged(name) | RecordHash::Other(name) => {
            out.push(say(MismatchKind::RecordWeakHash, (*name).to_owned()));
        }
    }
}
