//! The metadata of an artifact: what it says of itself, as far as that is evidence.

mod read;

use hognose_types::PackageName;
use hognose_types::version::Version;

use super::stdlib;
use crate::fact::{Fact, FactKind, Place, Trigger};

/// What metadata says. Missing fields and `UNKNOWN` are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The name as written.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// One line.
    pub summary: String,
    /// Length of the description in characters.
    pub description_len: usize,
    /// The beginning of the description.
    pub description: String,
    /// Dependencies as written.
    pub requires_dist: Vec<String>,
    /// Label and address of each page; the home page is labelled `Home-page`.
    pub urls: Vec<(String, String)>,
    /// Authors and maintainers as written.
    pub author: String,
    /// Their addresses as written.
    pub author_email: String,
    /// Licence as written.
    pub license: String,
    /// Versions of Python accepted.
    pub requires_python: String,
    /// Trove classifiers.
    pub classifiers: Vec<String>,
}

impl Metadata {
    /// Reads `PKG-INFO` or `METADATA`: headers, possibly folded, then the description. Never fails; what cannot be
    /// read is missing.
    pub fn read(text: &str) -> Self {
        read::headers(text)
    }

    /// Reads `pyproject.toml` (`[project]`, else `[tool.poetry]`). Nothing when it is no TOML or has neither.
    pub fn from_pyproject(text: &str) -> Option<Self> {
        read::pyproject(text)
    }

    /// Reads `setup.cfg`. Nothing without a `[metadata]` section.
    pub fn from_setup_cfg(text: &str) -> Option<Self> {
        read::setup_cfg(text)
    }
}

/// Domains of throw-away mail that everybody knows; the long list is the user's data.
const DISPOSABLE: &str = " 0-mail.com 10minutemail.com 10minutemail.net 1secmail.com 1secmail.net 1secmail.org \
    20minutemail.com 33mail.com anonaddy.me burnermail.io byom.de cock.li crazymailing.com dispostable.com dropmail.me \
    emailondeck.com emltmp.com fakeinbox.com fakemail.net getairmail.com getnada.com grr.la guerrillamail.biz \
    guerrillamail.com guerrillamail.de guerrillamail.info guerrillamail.net guerrillamail.org guerrillamailblock.com \
    harakirimail.com inboxkitten.com jetable.org linshiyouxiang.net mail-temp.com mail.tm mailcatch.com maildrop.cc \
    mailexpire.com mailinator.com mailinator.net mailnesia.com mailnull.com mailsac.com mintemail.com mohmal.com \
    moakt.com mytemp.email mytrashmail.com nada.email owlymail.com sharklasers.com spam4.me spambox.us spamgourmet.com \
    temp-mail.org temp-mail.io tempail.com tempinbox.com tempmail.com tempmail.net tempmailo.com tempr.email \
    throwaway.email throwawaymail.com tmpmail.net tmpmail.org trash-mail.com trashmail.com trashmail.de trbvm.com \
    yopmail.com yopmail.fr yopmail.net zetmail.com ";

/// Wording of packages that are sent out to show a weakness.
const RESEARCH: [&str; 26] = [
    "dependency confusion",
    "dependency-confusion",
    "dependencyconfusion",
    "bug bounty",
    "bugbounty",
    "bug-bounty",
    "security research package",
    "for security research",
    "security research purposes",
    "for research purposes only",
    "proof of concept package",
    "proof-of-concept package",
    "poc package",
    "package for poc",
    "poc for ",
    "pentest package",
    "penetration test package",
    "supply chain attack",
    "supply-chain attack",
    "typosquatting",
    "typo squatting",
    "hackerone",
    "bugcrowd",
    "intigriti",
    "reserved for security",
    "protect against package",
];

/// Standard modules that were published for older Pythons under their own name.
const BACKPORTS: &str = " argparse asyncio configparser contextvars dataclasses enum hashlib ipaddress multiprocessing \
    pathlib selectors ssl statistics typing uuid wsgiref importlib ";

/// Notes what the metadata shows. `outside` is the name in the file name of the artifact, when known.
pub fn facts(
    path: &str,
    metadata: &Metadata,
    outside: Option<&str>,
    trigger: Trigger,
    out: &mut Vec<Fact>,
) {
    let mut add =
        |kind, detail: &str| out.push(Fact::new(kind, trigger, Place::file(path), detail));
    if metadata.description_len == 0 {
        add(FactKind::DescriptionEmpty, &metadata.summary);
    }
    if metadata.urls.is_empty() {
        add(FactKind::HomepageMissing, "");
    }
    if metadata.author.is_empty() && metadata.author_email.is_empty() {
        add(FactKind::AuthorMissing, "");
    }
    if is_absurd(&metadata.version) {
        add(FactKind::VersionAbsurd, &metadata.version);
    }
    if let Some(mail) = disposable(&metadata.author_email) {
        add(FactKind::MailDisposable, mail);
    }
    let said = format!("{}\n{}", metadata.summary, metadata.description).to_ascii_lowercase();
    if let Some(words) = RESEARCH.iter().find(|words| said.contains(**words)) {
        add(FactKind::ResearchWording, words);
    }
    if let Some(outside) = outside.filter(|outside| differ(&metadata.name, outside)) {
        add(
            FactKind::NameMismatch,
            &format!("{} in {outside}", metadata.name),
        );
    }
    references(path, metadata, trigger, out);
}

