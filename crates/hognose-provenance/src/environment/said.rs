//! What a check finds, in words.

use hognose_types::text::short;
use hognose_types::{RuleId, Severity, rules};
use rules::environment as rule;

use super::bytecode::Difference;
use super::findings::Place;
use super::report::{
    Apart, Distribution, Hook, Own, Problem, ProblemKind, Report, RowFault, Unlisted,
};

/// Most characters of a piece of somebody else's text.
pub(super) const PIECE: usize = 160;
/// Most names in a list.
pub(super) const NAMED: usize = 5;

/// One problem in words.
pub(super) struct Said {
    pub(super) rule: RuleId,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) remedy: String,
}

/// What a problem is, in words.
pub(super) fn said(report: &Report, problem: &Problem, place: &Place<'_>) -> Said {
    let file = (place.shown)(&problem.file);
    let owner = problem
        .distribution
        .and_then(|at| report.distributions.get(at));
    match &problem.kind {
        ProblemKind::Altered {
            stated,
            found,
            links,
        } => altered(&file, (stated, found), *links, owner),
        ProblemKind::Missing => Said {
            rule: rule::MISSING,
            severity: Severity::Low,
            message: format!("{file} was installed and is not there"),
            remedy: reinstall(owner),
        },
        ProblemKind::Row { fault, .. } => row(&file, fault, owner),
        ProblemKind::Unlisted {
            what,
            files,
            shadows,
        } => unlisted(&file, *what, *files, shadows.as_deref(), place),
        ProblemKind::Hook(hook) => unlisted_hook(&file, hook),
        ProblemKind::Bytecode { source, difference } => {
            bytecode(&file, &(place.shown)(source), difference)
        }
        ProblemKind::Claimed { other } => Said {
            rule: rule::CLAIMED,
            severity: Severity::None,
            message: format!(
                "{file} is also installed by {}, with other content, and that is what is there",
                report
                    .distributions
                    .get(*other)
                    .map_or_else(String::new, label)
            ),
            remedy: "remove one of the two, or look at which of them Python imports".to_owned(),
        },
        ProblemKind::Index(apart) => index(&file, *apart, owner),
        ProblemKind::Twice { other } => {
            let other = report.distributions.get(*other);
            twice(
                &file,
                &other.map_or_else(String::new, |other| (place.shown)(&other.folder)),
            )
        }
        ProblemKind::Own(own) => made_with(&file, own, place),
        ProblemKind::Script { entry, word } => Said {
            rule: rule::SCRIPT,
            severity: Severity::High,
            message: format!(
                "{file} should only call {}, and uses \"{}\"",
                short(entry, PIECE),
                short(word, PIECE)
            ),
            remedy: format!("look at the file; {}", reinstall(owner)),
        },
    }
}

pub(super) fn label(distribution: &Distribution) -> String {
    let label = format!("{} {}", distribution.name, distribution.version);
    short(label.trim(), PIECE)
}

fn twice(file: &str, other: &str) -> Said {
    Said {
        rule: rule::CLAIMED,
        severity: Severity::Medium,
        message: format!(
            "{file} and {other} are of one name: which of them pip and `importlib.metadata` see depends on the order of the directory"
        ),
        remedy: "find out which of them is installed, and remove the folder of the other"
            .to_owned(),
    }
}

fn index(file: &str, apart: Apart, owner: Option<&Distribution>) -> Said {
    let (severity, message) = match apart {
        Apart::Other => (
            Severity::High,
            format!("{file} is not what the wheel of its index holds"),
        ),
        Apart::Gone => (
            Severity::Low,
            format!("the wheel of its index holds {file}, which is not there"),
        ),
        Apart::Added => (
            Severity::High,
            format!("{file} is in its RECORD and not in the wheel of its index"),
        ),
    };
    Said {
        rule: rule::INDEX,
        severity,
        message,
        remedy: format!("find out who changed it; {}", reinstall(owner)),
    }
}

