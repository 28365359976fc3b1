//! What is configured for the files of a directory, whoever is asked in the end: for rules about configurations.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use hognose_index::IndexUrl;
use hognose_types::{IndexSettings, IndexTool};

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

    /// Everything that holds for a script with metadata of its own (PEP 723): what it says itself comes first, and the
    /// packages that a project binds are not the script's.
    pub(crate) fn script(&self, path: &Path) -> Result<IndexSettings, Failure> {
        let own = files::script(path)?;
        let directory = path.parent().unwrap_or(path);
        let mut around = self.layers(directory)?;
        for index in around.iter_mut().flat_map(|layer| &mut layer.indexes) {
            if index.tool == IndexTool::Uv {
                index.packages.clear();
            }
        }
        let run = self.run.iter().cloned();
        let layers: Vec<Layer> = run.chain(own).chain(around).collect();
        Ok(describe(layers, self.stock().as_ref()))
    }

    /// Everything that holds in a directory. Files below the working directory are named relative to it.
    pub(crate) fn directory(&self, directory: &Path) -> Result<IndexSettings, Failure> {
        let layers = self.run.iter().cloned().chain(self.layers(directory)?);
        Ok(describe(layers.collect(), self.stock().as_ref()))
    }

    fn stock(&self) -> Option<IndexUrl> {
        let stock = || stock::index(self.python.as_deref(), self.surroundings);
        self.stock.get_or_init(stock).clone()
    }

    /// What a directory's project and the user say.
    fn layers(&self, directory: &Path) -> Result<Vec<Layer>, Failure> {
        let here = std::path::absolute(".").unwrap_or_default();
        let start = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let shown = |path: &Path| path.strip_prefix(&here).unwrap_or(path).to_owned();
        let project = files::of_project(&start, shown, self.surroundings)?;
        Ok(project
            .into_iter()
            .chain(self.user.iter().cloned())
            .collect())
    }
}
