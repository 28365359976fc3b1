//! What a tool does with the indexes that are configured for some inputs.

use std::collections::BTreeSet;

use hognose_types::{
    ConfiguredIndex, IndexPlace, IndexRole, IndexScope, IndexSettings, IndexStrategy, IndexTool,
    InputFormat, InputId, Inventory, PackageName, RedactedUrl, RequirementOptions,
};

use super::Configured;

/// One tool with the indexes it asks for every name.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    pub(super) tool: IndexTool,
    pub(super) inputs: BTreeSet<InputId>,
    pub(super) settings: &'a IndexSettings,
    /// In the order in which they are asked; no two at one place.
    pub(super) asked: Vec<Asked<'a>>,
    strategy: IndexStrategy,
}

/// An index that is asked for every name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// None: the tool's own default.
    pub(super) index: Option<&'a ConfiguredIndex>,
    pub(super) is_public: bool,
}

impl Asked<'_> {
    fn role(&self) -> IndexRole {
        self.index.map_or(IndexRole::Default, |i| i.role)
    }
}

/// How somebody else's file gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposure {
    /// The highest version of several indexes wins.
    Highest,
    /// The highest version of an index and of links wins.
    HighestOfLinks,
    /// The public index is asked before another one.
    PublicFirst,
    /// There is an index of one's own, but nothing says what comes from it.
    Unbound,
}

/// Every tool of every configuration, with the inputs it would read.
pub(super) fn all<'a>(inventory: &'a Inventory, configured: &'a [Configured]) -> Vec<Setup<'a>> {
    let mut out = Vec::new();
    for group in configured {
        let settings = &group.settings;
        pip(inventory, group, &mut out);
        for tool in [
            IndexTool::Uv,
            IndexTool::Poetry,
            IndexTool::Pdm,
            IndexTool::Pipenv,
        ] {
            if settings.of(tool).next().is_none() || forbids(settings, tool) {
                continue;
            }
            out.push(Setup {
                tool,
                inputs: read_by(tool, inventory, group),
                settings,
                asked: distinct(of_tool(settings, tool)),
                strategy: strategy(settings, tool),
            });
        }
    }
    out
}

/// pip, once for every requirements file with options of its own, once for all else.
fn pip<'a>(inventory: &'a Inventory, group: &'a Configured, out: &mut Vec<Setup<'a>>) {
    let settings = &group.settings;
    let mut rest = read_by(IndexTool::Pip, inventory, group);
    let mut add = |inputs, options: Option<&'a RequirementOptions>| {
        let none = options.is_some_and(|o| o.none.is_some()) || forbids(settings, IndexTool::Pip);
        if !none {
            out.push(Setup {
                tool: IndexTool::Pip,
                inputs,
                settings,
                asked: distinct(of_pip(settings, options)),
                strategy: IndexStrategy::Best,
            });
        }
    };
    for options in &inventory.options {
        rest.retain(|input| !options.inputs.contains(input));
        if !options
            .inputs
            .first()
            .is_some_and(|first| group.inputs.contains(first))
        {
            continue;
        }
        add(options.inputs.iter().copied().collect(), Some(options));
    }
    add(rest, None);
}

fn read_by(tool: IndexTool, inventory: &Inventory, group: &Configured) -> BTreeSet<InputId> {
    let others = [IndexTool::Uv, IndexTool::Poetry, IndexTool::Pdm];
    let own = |tool| group.settings.of(tool).any(|i| i.scope != IndexScope::User);
    let reads = |format: InputFormat| match (tool, format) {
        (IndexTool::Pip, InputFormat::Pyproject) => !others.into_iter().any(own),
        (IndexTool::Uv, InputFormat::Pyproject | InputFormat::Requirements) => own(tool),
        (
            IndexTool::Pip,
            InputFormat::Requirements | InputFormat::SetupCfg | InputFormat::SetupPy,
        )
        | (IndexTool::Uv, InputFormat::UvLock | InputFormat::Script)
        | (IndexTool::Poetry, InputFormat::PoetryLock | InputFormat::Pyproject)
        | (IndexTool::Pdm, InputFormat::PdmLock | InputFormat::Pyproject)
        | (IndexTool::Pipenv, InputFormat::Pipfile | InputFormat::PipfileLock) => true,
        _ => false,
    };
    let format = |id: &&InputId| inventory.input(**id).is_some_and(|i| reads(i.format));
    group.inputs.iter().filter(format).copied().collect()
}

