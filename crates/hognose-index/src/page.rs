//! A project page, in whichever form it came.

use std::borrow::Cow;

use hognose_types::{Digest, DigestAlgorithm, PackageName};

use crate::file::{self, CoreMetadata, IndexFile, Yanked};
use crate::html::{self, Tag};
use crate::json::{self, Beside};
use crate::{IndexError, IndexUrl};

/// A page as written.
#[derive(Debug, Default)]
pub(crate) struct Raw<'a> {
    /// `<base href>`.
    pub(crate) base: Option<String>,
    /// Status of the project (PEP 792), and the reason.
    pub(crate) status: Option<(String, Option<String>)>,
    pub(crate) links: Vec<Link<'a>>,
}

/// A link as written.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub(crate) filename: Option<Cow<'a, str>>,
    pub(crate) url: Cow<'a, str>,
    pub(crate) sha256: Option<Cow<'a, str>>,
    pub(crate) size: Option<u64>,
    pub(crate) yanked: Yanked,
    pub(crate) upload_time: Option<String>,
    pub(crate) requires_python: Option<String>,
    pub(crate) metadata: Beside<'a>,
    pub(crate) provenance: Option<Cow<'a, str>>,
    /// The link says whether there is any.
    pub(crate) tells_provenance: bool,
}

/// What one index says of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPage {
    /// The page.
    pub url: IndexUrl,
    /// Status of the project (PEP 792); indexes that do not say have none.
    pub status: Option<ProjectStatus>,
    /// Its wheels and sdists.
    pub files: Vec<IndexFile>,
    /// Links that are no wheel or sdist of the project, or have no usable address.
    pub others: usize,
}

/// Status of a project (PEP 792), as the index writes it: `active`, `archived`, `deprecated`, `quarantined`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectStatus {
    /// One word.
    pub status: String,
    /// Why, where a reason is given; made safe for one line.
    pub reason: Option<String>,
}

/// Reads a page that was served from `url`. The body decides what it is: indexes answer HTML whatever they are asked
/// for, and with any content type.
pub(crate) fn read(
    body: &[u8],
    url: &IndexUrl,
    project: &PackageName,
    max_files: usize,
) -> Result<ProjectPage, IndexError> {
    let fault = |reason: String| IndexError::Page {
        url: url.redacted(),
        reason,
    };
    // Nearly all are text, which is found out faster than what is not.
    let text =
        std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let raw = match text.chars().next() {
        Some('{') => json::read(text).map_err(fault)?,
        Some('<') => page(text).map_err(fault)?,
        _ => return Err(fault("it is neither JSON nor HTML".to_owned())),
    };
    if raw.links.len() > max_files {
        return Err(fault(format!("it lists more than {max_files} files")));
    }
    let base = match &raw.base {
        Some(base) => url
            .join(base)
            .map_err(|e| fault(format!("its <base> cannot be used: {e}")))?,
        None => url.clone(),
    };
    let all = raw.links.len();
    let tells_provenance = raw.links.iter().any(|link| link.tells_provenance);
    let links = raw.links.into_iter();
    let mut files: Vec<IndexFile> = links
        .filter_map(|link| file(link, &base, url, project))
        .collect();
    for file in &mut files {
        file.tells_provenance = tells_provenance;
    }
    let status = raw.status.map(|(status, reason)| ProjectStatus {
        status: hognose_types::text::short(&status, 40),
        reason: reason.map(|r| hognose_types::text::short(&r, 200)),
    });
    Ok(ProjectPage {
        url: url.clone(),
        status,
        others: all - files.len(),
        files,
    })
}

/// What is no wheel or sdist of the project, or has no usable address, is not offered.
fn file(
    link: Link<'_>,
    base: &IndexUrl,
    page: &IndexUrl,
    project: &PackageName,
) -> Option<IndexFile> {
    let url = base.join(&link.url).ok()?;
    let filename = link
        .filename
        .map_or_else(|| url.file_name(), Cow::into_owned);
    let (kind, version) = file::parse_name(&filename, project)?;
    let stated = link.sha256.as_deref().map(Cow::Borrowed);
    let hex = stated.or_else(|| {
        let fragment = url.fragment()?;
        let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(name, _)| *name == "sha256")
            .map(|(_, hex)| Cow::Borrowed(hex))
    });
    let sha256 = match hex {
        // A digest that is none could never match: better no file than an unchecked one.
        Some(hex) => Some(Digest::new(DigestAlgorithm::Sha256, &hex).ok()?.into_hex()),
        None => None,
    };
    Some(IndexFile {
        filename,
        url,
        page: page.clone(),
        kind,
        version,
        sha256,
        size: link.size,
        yanked: link.yanked,
        upload_time: link.upload_time,
        requires_python: link.requires_python,
        metadata: match link.metadata {
            Beside::No => CoreMetadata::No,
            Beside::Yes => CoreMetadata::Yes(None),
            Beside::Digest(hex) => {
                let digest = Digest::new(DigestAlgorithm::Sha256, &hex).ok();
                CoreMetadata::Yes(digest.map(Digest::into_hex))
            }
        },
        tells_provenance: link.tells_provenance,
        provenance: link.provenance.and_then(|url| base.join(&url).ok()),
    })
}

