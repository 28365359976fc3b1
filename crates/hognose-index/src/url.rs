//! Addresses of an index: strict, absolute, and shown without what they carry.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hognose_types::RedactedUrl;

/// Longer than any address an index needs.
const MAX_URL: usize = 8192;

/// An absolute `http` or `https` address. Display hides credentials and query values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexUrl {
    secure: bool,
    /// Host and port, lower case.
    authority: Arc<str>,
    /// Path with a leading `/`, without query. Shared like the host: every file of a page knows the page.
    path: Arc<str>,
    query: Option<String>,
    fragment: Option<String>,
    /// `user` and `password`, as written.
    user: Option<(String, String)>,
}

/// Why a text is not an address that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Neither `http` nor `https`.
    #[error("an index address starts with https:// or http://")]
    Scheme,
    /// No host, or one with characters no host has.
    #[error("the address has no valid host")]
    Host,
    /// Over the limit.
    #[error("the address has more than {MAX_URL} bytes")]
    TooLong,
    /// Control characters: they could end a line of the request.
    #[error("the address holds control characters")]
    Control,
}

impl IndexUrl {
    /// Parses an absolute address.
    pub fn parse(raw: &str) -> Result<Self, UrlError> {
        let raw = raw.trim();
        if raw.len() > MAX_URL {
            return Err(UrlError::TooLong);
        }
        if has_control(raw) {
            return Err(UrlError::Control);
        }
        let (scheme, rest) = raw.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlError::Scheme);
        }
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let user = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decode(name), decode(password))
        });
        Ok(Self {
            secure,
            authority: authority_of(host, secure)?,
            path: match encode(path) {
                path if path.starts_with('/') => Arc::from(path),
                path => Arc::from(format!("/{path}")),
            },
            query: query.map(|query| encode(query).into_owned()),
            fragment: fragment.map(str::to_owned),
            user,
        })
    }

    /// Resolves a reference of a page at this address. Credentials stay with their own host.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.trim();
        if reference.len() > MAX_URL {
            return Err(UrlError::TooLong);
        }
        if has_control(reference) {
            return Err(UrlError::Control);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme()));
        }
        if has_scheme(reference) {
            return Self::parse(reference);
        }
        let (rest, fragment) = split(reference, '#');
        let (path, query) = split(rest, '?');
        let mut out = self.clone();
        out.fragment = fragment.map(str::to_owned);
        if path.is_empty() {
            out.query = query.map(|query| encode(query).into_owned()).or(out.query);
            return Ok(out);
        }
        out.query = query.map(|query| encode(query).into_owned());
        let directory = self.path.rfind('/').and_then(|at| self.path.get(..at));
        let joined = match path.strip_prefix('/') {
            Some(path) => encode(path),
            None => Cow::Owned(format!(
                "{}/{}",
                directory.unwrap_or_default(),
                encode(path)
            )),
        };
        out.path = without_dots(&joined).into();
        Ok(out)
    }

    /// The address of a project's page below this index.
    pub(crate) fn project(&self, name: &str) -> Self {
        let mut out = self.clone();
        out.path = format!("{}/{name}/", self.path.trim_end_matches('/')).into();
        out
    }

    /// The address of a project's legacy JSON, for indexes that end as indexes do (`…/simple`).
    pub(crate) fn legacy(&self, name: &str) -> Option<Self> {
        let root = self.path.trim_end_matches('/').strip_suffix("/simple")?;
        let mut out = self.clone();
        out.path = format!("{root}/pypi/{name}/json").into();
        Some(out)
    }

    /// The address of a file that stands beside this one under its name and an ending.
    pub(crate) fn beside(&self, ending: &str) -> Self {
        let mut out = self.clone();
        out.path = format!("{}{ending}", self.path).into();
        out.fragment = None;
        out
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// True for `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// True when both name the same scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.authority == other.authority
    }

    /// True when both name the same place, whatever credentials they carry and however they end.
    pub fn same_place(&self, other: &Self) -> bool {
        self.same_origin(other)
            && self.path.trim_end_matches('/') == other.path.trim_end_matches('/')
    }

    /// Host without port, lower case.
    pub fn host(&self) -> &str {
        match self.authority.rfind(':') {
            Some(at) if !self.authority.ends_with(']') => {
                self.authority.get(..at).unwrap_or_default()
            }
            _ => &self.authority,
        }
    }

    /// The user that the address names.
    pub fn user_name(&self) -> Option<&str> {
        let (user, _) = self.user.as_ref()?;
        Some(user.as_str()).filter(|user| !user.is_empty())
    }

    /// True when the address carries a password.
    pub fn has_password(&self) -> bool {
        self.user
            .as_ref()
            .is_some_and(|(_, password)| !password.is_empty())
    }

    /// The same address with these credentials.
    #[must_use]
    pub fn with_credentials(&self, user: &str, password: &str) -> Self {
        let mut out = self.clone();
        out.user = Some((user.to_owned(), password.to_owned()));
        out
    }

    /// The same address without credentials.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        let mut out = self.clone();
        out.user = None;
        out
    }

    /// The address without credentials, as another program is told it; queries are not hidden.
    pub fn plain(&self) -> String {
        self.bare()
    }

    /// User and password.
    pub(crate) fn user(&self) -> Option<(&str, &str)> {
        self.user.as_ref().map(|(u, p)| (u.as_str(), p.as_str()))
    }

    /// The last step of the path, decoded.
    pub(crate) fn file_name(&self) -> String {
        decode(self.path.rsplit('/').next().unwrap_or_default())
    }

    pub(crate) fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// For the request: without credentials, which go in a header, and without fragment.
    pub(crate) fn bare(&self) -> String {
        let query = self.query.as_ref().map(|q| format!("?{q}"));
        format!(
            "{}://{}{}{}",
            self.scheme(),
            self.authority,
            self.path,
            query.unwrap_or_default()
        )
    }

    /// For showing.
    pub fn redacted(&self) -> RedactedUrl {
        RedactedUrl::new(self.bare())
    }
}

