//! An index that means harm, or is broken: pages, encodings, links, speed, certificates. All of it on the loopback
//! interface.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hognose_index::{
    Cache, Client, Config, IndexError, IndexUrl, Listing, ProjectPage, Retry, Timeouts,
};
use hognose_types::PackageName;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Self-signed, for 127.0.0.1, until 2126; the key is nobody's secret.
const CERTIFICATE: &[u8] = include_bytes!("fixtures/loopback-certificate.pem");
const KEY: &[u8] = include_bytes!("fixtures/loopback-key.pem");

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Answers a request whose head is given.
type Answer = dyn Fn(&str, &mut dyn Stream) + Send + Sync;

struct Server {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

fn server(answer: impl Fn(&str, &mut dyn Stream) + Send + Sync + 'static) -> Server {
    start(None, Arc::new(answer))
}

fn start(tls: Option<Arc<rustls::ServerConfig>>, answer: Arc<Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (log, answer, tls) = (Arc::clone(&log), Arc::clone(&answer), tls.clone());
            std::thread::spawn(move || {
                let mut stream: Box<dyn Stream> = match tls {
                    None => Box::new(stream),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).unwrap();
                        Box::new(rustls::StreamOwned::new(connection, stream))
                    }
                };
                let mut lines = BufReader::new(&mut stream).lines();
                let mut head = String::new();
                while let Some(Ok(line)) =
                    lines.next().filter(|l| !matches!(l, Ok(l) if l.is_empty()))
                {
                    head.push_str(&line.to_lowercase());
                    head.push('\n');
                }
                if head.is_empty() {
                    return;
                }
                log.lock().unwrap().push(head.clone());
                answer(&head, &mut stream);
                let _ = stream.flush();
            });
        }
    });
    Server { address, heads }
}

