//! `cargo xtask bench`: runs the benchmark of chatkeep and its alternatives on durable private
//! servers. See `bench/README.md`.
//!
//! | variable | effect |
//! |---|---|
//! | `QUICK=1` | short rounds and fewer peers: a few minutes |
//! | `ONLY=a,b` | only these engines, paths, studies, numbers of callers, competitors, languages |
//! | `ROUNDS=5`, `SECONDS_EACH=1` | number and duration of the rounds |
//! | `MESSAGES=1000000` | number of messages copied between engines |
//! | `VARIANTS="chatkeep,DB_WRITERS=1 chatkeep,program=old/chatkeep-bench"` | competitors that run again with environment variables or from another build |
//! | `CPUS=0`, `SERVER_CPUS=1` | CPUs of competitors and servers; all by default |
//! | `RESULTS=folder` | default: `bench/results`, or `bench/results/latest` for a partial run |

use std::path::Path;

use xshell::cmd;

use crate::build::{self, Profile};
use crate::failure::Result;
use crate::interrupt;
use crate::process::Run;
use crate::project::{Project, variable};
use crate::setup::{self, Part};

/// Variables of the environment, and the options of the runner that they set.
const OPTIONS: [(&str, &str); 6] = [
    ("ONLY", "--only"),
    ("ROUNDS", "--rounds"),
    ("SECONDS_EACH", "--seconds"),
    ("MESSAGES", "--messages"),
    ("CPUS", "--cpus"),
    ("SERVER_CPUS", "--server-cpus"),
];

/// Runs the benchmark and draws the plots.
pub(crate) fn run(project: &Project) -> Result {
    setup::run(project, &[Part::Servers, Part::Mysql, Part::Bench])?;
    let options = options();
    let folder = if options.is_empty() { "bench/results" } else { "bench/results/latest" };
    let results = variable("RESULTS").unwrap_or(folder.to_owned());

    let sh = &project.sh;
    let release = project.target.join("release");
    eprintln!("bench: building");
    cmd!(sh, "cargo build --quiet --release --locked -p chatkeep-bench -p chatkeep-cli").shown()?;
    let sqlx = sqlx(project)?;
    build::python(project, Profile::Release)?;
    build::node(project, Profile::Release)?;

    let program = release.join("chatkeep-bench");
    let python = setup::bench_venv(project)?.python();
    let node_packages = setup::bench_node_packages(project)?;
    let chatkeep = release.join("chatkeep");
    let package = build::python_package(project, Profile::Release);
    let modules = node_packages.path();
    let outcome = cmd!(sh, "{program} run --python {python} --node-modules {modules} {options...}")
        .args(sqlx)
        .args([Path::new("--package"), &package, Path::new("--chatkeep"), &chatkeep])
        .args(["--results", &results])
        .shown();
    interrupt::check()?;
    // The failure of a competitor is in the tables and in the exit status; the plots show the
    // others.
    if Path::new(&results).join("results.json").exists() {
        cmd!(sh, "{python} bench/plots/plot.py {results}").shown()?;
    }
    outcome
}

/// Returns the options of the runner that select a part of the benchmark, or change it.
fn options() -> Vec<String> {
    let mut options = Vec::new();
    if variable("QUICK").is_some() {
        options.push("--quick".to_owned());
    }
    for (name, option) in OPTIONS {
        options
            .extend(variable(name).map(|value| [option.to_owned(), value]).into_iter().flatten());
    }
    let variants = variable("VARIANTS").unwrap_or_default();
    for variant in variants.split_whitespace() {
        options.extend(["--variant".to_owned(), variant.to_owned()]);
    }
    options
}

/// Builds the competitor sqlx, and returns the option that names it.
fn sqlx(project: &Project) -> Result<Vec<std::path::PathBuf>> {
    // A quick run without a selection does not include it.
    if variable("QUICK").is_some() && variable("ONLY").is_none() {
        return Ok(Vec::new());
    }
    // A separate target folder, because it is another workspace.
    let target = project.target.join("bench-sqlx");
    cmd!(
        project.sh,
        "cargo build --quiet --release --locked --manifest-path bench/sqlx/Cargo.toml"
    )
    .arg("--target-dir")
    .arg(&target)
    .shown()?;
    Ok(vec!["--sqlx".into(), target.join("release/chatkeep-bench-sqlx")])
}
