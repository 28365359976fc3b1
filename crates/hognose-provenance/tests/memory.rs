//! What is remembered, how it is written, and what a later look makes of it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use hognose_provenance::attestation::{Attested, Identity, Predicate, Publisher};
use hognose_provenance::memory::{
    Change, Extent, File, Known, Memory, MemoryError, Part, Presence, Release, stated,
    stated_identities, with_identities,
};
use hognose_types::{PackageName, Version};
use proptest::prelude::*;

fn name() -> PackageName {
    PackageName::new("tool").unwrap()
}

fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

fn acme() -> Known {
    Known {
        kind: Some("GitHub".to_owned()),
        issuer: "https://token.actions.githubusercontent.com".to_owned(),
        repository: Some("https://github.com/acme/tool".to_owned()),
        repository_id: Some("1".to_owned()),
        owner: Some("https://github.com/acme".to_owned()),
        owner_id: Some("2".to_owned()),
        workflow: Some(".github/workflows/release.yml".to_owned()),
        runner: Some("github-hosted".to_owned()),
        account: None,
    }
}

/// A release whose files are attested or not, in order.
fn release(version: &str, files: &[(&str, Presence)], publishers: &[Known]) -> Release {
    let mut release = Release::default();
    for (tail, attested) in files {
        let file = File {
            sha256: Some("ab".repeat(32)),
            uploaded: Some("2026-01-01T00:00:00Z".to_owned()),
            attested: *attested,
        };
        release.files.insert(format!("tool-{version}{tail}"), file);
    }
    for publisher in publishers {
        release.publish(publisher.clone());
    }
    release
}

const BOTH: [(&str, Presence); 2] = [
    (".tar.gz", Presence::Yes),
    ("-py3-none-any.whl", Presence::Yes),
];
const NEITHER: [(&str, Presence); 2] = [
    (".tar.gz", Presence::No),
    ("-py3-none-any.whl", Presence::No),
];
const ONE: [(&str, Presence); 2] = [
    (".tar.gz", Presence::No),
    ("-py3-none-any.whl", Presence::Yes),
];
const UNTOLD: [(&str, Presence); 2] = [
    (".tar.gz", Presence::Unknown),
    ("-py3-none-any.whl", Presence::Unknown),
];

/// Knows 1.0, attested.
fn memory() -> Memory {
    let mut memory = Memory::default();
    memory.learn(name(), version("1.0"), release("1.0", &BOTH, &[acme()]));
    memory
}

#[test]
fn what_did_not_change_is_silent() {
    let memory = memory();
    for (number, files) in [
        ("1.0", BOTH),
        ("1.0", UNTOLD),
        ("1.1", UNTOLD),
        ("2.0", UNTOLD),
    ] {
        let now = release(number, &files, &[]);
        assert_eq!(
            memory.compare(&name(), &version(number), &now),
            [],
            "{number}"
        );
    }
    for number in ["1.0", "1.1", "2.0"] {
        let now = release(number, &BOTH, &[acme()]);
        assert_eq!(
            memory.compare(&name(), &version(number), &now),
            [],
            "{number}"
        );
    }
    // Nobody knew better.
    let now = release("1.0", &NEITHER, &[]);
    assert_eq!(
        Memory::default().compare(&name(), &version("1.0"), &now),
        []
    );
}

#[test]
fn a_loss_is_a_loss_inside_a_line_and_forwards() {
    let memory = memory();
    for (number, lost) in [
        ("1.0", true),
        ("1.0.1", true),
        ("1.9", true),
        ("2.0", true),
        ("0.9", false),
        ("0.1", false),
    ] {
        let now = release(number, &NEITHER, &[]);
        let found = memory.compare(&name(), &version(number), &now);
        let is = matches!(found.as_slice(), [Change::Lost { files, before: Some(_) }] if files.len() == 2);
        assert_eq!(is, lost, "{number}: {found:?}");
    }
    // A newer line is attested, the older one never was.
    let mut memory = memory;
    memory.learn(name(), version("7.0"), release("7.0", &BOTH, &[acme()]));
    memory.learn(name(), version("6.1"), release("6.1", &NEITHER, &[]));
    let now = release("6.2", &NEITHER, &[]);
    assert_eq!(memory.compare(&name(), &version("6.2"), &now), []);
    // One that was never seen is compared with nothing.
    let now = release("5.0", &NEITHER, &[]);
    assert_eq!(memory.compare(&name(), &version("5.0"), &now), []);
}

