//! Who may ask, where not everybody may: names with the digests of their tokens.
//!
//! A token is 256 random bits, so its plain SHA-256 gives nothing away, and comparing digests tells nothing by the time
//! that it takes. Installers send it as the password of HTTP Basic, whatever the user name is, or as the name alone.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};

/// The tokens in force.
#[derive(Debug, Default)]
pub struct Tokens(RwLock<HashMap<String, String>>);

/// What a request shows of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Nobody needs a token.
    Anybody,
    /// The token of this name.
    Named(String),
    /// No token, or none that is known.
    Nobody,
}

impl Tokens {
    /// Names with the SHA-256 digests of their tokens; without any, everybody may ask.
    pub fn new(named: impl IntoIterator<Item = (String, String)>) -> Self {
        let tokens = Self::default();
        tokens.replace(named);
        tokens
    }

    /// From now on these are the tokens: one that is gone opens nothing any more.
    pub fn replace(&self, named: impl IntoIterator<Item = (String, String)>) {
        let named = named.into_iter().map(|(name, digest)| (digest, name));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = named.collect();
    }

    /// Whether everybody may ask.
    pub fn is_empty(&self) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.is_empty()
    }

    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Bearer {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return Bearer::Anybody;
        }
        let shown = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let shown = shown.and_then(shown_token);
        let found = shown.and_then(|token| known.get(&digest(&token)));
        found.map_or(Bearer::Nobody, |name| Bearer::Named(name.clone()))
    }
}

/// SHA-256 in lower-case hexadecimal digits.
fn digest(token: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(token) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The token of an `Authorization` header.
fn shown_token(header: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(rest).ok()?;
    Some(match decoded.iter().position(|b| *b == b':') {
        Some(at) => {
            let (user, password) = decoded.split_at(at);
            let password = password.get(1..).unwrap_or_default();
            // pip's `https://TOKEN@host/` has a name alone.
            let token = if password.is_empty() { user } else { password };
            token.to_vec()
        }
        None => decoded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tokens: &Tokens, header: &str) -> Bearer {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        tokens.bearer(&headers)
    }

    #[test]
    fn tokens_by_every_way_that_installers_send_them() {
        let tokens = Tokens::new([("ci".to_owned(), digest(b"s3cret"))]);
        let named = Bearer::Named("ci".to_owned());
        // __token__:s3cret, s3cret:, s3cret
        for header in [
            "Basic X190b2tlbl9fOnMzY3JldA==",
            "basic czNjcmV0Og==",
            "Basic czNjcmV0",
            "Bearer s3cret",
        ] {
            assert_eq!(asked(&tokens, header), named, "{header}");
        }
        // __token__:other, nothing, no base64, another scheme
        for header in [
            "Basic X190b2tlbl9fOm90aGVy",
            "Basic",
            "Basic Og==",
            "Basic %%%",
            "Bearer",
            "Digest s3cret",
            "s3cret",
        ] {
            assert_eq!(asked(&tokens, header), Bearer::Nobody, "{header}");
        }
        assert_eq!(tokens.bearer(&HeaderMap::new()), Bearer::Nobody);
        tokens.replace([]);
        assert_eq!(tokens.bearer(&HeaderMap::new()), Bearer::Anybody);
    }
}
