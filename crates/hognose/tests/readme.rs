//! What the README shows is what the program prints.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Sandbox, root};

/// The block after a command line in the README; `…` alone on a line stands for lines left out.
fn shown(readme: &str, command: &str) -> Vec<String> {
    let block = readme
        .split("```console\n")
        .find_map(|b| b.strip_prefix(&format!("$ {command}\n")));
    let block = block.unwrap_or_else(|| panic!("the README does not show `{command}`"));
    block
        .split("```")
        .next()
        .unwrap_or("")
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_first_command_prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let lines = shown(&readme, "cargo run --release -- scan examples/storefront");
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .command(&["scan", "examples/storefront"])
        .current_dir(root())
        .output()
        .unwrap();
    assert_eq!(outcome.status.code(), Some(1));
    let printed = String::from_utf8(outcome.stdout).unwrap();
    let printed: Vec<&str> = printed.lines().collect();
    let mut at = 0;
    for (index, piece) in lines.split(|line| line == "…").enumerate() {
        let found = (at..=printed.len().saturating_sub(piece.len()))
            .find(|start| printed[*start..*start + piece.len()] == *piece);
        let found = found.unwrap_or_else(|| {
            panic!(
                "piece {index} of the README is not printed:\n{}\n\nprinted:\n{}",
                piece.join("\n"),
                printed.join("\n")
            )
        });
        assert!(
            index > 0 || found == 0,
            "the README leaves out the beginning without saying so"
        );
        at = found + piece.len();
    }
    assert_eq!(
        at,
        printed.len(),
        "the README leaves out the end without saying so"
    );
}

#[test]
fn cargo_run_means_the_program() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = std::process::Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let members = metadata["workspace_default_members"].as_array().unwrap();
    let names: Vec<_> = members.iter().filter_map(|m| m.as_str()).collect();
    assert!(
        names.len() == 1 && names[0].contains("crates/hognose#"),
        "{names:?}"
    );
}

#[test]
fn the_environment_of_the_example_can_be_scanned() {
    let sandbox = Sandbox::new();
    let outcome = sandbox
        .command(&["scan", "examples/storefront/env"])
        .current_dir(root())
        .output()
        .unwrap();
    let printed = String::from_utf8(outcome.stdout).unwrap();
    assert_eq!(outcome.status.code(), Some(1), "{printed}");
    assert!(printed.contains("examples/storefront/env"), "{printed}");
}
