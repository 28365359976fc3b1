//! Signatures of requests, Signature Version 4: what a server of the S3 protocol asks for.
//!
//! A request is written down in one canonical way, and that text is signed with a key that is good for one day, one region
//! and one service. The digest of the body is part of it, so what arrives is what was signed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The name of the algorithm in every request.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who asks. Shown without what is secret.
#[derive(Clone)]
pub struct Credentials {
    /// The name of the key.
    pub key_id: String,
    /// The key.
    pub secret: String,
    /// What belongs to a key that is lent for a while.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A request to be signed.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// The path as it goes over the wire.
    pub(super) path: &'a str,
    /// The query as it goes over the wire, its parameters in order.
    pub(super) query: &'a str,
    /// Every header that is signed: lower-case names, in order, with `host` among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// The sha256 of the body.
    pub(super) body: &'a str,
    pub(super) region: &'a str,
    /// `20130524T000000Z`.
    pub(super) time: &'a str,
}

/// The value of the header `authorization`.
pub(super) fn authorization(request: &Request<'_>, credentials: &Credentials) -> String {
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut headers = String::new();
    for (name, value) in request.headers {
        headers.extend([*name, ":", value.trim(), "\n"]);
    }
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{names}\n{}",
        request.method, request.path, request.query, request.body
    );
    let day = request.time.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/s3/aws4_request", request.region);
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("{ALGORITHM}\n{}\n{scope}\n{digest}", request.time);
    let mut key = format!("AWS4{}", credentials.secret).into_bytes();
    for part in [day, request.region, "s3", "aws4_request"] {
        key = mac(&key, part);
    }
    format!(
        "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={}",
        credentials.key_id,
        hex(&mac(&key, &text))
    )
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn signature(request: &Request<'_>) -> String {
        let credentials = Credentials {
            key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        assert!(!format!("{credentials:?}").contains("wJal"));
        let value = authorization(request, &credentials);
        let start = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=";
        assert!(value.starts_with(start), "{value}");
        value.split("Signature=").nth(1).unwrap().to_owned()
    }

    /// The examples of the service's own manual ("Signature Calculations for the Authorization Header").
    #[test]
    fn the_published_examples() {
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let time = "20130524T000000Z";
        let empty = ("x-amz-content-sha256", EMPTY);
        let date = ("x-amz-date", time);
        let base = Request {
            method: "GET",
            path: "/",
            query: "",
            headers: &[],
            body: EMPTY,
            region: "us-east-1",
            time,
        };
        let headers = [host, ("range", "bytes=0-9"), empty, date];
        let object = Request {
            path: "/test.txt",
            headers: &headers,
            ..base
        };
        let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(signature(&object), expected);
        let body = hex(&Sha256::digest(b"Welcome to Amazon S3."));
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            host,
            ("x-amz-content-sha256", &body),
            date,
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let put = Request {
            method: "PUT",
            path: "/test%24file.text",
            headers: &headers,
            body: &body,
            ..base
        };
        let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert_eq!(signature(&put), expected);
        let headers = [host, empty, date];
        for (query, expected) in [
            (
                "lifecycle=",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "max-keys=2&prefix=J",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let listed = Request {
                query,
                headers: &headers,
                ..base
            };
            assert_eq!(signature(&listed), expected);
        }
    }
}
