//! What is configured for the files of a directory, whoever is asked in the end: for rules about configurations.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use hognose_index::IndexUrl;
use hognose_types::IndexSettings;

use super::layer::{self, Layer};
use super::{describe, files, stock};
use crate::error::Failure;
use crate::surroundings::Surroundings;

/// The configuration of the run and of the user, to which that of directories is added.
#[derive(Debug)]
pub(crate) struct Around<'s> {
    run: Vec<Layer>,
    user: Vec<Layer>,
    python: Option<PathBuf>,
    surroundings: &'s Surroundings,
    stock: OnceCell<Option<IndexUrl>>,
}

impl<'s> Around<'s> {
    /// Reads what does not depend on a directory.
    pub(crate) fn new(
        python: Option<&Path>,
        surroundings: &'s Surroundings,
    ) -> Result<Self, Failure> {
        Ok(Self {
            run: vec![
                layer::pip_variables(surroundings),
                layer::uv_variables(surroundings),
            ],
            user: files::of_user(python, surroundings)?,
            python: python.map(Path::to_owned),
            surroundings,
            stock: OnceCell::new(),
        })
    }

    /// Everything that holds in a directory. Files below the working directory are named relative to it.
    pub(crate) fn directory(&self, directory: &Path) -> Result<IndexSettings, Failure> {
        let here = std::path::absolute(".").unwrap_or_default();
        let start = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let shown = |path: &Path| path.strip_prefix(&here).unwrap_or(path).to_owned();
        let project = files::of_project(&start, shown)?;
        let layers = self.run.iter().cloned().chain(project);
        let layers: Vec<Layer> = layers.chain(self.user.iter().cloned()).collect();
        let stock = self
            .stock
            .get_or_init(|| stock::index(self.python.as_deref(), self.surroundings));
        Ok(describe(layers, stock.as_ref()))
    }
}
