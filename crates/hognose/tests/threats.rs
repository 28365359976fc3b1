//! Attacks on the gateway that no other test makes: what strangers put into pages, files and headers, and what is shown
//! to whom. The threats that are known of such servers, and who looks after each:
//!
//! | threat | tests |
//! |---|---|
//! | path traversal | `gateway`: `paths_that_are_not_ours`; fuzz target of paths |
//! | cache poisoning | `gateway`: `what_has_another_digest_is_never_whole`, `what_lies_in_the_cache_is_not_believed_by_its_name`; `pages`: `damaged_pages_are_asked_for_anew`; `nodes`: `a_page_is_asked_for_by_one_node_for_all` |
//! | markup of upstreams | `gateway`: `markup_of_upstreams_is_not_passed_on` |
//! | requests to private places | `gateway`: `links_to_the_machine_s_own_link_are_not_followed`; here: `redirects_lead_to_no_private_place` |
//! | passwords shown elsewhere | here: `a_password_is_shown_to_the_index_that_it_is_for_alone`; `pages`: `what_was_said_to_one_is_not_told_to_another`; `gateway`: `requests_are_logged_without_what_may_be_secret` |
//! | confused deputy | `gateway`: `names_that_are_owned_are_asked_of_their_owner_alone`, `a_name_that_left_its_home_is_not_anybody_s`; here: `a_name_that_is_owned_is_its_owner_s_in_every_way` |
//! | other bytes under one name | `gateway`: `a_file_that_was_exchanged_is_an_incident`, `an_exchange_is_noticed_without_announced_digests` |
//! | late blocks | `gateway`: `what_new_advisories_condemn_is_served_no_more`; here: `what_an_index_quarantines_or_takes_away_is_served_from_no_cache`; `state`: exposure |
//! | bombs, two readers | here: `archives_that_are_meant_to_harm_are_withheld`; `hognose-archive`: `bombs` |
//! | header injection, smuggling | here: `texts_of_strangers_end_no_header`; `gateway`: `who_asks_too_often_waits` (forwarded addresses); fuzz target of headers |
//! | shared caches | here: `nothing_is_for_a_cache_that_others_share` |
//! | scope of tokens | `access`: `only_who_shows_a_token_is_answered`, `a_token_opens_what_it_is_for_until_it_ends` |
//! | failing open | `gateway`: `what_cannot_be_read_is_not_let_in`, `an_upstream_that_fails_makes_nothing_absent`; `access`: `a_project_of_which_nobody_can_say_whose_it_is_is_withheld`; here: `nothing_is_served_without_state_or_policy` |

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "inspect/archives.rs"]
#[expect(dead_code, reason = "a part is used")]
mod archives;
mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::gateway::Running;
use common::serving;
use common::upstream::{Answer, Upstream, hex};
use common::{Sandbox, root};

const OLD: &str = "data-upload-time=\"2024-01-02T03:04:05Z\"";
const JSON: &str = "Accept: application/vnd.pypi.simple.v1+json\r\n";
/// Every page is asked for again when it is a second old.
const FRESH: &str = "[gateway]\nfresh = \"1s\"\n";

fn good() -> Vec<u8> {
    archives::wheel("good", "1.0", &[("good.py", "X = 1\n".to_owned())], "")
}

fn path(bytes: &[u8]) -> String {
    format!("/files/good/{}/good-1.0-py3-none-any.whl", hex(bytes))
}

/// A page of an index that speaks JSON and lacks nothing.
fn page(bytes: &[u8], more: &str) -> Answer {
    let name = "good-1.0-py3-none-any.whl";
    let text = format!(
        "{{\"meta\":{{\"api-version\":\"1.4\"}},{more}\"name\":\"good\",\"files\":[{{\"filename\":\"{name}\",\"url\":\"/files/{name}\",\"hashes\":{{\"sha256\":\"{}\"}},\"size\":{},\"upload-time\":\"2024-01-02T03:04:05Z\"}}]}}",
        hex(bytes),
        bytes.len()
    );
    Answer {
        media: "application/vnd.pypi.simple.v1+json",
        ..Answer::html(text)
    }
}

