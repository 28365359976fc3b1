//! Core metadata from every place that may have it, on an index of ours on the loopback interface.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hognose_index::{
    Client, Config, CoreMetadata, IndexError, IndexUrl, Limits, Metadata, MetadataSource, Retry,
};
use hognose_types::PackageName;
use sha2::{Digest as _, Sha256};

const WHEEL: &str = "six-1.0-py3-none-any.whl";
const SDIST: &str = "six-1.0.tar.gz";

fn text(version: &str) -> String {
    format!(
        "Metadata-Version: 2.4\nName: Six\nVersion: {version}\nSummary: a \u{1b}[31mlibrary\nRequires-Dist: idna>=2; \
         python_version<'4'\nProvides-Extra: all\nClassifier: Typing :: Typed\nProject-URL: Source, \
         https://forge.example/six\nHome-page: https://six.example\nLicense: UNKNOWN\nLicense-Expression: MIT\n\
         Author-email: A <a@b.example>\nDynamic: Requires-Dist\n\nabout\n"
    )
}

/// How the server treats `Range`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ranges {
    Yes,
    Ignored,
    Refused,
    /// Each part is of another file.
    Lies,
}

struct Index {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

fn index(files: &[(&str, Vec<u8>)], announced: &str, ranges: Ranges) -> Index {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut pages: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut page = "<!DOCTYPE html>".to_owned();
    for (name, bytes) in files {
        let hash = sha256(bytes);
        if !name.ends_with(".metadata") {
            page.push_str(&format!(
                "<a href=\"/f/{name}#sha256={hash}\" {announced}>x</a>"
            ));
        }
        pages.insert(format!("/f/{name}"), bytes.clone());
    }
    pages.insert("/simple/six/".to_owned(), page.into_bytes());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &pages, ranges, &log);
        }
    });
    Index { address, seen }
}

