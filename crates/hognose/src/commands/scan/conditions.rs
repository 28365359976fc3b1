//! What the policy asks for beside the absence of findings: licences, age and popularity of projects.

use hognose_identity::Asked;
use hognose_policy::Conditions;
use hognose_policy::conditions::{About, Stated, Whom};
use hognose_types::{
    ComponentId, ComponentKind, Finding, InputFormat, Inventory, OwnedNames, Places, Subject,
};

use super::online::Request;

/// Licences that the policy does not let in. Locks and requirements files say nothing of licences: of what only they
/// list, nothing is known here.
pub(super) fn licences(
    inventory: &Inventory,
    conditions: &Conditions,
    owned: &OwnedNames,
) -> Vec<Finding> {
    if conditions.licenses.is_empty() {
        return Vec::new();
    }
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    for (at, component) in inventory.components.iter().enumerate() {
        let input = inventory.input(component.input);
        let tells = input.is_some_and(|i| has_metadata(i.format));
        let strange = component.kind == ComponentKind::Distribution && !owned.owns(&component.name);
        if !strange || (component.license.is_none() && !tells) {
            continue;
        }
        let whom = Whom {
            subject: Subject::of(component),
            occurrences: places.of(ComponentId(at)),
        };
        let stated = Stated {
            statement: component.license.clone(),
            classifiers: Vec::new(),
        };
        out.extend(conditions.license(&stated, &whom));
    }
    out
}

/// Whether an input has the metadata of what it lists.
fn has_metadata(format: InputFormat) -> bool {
    matches!(
        format,
        InputFormat::Environment | InputFormat::Wheel | InputFormat::Sdist
    )
}

/// Projects that are younger or rarer than the policy asks for.
pub(super) fn unmet(inventory: &Inventory, asked: &[Asked], request: &Request<'_>) -> Vec<Finding> {
    let mut places = Places::new(inventory);
    let mut out = Vec::new();
    let strange = |project: &&Asked| !request.owned.owns(&project.facts.name);
    for project in asked.iter().filter(strange) {
        let name = project.facts.name.as_str();
        let about = About {
            now: request.surroundings.now,
            first_upload: project.facts.first_upload(),
            rank: request.conditions.max_rank.and_then(|_| {
                let at = request.popular.iter().position(|popular| popular == name);
                at.map(|at| at + 1)
            }),
        };
        for member in &project.members {
            let Some(component) = inventory.component(*member) else {
                continue;
            };
            let whom = Whom {
                subject: Subject::of(component),
                occurrences: places.of(*member),
            };
            out.extend(request.conditions.project(&about, &whom));
        }
    }
    out
}
