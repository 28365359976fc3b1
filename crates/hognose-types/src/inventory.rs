//! Inventories: what is in a project, and where each part was declared.

use serde::Serialize;

use crate::{Component, ConfiguredIndex, Gap, Location, Marker, Notice};

/// Position of an input in [`Inventory::inputs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InputId(pub usize);

/// Position of a component in [`Inventory::components`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ComponentId(pub usize);

/// Everything that was read.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Inventory {
    /// What was read, in order.
    pub inputs: Vec<Input>,
    /// What was seen and not read, and why.
    pub skipped: Vec<SkippedInput>,
    /// Components of all inputs.
    pub components: Vec<Component>,
    /// "Needs" relations between components of one input.
    pub edges: Vec<Edge>,
    /// What could not be read or judged.
    pub gaps: Vec<Gap>,
    /// Remarks that change no verdict.
    pub notices: Vec<Notice>,
    /// What requirements files say of indexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<RequirementOptions>,
}

/// What the options of a requirements file, and of all it includes, say of indexes. pip takes the last `--index-url` of
/// all of them, and everything else together.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct RequirementOptions {
    /// The files, the one that includes the others first.
    pub inputs: Vec<InputId>,
    /// The indexes in force, in the order of the lines.
    pub indexes: Vec<ConfiguredIndex>,
    /// Where `--no-index` stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<Location>,
}

/// One thing that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Path as the user would write it.
    pub path: String,
    /// What it is.
    pub format: InputFormat,
}

/// A file or directory that was seen and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedInput {
    /// Path as the user would write it.
    pub path: String,
    /// Why, as a fragment: "uv.lock pins it".
    pub reason: String,
}

/// `from` needs `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The component that needs the other.
    pub from: ComponentId,
    /// The component needed.
    pub to: ComponentId,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
}

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputFormat {
    /// `requirements*.txt` and `.in`.
    Requirements,
    /// `pyproject.toml` (PEP 621, PEP 735, Poetry, PDM, Hatch, uv).
    Pyproject,
    /// `setup.cfg`.
    SetupCfg,
    /// `setup.py`, read without running it.
    SetupPy,
    /// `poetry.lock`.
    PoetryLock,
    /// `pdm.lock`.
    PdmLock,
    /// `uv.lock`.
    UvLock,
    /// `Pipfile`.
    Pipfile,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `pylock.toml`, `pylock.*.toml` (PEP 751).
    Pylock,
    /// conda `environment.yml`.
    CondaEnvironment,
    /// `conda-lock.yml`.
    CondaLock,
    /// An installed conda environment (`conda-meta/`).
    CondaMeta,
    /// A script with inline metadata (PEP 723).
    Script,
    /// An installed environment.
    Environment,
    /// A wheel.
    Wheel,
    /// A source distribution.
    Sdist,
    /// A CycloneDX document.
    CycloneDx,
    /// An SPDX document.
    Spdx,
}

impl InputFormat {
    /// Short name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Requirements => "requirements file",
            Self::Pyproject => "pyproject.toml",
            Self::SetupCfg => "setup.cfg",
            Self::SetupPy => "setup.py",
            Self::PoetryLock => "Poetry lock",
            Self::PdmLock => "PDM lock",
            Self::UvLock => "uv lock",
            Self::Pipfile => "Pipfile",
            Self::PipfileLock => "Pipenv lock",
            Self::Pylock => "pylock",
            Self::CondaEnvironment => "conda environment file",
            Self::CondaLock => "conda lock",
            Self::CondaMeta => "conda environment",
            Self::Script => "script",
            Self::Environment => "environment",
            Self::Wheel => "wheel",
            Self::Sdist => "sdist",
            Self::CycloneDx => "CycloneDX SBOM",
            Self::Spdx => "SPDX SBOM",
        }
    }

    /// True for files that fix every version they list.
    pub fn is_lock(self) -> bool {
        matches!(
            self,
            Self::PoetryLock
                | Self::PdmLock
                | Self::UvLock
                | Self::PipfileLock
                | Self::Pylock
                | Self::CondaLock
        )
    }
}

impl Inventory {
    /// Appends everything of another inventory, shifting its positions.
    pub fn absorb(&mut self, other: Self) {
        let (inputs, components) = (self.inputs.len(), self.components.len());
        self.inputs.extend(other.inputs);
        self.skipped.extend(other.skipped);
        self.components
            .extend(other.components.into_iter().map(|mut component| {
                component.input.0 += inputs;
                component
            }));
        self.edges.extend(other.edges.into_iter().map(|edge| Edge {
            from: ComponentId(edge.from.0 + components),
            to: ComponentId(edge.to.0 + components),
            marker: edge.marker,
        }));
        self.options
            .extend(other.options.into_iter().map(|mut options| {
                for input in &mut options.inputs {
                    input.0 += inputs;
                }
                options
            }));
        self.gaps.extend(other.gaps);
        self.notices.extend(other.notices);
    }

    /// The component at a position.
    pub fn component(&self, id: ComponentId) -> Option<&Component> {
        self.components.get(id.0)
    }

    /// The input at a position.
    pub fn input(&self, id: InputId) -> Option<&Input> {
        self.inputs.get(id.0)
    }
}
