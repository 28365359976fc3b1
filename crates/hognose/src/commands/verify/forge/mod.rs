//! `--forge`: the files of a commit from the forge that has it, where there is no clone.
//!
//! Nobody is asked but the forge that the user names, and about nothing but repositories on it. That something is not there is said
//! by a 404 alone; whatever else does not work is unknown.

mod github;
mod gitlab;
mod http;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hognose_index::IndexUrl;
use hognose_provenance::attestation::Identity;
use hognose_provenance::commit::Blobs;
use hognose_provenance::commit::forge::{ForgeKind, Repository, is_digest};
use hognose_types::text::short;

use crate::error::Failure;
use crate::surroundings::Surroundings;
use http::{Http, Token};

/// Most parts of a repository's path; GitLab has groups in groups.
const MAX_PARTS: usize = 20;

/// The commit that is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'w> {
    /// Named by the user: a commit or a tag.
    pub(super) named: Option<&'w str>,
    /// What the attestation says.
    pub(super) attested: Option<&'w Identity>,
    /// Tags that the release may have.
    pub(super) tags: &'w [String],
}

/// Files of a commit, and which one.
type Found = (String, Rc<Blobs>);

/// A forge that may be asked.
pub(super) struct Forge {
    kind: ForgeKind,
    /// Where repositories are shown; their paths go on behind it.
    web: IndexUrl,
    /// The repository of everything, where the user names one.
    repository: Option<String>,
    http: Http,
    /// Two files of one release come from one commit.
    known: RefCell<BTreeMap<(String, String), Rc<Blobs>>>,
}

impl Forge {
    /// The forge of `--forge`, else that of a repository's address.
    pub(super) fn new(
        named: Option<&str>,
        repository: Option<&str>,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let (kind, web) = match (named, repository) {
            (Some(named), _) => parse(named)?,
            (None, Some(repository)) => of_address(repository)?,
            (None, None) => return Err(unnamed("")),
        };
        let base = interface(kind, &web)?;
        let token = token(kind, &web, surroundings)?;
        let headers = match kind {
            ForgeKind::GitHub => ("GH_TOKEN", "application/vnd.github+json"),
            ForgeKind::GitLab => ("GITLAB_TOKEN", "application/json"),
        };
        let mut out = Self {
            kind,
            http: Http::new(base, token, headers, surroundings)?,
            web,
            repository: None,
            known: RefCell::default(),
        };
        if let Some(repository) = repository {
            let path = out.path(repository).ok_or_else(|| {
                let shown = short(repository, 120);
                Failure::usage(format!("{shown} is no repository on {}", out.web.plain()))
            })?;
            out.repository = Some(path);
        }
        Ok(out)
    }

