//! The client against an index of ours on the loopback interface.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hognose_index::{
    Choice, Client, Config, IndexError, IndexFile, IndexUrl, Limits, Timeouts, choose,
};
use hognose_types::PackageName;
use sha2::{Digest as _, Sha256};

/// What a request gets.
enum Reply {
    Body(u16, Vec<u8>),
    Redirect(String),
    /// Announces more than it sends.
    Short(Vec<u8>),
    /// Sends without saying how much, and without end.
    Endless,
    Silence,
}

struct Server {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { address, seen }
    }

    fn url(&self, user: &str) -> IndexUrl {
        IndexUrl::parse(&format!("http://{user}{}/simple", self.address)).unwrap()
    }

    fn client(&self) -> Client {
        self.with(|_| {})
    }

    fn with(&self, change: impl FnOnce(&mut Config)) -> Client {
        let mut config = Config::new(self.url(""));
        config.timeout = Timeouts {
            connect: Duration::from_secs(2),
            idle: Duration::from_millis(300),
            whole: Duration::from_secs(5),
        };
        change(&mut config);
        Client::new(config).unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Reply) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let path = lines.next().unwrap().unwrap();
    let path = path.split(' ').nth(1).unwrap().to_owned();
    // All of them: a connection closed with bytes unread is reset.
    let headers: Vec<String> = lines
        .map(Result::unwrap)
        .take_while(|l| !l.is_empty())
        .map(|l| l.to_lowercase())
        .collect();
    let credentials = headers
        .iter()
        .find_map(|l| l.strip_prefix("authorization: ").map(str::to_owned));
    log.lock()
        .unwrap()
        .push(format!("{path} {}", credentials.unwrap_or_default()));
    let head =
        |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{more}\r\n");
    // The client may have gone away: that is what some tests are about.
    let _ = match answer(&path) {
        Reply::Body(status, body) => stream
            .write_all(head(status, &format!("Content-Length: {}\r\n", body.len())).as_bytes())
            .and_then(|()| stream.write_all(&body)),
        Reply::Redirect(to) => {
            stream.write_all(head(302, &format!("Location: {to}\r\n")).as_bytes())
        }
        Reply::Short(body) => stream
            .write_all(head(200, &format!("Content-Length: {}\r\n", body.len() + 1)).as_bytes())
            .and_then(|()| stream.write_all(&body)),
        Reply::Endless => {
            let _ = stream.write_all(head(200, "").as_bytes());
            while stream.write_all(&[b'<'; 4096]).is_ok() {}
            Ok(())
        }
        Reply::Silence => {
            std::thread::sleep(Duration::from_secs(2));
            Ok(())
        }
    };
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

const CONTENT: &[u8] = b"not an archive, but bytes with a digest";

fn page(file: &str, hash: &str) -> Vec<u8> {
    format!("<!DOCTYPE html><a href='{file}#sha256={hash}'>x</a>").into_bytes()
}

fn six() -> PackageName {
    PackageName::new("six").unwrap()
}

fn only(client: &Client) -> IndexFile {
    let listing = client.files(&six()).unwrap();
    let [file] = listing.files.as_slice() else {
        unreachable!("one file: {listing:?}")
    };
    file.clone()
}

#[test]
fn a_release_is_found_fetched_once_and_checked() {
    let server = Server::new(|path| match path {
        "/simple/six/" => Reply::Redirect("/pages/six/".to_owned()),
        "/pages/six/" => Reply::Body(200, page("../f/six-1.0.tar.gz", &sha256(CONTENT))),
        "/pages/f/six-1.0.tar.gz" => Reply::Body(200, CONTENT.to_vec()),
        _ => Reply::Body(404, Vec::new()),
    });
    let client = server.client();
    let listing = client.files(&six()).unwrap();
    let release = choose(&listing.files, &Choice::Latest).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    let file = release.sdist.unwrap();
    for _ in 0..2 {
        let got = client
            .download(&file, directory.path(), &mut |more, _| bytes += more)
            .unwrap();
        assert_eq!(std::fs::read(&got.path).unwrap(), CONTENT);
        assert_eq!(got.sha256, sha256(CONTENT));
        assert!(got.announced && got.path.ends_with("six-1.0.tar.gz"));
    }
    assert_eq!(bytes, CONTENT.len() as u64);
    assert_eq!(server.seen().len(), 3, "{:?}", server.seen());
    // A copy that was changed is fetched again.
    let kept = directory
        .path()
        .join(sha256(CONTENT))
        .join("six-1.0.tar.gz");
    std::fs::write(&kept, "changed").unwrap();
    client
        .download(&file, directory.path(), &mut |_, _| {})
        .unwrap();
    assert_eq!(std::fs::read(&kept).unwrap(), CONTENT);
}

#[test]
fn absent_is_not_an_error_and_every_error_is_not_absence() {
    let absent = Server::new(|_| Reply::Body(404, Vec::new()));
    let listing = absent.client().files(&six()).unwrap();
    assert!(listing.files.is_empty() && listing.known_to.is_empty());
    for (reply, text) in [
        (500, "answered with status 500"),
        (403, "refuses access with status 403"),
        (0, "did not answer in time"),
    ] {
        let server = Server::new(move |_| match reply {
            0 => Reply::Silence,
            status => Reply::Body(status, Vec::new()),
        });
        let error = server.client().files(&six()).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        // One that fails spoils the list of both.
        let both = absent.with(|c| c.extra.push(server.url("")));
        assert!(both.files(&six()).is_err());
    }
}

