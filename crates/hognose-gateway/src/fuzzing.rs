//! Entry points for fuzzers and property tests: bytes in, no panic, and no path that leads anywhere else.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::HeaderValue;

use crate::answer::{Ranged, range};
use crate::negotiate::negotiate;
use crate::peer::Trusted;
use crate::route::Route;

/// The path of a request.
///
/// # Panics
///
/// When something is taken for a file name that is more than one.
pub fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(Route::File(file) | Route::Metadata(file) | Route::Provenance(file)) =
        Route::parse(&text)
    else {
        return;
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+!".contains(&b);
    assert!(file.filename.bytes().all(plain), "{:?}", file.filename);
    assert!(!file.filename.starts_with('.'), "{:?}", file.filename);
    let digest = file.sha256.unwrap_or_default();
    assert!(digest.is_empty() || digest.len() == 64, "{digest:?}");
}

/// Headers of a request: what is accepted, which part of a file is wanted, who asks.
///
/// # Panics
///
/// When a part is to be sent that the file does not have.
pub fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = negotiate(Some(&text), None);
    let _ = negotiate(None, Some(&text));
    for size in [0, 1, 1_000, u64::MAX] {
        if let Ranged::Part(first, last) = range(Some(&text), size) {
            assert!(first <= last && last < size, "{text:?} of {size}");
        }
    }
    let mut trusted = Trusted::default();
    trusted.add(&text);
    trusted.add("0.0.0.0/0");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        headers.insert("x-forwarded-for", value.clone());
        headers.insert("x-forwarded-proto", value);
    }
    let peer = IpAddr::from([127, 0, 0, 1]);
    let _ = trusted.client(peer, &headers);
    let _ = trusted.is_secure(peer, &headers);
}