/// Asks until an answer is as expected.
fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_an_index_quarantines_or_takes_away_is_served_from_no_cache() {
    let bytes = good();
    for after in [
        Some(page(
            &bytes,
            "\"project-status\":{\"status\":\"quarantined\",\"reason\":\"malware\"},",
        )),
        Some(page(&archives::wheel("good", "1.0", &[], ""), "")),
        Some(Answer::html(
            "<a href=\"/files/good-2.0.tar.gz\">good-2.0.tar.gz</a>",
        )),
        Some(Answer::status(404)),
    ] {
        let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
        upstream.put("/simple/good/", page(&bytes, ""));
        upstream.put(
            "/files/good-1.0-py3-none-any.whl",
            Answer::file(bytes.clone()),
        );
        let gateway = Running::start(&sandbox, &upstream.url(), FRESH);
        assert_eq!(gateway.ask(&path(&bytes), "").status(), 200);
        upstream.put("/simple/good/", after.unwrap());
        until(|| gateway.ask(&path(&bytes), "").status() >= 400);
        let metadata = format!("{}.metadata", path(&bytes));
        assert!(gateway.ask(&metadata, "").status() >= 400);
        let shown = gateway.ask("/simple/good/", JSON).text();
        assert!(!shown.contains(&hex(&bytes)), "{shown}");
    }
}

/// An index that asks for a password, and notes who shows which.
fn guarded(seen: &Arc<Mutex<Vec<String>>>, links_to: Option<String>) -> String {
    let seen = Arc::clone(seen);
    serving::start(move |head| {
        let shown = head.header("authorization").unwrap_or("nothing").to_owned();
        seen.lock().unwrap().push(format!("{} {shown}", head.path));
        let realm = "WWW-Authenticate: Basic realm=\"http://127.0.0.1:9/\"\r\n".to_owned();
        match (&links_to, head.path.as_str()) {
            (Some(_), _) if shown == "nothing" => (401, realm, Vec::new()),
            (Some(other), "/simple/good/") => {
                let text = format!(
                    "<a href=\"http://{other}/good-1.0-py3-none-any.whl#sha256={}\" {OLD}>good-1.0-py3-none-any.whl</a>",
                    hex(&good())
                );
                (200, String::new(), text.into_bytes())
            }
            (Some(other), "/simple/moved/") => {
                let to = format!("Location: http://{other}/simple/moved/\r\n");
                (302, to, Vec::new())
            }
            (None, "/good-1.0-py3-none-any.whl") => (200, String::new(), good()),
            (None, "/simple/moved/") => (401, realm, Vec::new()),
            _ => (404, String::new(), Vec::new()),
        }
    })
}

#[test]
fn a_password_is_shown_to_the_index_that_it_is_for_alone() {
    let (own, foreign) = (Arc::default(), Arc::default());
    let other = guarded(&foreign, None);
    let address = guarded(&own, Some(other));
    let sandbox = Sandbox::new();
    let gateway = Running::start(&sandbox, &format!("http://me:secret@{address}/simple/"), "");
    assert_eq!(gateway.ask("/simple/good/", JSON).status(), 200);
    assert_eq!(gateway.ask(&path(&good()), "").status(), 200);
    // Led elsewhere it is asked for the password there, and has none: that is no absence.
    let got = gateway.ask("/simple/moved/", JSON);
    assert_eq!(got.status(), 503, "{}", got.text());
    assert!(!got.text().contains("secret"), "{}", got.text());
    let foreign = foreign.lock().unwrap();
    assert!(foreign.len() >= 2);
    assert!(
        foreign.iter().all(|asked| asked.ends_with(" nothing")),
        "{foreign:?}"
    );
    let own = own.lock().unwrap();
    assert!(own.iter().any(|asked| asked.contains("Basic ")), "{own:?}");
}

/// Of an index on a public address, as far as this machine can tell: where one leads is looked at on every hop.
#[test]
fn redirects_lead_to_no_private_place() {
    let address = serving::start(|head| {
        let to = match head.path.as_str() {
            "/simple/one/" => "http://169.254.169.254/latest/meta-data/",
            "/simple/two/" => "http://[fe80::1]/",
            "/simple/three/" => "file:///etc/passwd",
            _ => "/simple/one/",
        };
        (302, format!("Location: {to}\r\n"), Vec::new())
    });
    let gateway = Running::start(&Sandbox::new(), &format!("http://{address}/simple/"), "");
    for name in ["one", "two", "three", "four"] {
        let began = Instant::now();
        let got = gateway.ask(&format!("/simple/{name}/"), JSON);
        assert_eq!(got.status(), 503, "{name}: {}", got.text());
        assert!(began.elapsed() < Duration::from_secs(8), "{name}");
    }
}

