//! URLs that cannot leak what they carry.

use std::fmt;

use serde::{Serialize, Serializer};

/// A URL whose every rendering hides credentials: user information and the values of query
/// parameters (signed links, tokens).
///
/// ```
/// use hognose_types::RedactedUrl;
/// let url = RedactedUrl::new("https://me:secret@index.example/simple/?token=abc#sha256=00");
/// assert_eq!(url.to_string(), "https://****@index.example/simple/?token=****#sha256=00");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedactedUrl(String);

impl RedactedUrl {
    /// Wraps a URL as found in a file. No validation: it is only ever shown or fetched.
    pub fn new(raw: impl Into<String>) -> Self {
        Self(raw.into())
    }

    /// The URL with its secrets, for making the request it names; never for showing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let safe = crate::text::line(&self.0);
        let (body, fragment) = match safe.split_once('#') {
            Some((body, fragment)) => (body, Some(fragment)),
            None => (&*safe, None),
        };
        let (location, query) = match body.split_once('?') {
            Some((location, query)) => (location, Some(query)),
            None => (body, None),
        };
        let (scheme, rest) = match location.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, location),
        };
        if let Some(scheme) = scheme {
            write!(f, "{scheme}://")?;
        }
        let authority_end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_end);
        match authority.rsplit_once('@') {
            // `git@host` names the account of the service, not a person's secret.
            Some(("git", host)) => write!(f, "git@{host}")?,
            Some((_, host)) if scheme.is_some() => write!(f, "****@{host}")?,
            _ => f.write_str(authority)?,
        }
        f.write_str(path)?;
        if let Some(query) = query {
            for (index, pair) in query.split('&').enumerate() {
                f.write_str(if index == 0 { "?" } else { "&" })?;
                match pair.split_once('=') {
                    Some((key, _)) => write!(f, "{key}=****")?,
                    None => f.write_str("****")?,
                }
            }
        }
        if let Some(fragment) = fragment {
            write!(f, "#{fragment}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for RedactedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for RedactedUrl {
    /// Reports are shown to people: the redacted form is what is written.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_show() {
        let cases = [
            (
                "https://user:pass@index.example/simple",
                "https://****@index.example/simple",
            ),
            (
                "https://token@index.example/simple",
                "https://****@index.example/simple",
            ),
            (
                "git+ssh://git@forge.example/a/b.git@v1",
                "git+ssh://git@forge.example/a/b.git@v1",
            ),
            (
                "https://index.example/a?sig=x&y",
                "https://index.example/a?sig=****&****",
            ),
            ("file:///tmp/a b", "file:///tmp/a b"),
            ("../relative/path", "../relative/path"),
            ("https://a@b:c@index.example", "https://****@index.example"),
        ];
        for (raw, shown) in cases {
            assert_eq!(RedactedUrl::new(raw).to_string(), shown);
        }
    }
}