impl fmt::Display for IndexUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redacted().fmt(f)
    }
}

impl fmt::Debug for IndexUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Host and port in one spelling, the scheme's own port left out.
fn authority_of(raw: &str, secure: bool) -> Result<Arc<str>, UrlError> {
    let lower = if raw.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(raw.to_ascii_lowercase())
    } else {
        Cow::Borrowed(raw)
    };
    let (host, port) = match lower.rfind(':') {
        Some(at) if !lower.ends_with(']') => {
            let (host, port) = lower.split_at(at);
            (host, port.trim_start_matches(':'))
        }
        _ => (lower.as_ref(), ""),
    };
    let named = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let numbered = |c: char| c.is_ascii_hexdigit() || ":.".contains(c);
    let valid = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(inner) => !inner.is_empty() && inner.chars().all(numbered),
        None => !host.is_empty() && host.chars().all(named),
    };
    if !valid || (!port.is_empty() && port.parse::<u16>().is_err()) {
        return Err(UrlError::Host);
    }
    let usual = if secure { "443" } else { "80" };
    if port.is_empty() || port == usual {
        return Ok(Arc::from(host));
    }
    Ok(Arc::from(format!("{host}:{port}")))
}

/// Resolves `.` and `..`; never climbs above the root.
fn without_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut open = false;
    for step in path.trim_start_matches('/').split('/') {
        open = matches!(step, "." | "..");
        match step {
            "." => {}
            ".." => {
                out.pop();
            }
            step => out.push(step),
        }
    }
    let end = if open && !out.is_empty() { "/" } else { "" };
    format!("/{}{end}", out.join("/"))
}

/// Escapes what may not stand in a request; what is escaped already stays.
fn encode(raw: &str) -> Cow<'_, str> {
    // Pages hold hundreds of addresses, and nearly all are written as they are sent: looking at every byte without a way
    // out between costs less than a way out at each.
    if raw.bytes().fold(true, |all, byte| all & stands(byte)) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        if stands(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

/// Bytes that may stand in a request as they are.
const STANDS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = !matches!(
            byte,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        );
        byte += 1;
    }
    table
};

fn stands(byte: u8) -> bool {
    STANDS.get(usize::from(byte)).is_some_and(|stands| *stands)
}

fn has_control(text: &str) -> bool {
    if text.is_ascii() {
        return text
            .bytes()
            .fold(false, |any, byte| any | byte.is_ascii_control());
    }
    text.chars().any(char::is_control)
}

/// Decodes `%41`; bytes that are no text become replacement characters.
pub(crate) fn decode(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        let base = IndexUrl::parse("https://me:p%40ss@Index.example:443/simple/six/").unwrap();
        let join = |r: &str| base.join(r).unwrap().bare();
        assert_eq!(
            join("../../f/six.whl#sha256=0"),
            "https://index.example/f/six.whl"
        );
        assert_eq!(join("six.whl"), "https://index.example/simple/six/six.whl");
        assert_eq!(join("/a b"), "https://index.example/a%20b");
        assert_eq!(join("//files.example/x?y=1"), "https://files.example/x?y=1");
        assert_eq!(join("http://[::1]:80/x"), "http://[::1]/x");
        assert_eq!(join("../../../../x"), "https://index.example/x");
        assert_eq!(join(""), "https://index.example/simple/six/");
        assert_eq!(base.user(), Some(("me", "p@ss")));
        assert_eq!(base.join("https://files.example/x").unwrap().user(), None);
        assert_eq!(base.to_string(), "https://index.example/simple/six/");
    }

    #[test]
    fn what_is_refused() {
        for (raw, error) in [
            ("file:///etc/passwd", UrlError::Scheme),
            ("index.example/simple", UrlError::Scheme),
            ("https:///simple", UrlError::Host),
            ("https://a b/simple", UrlError::Host),
            ("https://index.example:99999/", UrlError::Host),
            ("https://index.example/\r\nX: y", UrlError::Control),
        ] {
            assert_eq!(IndexUrl::parse(raw), Err(error), "{raw}");
        }
        let base = IndexUrl::parse("https://index.example/").unwrap();
        assert_eq!(base.join("javascript:x"), Err(UrlError::Scheme));
        assert_eq!(base.join("ftp://index.example/x"), Err(UrlError::Scheme));
    }

    proptest::proptest! {
        #[test]
        fn any_reference_is_survived(reference in ".{0,60}") {
            let base = IndexUrl::parse("https://index.example/simple/six/").unwrap();
            if let Ok(url) = base.join(&reference) {
                let bare = url.bare();
                proptest::prop_assert!(bare.bytes().all(|b| b.is_ascii_graphic()));
                proptest::prop_assert!(!bare.contains("/../"));
                // What was understood once is understood the same way again.
                proptest::prop_assert_eq!(IndexUrl::parse(&bare).unwrap().bare(), bare);
            }
        }
    }
}
