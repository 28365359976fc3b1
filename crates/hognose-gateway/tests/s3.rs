//! Artifacts in a bucket: what is put is got, by every node, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "common/bucket.rs"]
mod bucket;

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use bucket::Server;
use hognose_gateway::blobs::{Blob, Blobs};
use hognose_gateway::s3::{Bucket, Credentials, S3};
use hognose_gateway::shared::{Shared, SharedError, Turns};
use hognose_types::RedactedUrl;
use sha2::{Digest as _, Sha256};

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().cast_signed()
}

fn of(server: &Server) -> Bucket {
    Bucket {
        endpoint: Some(RedactedUrl::new(&server.endpoint)),
        region: "us-east-1".to_owned(),
        bucket: "artifacts".to_owned(),
        prefix: "a/b-c/".to_owned(),
        credentials: Credentials {
            key_id: server.key_id.clone(),
            secret: server.secret.clone(),
            session_token: None,
        },
    }
}

fn client(bucket: Bucket) -> S3 {
    S3::new(bucket, Arc::new(now))
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap();
    let digits = digest.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]);
    digits.collect()
}

fn get(s3: &S3, sha256: &str) -> Result<Option<Vec<u8>>, SharedError> {
    let mut bytes = Vec::new();
    let got = s3.get(sha256, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    });
    got.map(|there| there.then_some(bytes))
}

#[test]
fn what_is_put_is_got_and_nothing_else() {
    let mut server = Server::start();
    let s3 = client(of(&server));
    s3.probe().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for size in [0, 1, 70_000, 9 << 20] {
        let bytes: Vec<u8> = (0..size).map(|i: usize| (i / 7) as u8).collect();
        let file = directory.path().join("file");
        std::fs::write(&file, &bytes).unwrap();
        let sha256 = hex(&bytes);
        assert_eq!(get(&s3, &sha256).unwrap(), None);
        s3.put(&sha256, &file, size as u64).unwrap();
        assert_eq!(get(&s3, &sha256).unwrap(), Some(bytes));
    }
    // Other bytes than the name says are not taken by the server, which was told the digest.
    let file = directory.path().join("file");
    std::fs::write(&file, b"one").unwrap();
    let refused = s3.put(&hex(b"two"), &file, 3);
    assert!(
        refused.is_err() || get(&s3, &hex(b"two")).is_err(),
        "{refused:?}"
    );
    // And not believed when they are there all the same.
    let sha256 = hex(b"");
    server.spoil(&format!("a/b-c/{}/{sha256}", &sha256[..2]));
    let error = get(&s3, &sha256).unwrap_err();
    assert!(matches!(error, SharedError::Broken(_)), "{error}");
    for name in ["../../x", "", &"A".repeat(64)] {
        assert_eq!(get(&s3, name).unwrap(), None);
    }
    assert!(server.keys().iter().all(|key| key.starts_with("a/b-c/")));
}

#[test]
fn what_is_not_allowed_is_said() {
    let mut server = Server::start();
    let wrong = |change: &dyn Fn(&mut Bucket)| {
        let mut bucket = of(&server);
        change(&mut bucket);
        let error = client(bucket).probe().unwrap_err();
        assert!(!format!("{error:?}").contains(&server.secret));
        error.to_string()
    };
    let secret = wrong(&|bucket| bucket.credentials.secret = "other".to_owned());
    assert_eq!(
        secret,
        "the store of artifacts refuses to write an object: HTTP 403 SignatureDoesNotMatch"
    );
    let missing = wrong(&|bucket| bucket.bucket = "missing".to_owned());
    assert_eq!(
        missing,
        "the store of artifacts refuses to write an object: HTTP 404 NoSuchBucket"
    );
    server.stop();
    let error = client(of(&server)).probe().unwrap_err();
    assert!(matches!(error, SharedError::Away(_)), "{error}");
}

/// Turns of nodes in one process.
fn turns() -> Turns {
    let held: Arc<Mutex<Vec<String>>> = Arc::default();
    struct Held(Arc<Mutex<Vec<String>>>, String);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.lock().unwrap().retain(|key| *key != self.1);
        }
    }
    Arc::new(move |key: &str| {
        for _ in 0..1_000 {
            let mut all = held.lock().unwrap();
            if !all.iter().any(|other| other == key) {
                all.push(key.to_owned());
                let held = Held(Arc::clone(&held), key.to_owned());
                return Some(Box::new(held) as Box<dyn Any + Send>);
            }
            drop(all);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        None
    })
}

struct Node {
    _directory: tempfile::TempDir,
    blobs: Arc<Blobs>,
}

fn node(server: &Server, turns: &Turns) -> Node {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path(), 1 << 30).unwrap();
    let blobs = blobs.with_shared(Arc::new(client(of(server))), Arc::clone(turns));
    Node {
        _directory: directory,
        blobs: Arc::new(blobs),
    }
}

async fn fetch(
    node: &Node,
    bytes: &'static [u8],
    asked: &Arc<AtomicUsize>,
) -> Result<Blob, Arc<str>> {
    let asked = Arc::clone(asked);
    let flight = node.blobs.follow(
        "https://index.example/one.whl",
        Some(&hex(bytes)),
        Box::new(move |sink| {
            asked.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(200));
            for piece in bytes.chunks(1_000) {
                sink(piece, Some(bytes.len() as u64)).map_err(|e| e.to_string())?;
            }
            Ok(hex(bytes))
        }),
    );
    flight.unwrap().finish().await
}

static BYTES: [u8; 5_000] = [7; 5_000];

#[tokio::test(flavor = "multi_thread")]
async fn nodes_fetch_once_and_what_is_spoilt_is_fetched_anew() {
    let mut server = Server::start();
    let turns = turns();
    let nodes = [
        node(&server, &turns),
        node(&server, &turns),
        node(&server, &turns),
    ];
    let asked = Arc::new(AtomicUsize::new(0));
    let (one, two, three) = tokio::join!(
        fetch(&nodes[0], &BYTES, &asked),
        fetch(&nodes[1], &BYTES, &asked),
        fetch(&nodes[2], &BYTES, &asked)
    );
    for blob in [one, two, three] {
        assert_eq!(std::fs::read(blob.unwrap().path).unwrap(), BYTES);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let taken: u64 = nodes
        .iter()
        .map(|node| node.blobs.common().unwrap().0)
        .sum();
    assert_eq!(taken, 2);
    let sha256 = hex(&BYTES);
    let key = format!("a/b-c/{}/{sha256}", &sha256[..2]);
    assert_eq!(server.keys(), [key.as_str()]);
    // What is wrong there is not served, and put right.
    server.spoil(&key);
    let fresh = node(&server, &turns);
    let blob = fetch(&fresh, &BYTES, &asked).await.unwrap();
    assert_eq!(std::fs::read(blob.path).unwrap(), BYTES);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(fresh.blobs.common(), Some((0, 1)));
    let s3 = client(of(&server));
    let mut tries = 0;
    while tokio::task::block_in_place(|| get(&s3, &sha256)).is_err() {
        tries += 1;
        assert!(tries < 200);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // Without it everybody goes on alone.
    server.stop();
    let alone = node(&server, &turns);
    let blob = fetch(&alone, &BYTES, &asked).await.unwrap();
    assert_eq!(std::fs::read(blob.path).unwrap(), BYTES);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}