fn serve(
    mut stream: TcpStream,
    pages: &BTreeMap<String, Vec<u8>>,
    ranges: Ranges,
    log: &Mutex<Vec<String>>,
) {
    let head: Vec<String> = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else {
        return;
    };
    let range = head.iter().find_map(|line| {
        let lower = line.to_lowercase();
        lower.strip_prefix("range: bytes=").map(str::to_owned)
    });
    log.lock().unwrap().push(
        format!("{path} {}", range.clone().unwrap_or_default())
            .trim()
            .to_owned(),
    );
    let Some(body) = pages.get(path) else {
        let _ =
            stream.write_all(b"HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
    };
    let size = body.len();
    let (status, more, part) = match range.filter(|_| ranges != Ranges::Ignored) {
        Some(_) if ranges == Ranges::Refused => (416, String::new(), &[][..]),
        Some(range) => {
            let (first, last) = range.split_once('-').unwrap();
            let (first, last) = match first.parse::<usize>() {
                Ok(first) => (first, last.parse().unwrap_or(size - 1)),
                Err(_) => (size.saturating_sub(last.parse().unwrap()), size - 1),
            };
            let lie = usize::from(ranges == Ranges::Lies && first > 0);
            let header = format!(
                "Content-Range: bytes {first}-{last}/{}\r\n",
                size + lie * first
            );
            (206, header, &body[first..=last])
        }
        None => (200, String::new(), body.as_slice()),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n",
        part.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(part));
}

impl Index {
    fn client(&self, change: impl FnOnce(&mut Config)) -> Client {
        let url = format!("http://{}/simple", self.address);
        let mut config = Config::new(IndexUrl::parse(&url).unwrap());
        config.retry = Retry {
            tries: 1,
            pause: Duration::from_millis(1),
            longest: Duration::from_millis(1),
        };
        change(&mut config);
        Client::new(config).unwrap()
    }

    fn metadata(&self) -> Result<Metadata, IndexError> {
        of(&self.client(|_| {}))
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// The metadata of the first file of the page.
fn of(client: &Client) -> Result<Metadata, IndexError> {
    let listing = client.files(&PackageName::new("six").unwrap()).unwrap();
    client.metadata(listing.files.first().unwrap())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A ZIP archive whose members are stored.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, body) in members {
        let at = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc32(body).to_le_bytes());
        common.extend((body.len() as u32).to_le_bytes());
        common.extend((body.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*body);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A wheel of 3 MB whose metadata stands at its beginning, far from the directory.
fn wheel(metadata: &str) -> Vec<u8> {
    let bulk = vec![7; 3 << 20];
    zip(&[
        ("six-1.0.dist-info/METADATA", metadata.as_bytes()),
        ("six/data.bin", &bulk),
        ("six/vendored-1.0.dist-info/METADATA", b"Name: vendored\n"),
    ])
}

fn sdist(metadata: &str) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for (name, body) in [
        ("six-1.0/vendored/PKG-INFO", "Name: vendored\n"),
        ("six-1.0/PKG-INFO", metadata),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, body.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn beside_the_file() {
    let good = text("1.0").into_bytes();
    let beside = format!("{WHEEL}.metadata");
    let files = [
        (WHEEL, wheel(&text("1.0"))),
        (beside.as_str(), good.clone()),
    ];
    let announced = format!("data-core-metadata=sha256={}", sha256(&good));
    let server = index(&files, &announced, Ranges::Yes);
    let found = server.metadata().unwrap();
    assert_eq!(found.source, MetadataSource::Beside(true));
    assert_eq!(
        (found.name.as_str(), found.version.as_str()),
        ("six", "1.0")
    );
    assert_eq!(found.license.as_deref(), Some("MIT"));
    assert_eq!(found.requires, ["idna>=2; python_version<'4'"]);
    assert_eq!(found.extras, ["all"]);
    assert_eq!(found.links.len(), 2);
    assert_eq!(found.dynamic, ["Requires-Dist"]);
    assert_eq!(found.description, 6);
    assert!(!found.summary.unwrap().contains('\u{1b}'));
    assert_eq!(
        server.requests(),
        ["/simple/six/", "/f/six-1.0-py3-none-any.whl.metadata"]
    );

    // Announced without a digest, and not announced at all.
    for announced in ["data-core-metadata=true", ""] {
        let found = index(&files, announced, Ranges::Yes).metadata().unwrap();
        assert_eq!(found.source, MetadataSource::Beside(false));
    }
    let wrong = format!("data-core-metadata=sha256={}", "0".repeat(64));
    let refused = index(&files, &wrong, Ranges::Yes).metadata();
    assert!(
        matches!(refused, Err(IndexError::Digest { .. })),
        "{refused:?}"
    );
}

#[test]
fn metadata_of_another_release_is_none() {
    let beside = format!("{WHEEL}.metadata");
    let files = [
        (WHEEL, wheel(&text("1.0"))),
        (beside.as_str(), text("2.0").into_bytes()),
    ];
    let refused = index(&files, "data-core-metadata=true", Ranges::Yes).metadata();
    assert!(
        matches!(refused, Err(IndexError::Metadata { .. })),
        "{refused:?}"
    );
    // Nobody said that this is metadata: the wheel decides.
    let found = index(&files, "", Ranges::Yes).metadata().unwrap();
    assert_eq!(found.source, MetadataSource::Ranges);
    let files = [(WHEEL, wheel("Name: six\n\nVersion: 1.0\n"))];
    let refused = index(&files, "", Ranges::Yes).metadata();
    assert!(
        matches!(refused, Err(IndexError::Metadata { .. })),
        "{refused:?}"
    );
}

#[test]
fn the_end_of_a_wheel() {
    let files = [(WHEEL, wheel(&text("1.0")))];
    // That it is announced and missing is the index's fault, and no reason to give up.
    let server = index(&files, "data-core-metadata=true", Ranges::Yes);
    let found = server.metadata().unwrap();
    assert_eq!(found.source, MetadataSource::Ranges);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert_eq!(
        requests.last().unwrap(),
        "/f/six-1.0-py3-none-any.whl 0-32767"
    );
}

#[test]
fn servers_without_ranges() {
    let files = [(WHEEL, wheel(&text("1.0")))];
    for ranges in [Ranges::Ignored, Ranges::Refused] {
        let server = index(&files, "", ranges);
        let found = server.metadata().unwrap();
        assert_eq!(found.source, MetadataSource::Wheel(true), "{ranges:?}");
        let bounded = server.client(|config| {
            config.limits = Limits {
                held: 1 << 20,
                ..Limits::default()
            };
        });
        let refused = of(&bounded);
        assert!(
            matches!(refused, Err(IndexError::TooLarge { .. })),
            "{refused:?}"
        );
    }
    let lies = index(&files, "", Ranges::Lies).metadata();
    assert!(matches!(lies, Err(IndexError::Metadata { .. })), "{lies:?}");
    let damaged = index(&[(WHEEL, vec![0; 200_000])], "", Ranges::Yes).metadata();
    assert!(
        matches!(damaged, Err(IndexError::Metadata { .. })),
        "{damaged:?}"
    );
}

#[test]
fn directories_that_lead_anywhere_are_given_up() {
    let mut bytes = wheel(&text("1.0"));
    let length = bytes.len();
    // The end record claims a directory of two gigabytes.
    bytes[length - 10..length - 6].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    let refused = index(&[(WHEEL, bytes)], "", Ranges::Yes).metadata();
    assert!(
        matches!(refused, Err(IndexError::Metadata { .. })),
        "{refused:?}"
    );
}

#[test]
fn an_sdist_is_read_and_never_built() {
    let found = index(&[(SDIST, sdist(&text("1.0")))], "", Ranges::Yes);
    let found = found.metadata().unwrap();
    assert_eq!(found.source, MetadataSource::Sdist(true));
    assert_eq!(found.dynamic, ["Requires-Dist"]);
    let old = "Metadata-Version: 1.2\nName: six\nVersion: 1.0\n";
    let found = index(&[(SDIST, sdist(old))], "", Ranges::Yes).metadata();
    assert_eq!(found.unwrap().dynamic, ["*"]);
    let changed = index(&[(SDIST, sdist(old))], "", Ranges::Yes);
    let listing = changed
        .client(|_| {})
        .files(&PackageName::new("six").unwrap());
    let mut file = listing.unwrap().files.remove(0);
    file.sha256 = Some("0".repeat(64));
    file.metadata = CoreMetadata::No;
    let refused = changed.client(|_| {}).metadata(&file);
    assert!(
        matches!(refused, Err(IndexError::Digest { .. })),
        "{refused:?}"
    );
    for damaged in [b"not gzip".to_vec(), sdist("\n")] {
        let refused = index(&[(SDIST, damaged)], "", Ranges::Yes).metadata();
        assert!(
            matches!(refused, Err(IndexError::Metadata { .. })),
            "{refused:?}"
        );
    }
}
