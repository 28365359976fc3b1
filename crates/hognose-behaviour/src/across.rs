//! What crosses from one distribution into another: half of a theft may stand in each.
//!
//! Each inspection keeps which functions of others its code gives credentials to, and which of its own functions send
//! their parameters away. Where several artifacts are inspected together, [`join`] puts the halves together.

use std::collections::BTreeMap;

use crate::fact::{Fact, FactKind, Place, Trigger};

/// Credentials given to a function of another distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handed {
    /// The function's dotted path.
    pub function: String,
    /// The call.
    pub place: Place,
    /// What makes it happen.
    pub trigger: Trigger,
}

/// A function that sends what its caller passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// Its name.
    pub function: String,
    /// Where it sends.
    pub place: Place,
}

/// What of an artifact other artifacts may complete.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// Modules at the top that it installs.
    pub provides: Vec<String>,
    /// Credentials given away.
    pub handed: Vec<Handed>,
    /// Functions that send parameters.
    pub senders: Vec<Sender>,
    /// True for a package that is little more than its helper.
    pub is_tiny: bool,
}

/// Facts that artifacts show together: for each of them, in order, those it gains. Every artifact has a name to be
/// shown by.
pub fn join(artifacts: &[(&str, &Ties)]) -> Vec<Vec<Fact>> {
    let mut by_module: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (_, ties)) in artifacts.iter().enumerate() {
        if !ties.senders.is_empty() {
            for module in &ties.provides {
                by_module.entry(module).or_default().push(at);
            }
        }
    }
    let gained = |own: usize, ties: &Ties| {
        let mut out: Vec<Fact> = ties
            .handed
            .iter()
            .filter_map(|handed| {
                let (root, rest) = handed.function.split_once('.')?;
                let last = rest.rsplit('.').next().unwrap_or(rest);
                by_module.get(root)?.iter().find_map(|at| {
                    let (name, other) = artifacts.get(*at).filter(|_| *at != own)?;
                    let sender = other.senders.iter().find(|s| s.function == last)?;
                    let kind = if other.is_tiny {
                        FactKind::FlowCredentialTaken
                    } else {
                        FactKind::FlowCredentialDependency
                    };
                    let detail = format!(
                        "{} sends them, {name} {}:{}",
                        handed.function, sender.place.file, sender.place.line
                    );
                    Some(Fact::new(
                        kind,
                        handed.trigger,
                        handed.place.clone(),
                        &detail,
                    ))
                })
            })
            .collect();
        out.sort();
        out.dedup();
        out
    };
    let each = artifacts.iter().enumerate();
    each.map(|(own, (_, ties))| gained(own, ties)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(provides: &str, handed: &str, sender: &str, is_tiny: bool) -> Ties {
        let place = Place::line("a.py", 3);
        let mut out = Ties {
            provides: vec![provides.into()],
            is_tiny,
            ..Ties::default()
        };
        if !handed.is_empty() {
            out.handed.push(Handed {
                function: handed.into(),
                place: place.clone(),
                trigger: Trigger::Call,
            });
        }
        if !sender.is_empty() {
            out.senders.push(Sender {
                function: sender.into(),
                place,
            });
        }
        out
    }

    #[test]
    fn halves_make_a_fact() {
        let client = ties("client", "helper.times.sync", "", false);
        let kinds = |helper: &Ties| -> Vec<FactKind> {
            let joined = join(&[("client.whl", &client), ("helper.whl", helper)]);
            assert!(joined[1].is_empty());
            joined[0].iter().map(|f| f.kind).collect()
        };
        let taken = [FactKind::FlowCredentialTaken];
        assert_eq!(kinds(&ties("helper", "", "sync", true)), taken);
        let given = [FactKind::FlowCredentialDependency];
        assert_eq!(kinds(&ties("helper", "", "sync", false)), given);
        assert!(kinds(&ties("helper", "", "other", true)).is_empty());
        assert!(kinds(&ties("another", "", "sync", true)).is_empty());
    }

    #[test]
    fn nobody_is_its_own_helper() {
        let both = ties("helper", "helper.sync", "sync", true);
        assert!(join(&[("helper.whl", &both)])[0].is_empty());
    }
}