fn reinstall(owner: Option<&Distribution>) -> String {
    match owner {
        Some(owner) => format!(
            "install it anew: `pip install --force-reinstall --no-deps {}=={}`",
            short(&owner.name, PIECE),
            short(&owner.version, PIECE)
        ),
        None => "remove it, or install it as a distribution".to_owned(),
    }
}

fn altered(
    file: &str,
    (stated, found): (&str, &str),
    links: Option<u64>,
    owner: Option<&Distribution>,
) -> Said {
    let mut message = format!(
        "{file} was changed after it was installed: it is {} and was {}",
        short(found, 24),
        short(stated, 24)
    );
    let mut remedy = format!("find out who changed it; {}", reinstall(owner));
    if let Some(links) = links {
        message += &format!(
            "; the same file has {links} names on this machine: every environment that shares it is affected, and so is the installer's cache"
        );
        remedy += " after cleaning the cache (`uv cache clean`)";
    }
    Said {
        rule: rule::ALTERED,
        severity: if is_code(file) {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        remedy,
    }
}

/// Whether a file is run or loaded, by its name.
fn is_code(file: &str) -> bool {
    let endings = [
        ".py", ".so", ".pyd", ".pth", ".start", ".dll", ".exe", ".pyc",
    ];
    endings.iter().any(|end| file.ends_with(end))
        || file.contains("/bin/")
        || file.contains("/Scripts/")
        || file.contains(".so.")
}

fn row(file: &str, fault: &RowFault, owner: Option<&Distribution>) -> Said {
    let (severity, message) = match fault {
        RowFault::Unhashed(path) => (
            if is_code(path) {
                Severity::High
            } else {
                Severity::Low
            },
            format!(
                "{file} states no hash of {}, so that nothing tells whether it was changed",
                short(path, PIECE)
            ),
        ),
        RowFault::Unreadable => (
            Severity::Medium,
            format!("{file} has a row that is none of path, hash and size"),
        ),
        RowFault::Damaged(path) => (
            Severity::Medium,
            format!(
                "{file} states a hash of {} that is no digest",
                short(path, PIECE)
            ),
        ),
        RowFault::Weak(name) => (
            Severity::Medium,
            format!(
                "{file} states a hash of algorithm \"{}\", which installers do not write",
                short(name, PIECE)
            ),
        ),
        RowFault::Outside(path) => (
            Severity::High,
            format!(
                "{file} names {}, which is outside the environment",
                short(path, PIECE)
            ),
        ),
    };
    Said {
        rule: rule::RECORD,
        severity,
        message,
        remedy: reinstall(owner),
    }
}

fn unlisted(
    file: &str,
    what: Unlisted,
    files: usize,
    shadows: Option<&str>,
    place: &Place<'_>,
) -> Said {
    let kind = match what {
        Unlisted::Module => "Python code",
        Unlisted::Native => "a library of machine code",
        Unlisted::Directory => "a directory with code",
        Unlisted::Link => "a link to a directory",
        Unlisted::Script => "a program",
        Unlisted::EntryPoints => "entry points, which make tools load code,",
    };
    let mut message = format!("{file} is {kind} that no distribution lists");
    if what == Unlisted::EntryPoints {
        message = format!("{file} declares {kind} and its distribution does not list it");
    }
    if files > 1 {
        message += &format!(" ({files} files)");
    }
    if let Some(shadows) = shadows {
        message += &format!("; Python imports it in place of {}", (place.shown)(shadows));
    }
    let is_grave = shadows.is_some()
        || matches!(
            what,
            Unlisted::Native | Unlisted::EntryPoints | Unlisted::Link
        );
    Said {
        rule: rule::UNLISTED,
        severity: if is_grave {
            Severity::High
        } else {
            Severity::Medium
        },
        message,
        remedy: "find out who put it there; remove it, or install it as a distribution".to_owned(),
    }
}

/// What a start-up hook does, as a fragment.
pub(super) fn does(hook: &Hook) -> String {
    let pieces = |pieces: &[String]| {
        let shown: Vec<String> = pieces.iter().take(NAMED).map(|p| short(p, PIECE)).collect();
        shown.join(" | ")
    };
    match (hook.runs.is_empty(), hook.adds.is_empty()) {
        (true, true) => "does nothing".to_owned(),
        (false, true) => format!("runs {}", pieces(&hook.runs)),
        (true, false) => format!("adds {} to the path", pieces(&hook.adds)),
        (false, false) => format!(
            "runs {} and adds {} to the path",
            pieces(&hook.runs),
            pieces(&hook.adds)
        ),
    }
}

fn unlisted_hook(file: &str, hook: &Hook) -> Said {
    let runs = !hook.runs.is_empty();
    Said {
        rule: rule::HOOK,
        severity: if runs { Severity::High } else { Severity::Medium },
        message: format!(
            "{file} starts with every Python of the environment, and no distribution lists it: it {}",
            does(hook)
        ),
        remedy: if runs {
            "if it is not yours, take the machine for compromised; remove it and find out who wrote it"
        } else {
            "remove it, or waive the rule for its name if it is yours"
        }
        .to_owned(),
    }
}

fn bytecode(file: &str, source: &str, difference: &Difference) -> Said {
    let what = match difference {
        Difference::Code { name, line } => format!(
            "defines {} at line {line}, where the source does not",
            short(name, PIECE)
        ),
        Difference::Name { code, name } => format!(
            "uses the name {} in {}, and the source does not",
            short(name, PIECE),
            short(code, PIECE)
        ),
        Difference::Text { code, text } => format!(
            "holds the text \"{}\" in {}, and the source does not",
            short(text, PIECE),
            short(code, PIECE)
        ),
        Difference::Missing { name, line } => format!(
            "does not do what {} at line {line} of the source says",
            short(name, PIECE)
        ),
        Difference::Unchecked => {
            "was made from another source, and tells Python not to compare".to_owned()
        }
    };
    Said {
        rule: rule::BYTECODE,
        severity: Severity::High,
        message: format!("{file} runs in place of {source}, and {what}"),
        remedy: "keep a copy, delete the __pycache__ directory, and find out who could write there"
            .to_owned(),
    }
}

fn made_with(file: &str, own: &Own, place: &Place<'_>) -> Said {
    let said = match own {
        Own::Word(word) => format!(
            "{file} holds \"{}\", which venv, virtualenv and uv do not write there",
            short(word, PIECE)
        ),
        Own::Enters(path) => format!(
            "{file} enters another environment, {}: programs come from there",
            short(path, PIECE)
        ),
        Own::System => format!(
            "{file} lets packages of the system and of the user in, and the environment was made without them"
        ),
        Own::Key(key) => format!(
            "{file} has the key \"{key}\" more than once, which no tool writes and which Python reads in two ways"
        ),
        Own::Home { home, made_by } => format!(
            "{file} names the home {}, and the interpreter {} that is not of it: the standard library comes from there",
            short(home, PIECE),
            short(made_by, PIECE)
        ),
        Own::Script | Own::Elsewhere { .. } | Own::NoCopy { .. } => interpreter(file, own, place),
    };
    Said {
        rule: rule::INTERPRETER,
        severity: match own {
            Own::System | Own::Enters(_) => Severity::Medium,
            _ => Severity::High,
        },
        message: said,
        remedy: "find out who changed it; make the environment anew".to_owned(),
    }
}

fn interpreter(file: &str, own: &Own, place: &Place<'_>) -> String {
    let shown = |path: &str| short(&(place.shown)(path), PIECE);
    match own {
        Own::Elsewhere { leads, home } if home.is_empty() => {
            format!(
                "{file} leads to {}, and pyvenv.cfg names no home",
                shown(leads)
            )
        }
        Own::Elsewhere { leads, home } => format!(
            "{file} leads to {}, which is no interpreter of the home that pyvenv.cfg names, {}",
            shown(leads),
            short(home, PIECE)
        ),
        Own::NoCopy { of } => format!(
            "{file} is no copy of {}, from which it was made: it was replaced, or the system has a newer one",
            shown(of)
        ),
        _ => format!("{file} is a script in place of an interpreter"),
    }
}
