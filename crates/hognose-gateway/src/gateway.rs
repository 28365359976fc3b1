//! Requests → answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hognose_types::PackageName;
use hyper::body::Body as _;
use hyper::header;
use hyper::{HeaderMap, Method, StatusCode};

use crate::answer::{self, Answer, put};
use crate::beside::{ATTESTATIONS, METADATA};
use crate::blobs::Blobs;
use crate::catalog::Catalog;
use crate::event::{Event, Events};
use crate::judge::Judge;
use crate::legacy;
use crate::negotiate::negotiate;
use crate::offer::Page;
use crate::problem::Problem;
use crate::route::Route;
use crate::tokens::{Bearer, Pass, Tokens};
use crate::upstream::{Unavailable, Upstreams};

/// What to do with an artifact whose bytes could not be judged in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// It is refused until it is judged.
    Block,
    /// It is served.
    Allow,
    /// It is served where the same bytes were found harmless before, by an older analyser, else refused.
    KnownGood,
}

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// A part that every path must begin with, such as a secret of this run; empty for none.
    pub prefix: String,
    /// How long an artifact may be read before it is served.
    pub budget: Duration,
    /// Decisions are made and told, and nothing is refused.
    pub observe: bool,
    /// How long a page may wait until the release that an unpinned requirement gets is judged; zero for not at all.
    pub ahead: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            budget: Duration::from_secs(30),
            observe: false,
            ahead: crate::ahead::MOST,
        }
    }
}

/// Everything that serving takes.
pub struct Gateway {
    /// What it is made of.
    pub gear: Gear,
    /// What was counted.
    pub counts: Counts,
    /// Artifacts that are being read.
    pub(crate) reading: crate::artifact::Turns,
    /// Files that were sent under the digest they always had.
    pub(crate) witnessed: crate::witness::Witnessed,
    /// What attestations showed.
    pub(crate) attested: crate::vouched::Vouched,
    /// Artifacts that may be read at a time.
    pub(crate) analyses: tokio::sync::Semaphore,
}

/// What a gateway is made of.
#[derive(Clone)]
pub struct Gear {
    /// How it behaves.
    pub options: Options,
    /// Projects.
    pub catalog: Arc<Catalog>,
    /// Artifacts.
    pub blobs: Arc<Blobs>,
    /// Where they come from.
    pub upstreams: Arc<Upstreams>,
    /// Who decides.
    pub judge: Arc<dyn Judge>,
    /// Who remembers.
    pub events: Arc<dyn Events>,
    /// Who may ask.
    pub tokens: Arc<Tokens>,
}

impl std::fmt::Debug for Gear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gear").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// Counters.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests.
    pub requests: AtomicU64,
    /// Pages sent.
    pub pages: AtomicU64,
    /// Files sent.
    pub files: AtomicU64,
    /// Files refused.
    pub blocked: AtomicU64,
    /// Downloads from upstreams.
    pub downloads: AtomicU64,
    /// Artifacts read.
    pub inspected: AtomicU64,
    /// Questions that an upstream did not answer.
    pub failures: AtomicU64,
    /// Connections of clients that had too many.
    pub crowded: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A request as far as answering needs it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// Its method.
    pub(crate) method: &'a Method,
    /// Its path, not decoded.
    pub path: &'a str,
    /// Its query.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Who asks.
    pub client: &'a str,
    /// What their token opens, where they showed one.
    pub(crate) pass: Option<&'a Pass>,
    /// It was asked by TLS.
    pub secure: bool,
}