fn forbids(settings: &IndexSettings, tool: IndexTool) -> bool {
    settings.forbidden.iter().any(|place| match place {
        IndexPlace::Variable(name) => match tool {
            IndexTool::Pip => name.starts_with("PIP_"),
            IndexTool::Uv => name.starts_with("UV_"),
            _ => false,
        },
        IndexPlace::File(location) => match tool {
            IndexTool::Pip => !location.file.ends_with(".toml"),
            IndexTool::Uv => location.file.ends_with(".toml"),
            _ => false,
        },
        _ => false,
    })
}

fn strategy(settings: &IndexSettings, tool: IndexTool) -> IndexStrategy {
    let usual = match tool {
        IndexTool::Uv | IndexTool::Pipenv => IndexStrategy::First,
        IndexTool::Poetry => IndexStrategy::ByRole,
        _ => IndexStrategy::Best,
    };
    settings.strategies.get(&tool).copied().unwrap_or(usual)
}

/// Settings of pip override each other key by key; options of a requirements file come to them, and its `--index-url`
/// takes the place of all indexes.
fn of_pip<'a>(
    settings: &'a IndexSettings,
    options: Option<&'a RequirementOptions>,
) -> Vec<Asked<'a>> {
    let nearest = |role: IndexRole| {
        let all = || settings.of(IndexTool::Pip).filter(move |i| i.role == role);
        let first = all().find(|i| i.place != IndexPlace::Stock);
        all().filter(move |i| first.is_some_and(|f| same_origin(&f.place, &i.place)))
    };
    let written = options.map(|o| o.indexes.as_slice()).unwrap_or_default();
    let asked = |index: &'a ConfiguredIndex| Asked {
        index: Some(index),
        is_public: is_public(&index.url, settings),
    };
    let mut out = Vec::new();
    if !written.iter().any(|i| i.role == IndexRole::Default) {
        let main = nearest(IndexRole::Default).next();
        out.push(main.map_or(
            Asked {
                index: None,
                is_public: true,
            },
            asked,
        ));
        out.extend(nearest(IndexRole::Extra).map(asked));
    }
    out.extend(written.iter().map(asked));
    out.extend(nearest(IndexRole::FindLinks).map(asked));
    out
}

fn of_tool(settings: &IndexSettings, tool: IndexTool) -> Vec<Asked<'_>> {
    let asked = |index| Asked {
        index: Some(index),
        is_public: is_public(&index.url, settings),
    };
    let of = |role| {
        settings
            .of(tool)
            .filter(move |i: &&ConfiguredIndex| i.role == role)
    };
    let main = of(IndexRole::Default).next();
    let own = Asked {
        index: None,
        is_public: true,
    };
    let mut out = Vec::new();
    match tool {
        // The default comes last.
        IndexTool::Uv => {
            out.extend(of(IndexRole::Extra).map(asked));
            out.push(main.map_or(own, asked));
        }
        IndexTool::Poetry => {
            let primary: Vec<_> = main.into_iter().chain(of(IndexRole::Primary)).collect();
            if primary.is_empty() {
                out.push(own);
            }
            out.extend(primary.into_iter().map(asked));
            out.extend(of(IndexRole::Extra).map(asked));
            out.extend(of(IndexRole::Supplemental).map(asked));
        }
        _ => {
            out.push(main.map_or(own, asked));
            out.extend(of(IndexRole::Extra).map(asked));
        }
    }
    out.extend(of(IndexRole::FindLinks).map(asked));
    out
}

