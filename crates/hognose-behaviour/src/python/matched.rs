//! Rules from outside see what is decoded, not only what stands in the files.

use hognose_python::{Site, Taint};

use super::witness::Witness;
use crate::fact::{Fact, Place};

/// Shorter texts say nothing that the file around them does not.
const MIN: usize = 6;

impl Witness {
    /// Matches text that the source does not show. Every match is kept: whoever wrote the rule wants to know.
    pub(super) fn matched(&mut self, site: &Site<'_>, taint: Taint, bytes: &[u8]) {
        if bytes.len() < MIN {
            return;
        }
        let Some(matching) = &mut self.matching else {
            return;
        };
        let file = self.files.get(site.module.0 as usize);
        let file = file.map_or_else(String::new, ToString::to_string);
        let found = matching.layer(&file, bytes);
        let (line, column) = site.position();
        let trigger = Self::trigger(site);
        for (kind, detail) in found {
            let mut layers = site.layers.to_vec();
            layers.extend(taint.steps());
            layers.truncate(16);
            let place = Place {
                file: file.clone(),
                line,
                column,
                layers,
            };
            self.facts.push(Fact::new(kind, trigger, place, &detail));
        }
    }
}