    /// The files of the commit that is wanted.
    pub(super) fn files(&self, wanted: &Wanted<'_>) -> Result<Found, String> {
        let path = self.repository_of(wanted)?;
        let repository = match self.kind {
            ForgeKind::GitHub => github::repository(&self.http, &path),
            ForgeKind::GitLab => gitlab::repository(&self.http, &path),
        }?;
        let repository = repository.ok_or_else(|| {
            format!("the forge has no repository {path}, or shows it to nobody without a token")
        })?;
        self.is_the_attested(&repository, wanted, &path)?;
        let attested = wanted.attested.and_then(|identity| identity.commit.clone());
        let named = wanted.named.map(str::to_owned).or(attested);
        let commit = match named {
            Some(commit) if is_digest(&commit) => {
                self.is_led_to(&path, &commit, &repository, wanted)?;
                commit
            }
            Some(tag) => {
                let found = self.tag(&path, &tag)?;
                let shown = short(&tag, 60);
                found.ok_or_else(|| format!("the forge has no tag {shown:?}; name a tag, or a commit by its whole digest"))?
            }
            None => self.tagged(&path, wanted)?,
        };
        let key = (path, commit);
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok((key.1, Rc::clone(known)));
        }
        let blobs = match self.kind {
            ForgeKind::GitHub => github::files(&self.http, &key.0, &key.1),
            ForgeKind::GitLab => gitlab::files(&self.http, &key.0, &key.1),
        }?;
        let blobs = blobs.ok_or_else(|| format!("the forge has no commit {}", key.1))?;
        let blobs = Rc::new(blobs);
        let commit = key.1.clone();
        self.known.borrow_mut().insert(key, Rc::clone(&blobs));
        Ok((commit, blobs))
    }

    fn repository_of(&self, wanted: &Wanted<'_>) -> Result<String, String> {
        if let Some(path) = &self.repository {
            return Ok(path.clone());
        }
        let attested = wanted.attested.and_then(|i| i.repository.as_deref());
        let attested = attested.ok_or_else(|| {
            "no attestation names its repository; name it with `--repository URL`".to_owned()
        })?;
        self.path(attested).ok_or_else(|| {
            let shown = short(attested, 120);
            format!(
                "its repository is {shown}, which is not on {}",
                self.web.plain()
            )
        })
    }

    /// The path of a repository on this forge; none for addresses elsewhere, or that are none of a repository.
    fn path(&self, repository: &str) -> Option<String> {
        let repository = IndexUrl::parse(repository).ok()?.without_credentials();
        let (web, repository) = (self.web.plain(), repository.plain());
        let path = repository.strip_prefix(web.trim_end_matches('/'))?;
        let path = path.strip_prefix('/')?.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
        let parts = path.split('/').count();
        let fits = match self.kind {
            ForgeKind::GitHub => parts == 2,
            ForgeKind::GitLab => (2..=MAX_PARTS).contains(&parts),
        };
        (fits && path.split('/').all(is_part)).then(|| path.to_owned())
    }

    /// An old name in new hands is another repository.
    fn is_the_attested(
        &self,
        repository: &Repository,
        wanted: &Wanted<'_>,
        path: &str,
    ) -> Result<(), String> {
        let Some(identity) = wanted.attested else {
            return Ok(());
        };
        let is_its = identity
            .repository
            .as_deref()
            .and_then(|r| self.path(r))
            .as_deref()
            == Some(path);
        match &identity.repository_id {
            Some(id) if is_its && *id != repository.id.to_string() => Err(format!(
                "{path} has number {} now, and {} in the attestation: it is another repository",
                repository.id,
                short(id, 20)
            )),
            _ => Ok(()),
        }
    }

    /// Forges show commits of forks under the address of the original, too: a branch or a tag of its own must lead there.
    fn is_led_to(
        &self,
        path: &str,
        commit: &str,
        repository: &Repository,
        wanted: &Wanted<'_>,
    ) -> Result<(), String> {
        if self
            .known
            .borrow()
            .contains_key(&(path.to_owned(), commit.to_owned()))
        {
            return Ok(());
        }
        if self.kind == ForgeKind::GitLab {
            if gitlab::is_reachable(&self.http, path, commit)? {
                return Ok(());
            }
        } else {
            let reference = wanted.attested.and_then(|i| i.reference.as_deref());
            let branch = reference.and_then(|r| r.strip_prefix("refs/heads/"));
            let branches = repository.branch.as_deref().into_iter().chain(branch);
            for branch in branches {
                if github::has(&self.http, path, branch, commit)? {
                    return Ok(());
                }
            }
            let tag = reference.and_then(|r| r.strip_prefix("refs/tags/"));
            let tags = tag
                .into_iter()
                .chain(wanted.tags.iter().map(String::as_str));
            for tag in tags {
                if github::tag(&self.http, path, tag)?.as_deref() == Some(commit) {
                    return Ok(());
                }
            }
        }
        Err(format!(
            "no branch or tag of {path} that was looked at leads to commit {commit}: it may be of a fork"
        ))
    }

    fn tag(&self, path: &str, name: &str) -> Result<Option<String>, String> {
        match self.kind {
            ForgeKind::GitHub => github::tag(&self.http, path, name),
            ForgeKind::GitLab => gitlab::tag(&self.http, path, name),
        }
    }

    fn tagged(&self, path: &str, wanted: &Wanted<'_>) -> Result<String, String> {
        for name in wanted.tags {
            if let Some(commit) = self.tag(path, name)? {
                return Ok(commit);
            }
        }
        Err("no attestation and no tag names its commit".to_owned())
    }
}

