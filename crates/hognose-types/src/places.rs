//! Where a component is declared and what brings it in, as findings show it.

use crate::paths::Paths;
use crate::{Component, ComponentId, Input, InputFormat, Inventory, Location, Marker, Occurrence};

/// The places of an inventory's components. Paths are worked out when the first is asked for.
#[derive(Debug)]
pub struct Places<'i> {
    inventory: &'i Inventory,
    paths: Option<Paths>,
}

impl<'i> Places<'i> {
    /// Of an inventory.
    pub fn new(inventory: &'i Inventory) -> Self {
        Self {
            inventory,
            paths: None,
        }
    }

    /// One occurrence for every place that lists the component; when a manifest names a locked component too, the
    /// lock's line is the place and the manifest's the line to edit.
    pub fn of(&mut self, id: ComponentId) -> Vec<Occurrence> {
        let inventory = self.inventory;
        let Some(component) = inventory.component(id) else {
            return Vec::new();
        };
        let chain = self
            .paths
            .get_or_insert_with(|| Paths::new(inventory))
            .to(id);
        let steps: Vec<&Component> = chain
            .iter()
            .filter_map(|step| inventory.component(*step))
            .collect();
        let path: Vec<String> = steps.iter().map(|step| step.label()).collect();
        let input = inventory.input(component.input);
        let edit = edit_line(&steps, component, input);
        let Some(first) = component.declarations.first() else {
            return Vec::new();
        };
        let direct = component.declarations.iter().any(|d| d.direct);
        let alternatives = component
            .declarations
            .iter()
            .filter(|d| d.location.file == first.location.file);
        alternatives
            .map(|declaration| Occurrence {
                component: id,
                location: declaration.location.clone(),
                direct,
                groups: declaration.groups.clone(),
                extras: declaration.extras.clone(),
                condition: declaration.marker.as_ref().map(Marker::describe),
                path: path.clone(),
                edit: edit.clone().filter(|e| *e != declaration.location),
            })
            .collect()
    }
}

/// Where a person changes something: the declaration of the first distribution of the path, outside the lock when
/// there is one there. What is installed, built or listed in an SBOM has no line that anybody edits.
fn edit_line(
    steps: &[&Component],
    component: &Component,
    input: Option<&Input>,
) -> Option<Location> {
    let first = steps
        .iter()
        .find(|s| s.is_judged())
        .copied()
        .unwrap_or(component);
    let file = input.map(|i| i.path.as_str());
    if input.is_some_and(|i| is_product(i.format)) {
        return None;
    }
    let outside = first
        .declarations
        .iter()
        .find(|d| d.direct && Some(d.location.file.as_str()) != file);
    let any = first.declarations.iter().find(|d| d.direct);
    outside.or(any).map(|d| d.location.clone())
}

fn is_product(format: InputFormat) -> bool {
    use InputFormat::{CondaMeta, CycloneDx, Environment, Sdist, Spdx, Wheel};
    matches!(
        format,
        CondaMeta | CycloneDx | Environment | Sdist | Spdx | Wheel
    )
}
