//! What an index says of a project: facts, and what is not known.
//!
//! Whoever asks indexes fills these values; the rules look at nothing else. A fact that an index does not give is
//! `None`, never a default: a project without upload times is not an old one.

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{PackageName, Version};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Whether an index has a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Present,
    /// Every index that was asked answered that it does not.
    Absent,
    /// It could not be asked, and why.
    Unknown(String),
}

/// Status of a project (PEP 792).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is maintained, as far as anybody said.
    Active,
    /// Nothing is going to change in it.
    Archived,
    /// Something else is to be used.
    Deprecated,
    /// The index withholds it as unsafe.
    Quarantined,
}

impl Standing {
    /// Reads the word of an index; words that are not known say nothing.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "active" => Self::Active,
            "archived" => Self::Archived,
            "deprecated" => Self::Deprecated,
            "quarantined" => Self::Quarantined,
            _ => return None,
        })
    }
}

/// Where a fact was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The page of the Simple API.
    Page,
    /// The project page in JSON that many indexes have beside it.
    ProjectPage,
}

/// Whether a file has an attestation (PEP 740).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attested {
    /// The index announces one.
    Yes,
    /// It announces some for other files of the project, and none for this one.
    No,
    /// It announces none for any file, which an index that keeps none does too.
    Unknown,
}

/// What is known of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its name.
    pub filename: String,
    /// The release it belongs to.
    pub version: Version,
    /// When it was uploaded, Unix seconds, and where that stands.
    pub uploaded: Option<(i64, Origin)>,
    /// It was withdrawn (PEP 592).
    pub yanked: bool,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// sha256 in lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Versions of Python it is for, as written.
    pub requires_python: Option<String>,
    /// Whether an attestation is announced.
    pub attested: Attested,
}

/// What a project says of itself and who may upload; only some indexes tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Accounts that may upload.
    pub owners: Option<BTreeSet<String>>,
    /// The organisation that owns it.
    pub organization: Option<String>,
    /// Domains of the addresses of authors and maintainers.
    pub mail_domains: BTreeSet<String>,
    /// Repositories that its links name.
    pub repositories: BTreeSet<Repository>,
    /// Trove classifiers of the newest release.
    pub classifiers: Vec<String>,
    /// Bytes of the description.
    pub description: Option<usize>,
    /// The newest version as the index counts: what the classifiers are about.
    pub version: Option<String>,
}

/// A repository on a forge, in a form that equal ones share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

/// Everything that is known of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFacts {
    /// Its name.
    pub name: PackageName,
    /// Whether it is there at all.
    pub presence: Presence,
    /// The index that answered, without credentials.
    pub index: String,
    /// Its status and the reason given; none where the index does not say.
    pub standing: Option<(Standing, Option<String>)>,
    /// Its wheels and sdists.
    pub files: Vec<FileFacts>,
    /// Files on the page that are no wheel or sdist, such as eggs.
    pub others: usize,
    /// What the project page says; none where there is none.
    pub details: Option<Details>,
    /// The repository that the attestation of the newest attested file names as its publisher, where it was read.
    pub publisher: Option<Repository>,
}

/// One release, put together from its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release<'f> {
    /// Its version.
    pub version: &'f Version,
    /// Its files.
    pub files: Vec<&'f FileFacts>,
    /// Upload of its first file.
    pub first: Option<i64>,
    /// Upload of its youngest file: what an installer may get is as young as that.
    pub last: Option<i64>,
    /// All of it was withdrawn.
    pub yanked: bool,
}

impl<'f> Release<'f> {
    fn new(version: &'f Version, files: Vec<&'f FileFacts>) -> Self {
        let times = || files.iter().filter_map(|f| f.uploaded).map(|(at, _)| at);
        Self {
            version,
            first: times().min(),
            last: times().max(),
            yanked: files.iter().all(|f| f.yanked),
            files,
        }
    }
}

impl ProjectFacts {
    /// A project of which only the presence is known.
    pub fn only(name: PackageName, presence: Presence, index: String) -> Self {
        Self {
            name,
            presence,
            index,
            standing: None,
            files: Vec::new(),
            others: 0,
            details: None,
            publisher: None,
        }
    }