/// `github=https://…`, or the address alone where the host says which kind it is.
fn parse(text: &str) -> Result<(ForgeKind, IndexUrl), Failure> {
    let (kind, address) = match text.split_once('=') {
        Some(("github", address)) => (Some(ForgeKind::GitHub), address),
        Some(("gitlab", address)) => (Some(ForgeKind::GitLab), address),
        _ => (None, text),
    };
    let web = address_of(address)?;
    let kind = kind.or_else(|| kind_of(&web));
    kind.map(|kind| (kind, web)).ok_or_else(|| unnamed(text))
}

/// The forge of a repository's address.
fn of_address(repository: &str) -> Result<(ForgeKind, IndexUrl), Failure> {
    let url = address_of(repository)?;
    let kind = kind_of(&url).ok_or_else(|| unnamed(repository))?;
    let web = IndexUrl::parse(&format!("https://{}", url.host()));
    web.map(|web| (kind, web)).map_err(|_| unnamed(repository))
}

fn address_of(text: &str) -> Result<IndexUrl, Failure> {
    let url = IndexUrl::parse(text).map_err(|_| unnamed(text))?;
    if url.has_password() || url.user_name().is_some() {
        return Err(Failure::usage("an address of a forge carries no password")
            .hint("set GH_TOKEN or GITLAB_TOKEN"));
    }
    if !url.is_secure() && !is_here(&url) {
        return Err(Failure::usage("a forge is asked over https alone"));
    }
    Ok(url)
}

fn is_here(url: &IndexUrl) -> bool {
    matches!(url.host(), "127.0.0.1" | "localhost" | "[::1]")
}

fn kind_of(url: &IndexUrl) -> Option<ForgeKind> {
    match url.host() {
        "github.com" => Some(ForgeKind::GitHub),
        "gitlab.com" => Some(ForgeKind::GitLab),
        _ => None,
    }
}

fn unnamed(text: &str) -> Failure {
    let shown = short(text, 120);
    Failure::usage(format!("{shown:?} does not say which forge it is"))
        .hint("write `--forge github=https://HOST` or `--forge gitlab=https://HOST`")
}

/// Where a forge's interface is.
fn interface(kind: ForgeKind, web: &IndexUrl) -> Result<IndexUrl, Failure> {
    let base = web.plain();
    let base = base.trim_end_matches('/');
    let text = match (kind, web.host()) {
        (ForgeKind::GitHub, "github.com") => "https://api.github.com".to_owned(),
        (ForgeKind::GitHub, _) => format!("{base}/api/v3"),
        (ForgeKind::GitLab, _) => format!("{base}/api/v4"),
    };
    IndexUrl::parse(&text).map_err(|_| unnamed(base))
}

/// The token that `gh` and `glab` would send to this host, and to no other.
fn token(
    kind: ForgeKind,
    web: &IndexUrl,
    surroundings: &Surroundings,
) -> Result<Option<Token>, Failure> {
    let own = web.plain();
    let own = own.split_once("://").map_or(own.as_str(), |(_, rest)| rest);
    let own = own.trim_end_matches('/');
    let is_named = |variables: &[&str]| {
        let mut names = variables
            .iter()
            .filter_map(|name| surroundings.variable(name));
        names.any(|name| {
            let name = name.split_once("://").map_or(name, |(_, rest)| rest);
            name.trim_end_matches('/').eq_ignore_ascii_case(own)
        })
    };
    let names: &[&str] = match (kind, web.host()) {
        (ForgeKind::GitHub, "github.com") => &["GH_TOKEN", "GITHUB_TOKEN"],
        (ForgeKind::GitHub, _) if is_named(&["GH_HOST"]) => {
            &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
        }
        (ForgeKind::GitLab, "gitlab.com")
            if surroundings.variable("GITLAB_HOST").is_none() || is_named(&["GITLAB_HOST"]) =>
        {
            &["GITLAB_TOKEN"]
        }
        (ForgeKind::GitLab, _) if is_named(&["GITLAB_HOST"]) => &["GITLAB_TOKEN"],
        _ => &[],
    };
    let found = names
        .iter()
        .find_map(|name| Some((name, surroundings.variable(name)?)));
    let Some((name, token)) = found else {
        return Ok(None);
    };
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage(format!("{name} holds no token")));
    }
    Ok(Some(Token(token.to_owned())))
}
