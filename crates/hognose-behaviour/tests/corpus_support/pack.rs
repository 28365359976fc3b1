//! Packs a case the ways it can reach a user.

use sha2::{Digest as _, Sha256};

use super::case::{Case, Kind, Trick};
use super::encode::{base64, bz2, gzip, xz};
use super::zipfile::{self, Member};

/// How a case is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    TarGz,
    TarBz2,
    TarXz,
    Zip,
    Wheel,
    /// A wheel whose files lie in `name-version.data/purelib`.
    WheelData,
    /// In a ZIP archive inside an sdist.
    Nested,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::TarBz2 => "tar.bz2",
            Self::TarXz => "tar.xz",
            Self::Zip => "zip",
            Self::Wheel => "whl",
            Self::WheelData => "purelib",
            Self::Nested => "nested",
        }
    }

    /// The forms a case is tried in, its own first.
    pub(super) fn of(case: &Case) -> Vec<Self> {
        let all: &[Self] = match (case.kind, &case.trick) {
            (Kind::Sdist, Some(_)) => &[Self::Zip],
            (Kind::Wheel, Some(_)) => &[Self::Wheel],
            (Kind::Sdist, None) => &[
                Self::TarGz,
                Self::TarBz2,
                Self::TarXz,
                Self::Zip,
                Self::Nested,
            ],
            (Kind::Wheel, None) => &[Self::Wheel, Self::WheelData, Self::Nested],
        };
        let chosen = |form: &&Self| {
            case.forms.is_empty() || case.forms.iter().any(|name| name == form.name())
        };
        let forms: Vec<Self> = all.iter().filter(chosen).copied().collect();
        assert!(!forms.is_empty(), "{}: none of its forms exists", case.name);
        forms
    }
}

/// The file name and bytes of a case in a form.
pub(super) fn pack(case: &Case, form: Form) -> (String, Vec<u8>) {
    let stem = format!("{}-{}", case.project.replace('-', "_"), case.version);
    match form {
        Form::TarGz => (format!("{stem}.tar.gz"), gzip(&tar(&sdist(case, &stem)))),
        Form::TarBz2 => (format!("{stem}.tar.bz2"), bz2(&tar(&sdist(case, &stem)))),
        Form::TarXz => (format!("{stem}.tar.xz"), xz(&tar(&sdist(case, &stem)))),
        Form::Zip => (
            format!("{stem}.zip"),
            tricked(
                &sdist(case, &stem),
                case.trick.as_ref(),
                &format!("{stem}/"),
            ),
        ),
        Form::Wheel | Form::WheelData => {
            let files = wheel(case, &stem, form == Form::WheelData);
            (
                format!("{stem}-py3-none-any.whl"),
                tricked(&files, case.trick.as_ref(), ""),
            )
        }
        Form::Nested => {
            let inner = zipfile::zip(&case.files, true);
            let files = vec![
                (
                    format!("{stem}/setup.py"),
                    b"from setuptools import setup\nsetup()\n".to_vec(),
                ),
                (format!("{stem}/imitation/__init__.py"), Vec::new()),
                (format!("{stem}/imitation/bundle.zip"), inner),
            ];
            (format!("{stem}.tar.gz"), gzip(&tar(&files)))
        }
    }
}

/// Metadata that has nothing to be ashamed of.
fn metadata(case: &Case) -> Vec<u8> {
    format!(
        "Metadata-Version: 2.1\nName: {}\nVersion: {}\nSummary: Helpers for everyday work\n\
         Home-page: https://project.example/{}\nAuthor: A. N. Author\nAuthor-email: author@project.example\n\
         License: MIT\n\nHelpers for everyday work\n=========================\n\nInstall it, import it, call it. The manual \
         says more.\n",
        case.project, case.version, case.project
    )
    .into_bytes()
}

fn sdist(case: &Case, stem: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    if case.metadata && !case.files.iter().any(|(path, _)| path == "PKG-INFO") {
        files.push((format!("{stem}/PKG-INFO"), metadata(case)));
    }
    for (path, bytes) in &case.files {
        let place = if path == "entry_points.txt" {
            format!("{stem}/{}.egg-info/{path}", case.project.replace('-', "_"))
        } else {
            format!("{stem}/{path}")
        };
        files.push((place, bytes.clone()));
    }
    files
}

fn wheel(case: &Case, stem: &str, purelib: bool) -> Vec<(String, Vec<u8>)> {
    let info = format!("{stem}.dist-info");
    let mut files: Vec<(String, Vec<u8>)> = case
        .files
        .iter()
        .map(|(path, bytes)| {
            let place = if path == "entry_points.txt" || path == "METADATA" {
                format!("{info}/{path}")
            } else if purelib {
                format!("{stem}.data/purelib/{path}")
            } else {
                path.clone()
            };
            (place, bytes.clone())
        })
        .collect();
    if case.metadata && !case.files.iter().any(|(path, _)| path == "METADATA") {
        files.push((format!("{info}/METADATA"), metadata(case)));
    }
    let tags = "Wheel-Version: 1.0\nGenerator: bdist_wheel (0.43.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    files.push((format!("{info}/WHEEL"), tags.into()));
    let mut record = files
        .iter()
        .map(|(path, bytes)| {
            let digest = base64(&Sha256::digest(bytes), *b"-_");
            format!(
                "{path},sha256={},{}\n",
                digest.trim_end_matches('='),
                bytes.len()
            )
        })
        .collect::<Vec<_>>()
        .concat();
    record.push_str(&format!("{info}/RECORD,,\n"));
    files.push((format!("{info}/RECORD"), record.into_bytes()));
    files
}

/// A tar archive.
pub(super) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, path, bytes.as_slice())
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// A ZIP archive with the trick of the case.
fn tricked(files: &[(String, Vec<u8>)], trick: Option<&Trick>, prefix: &str) -> Vec<u8> {
    let Some(trick) = trick else {
        return zipfile::zip(files, true);
    };
    let path = format!("{prefix}{}", trick.member);
    let mut members: Vec<Member<'_>> = files
        .iter()
        .map(|(path, bytes)| Member {
            path,
            bytes,
            hidden: false,
            listed_as: None,
        })
        .collect();
    let mut extra = Member {
        path: &path,
        bytes: &trick.text,
        hidden: false,
        listed_as: None,
    };
    match trick.kind.as_str() {
        "hidden" => extra.hidden = true,
        // Either a path that is there already, or one that RECORD does not know.
        "twice" | "unrecorded" => {}
        "renamed" => extra.listed_as = Some("README.txt"),
        "appended" => {
            let first = zipfile::zip(files, true);
            let second = zipfile::write(&[extra], true);
            return [first, second].concat();
        }
        other => panic!("no such trick: {other}"),
    }
    members.push(extra);
    zipfile::write(&members, true)
}
