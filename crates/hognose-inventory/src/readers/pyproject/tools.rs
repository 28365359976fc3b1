//! Tables of PDM, Hatch, setuptools and uv.

use super::Builder;
use crate::document::{Node, Table, Value};
use crate::readers::manifest::{Include, Place};

impl Builder<'_> {
    pub(super) fn tools(&mut self, root: &Table<'_>) {
        if let Some(groups) = root.at_path(&["tool", "pdm", "dev-dependencies"]) {
            for entry in &groups.entries {
                self.pdm_group(&entry.node, &entry.key);
            }
        }
        if let Some(entry) = root
            .at_path(&["tool", "uv"])
            .and_then(|uv| uv.entry("dev-dependencies"))
        {
            self.list(entry, &Place::group("dev"));
        }
        if let Some(envs) = root.at_path(&["tool", "hatch", "envs"]) {
            for env in &envs.entries {
                let Some(table) = env.node.as_table() else {
                    continue;
                };
                for key in ["dependencies", "extra-dependencies"] {
                    if let Some(entry) = table.entry(key) {
                        self.list(entry, &Place::group(&env.key));
                    }
                }
            }
        }
        self.dynamic_files(root);
    }

    /// PDM marks editable entries with a leading `-e`.
    fn pdm_group(&mut self, node: &Node<'_>, group: &str) {
        for item in node.items() {
            match item.as_str() {
                Some(text) if text.starts_with("-e ") => {
                    let target = text[3..].trim();
                    let named = target
                        .rsplit_once("#egg=")
                        .map(|(url, egg)| format!("{egg} @ {url}"));
                    let text = named.unwrap_or_else(|| target.to_owned());
                    self.requirement(&text, item.at, &Place::group(group));
                }
                Some(text) => self.requirement(text, item.at, &Place::group(group)),
                None => self.fault_at(item.at, "not a requirement", "write it as `\"name>=1.0\"`"),
            }
        }
    }

    /// Files that a build backend reads `dynamic` dependencies from.
    fn dynamic_files(&mut self, root: &Table<'_>) {
        let setuptools = root.at_path(&["tool", "setuptools", "dynamic"]);
        if let Some(node) = setuptools
            .and_then(|d| d.table("dependencies"))
            .and_then(|d| d.get("file"))
        {
            self.files(node, "");
        }
        let extras = setuptools.and_then(|d| d.table("optional-dependencies"));
        for entry in extras.map_or(&[][..], |table| &table.entries) {
            if let Some(node) = entry.node.as_table().and_then(|t| t.get("file")) {
                self.files(node, &entry.key);
            }
        }
        let hook = ["tool", "hatch", "metadata", "hooks", "requirements_txt"];
        if let Some(node) = root.at_path(&hook).and_then(|h| h.get("files")) {
            self.files(node, "");
        }
    }

    fn files(&mut self, node: &Node<'_>, extra: &str) {
        let single = std::slice::from_ref(node);
        let items = match &node.value {
            Value::Array(items) => items.as_slice(),
            _ => single,
        };
        for item in items {
            if let Some(path) = item.as_str() {
                let line = self.line(item.at);
                let include = Include {
                    line,
                    path: path.to_owned(),
                    extra: extra.to_owned(),
                };
                self.manifest.includes.push(include);
            }
        }
    }
}
