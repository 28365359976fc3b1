//! Repositories that requirements name and that have moved or are gone: a name that was left is anybody's to take.

use std::collections::BTreeMap;

use hognose_types::{
    ComponentId, Confidence, Finding, Inventory, Places, Remedy, Severity, Source, Subject,
    rules::online as rule, text,
};

/// What a forge answers about a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// It is there, under that address.
    There,
    /// It is not there, or not for everybody.
    Gone,
    /// Whoever asks is sent to another address.
    Moved(String),
}

/// First words of a forge's address that are no owner: private repositories lead to pages that ask who one is.
const NO_OWNERS: [&str; 8] = [
    "users", "login", "signin", "sign_in", "auth", "oauth", "session", "sso",
];

/// The repositories that requirements name, as addresses that can be asked; those of other schemes are left out.
pub fn repositories(inventory: &Inventory) -> BTreeMap<String, Vec<ComponentId>> {
    let mut out: BTreeMap<String, Vec<ComponentId>> = BTreeMap::new();
    for (at, component) in inventory.components.iter().enumerate() {
        if let Source::Vcs { url, .. } = &component.source
            && let Some(address) = address(url.expose())
        {
            out.entry(address).or_default().push(ComponentId(at));
        }
    }
    out
}

/// Without the name of the tool, credentials, query and what is said of the content.
fn address(url: &str) -> Option<String> {
    let url = url.split_once('+').map_or(
        url,
        |(tool, rest)| {
            if tool.contains(':') { url } else { rest }
        },
    );
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "https" | "http") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    // A reference after the path: `…/tool.git@main`.
    let path = path.split('@').next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    (!host.is_empty() && !path.is_empty()).then(|| format!("{scheme}://{host}/{path}"))
}

/// Host, owner and name of a repository's address.
fn parts(url: &str) -> Option<(String, String, String)> {
    let rest = url.split_once("://")?.1;
    let mut parts = rest.split(['/', '?', '#']).filter(|p| !p.is_empty());
    let lower = |part: &str| part.to_ascii_lowercase();
    let (host, owner, name) = (
        lower(parts.next()?),
        lower(parts.next()?),
        lower(parts.next()?),
    );
    let name = name.strip_suffix(".git").unwrap_or(&name).to_owned();
    (!NO_OWNERS.contains(&owner.as_str())).then_some((host, owner, name))
}

/// Judges what forges answered about [`repositories`].
pub fn repojack(inventory: &Inventory, answers: &BTreeMap<String, Repository>) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for (url, members) in repositories(inventory) {
        let shown = text::short(&url, 200);
        let said = match answers.get(&url) {
            Some(Repository::Gone) => Some((
                Severity::Medium,
                Confidence::Medium,
                format!(
                    "{shown} is not there, or not for everybody: if the owner's name is free, whoever takes it decides what is installed"
                ),
            )),
            Some(Repository::Moved(to)) => moved(&url, to),
            Some(Repository::There) | None => None,
        };
        let component = members.first().and_then(|id| inventory.component(*id));
        let (Some((severity, confidence, message)), Some(component)) = (said, component) else {
            continue;
        };
        out.push(Finding {
            rule: rule::REPOJACK,
            subject: Subject::of(component),
            severity,
            confidence,
            message,
            advisory: None,
            occurrences: members.iter().flat_map(|id| places.of(*id)).collect(),
            remedy: Remedy {
                text: "make sure who holds the repository now, and name its new address with a full commit"
                    .to_owned(),
                version: None,
            },
        });
    }
    out
}

fn moved(url: &str, to: &str) -> Option<(Severity, Confidence, String)> {
    let (host, owner, name) = parts(url)?;
    let (new_host, new_owner, new_name) = parts(to)?;
    let shown = |url: &str| text::short(url, 200);
    if host != new_host || owner != new_owner {
        let message = format!(
            "{} has moved to another owner, {}: the old name is held by a redirect alone, which ends when somebody takes it",
            shown(url),
            shown(to)
        );
        return Some((Severity::High, Confidence::Medium, message));
    }
    (name != new_name).then(|| {
        let message = format!(
            "{} is called {} now: the old name is held by a redirect alone",
            shown(url),
            shown(to)
        );
        (Severity::Low, Confidence::High, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, expected) in [
            (
                "git+https://forge.example/acme/tool.git",
                Some("https://forge.example/acme/tool.git"),
            ),
            (
                "git+https://me:x@forge.example/acme/tool@main?a=b#egg=tool",
                Some("https://forge.example/acme/tool"),
            ),
            (
                "https://forge.example/acme/tool/",
                Some("https://forge.example/acme/tool"),
            ),
            ("git+ssh://git@forge.example/acme/tool", None),
            ("git+file:///srv/tool", None),
            ("git+https://forge.example", None),
        ] {
            assert_eq!(address(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn moves() {
        let severity = |to: &str| {
            moved("https://forge.example/Acme/tool.git", to).map(|(severity, _, _)| severity)
        };
        assert_eq!(severity("https://forge.example/acme/tool"), None);
        assert_eq!(severity("https://forge.example/acme/Tool.git/"), None);
        assert_eq!(
            severity("https://forge.example/acme/tools"),
            Some(Severity::Low)
        );
        assert_eq!(
            severity("https://forge.example/other/tool"),
            Some(Severity::High)
        );
        assert_eq!(
            severity("https://else.example/acme/tool"),
            Some(Severity::High)
        );
        // Who one is, is asked of those who may not know whether it is there.
        assert_eq!(severity("https://forge.example/users/sign_in"), None);
        assert_eq!(severity("https://forge.example/login"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_address_is_survived(url in ".{0,80}", to in ".{0,80}") {
            let _ = address(&url);
            let _ = moved(&url, &to);
        }
    }
}
