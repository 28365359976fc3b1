//! What is kept, asked again, tried again: the client against an index of ours on the loopback interface.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hognose_index::{Cache, Client, Config, IndexError, IndexUrl, Retry};
use hognose_types::PackageName;

const PAGE: &str =
    "<!DOCTYPE html><html><body><a href=six-1.0.tar.gz>six-1.0.tar.gz</a></body></html>";

/// Answers every request of a kind with the next of its answers, the last one again and again.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// Status, headers, body.
type Answer = (u16, &'static str, &'static str);

fn server(answers: &'static [Answer]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let log = Arc::clone(&log);
            std::thread::spawn(move || serve(stream, &log, answers));
        }
    });
    Server { address, seen }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<String>>, answers: &[Answer]) {
    let reader = BufReader::new(stream.try_clone().unwrap());
    let head: Vec<String> = reader
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let Some(request) = head.first() else { return };
    let condition = head
        .iter()
        .find(|line| line.to_lowercase().starts_with("if-none-match"));
    let at = {
        let mut log = log.lock().unwrap();
        let path = request.split(' ').nth(1).unwrap();
        log.push(format!("{path} {}", condition.map_or("", String::as_str)));
        log.len() - 1
    };
    let (status, headers, body) = answers[at.min(answers.len() - 1)];
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
}

impl Server {
    fn client(&self, directory: &Path, now: u64, offline: bool) -> Client {
        let mut config =
            Config::new(IndexUrl::parse(&format!("http://{}/simple", self.address)).unwrap());
        config.cache = Some(Cache {
            directory: directory.to_owned(),
            now,
        });
        config.offline = offline;
        config.retry = Retry {
            tries: 3,
            pause: Duration::from_millis(1),
            longest: Duration::from_millis(1_500),
        };
        Client::new(config).unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn files(client: &Client) -> Result<usize, IndexError> {
    client
        .files(&PackageName::new("six").unwrap())
        .map(|listing| listing.files.len())
}

#[test]
fn a_warm_run_asks_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "", PAGE)]);
    for _ in 0..3 {
        assert_eq!(
            files(&server.client(directory.path(), 100, false)).unwrap(),
            1
        );
    }
    assert_eq!(server.seen().len(), 1);
    // Ten minutes later the index, which says nothing of its own, is asked again.
    assert_eq!(
        files(&server.client(directory.path(), 700, false)).unwrap(),
        1
    );
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[
        (200, "ETag: \"one\"\r\nCache-Control: max-age=0\r\n", PAGE),
        (304, "Cache-Control: max-age=50\r\n", ""),
    ]);
    for _ in 0..3 {
        assert_eq!(
            files(&server.client(directory.path(), 100, false)).unwrap(),
            1
        );
    }
    assert_eq!(
        server.seen().join("; ").to_lowercase(),
        "/simple/six/ ; /simple/six/ if-none-match: \"one\""
    );
}

#[test]
fn offline_old_answers_count_and_missing_ones_are_said() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "", PAGE)]);
    let refused = files(&server.client(directory.path(), 0, true)).unwrap_err();
    assert!(matches!(refused, IndexError::Offline { .. }));
    files(&server.client(directory.path(), 0, false)).unwrap();
    assert_eq!(
        files(&server.client(directory.path(), 1_000_000, true)).unwrap(),
        1
    );
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn absence_is_soon_asked_for_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(404, "", ""), (200, "", PAGE)]);
    assert_eq!(
        files(&server.client(directory.path(), 0, false)).unwrap(),
        0
    );
    assert_eq!(
        files(&server.client(directory.path(), 59, false)).unwrap(),
        0
    );
    assert_eq!(
        files(&server.client(directory.path(), 60, false)).unwrap(),
        1
    );
}