/// Notes what the build requires and is no name of a project: installers fetch it before anybody sees it.
pub(crate) fn build_references(path: &str, requirements: &[String], out: &mut Vec<Fact>) {
    for requirement in requirements.iter().filter(|r| is_direct(r)) {
        let place = Place::file(path);
        out.push(Fact::new(
            FactKind::BuildReference,
            Trigger::Install,
            place,
            requirement,
        ));
    }
}

/// Notes dependencies that are no names of projects.
pub fn references(path: &str, metadata: &Metadata, trigger: Trigger, out: &mut Vec<Fact>) {
    let mut add =
        |kind, detail: &str| out.push(Fact::new(kind, trigger, Place::file(path), detail));
    for requirement in &metadata.requires_dist {
        let name = requirement_name(requirement);
        if is_direct(requirement) {
            add(FactKind::DirectReference, requirement);
        }
        let module = name.to_ascii_lowercase().replace('-', "_");
        if stdlib::is_standard(&module) && !BACKPORTS.contains(&format!(" {module} ")) {
            add(FactKind::StdlibDependency, name);
        }
    }
}

/// Whether two names are two projects'. Names nobody can read are not compared.
fn differ(inside: &str, outside: &str) -> bool {
    match (PackageName::new(inside), PackageName::new(outside)) {
        (Ok(inside), Ok(outside)) => inside != outside,
        _ => false,
    }
}

/// The name a requirement begins with.
pub(crate) fn requirement_name(requirement: &str) -> &str {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    requirement.get(..end).unwrap_or_default()
}

/// Whether a requirement names a place instead of versions.
fn is_direct(requirement: &str) -> bool {
    let head = requirement.split(';').next().unwrap_or_default();
    head.contains('@') && head.contains(':')
        || ["git+", "hg+", "http://", "https://", "file:/"]
            .iter()
            .any(|s| head.starts_with(s))
}

fn disposable(mails: &str) -> Option<&str> {
    mails
        .split([',', ' ', '<', '>', ';'])
        .filter(|mail| !mail.is_empty())
        .find(|mail| {
            mail.rsplit_once('@').is_some_and(|(_, domain)| {
                DISPOSABLE.contains(&format!(" {} ", domain.to_ascii_lowercase()))
            })
        })
}

/// Whether a version only serves to be higher than every other: 99.0.0, 9.9.9, 1000.1. Years and dates are not.
fn is_absurd(version: &str) -> bool {
    let Ok(version) = Version::new(version) else {
        return false;
    };
    let release = version.release();
    let Some((first, rest)) = release.split_first() else {
        return false;
    };
    let nines = |n: &u64| matches!(n, 9 | 99 | 999 | 9_999 | 99_999 | 999_999);
    if version.epoch() > 0 && *first >= 99 {
        return true;
    }
    if release.len() >= 3 && release.iter().all(nines) {
        return true;
    }
    // Drivers carry the version of their browser (90.0.4430.24).
    let short = rest.len() <= 2 && rest.iter().all(|n| *n <= 100 || nines(n));
    match *first {
        90 | 99 | 999 => short,
        100 => rest.iter().all(|n| *n == 0 || *n == 100) && !rest.is_empty(),
        1_000.. => !is_date(*first),
        _ => false,
    }
}

/// Whether a number is a year or a date in one of the orders versions use: 2024, 202401, 20240131, 2401, 240131.
fn is_date(number: u64) -> bool {
    let month = |m: u64| (1..=12).contains(&m);
    let day = |d: u64| (1..=31).contains(&d);
    let year = |y: u64| (1970..=2100).contains(&y);
    let short_year = |y: u64| (10..=40).contains(&y);
    year(number)
        // A month or a week.
        || year(number / 100) && (1..=53).contains(&(number % 100))
        || year(number / 10_000) && month(number / 100 % 100) && day(number % 100)
        || short_year(number / 100) && month(number % 100)
        || short_year(number / 10_000) && month(number / 100 % 100) && day(number % 100)
        // With the time behind the date.
        || number > 1_000_000_000 && (year(number / 10_000_000_000) || year(number / 100_000_000) || year(number / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::is_absurd;

    #[test]
    fn versions() {
        for version in [
            "99.0.0",
            "99.9.9",
            "90.1",
            "9.9.9",
            "9.9.9.9",
            "99.99.99",
            "1000.0.0",
            "100.100.100",
            "9999.1",
            "5000.0",
        ] {
            assert!(is_absurd(version), "{version}");
        }
        for version in [
            "1.0",
            "2024.1.1",
            "20240131",
            "20240131.1",
            "2401.0",
            "240131",
            "90.0.4430.24",
            "99.0.4844.51",
            "9.9",
            "80.9.0",
            "100.1.2",
            "202401.1",
            "26.3",
            "x",
            "20240131123000",
        ] {
            assert!(!is_absurd(version), "{version}");
        }
    }
}
