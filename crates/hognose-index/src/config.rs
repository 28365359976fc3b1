//! How the client behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hognose_types::RedactedUrl;

use crate::cache::Cache;
use crate::{IndexUrl, Running};

/// Which index, and how it is asked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The index.
    pub index: IndexUrl,
    /// Further indexes; their files count as much as those of the first, as with pip.
    pub extra: Vec<IndexUrl>,
    /// Nobody is asked about a project after the first index that has it, as with uv.
    pub first_only: bool,
    /// Addresses that are not asked, whose credentials count for their hosts all the same.
    pub known: Vec<IndexUrl>,
    /// Proxies.
    pub proxy: ProxyFor,
    /// Certificates to trust instead of the system's, PEM.
    pub ca: Option<Vec<u8>>,
    /// How long to wait.
    pub timeout: Timeouts,
    /// How much to take.
    pub limits: Limits,
    /// `User-Agent`.
    pub user_agent: String,
    /// Where answers are kept; none for no cache.
    pub cache: Option<Cache>,
    /// Nothing is asked; what is kept counts, however old.
    pub offline: bool,
    /// What is kept is asked for again however young it is, on condition that it has changed.
    pub revalidate: bool,
    /// For programs that run on.
    pub running: Option<Running>,
    /// How often and how patiently a failed request is tried again.
    pub retry: Retry,
}

impl Config {
    /// The usual behaviour towards an index.
    pub fn new(index: IndexUrl) -> Self {
        Self {
            index,
            extra: Vec::new(),
            first_only: false,
            known: Vec::new(),
            proxy: ProxyFor::default(),
            ca: None,
            timeout: Timeouts::default(),
            limits: Limits::default(),
            user_agent: concat!("hognose/", env!("CARGO_PKG_VERSION")).to_owned(),
            cache: None,
            offline: false,
            revalidate: false,
            running: None,
            retry: Retry::default(),
        }
    }
}

/// How often and how patiently a failed request is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all.
    pub tries: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// Longest pause, also where the server asks for more (`Retry-After`): then the request has failed.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: 3,
            pause: Duration::from_millis(400),
            longest: Duration::from_secs(20),
        }
    }
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// Longest silence of a server.
    pub idle: Duration,
    /// For one whole answer: a server that sends a byte now and then is given up too.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            whole: Duration::from_mins(15),
        }
    }
}

/// How much to take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a project page.
    pub page: u64,
    /// Files of a project page.
    pub files: usize,
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of a file that is held in memory for its metadata.
    pub held: u64,
    /// Redirects of one request.
    pub redirects: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page: 64 << 20,
            files: 100_000,
            file: 1 << 30,
            held: 64 << 20,
            redirects: 5,
        }
    }
}

/// Names the proxy for an address, if one leads there.
#[derive(Clone)]
pub struct ProxyFor(Arc<Choose>);

type Choose = dyn Fn(&RedactedUrl) -> Option<String> + Send + Sync;

impl ProxyFor {
    /// Asks a function.
    pub fn new(choose: impl Fn(&RedactedUrl) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(choose))
    }

    pub(crate) fn url(&self, url: &RedactedUrl) -> Option<String> {
        (self.0)(url)
    }
}

impl Default for ProxyFor {
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl fmt::Debug for ProxyFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyFor")
    }
}
