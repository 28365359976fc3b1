//! One stable entry point per parser, for fuzzers and property tests. None may ever panic.

use hognose_types::{InputFormat, Inventory};

use crate::options::{Limits, Options};
use crate::readers::metadata;
use crate::tree::Memory;

/// Reads bytes as one file of the given name, alone in its directory, with small limits.
fn read(name: &str, bytes: &[u8]) -> Inventory {
    let tree = Memory::new([(name, bytes)]);
    let options = Options {
        limits: Limits {
            file_bytes: 1 << 20,
            metadata_bytes: 64 << 10,
            ..Limits::default()
        },
        ..Options::default()
    };
    crate::scan_paths(&tree, &[name.to_owned()], &options)
}

/// `requirements.txt`.
pub fn requirements(bytes: &[u8]) -> Inventory {
    read("requirements.txt", bytes)
}

/// `pyproject.toml`.
pub fn pyproject(bytes: &[u8]) -> Inventory {
    read("pyproject.toml", bytes)
}

/// `setup.cfg`.
pub fn setup_cfg(bytes: &[u8]) -> Inventory {
    read("setup.cfg", bytes)
}

/// `setup.py`.
pub fn setup_py(bytes: &[u8]) -> Inventory {
    read("setup.py", bytes)
}

/// `poetry.lock`.
pub fn poetry_lock(bytes: &[u8]) -> Inventory {
    read("poetry.lock", bytes)
}

/// `pdm.lock`.
pub fn pdm_lock(bytes: &[u8]) -> Inventory {
    read("pdm.lock", bytes)
}

/// `uv.lock`.
pub fn uv_lock(bytes: &[u8]) -> Inventory {
    read("uv.lock", bytes)
}

/// `Pipfile`.
pub fn pipfile(bytes: &[u8]) -> Inventory {
    read("Pipfile", bytes)
}

/// `Pipfile.lock`.
pub fn pipfile_lock(bytes: &[u8]) -> Inventory {
    read("Pipfile.lock", bytes)
}

/// `pylock.toml`.
pub fn pylock(bytes: &[u8]) -> Inventory {
    read("pylock.toml", bytes)
}

/// A script with inline metadata (PEP 723).
pub fn script(bytes: &[u8]) -> Inventory {
    let mut text = b"# /// script\n".to_vec();
    text.extend_from_slice(bytes);
    read("run.py", &text)
}

/// A wheel.
pub fn wheel(bytes: &[u8]) -> Inventory {
    read("name-1.0-py3-none-any.whl", bytes)
}

/// A source distribution.
pub fn sdist(bytes: &[u8]) -> Inventory {
    read("name-1.0.tar.gz", bytes)
}

/// The metadata of an installed distribution. The answer tells whether a name was found.
pub fn core_metadata(bytes: &[u8]) -> bool {
    metadata::parse(bytes).name.is_some()
}

/// An installed environment: the bytes are the metadata, and what `direct_url.json` holds.
pub fn environment(bytes: &[u8]) -> Inventory {
    let site = "v/lib/python3.13/site-packages/name-1.0.dist-info";
    let tree = Memory::new([
        ("v/pyvenv.cfg".to_owned(), bytes),
        (format!("{site}/METADATA"), bytes),
        (format!("{site}/direct_url.json"), bytes),
    ]);
    crate::scan_paths(&tree, &["v".to_owned()], &Options::default())
}

/// conda's `environment.yml`.
pub fn conda_environment(bytes: &[u8]) -> Inventory {
    read("environment.yml", bytes)
}

/// `conda-lock.yml`.
pub fn conda_lock(bytes: &[u8]) -> Inventory {
    read("conda-lock.yml", bytes)
}

/// An installed conda environment: the bytes are the record of a package.
pub fn conda_record(bytes: &[u8]) -> Inventory {
    let tree = Memory::new([("env/conda-meta/name-1.0-0.json", bytes)]);
    crate::scan_paths(&tree, &["env".to_owned()], &Options::default())
}

/// A CycloneDX document.
pub fn cyclonedx(bytes: &[u8]) -> Inventory {
    read("bom.json", bytes)
}

/// An SPDX document, JSON or tags and values.
pub fn spdx(bytes: &[u8]) -> Inventory {
    read("bom.spdx", bytes)
}

/// Format recognition by content.
pub fn sniff(bytes: &[u8]) -> Option<InputFormat> {
    crate::sniff("some.txt", bytes).or_else(|| crate::sniff("some.py", bytes))
}