impl Asked<'_> {
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Gateway {
    /// Puts one together.
    pub fn new(gear: Gear) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            gear,
            counts: Counts::default(),
            reading: crate::artifact::Turns::default(),
            witnessed: crate::witness::Witnessed::default(),
            attested: crate::vouched::Vouched::default(),
            analyses: tokio::sync::Semaphore::new(cores),
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(self: &Arc<Self>, asked: &Asked<'_>) -> Answer {
        count(&self.counts.requests);
        let mut answer = match self.route(asked) {
            // Whoever watches over the gateway needs no token: nothing is told of packages there.
            Ok(route @ (Route::Health | Route::Ready | Route::Metrics)) => match allowed(asked) {
                Ok(()) => self.dispatch(route, asked).await,
                Err(problem) => answer::problem(&problem),
            },
            other => match (
                self.gear.tokens.bearer(asked.headers),
                allowed(asked).and(other),
            ) {
                (Bearer::Nobody, _) => answer::unknown_client(),
                (_, Err(problem)) => answer::problem(&problem),
                (Bearer::Anybody, Ok(route)) => self.dispatch(route, asked).await,
                (Bearer::Named(pass), Ok(route)) => {
                    if let Some(problem) = foreign(&pass, &route) {
                        answer::problem(&problem)
                    } else {
                        let client = format!("{}@{}", pass.name, asked.client);
                        let asked = Asked {
                            client: &client,
                            pass: Some(&pass),
                            ..*asked
                        };
                        self.dispatch(route, &asked).await
                    }
                }
            },
        };
        if asked.method == Method::HEAD {
            // What would come is said; it is not sent.
            let length = answer.body().size_hint().exact();
            if let Some(length) = length
                && answer.status() != StatusCode::NOT_MODIFIED
                && !answer.headers().contains_key(header::CONTENT_LENGTH)
            {
                put(&mut answer, header::CONTENT_LENGTH, &length.to_string());
            }
            *answer.body_mut() = answer::empty();
        }
        answer
    }

    fn route(&self, asked: &Asked<'_>) -> Result<Route, Problem> {
        let unknown = || Problem::new(404, "Not found", "there is nothing at this path");
        let path = asked
            .path
            .strip_prefix(self.gear.options.prefix.as_str())
            .ok_or_else(unknown)?;
        Route::parse(path).ok_or_else(unknown)
    }

    async fn dispatch(self: &Arc<Self>, route: Route, asked: &Asked<'_>) -> Answer {
        match route {
            Route::Root => answer::with(
                StatusCode::OK,
                "text/plain; charset=utf-8",
                Bytes::from_static(b"hognose gateway: the index is at simple/\n"),
            ),
            Route::Health => plain("ok\n"),
            Route::Ready => self.readiness().await,
            Route::Metrics => plain(crate::metrics::text(self)),
            Route::Projects => self.projects(asked),
            Route::Project { name, canonical } if !canonical => self.redirect(&name),
            Route::Project { name, .. } => self.project(&name, asked).await,
            Route::Json { name, version } => self.json(&name, version.as_deref(), asked).await,
            Route::File(path) => either(self.file(&path, asked).await),
            Route::Metadata(path) => either(self.beside(&METADATA, &path, asked).await),
            Route::Provenance(path) => either(self.beside(&ATTESTATIONS, &path, asked).await),
        }
    }

    /// A node that cannot keep what it does is passed over by whoever shares out the work.
    async fn readiness(&self) -> Answer {
        let judge = Arc::clone(&self.gear.judge);
        let ready = tokio::task::spawn_blocking(move || judge.ready()).await;
        match ready.unwrap_or_else(|_| Err("the question failed".to_owned())) {
            Ok(()) => plain("ready\n"),
            Err(reason) => answer::problem(&Problem::new(503, "Not ready", &reason)),
        }
    }

    fn redirect(&self, name: &PackageName) -> Answer {
        let mut answer = answer::with(
            StatusCode::MOVED_PERMANENTLY,
            "text/plain; charset=utf-8",
            Bytes::new(),
        );
        let place = format!("{}/simple/{}/", self.gear.options.prefix, name.as_str());
        put(&mut answer, header::LOCATION, &place);
        answer
    }

    async fn project(self: &Arc<Self>, name: &PackageName, asked: &Asked<'_>) -> Answer {
        let format = asked.query.and_then(|q| parameter(q, "format"));
        let Some(form) = negotiate(asked.header(header::ACCEPT), format.as_deref()) else {
            let known = "ask for application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html or text/html";
            return answer::problem(&Problem::new(406, "Not acceptable", known));
        };
        let page = match self.foreseen(name, asked).await {
            Ok(page) => page,
            Err(problem) => return answer::problem(&problem),
        };
        let rendered = page.form(form);
        count(&self.counts.pages);
        let same = asked
            .header(header::IF_NONE_MATCH)
            .is_some_and(|tags| matches_tag(tags, &rendered.etag));
        let mut answer = if same {
            let mut answer =
                answer::with(StatusCode::NOT_MODIFIED, form.media_type(), Bytes::new());
            answer.headers_mut().remove(header::CONTENT_TYPE);
            answer
        } else {
            answer::with(StatusCode::OK, form.media_type(), rendered.body.clone())
        };
        put(&mut answer, header::ETAG, &rendered.etag);
        // Asked again every time: a new verdict counts at once, and an unchanged page costs an empty answer.
        put(&mut answer, header::CACHE_CONTROL, "private, no-cache");
        put(&mut answer, header::VARY, "Accept, Authorization");
        self.tell_withheld(&page, &mut answer);
        answer
    }

    /// Releases that an unpinned requirement cannot get are told in a header and to whoever keeps the log.
    fn tell_withheld(&self, page: &Page, answer: &mut Answer) {
        if page.withheld.is_empty() {
            return;
        }
        let versions: Vec<&str> = page
            .withheld
            .iter()
            .rev()
            .take(20)
            .map(|(version, _)| version.as_str())
            .collect();
        let name = header::HeaderName::from_static("x-hognose-withheld");
        put(answer, name, &versions.join(", "));
        self.gear.events.record(Event::Withheld {
            project: page.parts.name.as_str().to_owned(),
            versions: page.withheld.clone(),
        });
    }

    async fn json(&self, name: &PackageName, version: Option<&str>, asked: &Asked<'_>) -> Answer {
        let page = match self.known(name).await {
            Ok(page) => page,
            Err(problem) => return answer::problem(&problem),
        };
        let host = asked.header(header::HOST).filter(|h| is_host(h));
        let base = host.map_or_else(String::new, |host| {
            let scheme = if asked.secure { "https" } else { "http" };
            format!("{scheme}://{host}{}/", self.gear.options.prefix)
        });
        match legacy::document(&page, version, &base) {
            Some(text) => {
                let mut answer = answer::with(StatusCode::OK, "application/json", text.into());
                put(&mut answer, header::CACHE_CONTROL, "private, no-cache");
                answer
            }
            None => answer::problem(&Problem::new(404, "Not found", "there is no such release")),
        }
    }

    /// The projects that were asked for: the whole list of an index is nobody's need here.
    fn projects(&self, asked: &Asked<'_>) -> Answer {
        let format = asked.query.and_then(|q| parameter(q, "format"));
        let Some(form) = negotiate(asked.header(header::ACCEPT), format.as_deref()) else {
            return answer::problem(&Problem::new(406, "Not acceptable", "ask for JSON or HTML"));
        };
        let mut names = self.gear.catalog.names();
        names.retain(|name| asked.pass.is_none_or(|pass| pass.opens(name)));
        let text = crate::render::projects(&names, form);
        let mut answer = answer::with(StatusCode::OK, form.media_type(), text.into());
        put(&mut answer, header::CACHE_CONTROL, "private, no-cache");
        put(&mut answer, header::VARY, "Accept, Authorization");
        answer
    }

    /// The page of a project, or the refusal to send. A project is absent only when every index that may be asked
    /// says so: any other failure is temporary, and a client must not look elsewhere for it.
    pub(crate) async fn known(&self, name: &PackageName) -> Result<Arc<Page>, Problem> {
        match self.gear.catalog.page(name).await {
            Ok(page) => Ok(page),
            Err(Unavailable::Absent) => Err(Problem::new(
                404,
                "Not found",
                "no index behind this gateway has the project",
            )),
            Err(error) => {
                count(&self.counts.failures);
                self.gear.events.record(Event::Upstream {
                    project: name.as_str().to_owned(),
                    reason: error.to_string(),
                });
                Err(Problem::new(
                    503,
                    "Upstream unavailable",
                    &error.to_string(),
                ))
            }
        }
    }
}

