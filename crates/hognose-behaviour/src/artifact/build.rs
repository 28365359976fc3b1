//! Modules of an artifact that its build runs.

/// Modules that `setup.cfg` makes the build import: command classes and attributes.
pub(super) fn setup_cfg_modules(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    let mut section = "";
    for line in text.lines().take(5_000) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
            continue;
        }
        let Some((_, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim();
        let target = match value.strip_prefix("attr:") {
            Some(attribute) => attribute.trim(),
            None if section == "options.cmdclass" => value,
            None => continue,
        };
        if let Some((module, _)) = target.rsplit_once('.') {
            modules.push(module.to_owned());
        }
    }
    modules
}

/// Most requirements of a build that are looked at.
const MAX_REQUIREMENTS: usize = 1_000;

/// What a build needs: `[build-system] requires` (PEP 518), or `setup_requires` of a `setup.cfg`.
pub(super) fn requirements(file: &str, text: &str) -> Vec<String> {
    if file == "setup.cfg" {
        return setup_requires(text);
    }
    let table = text.parse::<toml::Table>().ok();
    let build = table.as_ref().and_then(|t| t.get("build-system"));
    let requires = build.and_then(|b| b.get("requires"));
    let requires = requires.and_then(toml::Value::as_array);
    let texts = requires
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str);
    texts.take(MAX_REQUIREMENTS).map(str::to_owned).collect()
}

fn setup_requires(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut options, mut wanted) = (false, false);
    for line in text.lines() {
        let bare = line.trim();
        if let Some(name) = bare.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            (options, wanted) = (name.trim() == "options", false);
            continue;
        }
        let value = if line.starts_with([' ', '\t']) {
            bare
        } else if let Some((key, value)) = bare.split_once(['=', ':']) {
            wanted = options && key.trim().replace('-', "_") == "setup_requires";
            value.trim()
        } else {
            continue;
        };
        if wanted && !value.is_empty() && out.len() < MAX_REQUIREMENTS {
            out.extend(value.split(';').map(|part| part.trim().to_owned()));
        }
    }
    out
}

/// Modules of the artifact that its build runs: `backend-path`, build scripts.
pub(super) fn backend_modules(pyproject: &str) -> Vec<String> {
    let Ok(table) = pyproject.parse::<toml::Table>() else {
        return Vec::new();
    };
    let mut modules = Vec::new();
    if let Some(build) = table.get("build-system")
        && let Some(backend) = build.get("build-backend").and_then(toml::Value::as_str)
        && let Some(paths) = build.get("backend-path").and_then(toml::Value::as_array)
    {
        let module = backend.split(':').next().unwrap_or(backend);
        modules.push(module.to_owned());
        for path in paths.iter().filter_map(toml::Value::as_str) {
            let prefix = path.trim_matches(['/', '.']).replace('/', ".");
            if !prefix.is_empty() {
                modules.push(format!("{prefix}.{module}"));
            }
        }
    }
    let tool = table.get("tool");
    let scripts = [
        &["poetry", "build", "script"][..],
        &["poetry", "build"],
        &["hatch", "build", "hooks", "custom", "path"],
        &["hatch", "metadata", "hooks", "custom", "path"],
        &["pdm", "build", "custom-hook"],
    ];
    for keys in scripts {
        let mut value = tool;
        for key in keys {
            value = value.and_then(|v| v.get(key));
        }
        if let Some(path) = value.and_then(toml::Value::as_str) {
            let path = path.split(':').next().unwrap_or(path);
            modules.push(path.trim_end_matches(".py").replace('/', "."));
        }
    }
    let has_hatch_hook = ["build", "metadata"].iter().any(|area| {
        tool.and_then(|t| t.get("hatch"))
            .and_then(|h| h.get(area))
            .and_then(|a| a.get("hooks"))
            .and_then(|h| h.get("custom"))
            .is_some()
    });
    let has_pdm_hook = tool
        .and_then(|t| t.get("pdm"))
        .is_some_and(|pdm| pdm.get("build").is_some());
    if has_pdm_hook || pyproject.contains("pdm.backend") {
        modules.push("pdm_build".into());
    }
    if has_hatch_hook {
        modules.push("hatch_build".into());
    }
    modules
}
