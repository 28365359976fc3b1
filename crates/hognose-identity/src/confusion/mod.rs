//! Dependency confusion: who else could deliver what a project means to take from its own index.
//!
//! What decides is the configuration of the tool, not the name: pip takes the highest version that any of its indexes
//! offers, uv the first index that has the name, Poetry goes by priorities, PDM and Pipenv by what a package is bound to.
//! A name that is bound, or whose files are fixed by digests, cannot be taken from elsewhere. Which names are private
//! only the user can say; of others nothing is known, so all of one configuration make one finding.

mod remedy;
mod setup;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use hognose_types::{
    Component, ComponentId, ComponentKind, ComponentVersion, Confidence, DigestAlgorithm, Finding,
    IndexSettings, InputFormat, InputId, Inventory, OwnedNames, PackageName, Places, Remedy,
    Severity, Source, Subject, rules,
};

use setup::{Exposure, Setup, is_public, same_place};

/// The configuration that holds for some inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// The inputs.
    pub inputs: BTreeSet<InputId>,
    /// What is configured where they lie.
    pub settings: IndexSettings,
}

/// Names of a summary that are written out.
const SHOWN: usize = 5;
/// Places of a summary that are listed.
const MAX_PLACES: usize = 20;

/// Everything that configurations, locks and versions show of confused indexes. `popular` are names that nobody can
/// take any more.
pub fn confusion(
    inventory: &Inventory,
    configured: &[Configured],
    popular: &BTreeSet<&str>,
    owned: &OwnedNames,
) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for setup in setup::all(inventory, configured) {
        let open = setup.open_names(inventory);
        out.extend(of_owned(inventory, &setup, &open, owned, &mut places));
        out.extend(of_others(
            inventory,
            &setup,
            &open,
            (popular, owned),
            &mut places,
        ));
    }
    out.extend(recorded(inventory, configured, owned, &mut places));
    out.extend(version::findings(inventory, popular, &mut places));
    out
}

type Open<'i> = BTreeMap<&'i PackageName, Vec<ComponentId>>;

