//! Developer commands. `cargo xtask` lists them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers speaks to them"
)]

use std::process::ExitCode;

mod bench;
mod facts;
mod honest;
mod names;
mod run;
mod setup;
mod test;
mod tidy;

const USAGE: &str = "usage: cargo xtask COMMAND

  test [FILTER]  install what tests need, then format, lints, tidy and all tests
  test --yara    lints and tests of the feature `yara`, which `test` leaves out: its engine compiles for eight CPU minutes
  tidy           documents, rules and sizes agree with the tree
  setup          install what tests need, and nothing else
  bench          speed and size against the targets; benches/README.md explains
                 --rivals        the same work done by other scanners
                 --compare       findings against those of other scanners
                 --inspect DIR   inspecting the wheels and sdists below DIR; needs no feeds
                 --index         asking a loopback index about 200 packages; needs no feeds
                 --gateway       the gateway beside other index servers; needs no feeds
                 --verify        a lock with 200 attestations, and the reference client of PEP 740
                 --environment   500 installed distributions beside sha256sum; needs no feeds
                 --instructions  instruction counts against benches/budgets.toml; --accept takes new ones
                 --data DIR      the feeds [default: ../shared/data]
                 --binary FILE   measure this instead of building one
                 --runs N        runs a median is taken of [default: 21]
  honest         how often inspect accuses honest packages; fails above what is promised; needs the artifacts of
                 benches/honest-packages.txt, and is no part of `test`
                 --cache DIR     where they are, in DIR/top and DIR/tail
                 --fetch         download what is missing, through the index that pip uses
                 --index-url URL through this index
                 --binary FILE   inspect with this instead of building one
  names          how well look-alike names are told from honest ones
                 --data DIR      the lists [default: ../shared/data]
                 --fit           fit the model anew, on half of the names
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", "--yara"] => test::yara(),
        ["test", filter @ ..] => test::run(filter),
        ["tidy"] => tidy::run(),
        ["bench", options @ ..] => bench::run(options),
        ["honest", options @ ..] => honest::run(options),
        ["names", options @ ..] => names::run(options),
        ["setup"] => setup::run().map(drop),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