/// The refusal of what a token is not for. Never an absence: installers would look for it elsewhere.
fn foreign(pass: &Pass, route: &Route) -> Option<Problem> {
    let project = route.named().filter(|project| !pass.opens(project))?;
    let detail = format!("the token {} is not for {}", pass.name, project.as_str());
    Some(Problem::new(403, "Not for this token", &detail))
}

/// Whether a request is of a kind that is answered.
fn allowed(asked: &Asked<'_>) -> Result<(), Problem> {
    if asked.method == Method::GET || asked.method == Method::HEAD {
        return Ok(());
    }
    Err(Problem::new(
        405,
        "Method not allowed",
        "this gateway answers GET and HEAD",
    ))
}

/// What is sent, be it the thing or the refusal.
fn either(answer: Result<Answer, Box<Answer>>) -> Answer {
    answer.unwrap_or_else(|refusal| *refusal)
}

fn plain(text: impl Into<Bytes>) -> Answer {
    answer::with(StatusCode::OK, "text/plain; charset=utf-8", text.into())
}

/// Whether a list of validators holds one; weak ones compare like strong ones here (RFC 9110 §13.1.2).
pub(crate) fn matches_tag(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// A parameter of a query, percent-decoded; `+` stays, as media types have one.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)?;
    Some(
        value
            .replace("%2B", "+")
            .replace("%2b", "+")
            .replace("%2F", "/")
            .replace("%2f", "/"),
    )
}

/// Host and port as they may stand in an address of ours.
fn is_host(text: &str) -> bool {
    text.len() <= 255
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
}
