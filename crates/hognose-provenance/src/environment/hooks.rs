//! What starts with every Python: `.pth`, `.start`, `sitecustomize` and `usercustomize`, read and never run.

use std::collections::HashSet;
use std::path::Path;

use super::bytecode::names_of;
use super::claims::{Claims, small};
use super::paths::Site;
use super::report::{Hook, HookKind};
use crate::lines;

/// Most pieces of code or directories shown of one file.
const PIECES: usize = 50;
/// What is said of a file that is too large to be shown, or cannot be read here and may be read there.
const LARGE: &str = "more than can be shown";

/// Reads an entry at the top of a site, if it is one that Python starts with.
pub(super) fn read(text: &str, name: &str, path: &Path, claims: &Claims) -> Option<Hook> {
    let kind = kind(name)?;
    let mut hook = Hook {
        file: text.to_owned(),
        kind,
        distribution: claims.of(text).next().map(|(_, claim)| claim.by),
        runs: Vec::new(),
        adds: Vec::new(),
    };
    if matches!(kind, HookKind::SiteCustomize | HookKind::UserCustomize) {
        hook.runs.push(format!("all of {name}"));
        return Some(hook);
    }
    let Some(text) = small(path) else {
        hook.runs.push(LARGE.to_owned());
        return Some(hook);
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for line in lines::of_python(text) {
        // Old versions run a line as it stands, from 3.15 on what is around it goes first.
        let line = text.get(line).unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The rule of `site`: a line that begins so is run, any other is a directory.
        let runs = line.starts_with("import ") || line.starts_with("import\t");
        let pieces = if runs || kind == HookKind::Start {
            &mut hook.runs
        } else {
            &mut hook.adds
        };
        if pieces.len() < PIECES {
            pieces.push(line.to_owned());
        }
    }
    Some(hook)
}

fn kind(name: &str) -> Option<HookKind> {
    // Hidden files are passed over by Python since 3.13, and were not before.
    if name.ends_with(".pth") {
        return Some(HookKind::Pth);
    }
    if name.ends_with(".start") {
        return Some(HookKind::Start);
    }
    let (stem, ending) = name.split_once('.')?;
    let is_module =
        ending == "py" || ending == "pyc" || ending.ends_with("so") || ending.ends_with("pyd");
    match stem {
        "sitecustomize" if is_module => Some(HookKind::SiteCustomize),
        "usercustomize" if is_module => Some(HookKind::UserCustomize),
        _ => None,
    }
}

/// Words of the `_virtualenv.py` that virtualenv and uv wrote into environments for years, listed by no distribution. Its
/// text differs from release to release; with these words nothing can be read, sent, or run.
const VIRTUALENV: &str = "AttributeError Distribution ImpImporter ImpLoader ImportError Lock MetaPathFinder NameError None \
VIRTUALENV_PATCH_FILE _DISTUTILS_PATCH _Finder _VirtualenvImporter _VirtualenvLoader __file__ __future__ __init__ \
__loader__ __name__ abc abspath and annotations append args base class contextlib def dist distutils_patch else etc \
except exec_module file filename finally find_module find_spec for format from fullname func func_name functools \
get_option_dict getattr hasattr if imp import importlib in insert install is is_new_api join key kwargs len load_module \
loader lock meta_path module name not object old old_parse_config_files os parse_config_files partial pass patch_dist \
path pkgutil pop prefix result return self setattr spec split staticmethod super suppress sys target threading try util \
version_info with";

/// What virtualenv puts beside the distributions, where it is what virtualenv puts there.
pub(super) fn of_virtualenv(sites: &[Site]) -> HashSet<String> {
    let mut out = HashSet::new();
    for site in sites {
        let pth = small(&site.path.join("_virtualenv.pth"));
        let module = small(&site.path.join("_virtualenv.py"));
        let (Some(pth), Some(module)) = (pth, module) else {
            continue;
        };
        let known: HashSet<&str> = VIRTUALENV.split_whitespace().collect();
        let is_known = names_of(&module)
            .into_iter()
            .all(|name| known.contains(name));
        if pth.trim() == "import _virtualenv" && is_known {
            out.insert(format!("{}/_virtualenv.pth", site.text));
            out.insert(format!("{}/_virtualenv.py", site.text));
        }
    }
    out
}
