//! One GET of a forge's interface: bounded, on one origin, with a token that no other origin gets.

use std::cell::Cell;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use hognose_index::IndexUrl;
use hognose_provenance::commit::forge::MAX_ANSWER;
use hognose_types::text::short;
use ureq::tls::{RootCerts, TlsConfig};

use crate::error::Failure;
use crate::surroundings::Surroundings;

/// Most requests of a run: a forge that leads on and on is given up.
const MAX_REQUESTS: u32 = 2_000;
/// Most redirects of a request; a repository with a new name takes one.
const MAX_REDIRECTS: usize = 3;
const CONNECT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_mins(2);

/// A token, which is never shown.
pub(super) struct Token(pub(super) String);

/// A forge's interface.
pub(super) struct Http {
    agent: ureq::Agent,
    base: IndexUrl,
    token: Option<Token>,
    /// What the user would set to be let in.
    variable: &'static str,
    accept: &'static str,
    left: Cell<u32>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// Where the list goes on: behind the base, and checked to be there.
    pub(super) next: Option<String>,
}

impl Http {
    pub(super) fn new(
        base: IndexUrl,
        token: Option<Token>,
        (variable, accept): (&'static str, &'static str),
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let proxies = surroundings.proxies();
        let proxy = proxies
            .for_url(&base.redacted())
            .map(ureq::Proxy::new)
            .transpose()
            .map_err(|e| Failure::usage("the proxy cannot be used").because(&e))?;
        let agent = ureq::Agent::config_builder()
            .https_only(base.is_secure())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(IDLE))
            .timeout_per_read(Some(IDLE))
            .timeout_global(Some(WHOLE))
            .proxy(proxy)
            .user_agent(concat!("hognose/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            base,
            token,
            variable,
            accept,
            left: Cell::new(MAX_REQUESTS),
        })
    }

    /// Asks for a path behind the base; none where the forge says that there is nothing. Everything else is a reason.
    pub(super) fn get(&self, path: &str) -> Result<Option<Answer>, String> {
        let mut url = format!("{}{path}", self.base.plain());
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(&url)?;
            let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
            match response.status().as_u16() {
                200 => {
                    let next = header("link").and_then(next);
                    let next = next.map(|next| self.behind(&next, &url)).transpose()?;
                    let body = whole(response.into_body())?;
                    return Ok(Some(Answer { body, next }));
                }
                404 => return Ok(None),
                301 | 302 | 307 | 308 => {
                    let to = header("location").unwrap_or_default();
                    url = self.own(&url, to)?;
                }
                status => {
                    let is_spent = header("x-ratelimit-remaining") == Some("0");
                    return Err(self.refused(status, is_spent));
                }
            }
        }
        Err("the forge leads on and on".to_owned())
    }

    fn once(&self, url: &str) -> Result<ureq::http::Response<ureq::Body>, String> {
        let left = self.left.get().checked_sub(1);
        self.left
            .set(left.ok_or_else(|| format!("it takes more than {MAX_REQUESTS} requests"))?);
        let mut request = self.agent.get(url).header("Accept", self.accept);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.0));
        }
        request.call().map_err(|error| {
            format!(
                "the forge cannot be asked: {}",
                short(&error.to_string(), 200)
            )
        })
    }

    /// Where a redirect leads: on this origin, or nowhere.
    fn own(&self, from: &str, to: &str) -> Result<String, String> {
        let from = IndexUrl::parse(from).map_err(|e| e.to_string())?;
        let to = from.join(to).map_err(|e| e.to_string())?;
        if !to.same_origin(&self.base) {
            return Err(format!(
                "the forge leads to {}, which is elsewhere",
                short(&to.redacted().to_string(), 120)
            ));
        }
        Ok(to.plain())
    }

    /// The next part of a list: the same list, with another query.
    fn behind(&self, next: &str, of: &str) -> Result<String, String> {
        let next = self.own(of, next)?;
        let list = |url: &str| url.split('?').next().map(str::to_owned);
        let path = next.strip_prefix(&self.base.plain()).map(str::to_owned);
        path.filter(|_| list(&next) == list(of))
            .ok_or_else(|| "the forge's list goes on elsewhere".to_owned())
    }

    fn refused(&self, status: u16, is_spent: bool) -> String {
        let variable = self.variable;
        match (status, &self.token) {
            (401, Some(_)) => format!("the forge does not take the token in {variable}"),
            (401 | 403 | 429, None) if is_spent || status != 401 => {
                format!("the forge refuses ({status}); {variable} with a token may help")
            }
            _ => format!("the forge answers with status {status}"),
        }
    }
}

fn whole(body: ureq::Body) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut reader = body.into_reader().take(MAX_ANSWER + 1);
    reader.read_to_end(&mut out).map_err(|error| {
        format!(
            "the forge's answer broke off: {}",
            short(&error.to_string(), 200)
        )
    })?;
    if out.len() as u64 > MAX_ANSWER {
        return Err(format!("the forge's answer is over {MAX_ANSWER} bytes"));
    }
    Ok(out)
}

/// `<https://…>; rel="next"` of a header that may say more.
fn next(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (url, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let mut words = rest.split(';').map(str::trim);
        words
            .any(|word| word == "rel=\"next\"" || word == "rel=next")
            .then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_go_on() {
        let header =
            "<https://a.example/x?p=1>; rel=\"prev\", <https://a.example/x?p=3>; rel=\"next\"";
        assert_eq!(next(header).as_deref(), Some("https://a.example/x?p=3"));
        assert_eq!(next("<https://a.example/x>; rel=\"last\""), None);
        assert_eq!(next("https://a.example/x"), None);
    }
}