#[test]
fn archives_that_are_meant_to_harm_are_withheld() {
    // It says itself that two gigabytes come of it.
    let zeros = "0".repeat(1 << 20);
    let mut bomb = archives::wheel("good", "1.0", &[("good/zeros.txt", zeros)], "");
    let size = (1_u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..bomb.len() - 4)
        .filter(|at| bomb[*at..at + 4] == size)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bomb[at..at + 4].copy_from_slice(&(2_u32 << 30).to_le_bytes());
    }
    // A tar that is a zip as well: two readers see two packages.
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    header.set_mode(0o644);
    header.set_cksum();
    builder
        .append_data(&mut header, "x/setup.py", &b"#\n\n"[..])
        .unwrap();
    let mut both = builder.into_inner().unwrap();
    both.write_all(&good()).unwrap();
    for (what, bytes) in [("bomb", bomb), ("both", both)] {
        let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
        upstream.project("good", &[("good-1.0-py3-none-any.whl", &bytes, OLD)]);
        let gateway = Running::start(&sandbox, &upstream.url(), "");
        let got = gateway.ask(&path(&bytes), "");
        assert_eq!(got.status(), 403, "{what}: {}", got.line);
        assert!(got.line.contains("HOG-"), "{what}: {}", got.line);
    }
}

#[test]
fn texts_of_strangers_end_no_header() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let bytes = good();
    let status =
        "\"project-status\":{\"status\":\"archived\",\"reason\":\"gone\\r\\nSet-Cookie: a=b\"},";
    upstream.put("/simple/good/", page(&bytes, status));
    let rules = "[policy.rules]\nHOG-STATUS-archived = \"block\"\n";
    let gateway = Running::start(&sandbox, &upstream.url(), rules);
    for path in [
        "/simple/good/",
        path(&bytes).as_str(),
        "/simple/x%0d%0aSet-Cookie:%20a=b/",
    ] {
        let got = gateway.ask(path, JSON);
        let head = format!("{}\n{}", got.line, got.head).to_ascii_lowercase();
        assert!(!head.contains("\nset-cookie"), "{head}");
        assert!(
            head.is_ascii() && !head.replace("\r\n", "").contains('\r'),
            "{head}"
        );
    }
    // What two parsers would understand in two ways is answered by none.
    let both = "GET /simple/good/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let twice = "GET /simple/good/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd";
    let folded = "GET /simple/good/ HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nConnection: close\r\n\r\n";
    let spaced = "GET /simple/good/ HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd";
    for request in [twice, spaced] {
        assert_eq!(gateway.raw(request).status(), 400, "{request:?}");
    }
    for request in [both, folded] {
        let got = gateway.raw(request);
        assert!(
            got.line.is_empty() || got.status() >= 200,
            "{request:?} {}",
            got.line
        );
        // One answer at most comes of what was sent behind the body.
        let answers = String::from_utf8_lossy(&got.body)
            .matches("HTTP/1.1 ")
            .count();
        assert!(answers <= 1, "{request:?}");
    }
}

#[test]
fn nothing_is_for_a_cache_that_others_share() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let bytes = good();
    upstream.project("good", &[("good-1.0-py3-none-any.whl", &bytes, OLD)]);
    let gateway = Running::start(&sandbox, &upstream.url(), "");
    let file = path(&bytes);
    let metadata = format!("{file}.metadata");
    for path in [
        "/simple/",
        "/simple/good/",
        "/pypi/good/json",
        &file,
        &metadata,
    ] {
        let got = gateway.ask(path, "");
        assert_eq!(got.status(), 200, "{path}");
        let control = got.header("cache-control").unwrap_or_default();
        assert!(control.contains("private"), "{path}: {control}");
        assert!(!control.contains("public"), "{path}: {control}");
    }
    for path in ["/simple/", "/simple/good/"] {
        let vary = gateway.ask(path, "").header("vary").unwrap_or_default();
        assert!(
            vary.contains("Accept") && vary.contains("Authorization"),
            "{path}"
        );
    }
}

#[test]
fn a_name_that_is_owned_is_its_owner_s_in_every_way() {
    let (private, public) = (Upstream::new(), Upstream::new());
    let bytes = good();
    let attributes = format!("{OLD} data-provenance=\"/p\" data-core-metadata=\"true\"");
    public.project(
        "good",
        &[("good-1.0-py3-none-any.whl", &bytes, &attributes)],
    );
    public.put("/p", Answer::html("{}"));
    public.put(
        "/pypi/good/json",
        Answer::html("{\"info\":{\"version\":\"1.0\"}}"),
    );
    let configuration = format!(
        "[[gateway.upstream]]\nname = \"public\"\nurl = \"{}\"\n[[gateway.upstream]]\nname = \"private\"\nurl = \"{}\"\nowned = [\"good\"]\n",
        public.url(),
        private.url()
    );
    let gateway = Running::start(&Sandbox::new(), &public.url(), &configuration);
    let file = path(&bytes);
    for path in [
        "/simple/good/",
        "/simple/Good/",
        "/pypi/good/json",
        "/pypi/good/1.0/json",
        &file,
        &format!("{file}.metadata"),
        &format!("{file}.provenance"),
    ] {
        let status = gateway.ask(path, "").status();
        assert!(status == 404 || status == 301, "{path}: {status}");
    }
    assert_eq!(public.seen(), Vec::<String>::new());
}

