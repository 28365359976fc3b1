//! Imports: modules of the artifact are run, others become paths.

use std::rc::Rc;

use super::{Frame, Machine, ModuleId};
use crate::names::PathId;
use crate::tree::Alias;
use crate::value::{Cell, Taint, Value};

impl Machine<'_> {
    pub(super) fn import(&mut self, frame: &mut Frame<'_>, names: &[Alias], offset: u32) {
        for alias in names {
            let cell = self.import_module(frame, &alias.name, offset);
            let cell = if alias.renamed || !alias.name.contains('.') {
                cell
            } else {
                // `import a.b` binds `a`.
                let top = alias.name.split('.').next().unwrap_or(&alias.name);
                self.module_by_name(top)
            };
            self.bind(frame, alias.bound, cell);
        }
    }

    /// Imports a dotted name: every package on the way is run.
    pub(super) fn import_module(&mut self, frame: &Frame<'_>, name: &str, offset: u32) -> Cell {
        let mut found = None;
        let mut at = 0;
        while let Some(dot) = name.bytes().skip(at).position(|byte| byte == b'.') {
            let end = at + dot;
            if let Some(id) = name.get(..end).and_then(|p| self.by_name.get(p)).copied() {
                self.enter_module(id);
            }
            at = end + 1;
        }
        if let Some(id) = self.by_name.get(name).copied() {
            self.enter_module(id);
            found = Some(Cell::of(Value::Module(id)));
        }
        if found.is_none()
            && self.path_changed
            && let Some(id) = self.by_last_name(name)
        {
            self.enter_module(id);
            found = Some(Cell::of(Value::Module(id)));
        }
        found.unwrap_or_else(|| {
            self.with_site(frame.tree, frame.module, offset, |observer, site, _| {
                observer.import(site, name);
            });
            self.module_by_name(name)
        })
    }

    /// The one module of that last name: where `sys.path` was changed, folders are no packages.
    fn by_last_name(&self, name: &str) -> Option<ModuleId> {
        let ending = format!(".{name}");
        let mut all = self
            .modules
            .iter()
            .enumerate()
            .filter(|(_, module)| module.name.ends_with(&ending));
        match (all.next(), all.next()) {
            (Some((at, _)), None) => Some(ModuleId(at as u32)),
            _ => None,
        }
    }

    pub(super) fn import_from(
        &mut self,
        frame: &mut Frame<'_>,
        (level, module): (u32, Option<&str>),
        names: &[Alias],
        star: bool,
        offset: u32,
    ) {
        let base = self.base_name(frame.module, level, module);
        let cell = self.import_module(frame, &base, offset);
        if star {
            self.import_star(frame, &cell);
            return;
        }
        for alias in names {
            let dotted = [&*base, ".", &*alias.name].concat();
            let name = self.names.intern(&alias.name);
            let value = match &cell.value {
                Value::Module(id) => match self.scope_of(*id).get(name) {
                    Some(cell) => cell,
                    None => self.import_module(frame, &dotted, offset),
                },
                Value::Path(path) => {
                    if self.by_name.contains_key(dotted.as_str()) {
                        self.import_module(frame, &dotted, offset)
                    } else {
                        let path = self.names.child(*path, name);
                        self.reference(frame, path, Taint::NONE, offset)
                    }
                }
                _ => Cell::UNKNOWN,
            };
            self.bind(frame, alias.bound, value);
        }
    }

    /// The absolute name of a relative import.
    fn base_name(&self, id: ModuleId, level: u32, module: Option<&str>) -> Rc<str> {
        let module = module.unwrap_or_default();
        if level == 0 {
            return module.into();
        }
        let Some(here) = self.modules.get(id.0 as usize) else {
            return module.into();
        };
        let mut parts: Vec<&str> = here.name.split('.').collect();
        let up = level as usize - usize::from(here.is_package);
        parts.truncate(parts.len().saturating_sub(up));
        if !module.is_empty() {
            parts.push(module);
        }
        parts.join(".").into()
    }

    fn import_star(&mut self, frame: &mut Frame<'_>, cell: &Cell) {
        match &cell.value {
            Value::Module(id) => {
                let scope = self.scope_of(*id);
                if Rc::ptr_eq(&scope, &frame.scope) {
                    return;
                }
                let all: Vec<_> = scope
                    .vars
                    .borrow()
                    .iter()
                    .map(|(name, cell)| (*name, cell.clone()))
                    .collect();
                for (name, cell) in all {
                    if !self.names.text(name).starts_with('_') {
                        self.bind(frame, name, cell);
                    }
                }
                let stars = self.stars_of(*id);
                self.add_stars(frame.module, &stars);
            }
            Value::Path(path) => self.add_stars(frame.module, &[*path]),
            _ => {}
        }
    }

    fn stars_of(&self, id: ModuleId) -> Vec<PathId> {
        self.modules
            .get(id.0 as usize)
            .map(|m| m.stars.clone())
            .unwrap_or_default()
    }

    fn add_stars(&mut self, id: ModuleId, more: &[PathId]) {
        if let Some(module) = self.modules.get_mut(id.0 as usize) {
            for path in more {
                if !module.stars.contains(path) && module.stars.len() < 64 {
                    module.stars.push(*path);
                }
            }
        }
    }
}