    /// Its releases, oldest version first.
    pub fn releases(&self) -> Vec<Release<'_>> {
        let mut groups: BTreeMap<&Version, Vec<&FileFacts>> = BTreeMap::new();
        for file in &self.files {
            groups.entry(&file.version).or_default().push(file);
        }
        groups
            .into_iter()
            .map(|(version, files)| Release::new(version, files))
            .collect()
    }

    /// When its oldest file was uploaded; none when that of any file is not known: it could be the oldest.
    pub fn first_upload(&self) -> Option<i64> {
        if self.files.iter().any(|f| f.uploaded.is_none()) {
            return None;
        }
        self.uploads().min()
    }

    /// When its youngest file was uploaded, as far as known.
    pub fn last_upload(&self) -> Option<i64> {
        self.uploads().max()
    }

    fn uploads(&self) -> impl Iterator<Item = i64> {
        self.files
            .iter()
            .filter_map(|f| f.uploaded)
            .map(|(at, _)| at)
    }

    /// Who may upload, where the index tells.
    pub fn owners(&self) -> Option<&BTreeSet<String>> {
        self.details.as_ref()?.owners.as_ref()
    }

    /// True when both are known to be in the same hands: an account or an organisation in common.
    pub fn shares_owner(&self, other: &Self) -> bool {
        let organization = |p: &Self| p.details.as_ref().and_then(|d| d.organization.clone());
        let same = organization(self).is_some() && organization(self) == organization(other);
        let owners = self.owners().zip(other.owners());
        same || owners.is_some_and(|(a, b)| !a.is_disjoint(b))
    }
}

/// Forges whose addresses begin with owner and repository.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];
/// First words of a forge's address that are no owner.
const NO_OWNERS: [&str; 6] = [
    "sponsors",
    "orgs",
    "topics",
    "marketplace",
    "users",
    "features",
];

impl Repository {
    /// The repository that a link of a project leads into; none when it leads elsewhere.
    pub fn of_link(link: &str) -> Option<Self> {
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let mut parts = rest.split(['/', '?', '#', ':']).filter(|p| !p.is_empty());
        let host = parts.next()?.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        let (owner, name) = (parts.next()?, parts.next()?);
        if !FORGES.contains(&host) || NO_OWNERS.contains(&owner.to_ascii_lowercase().as_str()) {
            return None;
        }
        let name = name.strip_suffix(".git").unwrap_or(name);
        let plain = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if name.is_empty() || !plain(owner) || !plain(name) || owner.len() + name.len() > 200 {
            return None;
        }
        Some(Self(format!("{host}/{owner}/{name}").to_ascii_lowercase()))
    }

    /// `host/owner/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `host/owner`.
    pub fn owner(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(owner, _)| owner)
    }
}

/// The domain of every address in a text such as `Ada <ada@acme.example>, b@c.example`.
pub fn mail_domains(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split([',', ';', ' ', '<', '>', '"'])
        .filter_map(|word| {
            let (user, domain) = word.trim().rsplit_once('@')?;
            let plain = domain
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
            (!user.is_empty() && plain && domain.contains('.') && domain.len() < 254)
                .then(|| domain.to_ascii_lowercase())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for (link, expected) in [
            ("https://github.com/Acme/Tool", Some("github.com/acme/tool")),
            (
                "https://www.github.com/acme/tool.git#readme",
                Some("github.com/acme/tool"),
            ),
            (
                "git@gitlab.com:acme/tool/-/issues",
                Some("gitlab.com/acme/tool"),
            ),
            ("https://github.com/psf/a.b", Some("github.com/psf/a.b")),
            ("https://github.com/sponsors/acme", None),
            ("https://github.com/acme", None),
            ("https://acme.example/github.com/a/b", None),
            ("https://github.com/a\u{202e}/b", None),
            ("", None),
        ] {
            let found = Repository::of_link(link);
            assert_eq!(found.as_ref().map(Repository::as_str), expected, "{link}");
        }
    }

    #[test]
    fn domains() {
        let of = |text: &str| mail_domains(text).collect::<Vec<_>>();
        assert_eq!(
            of("Ada <ada@Acme.example>, \"B\" <b@c.example>"),
            ["acme.example", "c.example"]
        );
        assert!(of("nobody, @x.example a@b").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_link_is_survived(link in ".{0,80}") {
            let _ = Repository::of_link(&link);
            let _ = mail_domains(&link).count();
        }
    }
}