fn send(stream: &mut dyn Stream, headers: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

impl Server {
    fn client(&self, change: impl FnOnce(&mut Config)) -> Client {
        let url = format!("http://{}/simple", self.address);
        let mut config = Config::new(IndexUrl::parse(&url).unwrap());
        config.timeout = Timeouts {
            connect: Duration::from_secs(2),
            idle: Duration::from_millis(500),
            whole: Duration::from_secs(20),
        };
        config.retry = Retry {
            tries: 2,
            pause: Duration::from_millis(1),
            longest: Duration::from_millis(10),
        };
        change(&mut config);
        Client::new(config).unwrap()
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn six() -> PackageName {
    PackageName::new("six").unwrap()
}

fn ask(server: &Server) -> Result<Listing, IndexError> {
    server.client(|_| {}).files(&six())
}

/// The page that a server sends as it is.
fn page(headers: &'static str, body: impl Into<Vec<u8>>) -> Result<ProjectPage, IndexError> {
    let body = body.into();
    let server = server(move |_, stream| send(stream, headers, &body));
    let client = server.client(|_| {});
    let index = client.indexes().next().unwrap().clone();
    client.page(&index, &six()).map(Option::unwrap)
}

/// The addresses of a page's files, and how many links were left out.
fn links(body: &str) -> (Vec<String>, usize) {
    let page = page("", body).unwrap();
    let port = page.url.to_string();
    let own = port.split("/simple").next().unwrap().to_owned();
    let shown = |f: &hognose_index::IndexFile| f.url.to_string().replace(&own, "OWN");
    (page.files.iter().map(shown).collect(), page.others)
}

#[test]
fn the_body_decides_what_a_page_is() {
    let html = "<!DOCTYPE html><a href=six-1.0.tar.gz>";
    let json = r#"{"meta":{"api-version":"1.0"},"files":[{"filename":"six-2.0.tar.gz","url":"six-2.0.tar.gz","hashes":{}}]}"#;
    let lie = "Content-Type: application/vnd.pypi.simple.v1+json\r\n";
    assert_eq!(page(lie, html).unwrap().files.len(), 1);
    assert_eq!(
        page("Content-Type: text/html\r\n", json)
            .unwrap()
            .files
            .len(),
        1
    );
    assert_eq!(
        page("Content-Type: image/png\r\n", json)
            .unwrap()
            .files
            .len(),
        1
    );
    // One in the other is only the outer one.
    let both = format!("<!DOCTYPE html><script>{json}</script><a href=six-1.0.tar.gz>");
    assert_eq!(
        links(&both),
        (vec!["OWN/simple/six/six-1.0.tar.gz".to_owned()], 0)
    );
    let cut = page("", &json[..json.len() - 2]);
    assert!(matches!(cut, Err(IndexError::Page { .. })), "{cut:?}");
}

#[test]
fn bases_lead_nowhere_but_to_addresses() {
    let file = "<a href=six-1.0.tar.gz>";
    let of = |base: &str| links(&format!("<!DOCTYPE html>{base}{file}"));
    let one = |url: &str| (vec![url.to_owned()], 0);
    assert_eq!(of("<base href=/f/>"), one("OWN/f/six-1.0.tar.gz"));
    assert_eq!(
        of("<base href=//files.example/f/>"),
        one("http://files.example/f/six-1.0.tar.gz")
    );
    assert_eq!(
        of("<base href=../../../../../f/>"),
        one("OWN/f/six-1.0.tar.gz")
    );
    // The first counts, as in browsers; one without address is none.
    assert_eq!(
        of("<base><base href=/a/><base href=/b/>"),
        one("OWN/a/six-1.0.tar.gz")
    );
    assert_eq!(
        of("<!-- <base href=/f/> -->"),
        one("OWN/simple/six/six-1.0.tar.gz")
    );
    for base in [
        "javascript:x",
        "data:text/html,x",
        "file:///etc/",
        "https://",
        "ftp://x/",
    ] {
        let found = page("", format!("<!DOCTYPE html><base href='{base}'>{file}"));
        assert!(
            matches!(found, Err(IndexError::Page { .. })),
            "{base}: {found:?}"
        );
    }
}

#[test]
fn links_that_are_no_addresses_are_no_files() {
    let odd = [
        "javascript:six-1.0.tar.gz",
        "data:application/gzip,six-1.0.tar.gz",
        "file:///tmp/six-1.0.tar.gz",
        "ftp://x.example/six-1.0.tar.gz",
        "jAvAsCrIpT://x/six-1.0.tar.gz",
        "http://a b/six-1.0.tar.gz",
        "http:///six-1.0.tar.gz",
        "&#10;&#13;//x/\r\nHost: y/six-1.0.tar.gz",
        "/f/..%2f..%2fsix-1.0.tar.gz",
        "/f/six-1.0.tar.gz%00.whl",
        "/f/other-1.0.tar.gz",
        "/f/six-1.0.exe",
    ];
    let all: Vec<String> = odd
        .iter()
        .map(|url| format!("<a href=\"{url}\">"))
        .collect();
    let body = format!(
        "<!DOCTYPE html>{}<a href=/f/six-2.0.tar.gz>",
        all.join("\n")
    );
    let (files, others) = links(&body);
    assert_eq!(files, ["OWN/f/six-2.0.tar.gz"]);
    assert_eq!(others, odd.len());
    let long = format!(
        "<!DOCTYPE html><a href=/f/{}/six-1.0.tar.gz>",
        "x".repeat(20_000)
    );
    assert_eq!(links(&long), (Vec::new(), 1));
}

#[test]
fn bytes_that_are_no_text() {
    let mut body = b"\xff\xfe<!DOCTYPE html>".to_vec();
    body.extend(b"<a href=six-1.0.tar.gz data-yanked=\"\xc3\x28\">\xed\xa0\x80</a>");
    let broken = page("", body.clone());
    assert!(matches!(broken, Err(IndexError::Page { .. })), "{broken:?}");
    let inside = page("", &body[2..]).unwrap();
    assert!(inside.files[0].yanked.is_yanked());
    let json = b"{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"six-\xff.tar.gz\",\"url\":\"x\",\"hashes\":{}}]}";
    assert_eq!(page("", json.as_slice()).unwrap().files.len(), 0);
    let deep = format!("{{\"meta\":{}", "[".repeat(200_000));
    assert!(matches!(page("", deep), Err(IndexError::Page { .. })));
}

#[test]
fn what_is_compressed_unasked_is_not_unpacked() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..64 {
        gz.write_all(&zeros).unwrap();
    }
    let bomb = gz.finish().unwrap();
    let server = server(move |_, stream| send(stream, "Content-Encoding: gzip\r\n", &bomb));
    let found = ask(&server);
    assert!(matches!(found, Err(IndexError::Page { .. })), "{found:?}");
    let asked = server.heads().join("");
    assert!(asked.contains("accept-encoding: identity"), "{asked}");
    assert!(
        !asked.contains("gzip") && !asked.contains("deflate"),
        "{asked}"
    );
}

#[test]
fn a_hundred_megabytes_are_too_much() {
    for announced in [true, false] {
        let server = server(move |_, stream| {
            let length = if announced {
                "Content-Length: 104857600\r\n"
            } else {
                ""
            };
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n");
            let _ = stream.write_all(head.as_bytes());
            let block = vec![b'<'; 1 << 20];
            for _ in 0..100 {
                if stream.write_all(&block).is_err() {
                    break;
                }
            }
        });
        let found = ask(&server);
        assert!(
            matches!(found, Err(IndexError::TooLarge { .. })),
            "{found:?}"
        );
    }
}

#[test]
fn a_page_without_end_is_given_up() {
    for begin in [
        "<!DOCTYPE html>",
        "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[",
    ] {
        let server = server(move |_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let _ = write!(stream, "{:x}\r\n{begin}\r\n", begin.len());
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        });
        let client = server.client(|c| c.limits.page = 8 << 20);
        let found = client.files(&six());
        assert!(
            matches!(found, Err(IndexError::TooLarge { limit, .. }) if limit == 8 << 20),
            "{found:?}"
        );
    }
}

#[test]
fn absurd_names_are_no_files() {
    let names = [
        "six-1.0.tar.gz/../../x",
        "..six-1.0.tar.gz",
        ".six-1.0.tar.gz",
        "six-1.0.tar.gz\u{202e}",
        "six\u{0}-1.0.tar.gz",
        "\u{ff53}ix-1.0.tar.gz",
        "six-1.0-py3-none-any.whl.exe",
        "six--py3-none-any.whl",
        "six-1.0-py3-none.whl",
        "six-1!.tar.gz",
        "-1.0.tar.gz",
        "CON-1.0.tar.gz",
        "six-1.0.tar.gz ",
        "six-1.0\r\n.tar.gz",
    ];
    let long = format!("six-{}.tar.gz", "1".repeat(300));
    let all = names.iter().copied().chain([long.as_str()]);
    let files: Vec<serde_json::Value> = all
        .map(|name| serde_json::json!({"filename": name, "url": "/f/x", "hashes": {}}))
        .collect();
    let body = serde_json::json!({"meta": {"api-version": "1.0"}, "files": files});
    let page = page("", body.to_string()).unwrap();
    assert_eq!((page.files.len(), page.others), (0, names.len() + 1));
}

#[test]
fn a_byte_now_and_then_is_given_up() {
    let server = server(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<!DOCTYPE html>");
        // Never silent for long enough to be late.
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(100));
            if stream
                .write_all(b" ")
                .and_then(|()| stream.flush())
                .is_err()
            {
                break;
            }
        }
    });
    let start = Instant::now();
    let client = server.client(|c| c.timeout.whole = Duration::from_secs(1));
    let found = client.files(&six());
    assert!(matches!(found, Err(IndexError::Slow { .. })), "{found:?}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn silence_in_the_middle_is_late() {
    let server = server(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<!DOCTYPE html>");
        let _ = stream.flush();
        std::thread::sleep(Duration::from_secs(3));
    });
    let found = ask(&server);
    assert!(
        matches!(found, Err(IndexError::Timeout { .. })),
        "{found:?}"
    );
}

