//! What a scan may do, and how much.

use std::collections::BTreeMap;

use hognose_types::Target;

/// Bounds on what one scan reads. Every bound that is hit becomes a gap, never a silent cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest manifest, lock or requirements file, in bytes.
    pub file_bytes: u64,
    /// Largest head of an installed distribution's metadata, in bytes. Only the headers are read: a
    /// long description below them costs nothing.
    pub metadata_bytes: u64,
    /// Deepest nesting of brackets in JSON, TOML and YAML.
    pub depth: usize,
    /// Most directory entries looked at in one environment or directory.
    pub entries: usize,
    /// Most files reached through `-r` and `-c` from one requirements file.
    pub includes: usize,
    /// Deepest directory that discovery enters below the one named.
    pub directories_deep: usize,
    /// Most directories that discovery enters.
    pub directories: usize,
    /// Most components of one scan; what a hostile lock lists beyond is not read, and said so.
    pub components: usize,
    /// Most gaps reported for one file; the rest are counted in one more gap.
    pub gaps_per_file: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            metadata_bytes: 8 << 20,
            depth: 64,
            entries: 200_000,
            includes: 1_000,
            directories_deep: 6,
            directories: 20_000,
            components: 200_000,
            gaps_per_file: 1_000,
        }
    }
}

/// How to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What is known of the environment that will run the project; by default every platform counts.
    pub target: Target,
    /// Values for `${VAR}` in requirements files. The environment itself is never read.
    pub env: BTreeMap<String, String>,
    /// Paths and globs (`*`, `**`, `?`) that discovery leaves out.
    pub exclude: Vec<String>,
    /// Bounds.
    pub limits: Limits,
    /// False: a directory that is not an environment is a gap instead of being searched.
    pub allow_discovery: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: Target::default(),
            env: BTreeMap::new(),
            exclude: Vec::new(),
            limits: Limits::default(),
            allow_discovery: true,
        }
    }
}