#[test]
fn files_of_all_indexes_count() {
    let first = Server::new(|_| Reply::Body(200, page("/six-1.0.tar.gz", &sha256(CONTENT))));
    let second = Server::new(|_| Reply::Body(200, page("/six-2.0.tar.gz", &sha256(CONTENT))));
    let client = first.with(|c| c.extra.push(second.url("")));
    let listing = client.files(&six()).unwrap();
    assert_eq!((listing.files.len(), listing.known_to.len()), (2, 2));
}

#[test]
fn credentials_stay_with_their_host() {
    let files = Server::new(|_| Reply::Body(200, CONTENT.to_vec()));
    let elsewhere = format!("http://{}/six-1.0.tar.gz", files.address);
    let index = Server::new(move |path| match path {
        "/simple/six/" => Reply::Body(200, page("/f/six-1.0.tar.gz", &sha256(CONTENT))),
        _ => Reply::Redirect(elsewhere.clone()),
    });
    let client = index.with(|c| c.index = index.url("me:secret@"));
    let file = only(&client);
    assert!(!format!("{file:?} {client:?}").contains("secret"));
    let directory = tempfile::tempdir().unwrap();
    client
        .download(&file, directory.path(), &mut |_, _| {})
        .unwrap();
    assert!(
        index
            .seen()
            .iter()
            .all(|line| line.ends_with("basic bwu6c2vjcmv0")),
        "{:?}",
        index.seen()
    );
    assert_eq!(files.seen(), ["/six-1.0.tar.gz "]);
    // Known credentials count for their host, whichever address of it is asked.
    let other = Server::new(|_| Reply::Body(404, Vec::new()));
    let both = index.with(|c| {
        c.known = vec![index.url("me:secret@")];
        c.extra = vec![other.url("")];
    });
    both.files(&six()).unwrap();
    assert!(index.seen().iter().all(|l| l.contains("basic")));
    assert_eq!(other.seen(), ["/simple/six/ "]);
}

/// Downloads the one file of a page whose file is answered so.
fn failure(
    reply: impl Fn() -> Reply + Send + Sync + 'static,
    change: impl FnOnce(&mut Config),
) -> String {
    let server = Server::new(move |path| match path {
        "/simple/six/" => Reply::Body(200, page("/f/six-1.0.tar.gz", &sha256(CONTENT))),
        _ => reply(),
    });
    let client = server.with(change);
    let directory = tempfile::tempdir().unwrap();
    let error = client
        .download(&only(&client), directory.path(), &mut |_, _| {})
        .unwrap_err();
    assert!(
        is_empty(directory.path()),
        "something was kept after: {error}"
    );
    error.to_string().replace(&server.address, "index.example")
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn nothing_is_kept_of_a_download_that_fails() {
    let small = |c: &mut Config| {
        c.limits = Limits {
            file: 10,
            ..Limits::default()
        };
    };
    let texts = [
        failure(|| Reply::Body(200, b"other bytes".to_vec()), |_| {}),
        failure(|| Reply::Body(200, CONTENT.to_vec()), small),
        failure(|| Reply::Endless, small),
        failure(|| Reply::Short(CONTENT.to_vec()), |_| {}),
        failure(|| Reply::Silence, |_| {}),
        failure(|| Reply::Body(404, Vec::new()), |_| {}),
        failure(|| Reply::Redirect("/f/six-1.0.tar.gz".to_owned()), |_| {}),
        failure(
            || Reply::Redirect("file:///etc/hostname".to_owned()),
            |_| {},
        ),
        failure(|| Reply::Redirect("//".to_owned()), |_| {}),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn pages_are_bounded() {
    let endless = Server::new(|_| Reply::Endless);
    let client = endless.with(|c| c.limits.page = 10_000);
    assert!(matches!(
        client.files(&six()),
        Err(IndexError::TooLarge { limit: 10_000, .. })
    ));
    let short = Server::new(|_| Reply::Short(page("/six-1.0.tar.gz", "")));
    assert!(short.client().files(&six()).is_err());
    let nothing = Server::new(|_| Reply::Body(200, b"hello".to_vec()));
    assert!(matches!(
        nothing.client().files(&six()),
        Err(IndexError::Page { .. })
    ));
}

#[test]
fn protection_is_never_given_up() {
    let page = IndexUrl::parse("https://index.example/simple/six/").unwrap();
    let server = Server::new(|_| Reply::Body(200, CONTENT.to_vec()));
    let mut file = only(&Server::new(|_| Reply::Body(200, super_page())).client());
    file.page = page;
    let directory = tempfile::tempdir().unwrap();
    let error = server
        .client()
        .download(&file, directory.path(), &mut |_, _| {});
    assert!(
        matches!(error, Err(IndexError::Downgrade { .. })),
        "{error:?}"
    );
    assert!(server.seen().is_empty());
}

fn super_page() -> Vec<u8> {
    page("/f/six-1.0.tar.gz", &sha256(CONTENT))
}

#[test]
fn certificates_to_trust() {
    let mut config = Config::new(IndexUrl::parse("https://index.example/simple").unwrap());
    config.ca = Some(b"no certificate".to_vec());
    assert!(matches!(Client::new(config), Err(IndexError::Certificates)));
}