/// Longest beginning of a page in which its first tag must stand.
const HEAD: usize = 4096;

fn page(text: &str) -> Result<Raw<'static>, String> {
    let mut raw = Raw::default();
    let mut reason = None;
    let mut known = false;
    for tag in html::tags(text) {
        match tag.name.as_str() {
            "a" => raw.links.extend(link(&tag)),
            "base" => {
                raw.base = raw
                    .base
                    .or_else(|| tag.attribute("href").map(str::to_owned));
            }
            "meta" => {
                let content = || tag.attribute("content").unwrap_or_default().to_owned();
                match tag.attribute("name") {
                    Some("pypi:repository-version") if !content().starts_with("1.") => {
                        let version = hognose_types::text::short(&content(), 20);
                        return Err(format!("API version {version:?} is not known"));
                    }
                    Some("pypi:project-status") => raw.status = Some((content(), None)),
                    Some("pypi:project-status-reason") => reason = Some(content()),
                    _ => {}
                }
            }
            "html" | "head" | "body" | "title" => known = true,
            _ => {}
        }
    }
    if let Some((_, why)) = &mut raw.status {
        *why = reason;
    }
    let doctype = text
        .get(..text.floor_char_boundary(HEAD))
        .is_some_and(|head| head.to_ascii_lowercase().contains("<!doctype html"));
    if raw.links.is_empty() && !known && !doctype {
        return Err("it is neither JSON nor HTML".to_owned());
    }
    Ok(raw)
}

fn link(tag: &Tag) -> Option<Link<'static>> {
    let text = |name: &str| tag.attribute(name).map(str::to_owned);
    Some(Link {
        filename: None,
        url: text("href")?.into(),
        sha256: None,
        size: tag.attribute("data-size").and_then(|s| s.parse().ok()),
        yanked: match tag.attribute("data-yanked") {
            None => Yanked::No,
            Some("") => Yanked::Yes(None),
            Some(reason) => Yanked::Yes(Some(reason.to_owned())),
        },
        upload_time: text("data-upload-time"),
        requires_python: text("data-requires-python"),
        metadata: beside(
            tag.attribute("data-core-metadata")
                .or_else(|| tag.attribute("data-dist-info-metadata")),
        ),
        tells_provenance: tag.attribute("data-provenance").is_some(),
        provenance: text("data-provenance")
            .filter(|url| !url.is_empty())
            .map(Cow::Owned),
    })
}

