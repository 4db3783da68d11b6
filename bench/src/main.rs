//! Benchmark of chatkeep and its alternatives, run in turns on the same disk and schema. See
//! README.md.

mod callgrind;
mod check;
mod competitors;
mod cpus;
mod disk;
mod goals;
mod host;
mod machine;
mod markdown;
mod participants;
mod plan;
mod process;
mod record;
mod results;
mod run;
mod studies;
mod variant;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use chatkeep::Timestamp;
use chatkeep_bench_protocol::{Engine, Result};
use clap::{Args, Parser, Subcommand};

use crate::disk::Disk;
use crate::plan::Selection;
use crate::record::Record;
use crate::variant::Variant;

#[derive(Debug, Parser)]
#[command(about = "Benchmark of chatkeep and its alternatives")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the benchmark and write its results.
    Run(Box<Run>),
    /// Run as a competitor that reads requests from standard input. Started by `run`.
    Competitor {
        /// Name of a competitor in Rust.
        name: String,
    },
    /// Repeat a kind of call for callgrind. Started by `run`.
    Counted {
        /// Kind of call.
        kind: String,
        /// Number of calls.
        times: u32,
    },
    /// Regenerate results.md from results.json.
    Render {
        /// Folder of both files. The results of an interrupted run are in its subfolder
        /// `unfinished`.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// Use short rounds and fewer peers.
    #[arg(long)]
    quick: bool,
    /// Run only these engines, paths, numbers of callers, competitors and languages, separated by
    /// commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Number of rounds of each competitor, at least one.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Duration of a round in seconds; defaults to 1, or to 0.15 in a quick run.
    #[arg(long)]
    seconds: Option<f64>,
    /// Number of messages copied between engines; defaults to 1,000,000, or to 20,000 in a quick
    /// run.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    messages: Option<u32>,
    /// Run a competitor again with other environment variables, for example
    /// `chatkeep,DB_WRITERS=1`, or from another build of this program, for example
    /// `chatkeep,program=old/chatkeep-bench`. May be given several times.
    #[arg(long = "variant", value_name = "NAME,KEY=VALUE,...")]
    variants: Vec<Variant>,
    /// CPUs for competitors, as a list for taskset(1); defaults to all.
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// CPUs for servers.
    #[arg(long, value_name = "LIST")]
    server_cpus: Option<String>,
    /// Folder for the results.
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    /// Program built from bench/sqlx.
    #[arg(long)]
    sqlx: Option<PathBuf>,
    /// Python interpreter with the packages of bench/python/requirements.txt.
    #[arg(long)]
    python: Option<PathBuf>,
    /// Folder from which that Python imports chatkeep.
    #[arg(long)]
    package: Option<PathBuf>,
    /// Folder with the node_modules of bench/node/package-lock.json.
    #[arg(long)]
    node_modules: Option<PathBuf>,
    /// Path of the `chatkeep` command.
    #[arg(long)]
    chatkeep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Competitor { name } => return competitors::run(&name),
        Task::Counted { kind, times } => callgrind::work(&kind, times).map(|()| true),
        Task::Render { results } => results::render(&results).map(|()| true),
        Task::Run(arguments) => run(*arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmark. Returns false if a competitor failed.
fn run(arguments: Run) -> Result<bool> {
    let disk = Disk::of(&env::temp_dir())?;
    let seconds = arguments.seconds.unwrap_or(if arguments.quick { 0.15 } else { 1.0 });
    let mut record = Record {
        taken: Timestamp::now().to_string(),
        quick: arguments.quick,
        rounds: arguments.rounds.max(1),
        round_seconds: seconds,
        machine: machine::describe(&disk)?,
        results: Vec::new(),
        studies: Vec::new(),
        moving: None,
        instructions: BTreeMap::new(),
        notes: Vec::new(),
    };
    let Run { sqlx, python, package, node_modules, chatkeep, cpus, server_cpus, variants, .. } =
        arguments;
    for (processes, cpus) in [("Competitors", &cpus), ("Servers", &server_cpus)] {
        record
            .notes
            .extend(cpus.iter().map(|cpus| format!("{processes} ran only on these CPUs: {cpus}.")));
    }
    let programs = run::Programs { sqlx, python, package, node_modules, chatkeep };
    let options = run::Options {
        selection: Selection::parse(&arguments.only, arguments.quick)?,
        unfinished: arguments.results.join("unfinished"),
        rounds: record.rounds,
        length: Duration::try_from_secs_f64(seconds)?,
        messages: arguments.messages.map(usize::try_from).transpose()?,
        variants,
        cpus,
        server_cpus,
        programs,
    };
    let mut succeeded = true;
    for engine in Engine::ALL {
        succeeded &= run::engine(&options, engine, &disk, &mut record);
    }
    succeeded &= run::moving(&options, &disk, &mut record);
    // Instructions belong to the paths, so a run of studies only does not count them.
    let has_paths =
        Engine::ALL.into_iter().any(|engine| !options.selection.cells(engine).is_empty());
    let counted = if has_paths { callgrind::count() } else { Ok(Some(BTreeMap::new())) };
    match counted {
        Ok(Some(instructions)) => record.instructions = instructions,
        Ok(None) => {
            record.notes.push("valgrind is not installed: no instructions were counted.".to_owned())
        }
        Err(failure) => {
            eprintln!("bench: counting instructions failed: {failure}");
            succeeded = false;
        }
    }
    results::write(&record, &arguments.results)?;
    if options.unfinished.exists() {
        fs::remove_dir_all(&options.unfinished)?;
    }
    eprintln!("bench: results are in {}", arguments.results.join("results.md").display());
    Ok(succeeded)
}