#[test]
fn a_head_without_end_is_given_up() {
    let server = server(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        let header = format!("X: {}\r\n", "y".repeat(4_000));
        while stream.write_all(header.as_bytes()).is_ok() {}
    });
    let found = ask(&server);
    assert!(
        matches!(found, Err(IndexError::Request { .. })),
        "{found:?}"
    );
}

#[test]
fn credentials_are_bound_to_scheme_host_and_port() {
    // The same host, another port: another origin.
    let other = server(|_, stream| send(stream, "", b"<!DOCTYPE html>"));
    let to = format!("http://{}/simple/six/", other.address);
    let first = server(move |_, stream| {
        let head = format!(
            "HTTP/1.1 302 X\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    });
    let with = |server: &Server, scheme: &str| {
        IndexUrl::parse(&format!("{scheme}://me:secret@{}/simple", server.address)).unwrap()
    };
    let client = first.client(|c| {
        c.index = with(&first, "http");
        // Known for the other host under `https`: not sent without protection.
        c.known = vec![with(&other, "https")];
    });
    client.files(&six()).unwrap();
    assert!(first.heads()[0].contains("authorization: basic"));
    let heads = other.heads();
    assert_eq!(heads.len(), 1);
    assert!(!heads[0].contains("authorization"), "{}", heads[0]);
}

fn tls() -> Arc<rustls::ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        );
    Arc::new(config.unwrap())
}

#[test]
fn certificates_are_checked() {
    let answer = |_: &str, stream: &mut dyn Stream| {
        send(stream, "", b"<!DOCTYPE html><a href=six-1.0.tar.gz>");
    };
    let server = start(Some(tls()), Arc::new(answer));
    let with = |host: &str, ca: Option<&[u8]>| {
        let port = server.address.rsplit(':').next().unwrap();
        let url = format!("https://{host}:{port}/simple");
        let client = server.client(|c| {
            c.index = IndexUrl::parse(&url).unwrap();
            c.ca = ca.map(<[u8]>::to_vec);
        });
        client.files(&six()).map(|listing| listing.files.len())
    };
    // Nobody vouches for it: not absent, and nothing was asked.
    let unknown = with("127.0.0.1", None);
    assert!(
        matches!(unknown, Err(IndexError::Request { .. })),
        "{unknown:?}"
    );
    assert!(server.heads().is_empty());
    let trusted = with("127.0.0.1", Some(CERTIFICATE));
    assert!(matches!(trusted, Ok(1)), "{trusted:?}");
    // Trusted, and of another host.
    let other = with("localhost", Some(CERTIFICATE));
    assert!(
        matches!(other, Err(IndexError::Request { .. })),
        "{other:?}"
    );
    assert_eq!(server.heads().len(), 1);
    // A server that speaks no TLS.
    let plain = self::server(|_, stream| send(stream, "", b"<!DOCTYPE html>"));
    let url = format!("https://{}/simple", plain.address);
    let client = plain.client(|c| c.index = IndexUrl::parse(&url).unwrap());
    let found = client.files(&six());
    assert!(
        matches!(found, Err(IndexError::Request { .. })),
        "{found:?}"
    );
}

#[test]
fn many_share_one_cache() {
    let answer = |head: &str, stream: &mut dyn Stream| {
        let name = head.split('/').nth(2).unwrap().to_owned();
        let version = name.len();
        let body = format!("<!DOCTYPE html><a href={name}-{version}.tar.gz>").repeat(2_000);
        send(stream, "Cache-Control: max-age=0\r\n", body.as_bytes());
    };
    let server = server(answer);
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for worker in 0..8_u64 {
            let (server, directory) = (&server, &directory);
            scope.spawn(move || {
                let client = server.client(|c| {
                    c.cache = Some(Cache {
                        directory: directory.path().join("http"),
                        now: 1_000 + worker,
                    });
                });
                for round in 0..10 {
                    let name = "a".repeat(round % 3 + 1);
                    let listing = client.files(&PackageName::new(&name).unwrap()).unwrap();
                    assert_eq!(listing.files.len(), 2_000);
                    let version = listing.files[0].version.to_string();
                    assert_eq!(version, name.len().to_string());
                }
            });
        }
    });
    let left = Cache {
        directory: directory.path().join("http"),
        now: 2_000,
    };
    assert!(left.prune(u64::MAX) > 0);
    assert_eq!(left.prune(0), 0);
}
