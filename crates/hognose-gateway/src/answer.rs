//! Answers: status, headers, body.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::ext::ReasonPhrase;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::problem::Problem;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// An answer.
pub(crate) type Answer = Response<Body>;

/// A body that is there already.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|e| match e {}).boxed_unsync()
}

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|e| match e {}).boxed_unsync()
}

/// An answer with a body of a media type.
pub(crate) fn with(status: StatusCode, media: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    put(&mut answer, header::CONTENT_TYPE, media);
    // What upstreams wrote is shown as it is and never run, should a browser come by.
    put(&mut answer, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(
        &mut answer,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox",
    );
    answer
}

/// A refusal.
pub(crate) fn problem(problem: &Problem) -> Answer {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Bytes::from(problem.body.clone());
    let mut answer = with(status, "application/problem+json", body);
    put(&mut answer, header::CACHE_CONTROL, "private, no-store");
    if status == StatusCode::METHOD_NOT_ALLOWED {
        put(&mut answer, header::ALLOW, "GET, HEAD");
    }
    if let Ok(phrase) = ReasonPhrase::try_from(problem.phrase.as_bytes()) {
        answer.extensions_mut().insert(phrase);
    }
    answer
}

/// A client that asks too often, and when it may again.
pub(crate) fn too_many(seconds: u64) -> Answer {
    let detail = format!("this client asks too often; it may again in {seconds} s");
    let mut answer = problem(&Problem::new(429, "Too many requests", &detail));
    put(&mut answer, header::RETRY_AFTER, &seconds.to_string());
    answer
}

/// A client that shows no token that is known. Installers ask for credentials only after this (RFC 9110 §11.6.1).
pub(crate) fn unknown_client() -> Answer {
    let detail = "this index wants a token: put it into the address of the index as the password, or into netrc or the keyring";
    let mut answer = problem(&Problem::new(401, "Token needed", detail));
    put(
        &mut answer,
        header::WWW_AUTHENTICATE,
        "Basic realm=\"hognose\"",
    );
    answer
}

/// Sets a header; values that no header may have are left out.
pub(crate) fn put(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The parts of a range request that can be answered (RFC 9110 §14): one range, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranged {
    /// All of it: no range, or one that nobody need understand.
    Whole,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// Nothing of it is there (416).
    Beyond,
}

/// Reads a `Range` header for a file of a size.
pub fn range(header: Option<&str>, size: u64) -> Ranged {
    let Some(spec) = header.and_then(|h| h.trim().strip_prefix("bytes=")) else {
        return Ranged::Whole;
    };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Ranged::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (None, Some(0)) => Ranged::Beyond,
        (None, Some(_)) if size == 0 => Ranged::Beyond,
        (None, Some(suffix)) if first.trim().is_empty() => {
            Ranged::Part(size.saturating_sub(suffix), size - 1)
        }
        (Some(first), _) if first >= size => Ranged::Beyond,
        (Some(first), Some(last)) if first <= last => Ranged::Part(first, last.min(size - 1)),
        (Some(first), None) if last.trim().is_empty() => Ranged::Part(first, size - 1),
        _ => Ranged::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, size, expected) in [
            (None, 10, Ranged::Whole),
            (Some("bytes=0-3"), 10, Ranged::Part(0, 3)),
            (Some("bytes=4-"), 10, Ranged::Part(4, 9)),
            (Some("bytes=-4"), 10, Ranged::Part(6, 9)),
            (Some("bytes=-40"), 10, Ranged::Part(0, 9)),
            (Some("bytes=5-400"), 10, Ranged::Part(5, 9)),
            (Some("bytes=10-"), 10, Ranged::Beyond),
            (Some("bytes=-0"), 10, Ranged::Beyond),
            (Some("bytes=-1"), 0, Ranged::Beyond),
            (Some("bytes=0-1,3-4"), 10, Ranged::Whole),
            (Some("bytes=4-2"), 10, Ranged::Whole),
            (Some("lines=1-2"), 10, Ranged::Whole),
            (Some("bytes=a-b"), 10, Ranged::Whole),
            (Some("bytes=99999999999999999999-"), 10, Ranged::Whole),
        ] {
            assert_eq!(range(header, size), expected, "{header:?}");
        }
    }
}