impl<'i> Setup<'_> {
    /// The names that the tool asks its indexes for and that nothing fixes.
    fn open_names(&self, inventory: &'i Inventory) -> Open<'i> {
        let mut out: Open<'i> = BTreeMap::new();
        for (at, component) in inventory.components.iter().enumerate() {
            let format = inventory.input(component.input).map(|i| i.format);
            let (true, Some(format)) = (self.inputs.contains(&component.input), format) else {
                continue;
            };
            if component.kind == ComponentKind::Distribution
                && !is_fixed(component, format)
                && self.settings.bound_by(self.tool, &component.name).is_none()
                && !self.leaves_one(&component.name)
            {
                out.entry(&component.name)
                    .or_default()
                    .push(ComponentId(at));
            }
        }
        out
    }
}

/// True when no other index can deliver the component: its files are fixed, or where they come from is.
fn is_fixed(component: &Component, format: InputFormat) -> bool {
    let strong = |a| !matches!(a, DigestAlgorithm::Md5 | DigestAlgorithm::Sha1);
    if component.hashes.iter().any(|h| strong(h.algorithm())) {
        return true;
    }
    match &component.source {
        Source::Default => false,
        // `-i` of a requirements file is for every name alike.
        Source::Index { .. } => format != InputFormat::Requirements,
        Source::Url { .. } | Source::Vcs { .. } | Source::Path { .. } => true,
    }
}

fn of_owned(
    inventory: &Inventory,
    setup: &Setup<'_>,
    open: &Open<'_>,
    owned: &OwnedNames,
    places: &mut Places<'_>,
) -> Vec<Finding> {
    let Some(exposure) = setup.exposure() else {
        return Vec::new();
    };
    let concerned: Vec<_> = open.iter().filter(|(name, _)| owned.owns(name)).collect();
    let names: Vec<&PackageName> = concerned.iter().map(|(name, _)| **name).collect();
    let mut out = Vec::new();
    for (name, members) in &concerned {
        let Some(component) = members.first().and_then(|id| inventory.component(*id)) else {
            continue;
        };
        let tool = setup.label();
        let threat =
            format!("whoever registers your own name {name} on the public index can deliver it");
        let message = match exposure {
            Exposure::Highest | Exposure::HighestOfLinks => format!(
                "{threat}: {tool} takes the highest version of {}",
                setup.describe(" and ")
            ),
            Exposure::PublicFirst => {
                format!("{threat}: {tool} asks {}", setup.describe(", then "))
            }
            Exposure::Unbound => format!(
                "your own name {name} is bound to no index: {tool} asks {} only",
                setup.describe(" and ")
            ),
        };
        out.push(Finding {
            rule: rules::id_confusion::ID,
            subject: Subject::of(component),
            severity: Severity::High,
            confidence: Confidence::High,
            message,
            advisory: None,
            occurrences: members.iter().flat_map(|id| places.of(*id)).collect(),
            remedy: remedy(setup, &names),
        });
    }
    out
}

fn remedy(setup: &Setup<'_>, names: &[&PackageName]) -> Remedy {
    Remedy {
        text: remedy::text(setup, names),
        version: None,
    }
}

/// All other names of a configuration that any of several indexes may deliver: one finding.
fn of_others(
    inventory: &Inventory,
    setup: &Setup<'_>,
    open: &Open<'_>,
    (popular, owned): (&BTreeSet<&str>, &OwnedNames),
    places: &mut Places<'_>,
) -> Option<Finding> {
    if setup.exposure() != Some(Exposure::Highest) {
        return None;
    }
    let unknown = |name: &PackageName| !owned.owns(name) && !popular.contains(name.as_str());
    let concerned: Vec<_> = open.iter().filter(|(name, _)| unknown(name)).collect();
    let (_, first) = concerned.first()?;
    let component = inventory.component(*first.first()?)?;
    let members = || concerned.iter().flat_map(|(_, ids)| ids.iter().copied());
    let is_pinned = |id| {
        let component = inventory.component(id);
        component.is_some_and(|c: &Component| matches!(c.version, ComponentVersion::Pinned(_)))
    };
    let shown: Vec<&str> = concerned
        .iter()
        .take(SHOWN)
        .map(|(n, _)| n.as_str())
        .collect();
    let more = match concerned.len().saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let count = concerned.len();
    let message = format!(
        "{} takes the highest version of {}, and nothing fixes which of them {count} name{} come{} from: {}{more}",
        setup.label(),
        setup.describe(" and "),
        if count == 1 { "" } else { "s" },
        if count == 1 { "s" } else { "" },
        shown.join(", "),
    );
    let names: Vec<&PackageName> = concerned.iter().map(|(name, _)| **name).collect();
    Some(Finding {
        rule: rules::id_confusion::ID,
        subject: Subject::of(component),
        // Someone else's file must then bear exactly the version that is asked for.
        severity: if members().all(is_pinned) {
            Severity::Medium
        } else {
            Severity::High
        },
        confidence: Confidence::Medium,
        message,
        advisory: None,
        occurrences: members()
            .flat_map(|id| places.of(id))
            .take(MAX_PLACES)
            .collect(),
        remedy: remedy(setup, &names),
    })
}

/// Owned names that a lock takes from the public index, or from another one than they are bound to.
fn recorded(
    inventory: &Inventory,
    configured: &[Configured],
    owned: &OwnedNames,
    places: &mut Places<'_>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (at, component) in inventory.components.iter().enumerate() {
        let Some(format) = inventory.input(component.input).map(|i| i.format) else {
            continue;
        };
        let own = component.kind == ComponentKind::Distribution && owned.owns(&component.name);
        if !own || !format.is_lock() {
            continue;
        }
        let found = configured
            .iter()
            .find(|c| c.inputs.contains(&component.input));
        let Some(from) = found.and_then(|c| wrong_place(component, format, &c.settings)) else {
            continue;
        };
        out.push(Finding {
            rule: rules::id_confusion::ID,
            subject: Subject::of(component),
            severity: Severity::High,
            confidence: Confidence::High,
            message: format!("your own name {}, which the lock takes from {from}", component.name),
            advisory: None,
            occurrences: places.of(ComponentId(at)),
            remedy: Remedy {
                text: format!(
                    "find out who published {} there and do not install it; bind the name to your index, then lock again",
                    component.label()
                ),
                version: None,
            },
        });
    }
    out
}

/// Where a lock takes a name from, when that is not its index.
fn wrong_place(
    component: &Component,
    format: InputFormat,
    settings: &IndexSettings,
) -> Option<String> {
    match &component.source {
        // Poetry writes down every index but the public one.
        Source::Default if format == InputFormat::PoetryLock => Some("the public index".to_owned()),
        Source::Index { url } => match settings.bound(&component.name) {
            Some(bound) if same_place(&bound.url, url) => None,
            Some(bound) => Some(format!(
                "{url} and not from {}, which it is bound to",
                bound.url
            )),
            None if is_public(url, settings) => Some(format!("the public index ({url})")),
            None => None,
        },
        _ => None,
    }
}