/// What is refused is shown as refused in every form of a page, and whatever form was asked for first.
#[test]
fn a_refusal_is_the_same_in_every_form() {
    let forms = [
        "Accept: application/vnd.pypi.simple.v1+json\r\n",
        "Accept: application/vnd.pypi.simple.v1+html\r\n",
        "Accept: text/html\r\n",
        "Accept: application/vnd.pypi.simple.latest+json\r\n",
        "",
    ];
    let (one, two) = (
        good(),
        archives::wheel("good", "2.0", &[("good.py", "Y = 2\n".to_owned())], ""),
    );
    for first in forms {
        let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
        upstream.project(
            "good",
            &[
                ("good-1.0-py3-none-any.whl", &one, OLD),
                (
                    "good-2.0-py3-none-any.whl",
                    &two,
                    "data-upload-time=\"2026-11-17T11:00:00Z\"",
                ),
            ],
        );
        let gateway = Running::start(&sandbox, &upstream.url(), "");
        for form in [first].into_iter().chain(forms) {
            let got = gateway.ask("/simple/good/", form);
            let text = got.text();
            assert_eq!(
                text.matches("withheld by policy: HOG-STATUS-new").count(),
                1,
                "{text}"
            );
            assert_eq!(got.header("x-hognose-withheld").as_deref(), Some("2.0"));
        }
        for format in ["application/vnd.pypi.simple.v1+json", "text/html"] {
            let path = format!("/simple/good/?format={format}");
            assert!(gateway.ask(&path, "").text().contains("withheld by policy"));
        }
        let file = format!("/files/good/{}/good-2.0-py3-none-any.whl", hex(&two));
        for form in forms {
            let got = gateway.ask(&file, form);
            assert_eq!(got.status(), 403);
            let media = got.header("content-type").unwrap();
            assert_eq!(media, "application/problem+json");
        }
        let json = gateway.ask("/pypi/good/json", "").text();
        assert!(
            json.contains("good-1.0") && !json.contains("good-2.0"),
            "{json}"
        );
    }
}

/// An index whose pages lack nothing is asked who may upload where somebody wants to know of takeovers.
#[test]
fn owners_are_asked_for_where_the_policy_rests_on_them() {
    let (sandbox, upstream) = (Sandbox::new(), Upstream::new());
    let bytes = good();
    upstream.put("/simple/good/", page(&bytes, ""));
    let owned_by = |user: &str| {
        let mut text =
            String::from("{\"info\":{\"name\":\"good\",\"version\":\"1.0\"},\"releases\":{},");
        write!(text, "\"ownership\":{{\"roles\":[{{\"role\":\"Owner\",\"user\":\"{user}\"}}],\"organization\":null}}}}").unwrap();
        upstream.put(
            "/pypi/good/json",
            Answer {
                media: "application/json",
                ..Answer::html(text)
            },
        );
    };
    let look = |rules: &str| {
        let gateway = Running::start(&sandbox, &upstream.url(), &format!("{FRESH}{rules}"));
        gateway.ask("/simple/good/", JSON).text()
    };
    owned_by("ada");
    assert!(!look("").contains("withheld"));
    assert!(!upstream.seen().contains(&"/pypi/good/json".to_owned()));
    let rules = "[policy.rules]\nHOG-ID-takeover = \"block\"\n";
    assert!(!look(rules).contains("withheld"));
    owned_by("eve");
    let told = look(rules);
    assert!(
        told.contains("withheld by policy: HOG-ID-takeover"),
        "{told}"
    );
}

/// A gateway that cannot write down what it does, or cannot read what it decides by, does not serve.
#[test]
fn nothing_is_served_without_state_or_policy() {
    let sandbox = Sandbox::new();
    let feed = root().join("examples/feeds");
    let start = |more: &[(&str, &str)]| {
        let mut command = sandbox.command(&["gateway", "--listen", "127.0.0.1:0", "--index-url"]);
        command.args([
            "http://127.0.0.1:9/simple/",
            "--feed",
            feed.to_str().unwrap(),
        ]);
        command
            .env_remove("PIP_NO_INDEX")
            .envs(more.iter().copied());
        let output = command.timeout(Duration::from_secs(20)).output().unwrap();
        output.status.code()
    };
    let nowhere = sandbox.write("file", "").join("state");
    let nowhere = nowhere.to_str().unwrap();
    assert!(start(&[("HOGNOSE_STATE_DIR", nowhere)]).is_some_and(|code| code >= 2));
    assert!(start(&[("HOGNOSE_CACHE_DIR", nowhere)]).is_some_and(|code| code >= 2));
    sandbox.write("hognose.toml", "[policy]\nmin-ages = \"72h\"\n");
    assert_eq!(start(&[]), Some(2));
}
