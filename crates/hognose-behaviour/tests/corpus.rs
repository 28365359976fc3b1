//! Inert imitations of what malicious packages do, and honest packages that look a little like them.
//!
//! Each case is a small file below `tests/corpus`. Nothing in it is ever run, every address is void, most
//! payloads ask a host that cannot exist for a file. A case is packed in all forms that installers accept, and all that
//! is missing is said at once.
//!
//! A case says `what` it is, what it is `like`, its `kind` (`sdist` or `wheel`), the facts it must show (`expect`, as
//! `trigger kind` or `kind`) or must not show (`forbid`), and a bound of the verdict (`band`, the least it must reach,
//! or `band_below`). `forms` chooses forms, `metadata = false` leaves out honest metadata, `trick` damages the ZIP
//! archive. Its `files` are text with directives (see `corpus_support/directive.rs`) or tables such as
//! `{ elf = "strings" }` and `{ zip = { "a.py" = "…" } }`. Bounds are a reader's judgement
//! of the files, not a measurement.
//!
//! The areas `second` and `third` were written by the reports on malware alone, before anything of them was inspected,
//! and say only the band; `third` holds honest packages too (`honest-…`). What was not seen at first, and is not yet,
//! says so in `open`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod corpus_support;

use corpus_support::{Bound, areas, cases, expand, judge};

macro_rules! areas {
    ($($area:ident $name:literal)*) => {
        const AREAS: &[&str] = &[$($name),*];
        $(#[test] fn $area() { judge($name); })*
    };
}

areas! {
    cases_of_the_years "cases"
    collection "collection"
    decoding "decoding"
    destruction "destruction"
    evasion "evasion"
    honest "honest"
    install "install"
    members "members"
    metadata "metadata"
    network "network"
    persistence "persistence"
    remote "remote"
    second "second"
    third "third"
    triggers "triggers"
}

#[test]
fn every_area_is_tested() {
    let names: Vec<&str> = AREAS.to_vec();
    assert_eq!(areas(), names);
}

#[test]
fn the_corpus_is_large_and_complete() {
    let (mut imitations, mut honest) = (0, 0);
    for area in areas() {
        for case in cases(&area) {
            let at = format!("{area}/{}", case.name);
            assert!(
                !case.what.is_empty() && !case.like.is_empty(),
                "{at} does not say what it is"
            );
            if area == "honest" || case.name.starts_with("honest-") {
                honest += 1;
                assert!(
                    matches!(case.bound, Bound::Below(_)) && case.expect.is_empty(),
                    "{at} is not a control"
                );
            } else {
                imitations += 1;
                let says_facts = !case.expect.is_empty() || area == "second" || area == "third";
                assert!(
                    matches!(case.bound, Bound::AtLeast(_)) && says_facts,
                    "{at} expects nothing"
                );
            }
        }
    }
    assert!(imitations >= 280, "{imitations} imitations");
    assert!(honest >= 40, "{honest} honest controls");
}

/// Every address of an imitation is one that cannot answer.
#[test]
fn no_imitation_names_a_live_place() {
    for area in areas().iter().filter(|area| *area != "honest") {
        for case in cases(area) {
            for address in case.source.split("://").skip(1) {
                let end = address
                    .find(['"', '\'', ' ', '\n', ')', '`', '<', '\\', '|', ';'])
                    .unwrap_or(address.len());
                let address = &address[..end];
                let host = address.split(['/', ':', '?']).next().unwrap_or_default();
                let is_void = [
                    ".invalid",
                    ".example",
                    "127.0.0.1",
                    "localhost",
                    "169.254.169.254",
                    "metadata.google.internal",
                ]
                .iter()
                .any(|end| host.ends_with(end))
                    || address.contains("void")
                    || address.contains("0000")
                    || address.contains('{')
                    || host.is_empty();
                assert!(is_void, "{area}/{}: {address}", case.name);
            }
        }
    }
}

#[test]
fn directives_encode() {
    let check = |text: &str, wanted: &str| assert_eq!(expand("test", text), wanted);
    check("{b64:hello} {hex:hi} {rot13:Hello}", "aGVsbG8= 6869 Uryyb");
    check(
        "{reverse-b64:hello}|{list-xor(1):ab}|{chrs:ab}",
        "=8GbsVGa|96, 99|chr(97)+chr(98)",
    );
    check(
        "{b64:{hex:h}} {blanks(3)}| {unknown:x} {a: 1}",
        "Njg=    | {unknown:x} {a: 1}",
    );
    check(
        "{b32:hello} {b85:hello} {escape:a}",
        "NBSWY3DP Xk~0{Zv \\x61",
    );
    check(
        "{layers(1):x}",
        "exec(__import__('base64').b64decode('eA=='))",
    );
    check("{plus:import}", "'imp' + 'ort'");
    assert!(expand("test", "{fernet(k):print('hello')}").starts_with("gAAAA"));
}
