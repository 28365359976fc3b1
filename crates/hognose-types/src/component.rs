//! Components: the named, versioned things of an inventory.

use serde::Serialize;

use crate::{Digest, InputId, Location, Marker, PackageName, RedactedUrl, Version};

/// One named thing in one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    /// The input that lists it.
    pub input: InputId,
    /// What sort of thing it is.
    pub kind: ComponentKind,
    /// Normalised distribution name. For a conda package: the mapped name, else its own.
    pub name: PackageName,
    /// What is known of its version.
    pub version: ComponentVersion,
    /// Where its files come from.
    pub source: Source,
    /// Where it is written down; never empty.
    pub declarations: Vec<Declaration>,
    /// Digests of its files (the files a lock allows, or the one file scanned).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Digest>,
    /// Licence expression or text, as the metadata states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Set for conda packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conda: Option<CondaIdentity>,
    /// Set for foreign components; `name` is then only an approximation for sorting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignIdentity>,
}

/// What sort of thing a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// A Python distribution.
    Distribution,
    /// The project itself (or a workspace member): the root of dependency paths, never judged.
    Project,
    /// A conda package.
    Conda,
    /// A Python interpreter.
    Interpreter,
    /// Something an SBOM lists that is not a Python distribution; kept, not judged.
    Foreign,
}

/// What is known of a component's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "text", rename_all = "kebab-case")]
pub enum ComponentVersion {
    /// Exactly one PEP 440 version.
    Pinned(Version),
    /// Exactly one version, in a spelling PEP 440 does not know: only equality can be judged.
    Opaque(String),
    /// A requirement that several versions meet (`>=2`, or empty for "any"): cannot be judged.
    Range(String),
    /// Nothing is known (an SBOM entry or installed file without version).
    Unknown,
}

impl ComponentVersion {
    /// A pinned version from text: PEP 440 where possible, else opaque; empty is unknown.
    pub fn exact(raw: &str) -> Self {
        let raw = raw.trim();
        if raw.is_empty() {
            return Self::Unknown;
        }
        Version::new(raw).map_or_else(|_| Self::Opaque(raw.to_owned()), Self::Pinned)
    }

    /// The exact version text, when there is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Pinned(version) => Some(version.as_str()),
            Self::Opaque(text) => Some(text),
            Self::Range(_) | Self::Unknown => None,
        }
    }
}

/// Where a component's files come from.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    /// Not stated: the user's default index.
    #[default]
    Default,
    /// A named index.
    Index {
        /// Its address.
        url: RedactedUrl,
    },
    /// A direct link to an artifact.
    Url {
        /// The link.
        url: RedactedUrl,
    },
    /// A version-control checkout.
    Vcs {
        /// Repository with scheme (`git+https://…`).
        url: RedactedUrl,
        /// Branch, tag or commit asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// Commit pinned.
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// A file or directory on disk.
    Path {
        /// The path as written.
        path: String,
        /// Installed in place.
        editable: bool,
    },
}

/// One place where a component is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// File and line.
    pub location: Location,
    /// Named by the project itself rather than pulled in by another component.
    pub direct: bool,
    /// Dependency groups (PEP 735, Poetry groups, Pipenv categories) that contain it; empty for the main set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Extras of the project that contain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// When it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
}

impl Declaration {
    /// A declaration in the main set without conditions.
    pub fn new(location: Location, direct: bool) -> Self {
        Self {
            location,
            direct,
            groups: Vec::new(),
            extras: Vec::new(),
            marker: None,
        }
    }
}

/// A conda package's own identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CondaIdentity {
    /// Name in its channel.
    pub name: String,
    /// Channel, such as `conda-forge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Build string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Platform directory, such as `linux-64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdir: Option<String>,
    /// True when the component's `name` is a Python distribution that advisories can name; false when no
    /// mapping is known and the package is listed but not judged.
    pub mapped: bool,
}

/// What an SBOM says of something that is not a Python distribution: other ecosystems allow names
/// that a distribution cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignIdentity {
    /// Name as written.
    pub name: String,
    /// Package URL as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
}

impl Component {
    /// A distribution with one declaration; the other fields start empty.
    pub fn distribution(
        input: InputId,
        name: PackageName,
        version: ComponentVersion,
        declaration: Declaration,
    ) -> Self {
        Self {
            input,
            kind: ComponentKind::Distribution,
            name,
            version,
            source: Source::Default,
            declarations: vec![declaration],
            hashes: Vec::new(),
            license: None,
            conda: None,
            foreign: None,
        }
    }

    /// True for the starting points of dependency paths.
    pub fn is_root(&self) -> bool {
        self.kind == ComponentKind::Project || self.declarations.iter().any(|d| d.direct)
    }

    /// True when advisories about distributions can apply.
    pub fn is_judged(&self) -> bool {
        match self.kind {
            ComponentKind::Distribution => true,
            ComponentKind::Conda => self.conda.as_ref().is_some_and(|c| c.mapped),
            ComponentKind::Project | ComponentKind::Interpreter | ComponentKind::Foreign => false,
        }
    }

    /// `name version`, or the name alone; safe for one line.
    pub fn label(&self) -> String {
        let name = match &self.foreign {
            Some(foreign) => crate::text::line(&foreign.name),
            None => self.name.as_str().into(),
        };
        match self.version.as_str() {
            Some(version) => format!("{name} {}", crate::text::line(version)),
            None => name.into_owned(),
        }
    }
}