#[test]
fn some_files_without_are_partial_and_worse_where_all_had_it() {
    let now = release("1.1", &ONE, &[acme()]);
    let before = Memory::default();
    let found = before.compare(&name(), &version("1.1"), &now);
    assert!(
        matches!(
            found.as_slice(),
            [Change::Partial {
                knew_better: false,
                attested: 1,
                ..
            }]
        ),
        "{found:?}"
    );
    let found = memory().compare(&name(), &version("1.1"), &now);
    assert!(
        matches!(
            found.as_slice(),
            [Change::Partial {
                knew_better: true,
                ..
            }]
        ),
        "{found:?}"
    );
    // Of the same release it is a loss.
    let now = release("1.0", &ONE, &[acme()]);
    let found = memory().compare(&name(), &version("1.0"), &now);
    assert!(
        matches!(found.as_slice(), [Change::Lost { files, .. }] if files == &["tool-1.0.tar.gz"]),
        "{found:?}"
    );
}

#[test]
fn who_published() {
    let renamed = Known {
        repository: Some("https://github.com/acme/utensil".to_owned()),
        ..acme()
    };
    assert_eq!(acme().differs(&renamed), None);
    let cased = Known {
        repository: Some("https://github.com/Acme/Tool".to_owned()),
        repository_id: None,
        ..acme()
    };
    assert_eq!(acme().differs(&cased), None);
    for (other, part) in [
        (
            Known {
                repository_id: Some("9".to_owned()),
                ..acme()
            },
            Part::Repository,
        ),
        (
            Known {
                owner_id: Some("9".to_owned()),
                ..acme()
            },
            Part::Owner,
        ),
        (
            Known {
                issuer: "https://gitlab.com".to_owned(),
                ..acme()
            },
            Part::Issuer,
        ),
        (
            Known {
                workflow: Some("x.yml".to_owned()),
                ..acme()
            },
            Part::Workflow,
        ),
        (
            Known {
                runner: Some("self-hosted".to_owned()),
                ..acme()
            },
            Part::Runner,
        ),
        (
            Known {
                account: Some("a@b.example".to_owned()),
                ..acme()
            },
            Part::Account,
        ),
    ] {
        let now = release("1.1", &BOTH, std::slice::from_ref(&other));
        let found = memory().compare(&name(), &version("1.1"), &now);
        let [Change::Changed { what, since, .. }] = found.as_slice() else {
            panic!("{part:?}: {found:?}")
        };
        assert_eq!((*what, since), (part, &version("1.0")));
        assert_eq!(
            part.is_minor(),
            matches!(part, Part::Workflow | Part::Runner)
        );
    }
}

#[test]
fn several_publishers_of_one_release() {
    let other = Known {
        repository_id: Some("9".to_owned()),
        ..acme()
    };
    let now = release("1.1", &BOTH, &[acme(), other]);
    let found = Memory::default().compare(&name(), &version("1.1"), &now);
    assert!(
        matches!(
            found.as_slice(),
            [Change::Inconsistent {
                knew_better: false,
                ..
            }]
        ),
        "{found:?}"
    );
    let found = memory().compare(&name(), &version("1.1"), &now);
    assert!(
        found.iter().any(|c| matches!(
            c,
            Change::Inconsistent {
                knew_better: true,
                ..
            }
        )),
        "{found:?}"
    );
    let machine = Known {
        runner: Some("self-hosted".to_owned()),
        ..acme()
    };
    let now = release("1.1", &BOTH, &[acme(), machine]);
    assert_eq!(
        Memory::default().compare(&name(), &version("1.1"), &now),
        []
    );
}

#[test]
fn files_of_a_release_that_is_remembered() {
    let mut now = release("1.0", &BOTH, &[acme()]);
    now.files.insert(
        "tool-1.0-cp313-cp313-win_amd64.whl".to_owned(),
        File::default(),
    );
    now.files.get_mut("tool-1.0.tar.gz").unwrap().sha256 = Some("cd".repeat(32));
    let found = memory().compare(&name(), &version("1.0"), &now);
    assert!(
        matches!(
            found.as_slice(),
            [Change::LateFile { .. }, Change::Replaced { .. }]
        ),
        "{found:?}"
    );
    // A file that is gone takes nobody in.
    now.files.clear();
    assert_eq!(memory().compare(&name(), &version("1.0"), &now), []);
}

