//! Who may ask, where not everybody may: names with the digests of their tokens.
//!
//! A token is 256 random bits, so its plain SHA-256 gives nothing away, and comparing digests tells nothing by the time
//! that it takes. Installers send it as the password of HTTP Basic, whatever the user name is, or as the name alone.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hognose_types::{OwnedNames, PackageName};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};

use crate::catalog::Clock;

/// The tokens in force, by their digests.
pub struct Tokens {
    known: RwLock<HashMap<String, Arc<Pass>>>,
    clock: Clock,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Whose it is.
    pub name: String,
    /// SHA-256 of the token, in lower-case hexadecimal.
    pub sha256: String,
    /// Projects that it is for; none for all.
    pub packages: Option<OwnedNames>,
    /// When it ends, Unix seconds; none for never.
    pub ends: Option<i64>,
}

impl Pass {
    /// Whether it is for a project.
    pub(crate) fn opens(&self, project: &PackageName) -> bool {
        let packages = self.packages.as_ref();
        packages.is_none_or(|packages| packages.owns(project))
    }
}

/// What a request shows of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Nobody needs a token.
    Anybody,
    /// A token that holds.
    Named(Arc<Pass>),
    /// No token, or none that is known and holds.
    Nobody,
}

impl Tokens {
    /// These tokens; without any, everybody may ask.
    pub fn new(passes: impl IntoIterator<Item = Pass>, clock: Clock) -> Self {
        let tokens = Self {
            known: RwLock::default(),
            clock,
        };
        tokens.replace(passes);
        tokens
    }

    /// From now on these are the tokens: one that is gone opens nothing any more.
    pub fn replace(&self, passes: impl IntoIterator<Item = Pass>) {
        let passes = passes.into_iter();
        let passes = passes.map(|pass| (pass.sha256.clone(), Arc::new(pass)));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = passes.collect();
    }

    /// Whether everybody may ask. A token that has ended opens nothing, and closes the door to everybody all the same.
    pub fn is_empty(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.is_empty()
    }

    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Bearer {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return Bearer::Anybody;
        }
        let shown = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let shown = shown.and_then(shown_token);
        let found = shown.and_then(|token| known.get(&digest(&token)));
        let holds = |pass: &&Arc<Pass>| pass.ends.is_none_or(|ends| (self.clock)() < ends);
        found
            .filter(holds)
            .map_or(Bearer::Nobody, |pass| Bearer::Named(Arc::clone(pass)))
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
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn asked(tokens: &Tokens, header: &str) -> Bearer {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        tokens.bearer(&headers)
    }

    #[test]
    fn tokens_by_every_way_that_installers_send_them() {
        let pass = Pass {
            name: "ci".to_owned(),
            sha256: digest(b"s3cret"),
            packages: None,
            ends: Some(100),
        };
        let now = Arc::new(AtomicI64::new(99));
        let clock = Arc::clone(&now);
        let tokens = Tokens::new(
            [pass.clone()],
            Arc::new(move || clock.load(Ordering::Relaxed)),
        );
        let named = Bearer::Named(Arc::new(pass));
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
        now.store(100, Ordering::Relaxed);
        assert_eq!(asked(&tokens, "Bearer s3cret"), Bearer::Nobody);
        tokens.replace([]);
        assert_eq!(tokens.bearer(&HeaderMap::new()), Bearer::Anybody);
    }
}
