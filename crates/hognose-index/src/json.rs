//! PEP 691 pages. What a page says is borrowed from its text until it is known to be kept.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::file::Yanked;
use crate::page::{Link, Raw};

/// A text of a document, borrowed where it holds no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The digests of a file; only one of them counts.
#[derive(Default, Deserialize)]
pub(crate) struct Hashes<'a> {
    #[serde(borrow, default)]
    pub(crate) sha256: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Page<'a> {
    meta: Meta,
    #[serde(borrow, default)]
    files: Vec<File<'a>>,
    #[serde(rename = "project-status", default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    hashes: Hashes<'a>,
    #[serde(default)]
    size: Option<u64>,
    // A boolean or a reason.
    #[serde(default)]
    yanked: Value,
    #[serde(borrow, default)]
    upload_time: Option<Text<'a>>,
    #[serde(borrow, default)]
    requires_python: Option<Text<'a>>,
    #[serde(borrow, default)]
    core_metadata: Option<Beside<'a>>,
    // As the field was called first (PEP 658), and as an index calls it by mistake.
    #[serde(borrow, default)]
    dist_info_metadata: Option<Beside<'a>>,
    #[serde(borrow, default)]
    data_dist_info_metadata: Option<Beside<'a>>,
    #[serde(borrow, default)]
    provenance: Stated<'a>,
}

/// Where provenance is: `null` says that there is none, which is more than to say nothing.
#[derive(Default)]
enum Stated<'a> {
    #[default]
    Nothing,
    None,
    At(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Stated<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Text<'a>>::deserialize(deserializer)?;
        Ok(text.map_or(Self::None, |Text(url)| Self::At(url)))
    }
}

/// Whether metadata lies beside a file: a boolean, or digests.
#[derive(Debug, Default)]
pub(crate) enum Beside<'a> {
    #[default]
    No,
    Yes,
    /// Its sha256 as written.
    Digest(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Beside<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BesideVisitor)
    }
}

struct BesideVisitor;

impl<'de> Visitor<'de> for BesideVisitor {
    type Value = Beside<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean or digests")
    }

    fn visit_bool<E>(self, is_there: bool) -> Result<Self::Value, E> {
        Ok(if is_there { Beside::Yes } else { Beside::No })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Beside::No)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Beside::Yes)
    }

    // What is no announcement is none: the metadata is looked for all the same, and the page stays readable.
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Beside::No)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Beside::No)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Beside::No)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Beside::No)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = Beside::Yes;
        while let Some(Text(algorithm)) = map.next_key()? {
            if algorithm == "sha256" {
                let Text(hex) = map.next_value()?;
                out = Beside::Digest(hex);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(out)
    }
}

/// Reads a page; the error is a fragment.
pub(crate) fn read(text: &str) -> Result<Raw<'_>, String> {
    let page: Page<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if !page.meta.version.starts_with("1.") {
        let version = hognose_types::text::short(&page.meta.version, 20);
        return Err(format!("API version {version:?} is not known"));
    }
    let status = page.status.and_then(|s| Some((s.status?, s.reason)));
    Ok(Raw {
        base: None,
        status,
        links: page.files.into_iter().map(link).collect(),
    })
}

fn link(file: File<'_>) -> Link<'_> {
    let plain = |text: Option<Text<'_>>| text.map(|Text(text)| text.into_owned());
    Link {
        filename: Some(file.filename),
        url: file.url,
        sha256: file.hashes.sha256.map(|Text(hex)| hex),
        size: file.size,
        yanked: match file.yanked {
            Value::Null | Value::Bool(false) => Yanked::No,
            Value::String(reason) if !reason.is_empty() => Yanked::Yes(Some(reason)),
            _ => Yanked::Yes(None),
        },
        upload_time: plain(file.upload_time),
        requires_python: plain(file.requires_python),
        metadata: file
            .core_metadata
            .or(file.dist_info_metadata)
            .or(file.data_dist_info_metadata)
            .unwrap_or_default(),
        tells_provenance: !matches!(file.provenance, Stated::Nothing),
        provenance: match file.provenance {
            Stated::At(url) => Some(url),
            Stated::Nothing | Stated::None => None,
        },
    }
}
