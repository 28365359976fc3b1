//! What the guarded command is told: variables that each installer honours, and a configuration of pip without indexes.

use std::path::Path;

use hognose_types::IndexRole;

use crate::error::Failure;
use crate::index_settings::Indexes;
use crate::surroundings::Surroundings;

/// A variable to set, or to take away.
pub(super) type Variable = (&'static str, Option<String>);

/// The variables that send installers to an index.
pub(super) fn variables(
    index: &str,
    scratch: &Path,
    indexes: Option<&Indexes>,
    surroundings: &Surroundings,
) -> Result<Vec<Variable>, Failure> {
    let set = |name, value: &str| (name, Some(value.to_owned()));
    let mut out = vec![
        // pip. Its variables go before all of its files; a further index of a file is put out of force by naming the
        // same address once more, for an empty value would count as none.
        set("PIP_INDEX_URL", index),
        set("PIP_EXTRA_INDEX_URL", index),
        // pip trusts its own machine without being told to; pip-compile would write it into what it makes.
        ("PIP_TRUSTED_HOST", None),
        ("PIP_NO_INDEX", None),
        // Another name of the first, and whoever could answer in its place.
        ("PIP_PYPI_URL", None),
        ("PIP_PROXY", None),
        ("PIP_FIND_LINKS", None),
        ("PIP_ISOLATED", None),
        // pip's files may name constraints, links and proxies on any level; none is read.
        set("PIP_CONFIG_FILE", null_device()),
        // Its cache holds what other indexes gave; only answers of this gateway may be taken from it.
        set("PIP_NO_CACHE_DIR", "1"),
        // uv.
        set("UV_DEFAULT_INDEX", index),
        set("UV_INDEX_URL", index),
        ("UV_INDEX", None),
        ("UV_EXTRA_INDEX_URL", None),
        ("UV_NO_INDEX", None),
        ("UV_FIND_LINKS", None),
        // An index of uv's choice for one package, or a file with others.
        ("UV_TORCH_BACKEND", None),
        ("UV_CONFIG_FILE", None),
        // It asks every index that its files name beside the one of its variables; the gateway does that in its stead.
        set("UV_NO_CONFIG", "1"),
        set("UV_INSECURE_HOST", "127.0.0.1"),
        set("UV_CACHE_DIR", &scratch.join("uv-cache").to_string_lossy()),
        // Files of variables that the two read for themselves would put back what is taken away here.
        ("UV_ENV_FILE", None),
        set("UV_NO_ENV_FILE", "1"),
        set("PIPENV_DONT_LOAD_ENV", "1"),
        ("TOX_CONFIG_FILE", None),
        ("TOX_OVERRIDE", None),
        // PDM, Pipenv.
        set("PDM_PYPI_URL", index),
        set("PIPENV_PYPI_MIRROR", index),
        set("PIPENV_TEST_INDEX", index),
        // No proxy stands between the command and this machine.
        set("NO_PROXY", &no_proxy(surroundings, "NO_PROXY")),
        set("no_proxy", &no_proxy(surroundings, "no_proxy")),
    ];
    out.extend(links(scratch, indexes)?);
    Ok(out)
}

fn null_device() -> &'static str {
    if cfg!(windows) { "nul" } else { "/dev/null" }
}

/// Whether an inherited variable is one of those above in another spelling: pip takes them in any case, the last counts.
pub(super) fn is_other_spelling(name: &str, set: &[Variable]) -> bool {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    upper.starts_with("PIP_") && name != upper && set.iter().any(|(own, _)| *own == upper)
}

fn no_proxy(surroundings: &Surroundings, name: &str) -> String {
    match surroundings.variable(name) {
        Some(own) if !own.is_empty() => format!("{own},127.0.0.1,localhost"),
        _ => "127.0.0.1,localhost".to_owned(),
    }
}

/// Folders of files go on being looked at; pages elsewhere would lead past the gateway and are put out of force.
fn links(scratch: &Path, indexes: Option<&Indexes>) -> Result<Vec<Variable>, Failure> {
    let Some(indexes) = indexes else {
        return Ok(Vec::new());
    };
    let configured = indexes.settings.indexes.iter();
    let all: Vec<&str> = configured
        .filter(|i| i.role == IndexRole::FindLinks)
        .map(|i| i.url.expose())
        .collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let local = |url: &&&str| !url.contains("://") || url.starts_with("file:");
    let mut kept: Vec<String> = all.iter().filter(local).map(|u| (**u).to_owned()).collect();
    if kept.is_empty() {
        let empty = scratch.join("no-links");
        std::fs::create_dir_all(&empty)
            .map_err(|e| Failure::incomplete("no temporary directory can be made").because(&e))?;
        kept.push(empty.to_string_lossy().into_owned());
    }
    Ok(vec![
        ("PIP_FIND_LINKS", Some(kept.join(" "))),
        ("UV_FIND_LINKS", Some(kept.join(","))),
    ])
}