#[test]
fn the_file_says_everything_and_nothing_else() {
    let text = memory().render();
    assert_eq!(Memory::parse(&text).unwrap(), memory());
    assert_eq!(Memory::parse(&text).unwrap().render(), text);
    for line in [
        "version = 1",
        "attested = \"yes\"",
        "repository-id = \"1\"",
        "owner-id = \"2\"",
        "uploaded = \"2026-01-01T00:00:00Z\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(Memory::parse("version = 1\n").unwrap(), Memory::default());
}

#[test]
fn other_versions_of_the_file() {
    // New data, this reader: keys and words that nobody knows yet are passed over, a new format is refused.
    let text = memory().render();
    let tomorrow = text
        .replace(
            "attested = \"yes\"\n[",
            "attested = \"yes\"\nmood = \"good\"\n[",
        )
        .replacen("[[package.file]]", "[[package.file]]\ncolour = 3", 1)
        + "\n[settings]\nx = 1\n";
    assert_eq!(Memory::parse(&tomorrow).unwrap(), memory());
    let word = text.replace("attested = \"yes\"", "attested = \"sometimes\"");
    let (_, _, known) = Memory::parse(&word)
        .unwrap()
        .releases()
        .next()
        .map(|(n, v, r)| (n.clone(), v.clone(), r.clone()))
        .unwrap();
    assert_eq!(known.extent(), Extent::Unknown);
    assert_eq!(
        Memory::parse("version = 2\n[[package]]\n"),
        Err(MemoryError::Newer { found: 2 })
    );
    // Old data: everything but name and version may be missing.
    let old = "version = 1\n[[package]]\nname = \"Tool\"\nversion = \"1.0\"\n[[package.file]]\nname = \"tool-1.0.tar.gz\"\n";
    assert_eq!(Memory::parse(old).unwrap().releases().count(), 1);
    for bad in [
        "",
        "version = \"1\"",
        "version = 1\npackage = 3",
        "version = 1\n[[package]]\nname = \"-\"\nversion = \"1\"",
        "version = 1\n[[package]]\nname = \"a\"\nversion = \"x y\"",
        "<<<<<<< HEAD\nversion = 1",
        "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]\nname = \"A\"\nversion = \"1.0\"",
        "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\n[[package.file]]\nname = \"x\"\nsha256 = \"00\"",
    ] {
        assert!(
            matches!(Memory::parse(bad), Err(MemoryError::Malformed { .. })),
            "{bad}"
        );
    }
}

#[test]
fn what_is_not_known_does_not_overwrite() {
    let mut memory = memory();
    let mut silent = release("1.0", &UNTOLD, &[]);
    for file in silent.files.values_mut() {
        (file.sha256, file.uploaded) = (None, None);
    }
    memory.learn(name(), version("1.0"), silent);
    assert_eq!(memory, self::memory());
    memory.learn(name(), version("1.0"), release("1.0", &NEITHER, &[]));
    assert_eq!(
        memory.release(&name(), &version("1.0")).unwrap().extent(),
        Extent::None
    );
}

#[test]
fn only_what_may_be_compared_again_is_kept() {
    let mut memory = Memory::default();
    for number in ["1.0", "1.1", "2.0", "2.1", "2.2"] {
        memory.learn(name(), version(number), release(number, &BOTH, &[acme()]));
    }
    memory.learn(
        PackageName::new("gone").unwrap(),
        version("1"),
        Release::default(),
    );
    memory.keep(&BTreeMap::from([(name(), vec![version("2.0")])]));
    let kept: Vec<&str> = memory
        .releases()
        .map(|(_, version, _)| version.as_str())
        .collect();
    assert_eq!(kept, ["1.1", "2.0", "2.2"]);
}

#[test]
fn publishers_are_written_into_a_lock() {
    let publisher = Publisher::GitHub {
        repository: "acme/tool".to_owned(),
        workflow: "release.yml".to_owned(),
    };
    let own = [publisher.clone()].into_iter().collect();
    let publishers = [(name(), own)].into_iter().collect();
    let lock = "lock-version = '1.0'\r\n[[packages]] # first\r\nversion = '1'\r\nname = 'tool'\r\n[packages.sdist]\r\nname = 'x'\r\n[[packages]]\r\nname = 'other'\r\n[tool.x]\r\na = 1";
    let (done, count) = with_identities(lock, &publishers).unwrap();
    assert_eq!(count, 1);
    let written = "[[packages.attestation-identities]]\r\nkind = \"GitHub\"\r\nrepository = \"acme/tool\"\r\nworkflow = \"release.yml\"\r\n";
    assert_eq!(
        done,
        lock.replace("name = 'x'\r\n", &format!("name = 'x'\r\n{written}"))
    );
    assert_eq!(stated_identities(&done).unwrap()[&name()], [publisher]);
    // What names publishers keeps them.
    assert_eq!(
        with_identities(&done, &publishers).unwrap(),
        (done.clone(), 0)
    );
    // The last package, before other tables.
    let last = lock
        .replace("'other'", "'last'")
        .replace("'tool'", "'other'")
        .replace("'last'", "'tool'");
    let (done, count) = with_identities(&last, &publishers).unwrap();
    assert_eq!((count, done.contains(written)), (1, true));
    let inline = "packages = [{ name = 'tool' }]\n";
    assert!(with_identities(inline, &publishers).is_err());
    assert!(with_identities("[", &publishers).is_err());
}

#[test]
fn a_lock_that_names_publishers() {
    let lock = r#"lock-version = "1.0"
        [[packages]]
        name = "Tool"
        version = "1.0"
        [[packages.attestation-identities]]
        kind = "GitHub"
        repository = "acme/tool"
        workflow = "release.yml"
        [[packages]]
        name = "other""#;
    let named = stated_identities(lock).unwrap();
    let own = &named[&name()];
    let [
        Publisher::GitHub {
            repository,
            workflow,
        },
    ] = own.as_slice()
    else {
        panic!("{named:?}")
    };
    assert_eq!(
        (repository.as_str(), workflow.as_str()),
        ("acme/tool", "release.yml")
    );
    let attested = |repository: &str| Attested {
        predicate: Predicate::Publish,
        identity: Identity {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            repository: Some(format!("https://github.com/{repository}")),
            build: Some(format!(
                "https://github.com/{repository}/.github/workflows/release.yml@refs/tags/v1"
            )),
            reference: Some("refs/tags/v1".to_owned()),
            ..Identity::default()
        },
        publisher: Some("GitHub".to_owned()),
        signed: None,
    };
    let (right, wrong) = ([attested("acme/tool")], [attested("evil/tool")]);
    let of = |presence, attested: &[Attested]| {
        stated(own, [("tool-1.0.tar.gz", presence, attested)].into_iter())
    };
    assert_eq!(of(Presence::Yes, &right), []);
    assert_eq!(of(Presence::Unknown, &[]), []);
    assert!(matches!(
        of(Presence::Yes, &wrong).as_slice(),
        [Change::Unnamed { .. }]
    ));
    assert!(matches!(
        of(Presence::No, &[]).as_slice(),
        [Change::Lost { before: None, .. }]
    ));
    assert_eq!(
        stated(&[], [("x", Presence::No, [].as_slice())].into_iter()),
        []
    );
}

proptest! {
    #[test]
    fn whatever_is_remembered_comes_back(
        text in "\\PC{0,20}[\\x00-\\x1f\"\\\\\\x7f\u{85}\u{202e}]{0,3}",
        file in "[a-z\\PC]{1,12}",
        presence in prop_oneof![Just(Presence::Yes), Just(Presence::No), Just(Presence::Unknown)],
    ) {
        let mut memory = Memory::default();
        let mut release = Release::default();
        release.publish(Known { issuer: text.clone(), owner: Some(text.clone()), ..Known::default() });
        release.files.insert(file, File { sha256: None, uploaded: Some(text), attested: presence });
        let expected = release.clone();
        memory.learn(name(), version("1.0"), release);
        let back = Memory::parse(&memory.render()).unwrap();
        prop_assert_eq!(&back, &memory);
        if presence != Presence::Unknown {
            prop_assert_eq!(back.release(&name(), &version("1")), Some(&expected));
        }
    }

    #[test]
    fn any_text(text in "(version = 1\n)?(\\[\\[package(\\.file|\\.publisher)?\\]\\]\n|[a-z]+ = (\"[a-z0-9.]*\"|[0-9]+)\n|.{0,5}){0,8}") {
        if let Ok(memory) = Memory::parse(&text) {
            prop_assert_eq!(Memory::parse(&memory.render()), Ok(memory));
        }
        let _ = stated_identities(&text);
    }
}