fn distinct(asked: Vec<Asked<'_>>) -> Vec<Asked<'_>> {
    let mut out: Vec<Asked<'_>> = Vec::new();
    for one in asked {
        let known = out.iter().any(|old| match (old.index, one.index) {
            (Some(old), Some(new)) => same_place(&old.url, &new.url),
            _ => old.is_public && one.is_public,
        });
        if !known {
            out.push(one);
        }
    }
    out
}

impl Setup<'_> {
    /// True when a name is excluded from all indexes but one, which is as good as a binding.
    pub(super) fn leaves_one(&self, name: &PackageName) -> bool {
        let takes = |a: &&Asked<'_>| !a.index.is_some_and(|i| i.refuses(name));
        self.asked.len() > 1 && self.asked.iter().filter(takes).count() == 1
    }

    /// How somebody else's file could take the place of one of the user's own.
    pub(super) fn exposure(&self) -> Option<Exposure> {
        let links = |a: &&Asked<'_>| a.role() == IndexRole::FindLinks;
        let (links, indexes): (Vec<&Asked<'_>>, Vec<&Asked<'_>>) =
            self.asked.iter().partition(links);
        let equal: Vec<&&Asked<'_>> = match self.strategy {
            IndexStrategy::ByRole => indexes
                .iter()
                .filter(|a| a.role() != IndexRole::Supplemental)
                .collect(),
            _ => indexes.iter().collect(),
        };
        let several = equal.len() > 1 && self.strategy != IndexStrategy::First;
        let public_first =
            indexes.first().is_some_and(|a| a.is_public) && indexes.iter().any(|a| !a.is_public);
        let explicit = self
            .settings
            .of(self.tool)
            .any(|i| i.role == IndexRole::Explicit);
        if several {
            Some(Exposure::Highest)
        } else if !links.is_empty() && !indexes.is_empty() {
            Some(Exposure::HighestOfLinks)
        } else if public_first {
            Some(Exposure::PublicFirst)
        } else if explicit && indexes.iter().all(|a| a.is_public) {
            Some(Exposure::Unbound)
        } else {
            None
        }
    }

    /// The index that is the user's own, as far as anybody can tell: not the public one, the one set apart before others.
    pub(super) fn private(&self) -> Option<&ConfiguredIndex> {
        let explicit = self
            .settings
            .of(self.tool)
            .find(|i| i.role == IndexRole::Explicit);
        let other = |a: &&Asked<'_>| !a.is_public && a.role() != IndexRole::FindLinks;
        let asked = || self.asked.iter().filter(other).filter_map(|a| a.index);
        let extra = asked().find(|i| i.role != IndexRole::Default);
        explicit.or(extra).or_else(|| asked().next())
    }

    /// For people.
    pub(super) fn label(&self) -> &'static str {
        match self.tool {
            IndexTool::Uv => "uv",
            IndexTool::Poetry => "Poetry",
            IndexTool::Pdm => "PDM",
            IndexTool::Pipenv => "Pipenv",
            _ => "pip",
        }
    }

    /// The indexes in their order, each with where it is written, and the word between them.
    pub(super) fn describe(&self, between: &str) -> String {
        let one = |asked: &Asked<'_>| match asked.index {
            Some(index) => format!("{} ({})", index.url, index.place),
            None => "the public index".to_owned(),
        };
        let all: Vec<String> = self.asked.iter().map(one).collect();
        all.join(between)
    }
}

/// Whether an address is that of the index which everybody may publish on.
pub(super) fn is_public(url: &RedactedUrl, settings: &IndexSettings) -> bool {
    settings
        .stock()
        .is_some_and(|stock| same_place(&stock.url, url))
}

/// Whether two addresses are of one index: passwords, the case of the host and a slash at the end do not count.
pub(super) fn same_place(a: &RedactedUrl, b: &RedactedUrl) -> bool {
    fn parts(url: &str) -> (String, &str) {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let head = format!("{scheme}://{host}").to_ascii_lowercase();
        (head, path.trim_end_matches('/'))
    }
    parts(a.expose()) == parts(b.expose())
}

/// Whether two settings stand in one variable or file.
fn same_origin(a: &IndexPlace, b: &IndexPlace) -> bool {
    match (a, b) {
        (IndexPlace::File(a), IndexPlace::File(b)) => a.file == b.file,
        _ => a == b,
    }
}
