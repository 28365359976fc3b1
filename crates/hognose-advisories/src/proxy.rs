//! Which proxy leads to a feed.

use hognose_types::RedactedUrl;

/// Proxies, as the usual variables name them.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `https://` (`HTTPS_PROXY`, else `ALL_PROXY`).
    pub https: Option<String>,
    /// For `http://` (`http_proxy`, else `ALL_PROXY`).
    pub http: Option<String>,
    /// Hosts that are asked directly (`NO_PROXY`): names, which stand for everything below them too, or `*`.
    pub direct: Vec<String>,
}

impl Proxies {
    /// The proxy for an address. The machine itself is always asked directly.
    pub fn for_url(&self, url: &RedactedUrl) -> Option<&str> {
        let text = url.expose();
        let host = host(text)?;
        let own = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        let direct = self
            .direct
            .iter()
            .map(|d| d.trim().trim_start_matches('.'))
            .filter(|d| !d.is_empty());
        let below = |name: &str| {
            host == name
                || host
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        if own
            || direct
                .into_iter()
                .any(|d| d == "*" || below(&d.to_ascii_lowercase()))
        {
            return None;
        }
        if text.starts_with("https://") {
            self.https.as_deref()
        } else {
            self.http.as_deref()
        }
    }
}

/// The host of an address, without port and credentials.
fn host(url: &str) -> Option<String> {
    let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next()?
    } else {
        host.split(':').next()?
    };
    Some(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_asked_directly() {
        let proxies = Proxies {
            https: Some("http://proxy.example:1".to_owned()),
            http: Some("http://plain.example:1".to_owned()),
            direct: vec!["internal.example".to_owned(), " .corp.example".to_owned()],
        };
        let proxy = |url: &str| proxies.for_url(&RedactedUrl::new(url)).map(str::to_owned);
        assert_eq!(
            proxy("https://feeds.example/x").as_deref(),
            Some("http://proxy.example:1")
        );
        assert_eq!(
            proxy("http://feeds.example/x").as_deref(),
            Some("http://plain.example:1")
        );
        for direct in [
            "https://internal.example/x",
            "https://user:pass@Mirror.Internal.example:8443/x",
            "https://a.corp.example",
            "http://127.0.0.1:9/x",
            "http://localhost/x",
            "http://[::1]:80/x",
        ] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
        assert!(proxy("https://notinternal.example/x").is_some());
        let none = Proxies {
            direct: vec!["*".to_owned()],
            ..proxies.clone()
        };
        assert_eq!(
            none.for_url(&RedactedUrl::new("https://feeds.example")),
            None
        );
    }
}
