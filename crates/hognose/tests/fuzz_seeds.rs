//! Every fuzz target on stable: the committed seeds, and some thousand mutations of them.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

/// A parser of hostile input.
type Entry = fn(&[u8]);

macro_rules! inventory {
    ($($name:ident),*) => { [$((stringify!($name), (|data| drop(hognose_inventory::fuzzing::$name(data))) as Entry)),*] };
}

fn targets() -> Vec<(&'static str, Entry)> {
    let mut out: Vec<(&'static str, Entry)> = vec![
        ("osv_json", hognose_advisories::fuzzing::osv_json),
        ("osv_yaml", hognose_advisories::fuzzing::osv_yaml),
        ("database", hognose_advisories::fuzzing::database),
        ("zip", hognose_archive::fuzzing::zip),
        ("tar", hognose_archive::fuzzing::tar),
        ("examine", hognose_archive::fuzzing::examine),
        ("distribution", hognose_archive::fuzzing::distribution),
        ("python", hognose_behaviour::fuzzing::python),
        ("artifact", hognose_behaviour::fuzzing::artifact),
        ("content", hognose_behaviour::fuzzing::content),
        ("texts", hognose_behaviour::fuzzing::texts),
        ("config", hognose_policy::fuzzing::config),
        ("ignores", hognose_policy::fuzzing::ignores),
        ("index_page", hognose_index::fuzzing::project_page),
        ("index_project", hognose_index::fuzzing::project_document),
        ("index_filename", hognose_index::fuzzing::filename),
        ("gateway_path", hognose_gateway::fuzzing::path),
        ("gateway_headers", hognose_gateway::fuzzing::headers),
        ("provenance", hognose_provenance::fuzzing::provenance),
        ("forge", hognose_provenance::fuzzing::forge),
        ("provenance_memory", hognose_provenance::fuzzing::memory),
        (
            "rebuild_attestation",
            hognose_provenance::fuzzing::rebuild_attestation,
        ),
        ("vocabulary", hognose_types::fuzzing::vocabulary),
        ("core_metadata", |data| {
            hognose_inventory::fuzzing::core_metadata(data);
        }),
    ];
    out.extend(inventory![
        requirements,
        pyproject,
        setup_cfg,
        setup_py,
        poetry_lock,
        pdm_lock,
        uv_lock,
        pipfile,
        pipfile_lock,
        pylock,
        script,
        wheel,
        sdist,
        environment,
        conda_environment,
        conda_lock,
        conda_record,
        cyclonedx,
        spdx
    ]);
    out
}

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(directory: &str) -> Vec<String> {
    let path = fuzz().join(directory);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| {
            e.file_name()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_target_runs_here_and_has_seeds() {
    let mut known: Vec<String> = targets()
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    known.sort();
    assert_eq!(names("fuzz_targets"), known);
    for name in known.iter().filter(|n| *n != "database") {
        assert!(
            !names(&format!("corpus/{name}")).is_empty(),
            "fuzz/corpus/{name} holds no seed"
        );
    }
}

#[test]
fn seeds_and_mutations_are_survived() {
    for (name, entry) in targets() {
        let directory = fuzz().join("corpus").join(name);
        let seeds = std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|e| std::fs::read(e.path()).ok());
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for seed in seeds.chain([Vec::new(), vec![0; 300]]) {
            entry(&seed);
            for _ in 0..150 {
                entry(&mutate(seed.clone(), &mut state));
            }
        }
    }
}

/// Changes, cuts, repeats or inserts: the same on every machine.
fn mutate(mut bytes: Vec<u8>, state: &mut u64) -> Vec<u8> {
    let mut next = |below: usize| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state as usize) % below.max(1)
    };
    const WORDS: [&[u8]; 12] = [
        b"{",
        b"[",
        b"\"",
        b"'",
        b"\n",
        b"\0",
        b"\xff",
        b"..",
        b"\\",
        b"- &a [*a]",
        b"9999999999999999999",
        b"\x1b[2J",
    ];
    for _ in 0..=next(4) {
        let at = next(bytes.len());
        match next(5) {
            0 if !bytes.is_empty() => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = next(256) as u8;
                }
            }
            1 => bytes.truncate(at),
            2 => {
                let end = (at + next(64)).min(bytes.len());
                let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
                for _ in 0..next(20) {
                    bytes.extend_from_slice(&piece);
                }
            }
            3 => {
                let word = WORDS.get(next(WORDS.len())).copied().unwrap_or_default();
                bytes.splice(at..at, word.iter().copied());
            }
            _ => {
                let end = (at + next(32)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
    bytes
}