/// `true`, or `sha256=…`.
fn beside(value: Option<&str>) -> Beside<'static> {
    match value {
        None | Some("false") => Beside::No,
        Some(value) => match value.strip_prefix("sha256=") {
            Some(hex) => Beside::Digest(Cow::Owned(hex.to_owned())),
            None => Beside::Yes,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Result<ProjectPage, IndexError> {
        let url = IndexUrl::parse("https://index.example/simple/six/").unwrap();
        read(body.as_bytes(), &url, &PackageName::new("six").unwrap(), 10)
    }

    #[test]
    fn html_and_json_say_the_same() {
        let hash = "ab".repeat(32);
        let html = of(&format!(
            "<!DOCTYPE html><html><head><base href=\"https://files.example/p/\"></head><body>\
             <a href=\"six-1.0.tar.gz#sha256={hash}\" data-requires-python=\"&gt;=2.7\" data-yanked=\"bad\" data-size=5>x</a>\
             <a href=\"other-1.0.tar.gz\">x</a><a href=\"ftp://x/six-2.0.tar.gz\">x</a></body></html>"
        ))
        .unwrap();
        let json = of(&format!(
            r#"{{"meta":{{"api-version":"1.1"}},"name":"six","files":[{{"filename":"six-1.0.tar.gz",
            "url":"https://files.example/p/six-1.0.tar.gz","hashes":{{"sha256":"{hash}"}},"size":5,"yanked":"bad",
            "requires-python":">=2.7"}}]}}"#
        ))
        .unwrap();
        let ([html], [json]) = (html.files.as_slice(), json.files.as_slice()) else {
            unreachable!("one file each: {html:?} {json:?}")
        };
        assert_eq!(html.sha256.as_deref(), Some(hash.as_str()));
        let plain = IndexFile {
            url: json.url.clone(),
            ..html.clone()
        };
        assert_eq!(&plain, json);
        assert_eq!(html.url.redacted(), json.url.redacted());
    }

    #[test]
    fn announced_metadata_in_odd_forms() {
        use CoreMetadata::{No, Yes};
        let hex = "ab".repeat(32);
        let json = |fields: &str| {
            let body = format!(
                r#"{{"meta":{{"api-version":"1.1"}},"files":[{{"filename":"six-1.0.tar.gz","url":"six-1.0.tar.gz","hashes":{{}}{fields}}}]}}"#
            );
            of(&body).map(|page| page.files[0].metadata.clone())
        };
        let digest = || Yes(Some(hex.clone()));
        for (fields, expected) in [
            (String::new(), No),
            (r#","core-metadata":true"#.to_owned(), Yes(None)),
            (r#","core-metadata":false"#.to_owned(), No),
            (r#","core-metadata":null"#.to_owned(), No),
            (r#","core-metadata":{}"#.to_owned(), Yes(None)),
            (r#","core-metadata":"true""#.to_owned(), Yes(None)),
            (r#","core-metadata":1"#.to_owned(), No),
            (r#","core-metadata":-1.5"#.to_owned(), No),
            (r#","core-metadata":[[],{"sha256":"x"}]"#.to_owned(), No),
            (
                format!(r#","core-metadata":{{"md5":"x","sha256":"{hex}"}}"#),
                digest(),
            ),
            (
                format!(r#","core-metadata":{{"sha256":"{}"}}"#, hex.to_uppercase()),
                digest(),
            ),
            (
                r#","core-metadata":{"sha256":"../x"}"#.to_owned(),
                Yes(None),
            ),
            // The first name of the field, and that of an index that is mistaken; the right one wins.
            (
                format!(r#","dist-info-metadata":{{"sha256":"{hex}"}}"#),
                digest(),
            ),
            (r#","data-dist-info-metadata":true"#.to_owned(), Yes(None)),
            (
                r#","dist-info-metadata":true,"core-metadata":false"#.to_owned(),
                No,
            ),
        ] {
            assert_eq!(json(&fields).unwrap(), expected, "{fields}");
        }
        assert!(json(r#","core-metadata":{"sha256":5}"#).is_err());
        let html = |attributes: &str| {
            let page = of(&format!(
                "<!DOCTYPE html><a href=six-1.0.tar.gz {attributes}>"
            ));
            page.unwrap().files[0].metadata.clone()
        };
        for (attributes, expected) in [
            (String::new(), No),
            ("data-core-metadata".to_owned(), Yes(None)),
            ("data-core-metadata=true".to_owned(), Yes(None)),
            ("data-core-metadata=false".to_owned(), No),
            (format!("data-core-metadata=sha256={hex}"), digest()),
            (format!("data-dist-info-metadata=sha256={hex}"), digest()),
            (
                format!("data-core-metadata=false data-dist-info-metadata=sha256={hex}"),
                No,
            ),
            ("data-core-metadata=md5=x".to_owned(), Yes(None)),
        ] {
            assert_eq!(html(&attributes), expected, "{attributes}");
        }
    }

    #[test]
    fn pages_that_say_nothing_of_provenance() {
        let json = |field: &str| {
            let body = format!(
                r#"{{"meta":{{"api-version":"1.3"}},"files":[{{"filename":"six-1.0.tar.gz","url":"six-1.0.tar.gz","hashes":{{}}}},
                {{"filename":"six-1.1.tar.gz","url":"six-1.1.tar.gz","hashes":{{}}{field}}}]}}"#
            );
            of(&body).unwrap().files
        };
        let html = |attribute: &str| {
            let body = format!(
                "<!DOCTYPE html><a href=six-1.0.tar.gz><a href=six-1.1.tar.gz {attribute}>"
            );
            of(&body).unwrap().files
        };
        let told = |files: &[IndexFile]| files.iter().all(|f| f.tells_provenance);
        let given = |files: &[IndexFile]| files.iter().filter(|f| f.provenance.is_some()).count();
        for (files, tells, count) in [
            (json(""), false, 0),
            (json(r#","provenance":null"#), true, 0),
            (json(r#","provenance":"https://index.example/p""#), true, 1),
            (html(""), false, 0),
            (html("data-provenance=/p"), true, 1),
        ] {
            assert_eq!((told(&files), given(&files)), (tells, count), "{files:?}");
        }
    }

    #[test]
    fn what_is_no_page() {
        for body in [
            "",
            "not a page",
            "{}",
            "[]",
            r#"{"meta":{"api-version":"2.0"}}"#,
        ] {
            assert!(matches!(of(body), Err(IndexError::Page { .. })), "{body}");
        }
        let many = "<a href=six-1.0.tar.gz>".repeat(11);
        assert!(matches!(of(&many), Err(IndexError::Page { .. })));
        let status = r#"{"meta":{"api-version":"1.4"},"project-status":{"status":"quarantined","reason":"malware"}}"#;
        let status = of(status).unwrap().status.unwrap();
        assert_eq!(
            (status.status.as_str(), status.reason.as_deref()),
            ("quarantined", Some("malware"))
        );
        assert_eq!(of("<!DOCTYPE html><html></html>").unwrap().files, []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            crate::fuzz_page(&body);
        }
    }
}