#[test]
fn what_may_not_be_kept_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "Cache-Control: no-store\r\n", PAGE)]);
    files(&server.client(directory.path(), 0, false)).unwrap();
    files(&server.client(directory.path(), 0, false)).unwrap();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn busy_servers_are_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[
        (503, "", ""),
        (429, "Retry-After: 1\r\n", ""),
        (200, "", PAGE),
    ]);
    assert_eq!(
        files(&server.client(directory.path(), 0, false)).unwrap(),
        1
    );
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_date_to_come_back_at() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[
        (
            503,
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n",
            "",
        ),
        (
            503,
            "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:49:38 GMT\r\n",
            "",
        ),
    ]);
    let start = std::time::Instant::now();
    let refused = files(&server.client(directory.path(), 0, false)).unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert!(
        matches!(refused, IndexError::Busy { seconds: 3_600, .. }),
        "{refused}"
    );
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn patience_has_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let busy = server(&[(429, "Retry-After: 3600\r\n", "")]);
    let refused = files(&busy.client(directory.path(), 0, false)).unwrap_err();
    assert!(
        matches!(refused, IndexError::Busy { seconds: 3_600, .. }),
        "{refused}"
    );
    assert_eq!(busy.seen().len(), 1);
    let down = server(&[(503, "", "")]);
    let refused = files(&down.client(directory.path(), 0, false)).unwrap_err();
    assert!(
        matches!(refused, IndexError::Status { status: 503, .. }),
        "{refused}"
    );
    assert_eq!(down.seen().len(), 3);
}

#[test]
fn a_poisoned_answer_is_asked_for_anew() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "", PAGE)]);
    files(&server.client(directory.path(), 0, false)).unwrap();
    let file = directory.path().join("0000.pack2");
    let bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(7).position(|w| w == b"six-1.0").unwrap();
    let poisoned = [&bytes[..at], b"six-6.6", &bytes[at + 7..]].concat();
    std::fs::write(&file, poisoned).unwrap();
    let listing = server
        .client(directory.path(), 0, false)
        .files(&PackageName::new("six").unwrap())
        .unwrap();
    assert_eq!(listing.files[0].version.as_str(), "1.0");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn many_at_once_come_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "", PAGE)]);
    let client = server.client(directory.path(), 0, false);
    let names: Vec<PackageName> = (0..40)
        .map(|n| PackageName::new(&format!("six{n}")).unwrap())
        .collect();
    let answers = client.each(
        &names,
        8,
        |client, name| (name.clone(), client.files(name).is_ok()),
        || {},
    );
    assert_eq!(
        answers
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>(),
        names
    );
    assert!(answers.iter().all(|(_, ok)| *ok));
    assert_eq!(server.seen().len(), 40);
}

/// Keeps answers in the cache that variables name, when it is started by the test below.
#[test]
fn a_process_that_keeps() {
    let Ok(place) = std::env::var("HOGNOSE_TEST_CACHE") else {
        return;
    };
    let (address, directory) = place.split_once(' ').unwrap();
    let mut config = Config::new(IndexUrl::parse(&format!("http://{address}/simple")).unwrap());
    config.cache = Some(Cache {
        directory: directory.into(),
        now: 100,
    });
    let client = Client::new(config).unwrap();
    for number in 0..400 {
        let name = format!("six-{}-{number}", std::process::id());
        client.files(&PackageName::new(&name).unwrap()).unwrap();
    }
}

#[test]
fn processes_share_a_cache_and_may_be_killed() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&[(200, "", PAGE)]);
    let place = format!("{} {}", server.address, directory.path().display());
    let start = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_keeps"])
            .env("HOGNOSE_TEST_CACHE", &place)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut children: Vec<_> = (0..3).map(|_| start()).collect();
    while server.seen().len() < 100 {
        std::thread::sleep(Duration::from_millis(1));
    }
    children[0].kill().unwrap();
    for (at, child) in children.iter_mut().enumerate() {
        assert_eq!(child.wait().unwrap().success(), at != 0);
    }
    // Nothing that the others kept is lost, and nothing that anybody kept is half an answer.
    let asked = server.seen().len();
    let client = server.client(directory.path(), 100, true);
    let known = |id: u32| {
        let has = |number: &u32| {
            let name = PackageName::new(&format!("six-{id}-{number}")).unwrap();
            client.files(&name).is_ok()
        };
        (0..400).filter(has).count()
    };
    assert_eq!(
        (known(children[1].id()), known(children[2].id())),
        (400, 400)
    );
    assert!(known(children[0].id()) < 400);
    assert_eq!(server.seen().len(), asked);
}
