//! Locks as uv, Poetry, PDM and Pipenv write them.

mod common;

use common::{scan_fixture, scan_memory, scan_memory_for, show, show_gaps, target};

#[test]
fn uv() {
    insta::assert_snapshot!(show(&scan_fixture("uv_lock/uv.lock")));
}

#[test]
fn uv_script() {
    insta::assert_snapshot!(show(&scan_fixture("script/run.py.lock")));
}

#[test]
fn poetry() {
    insta::assert_snapshot!(show(&scan_fixture("poetry_lock/poetry.lock")));
}

#[test]
fn pdm() {
    insta::assert_snapshot!(show(&scan_fixture("pdm_lock/pdm.lock")));
}

#[test]
fn pipenv() {
    insta::assert_snapshot!(show(&scan_fixture("pipfile_lock/Pipfile.lock")));
}

#[test]
fn pylock() {
    insta::assert_snapshot!(show(&scan_fixture("pylock/pylock.toml")));
}
