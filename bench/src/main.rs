//! chatkeep beside what one would use instead: in turns, on the same disk and schema. See README.md.

mod callgrind;
mod check;
mod contestants;
mod cpus;
mod disk;
mod goals;
mod machine;
mod markdown;
mod participants;
mod place;
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
use chatkeep_contest::{Engine, Result};
use clap::{Args, Parser, Subcommand};

use crate::disk::Disk;
use crate::plan::Selection;
use crate::record::Record;
use crate::variant::Variant;

#[derive(Debug, Parser)]
#[command(about = "chatkeep beside what one would use instead")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the benchmark and write its results.
    Run(Box<Run>),
    /// Take part under a name, as told on standard input. `run` starts these.
    Contestant {
        /// One of those in Rust.
        name: String,
    },
    /// Do a kind of call so many times, for callgrind to count. `run` starts these.
    Counted {
        /// One of those that `run` names.
        kind: String,
        /// How many times.
        times: u32,
    },
    /// Write results.md anew from results.json.
    Render {
        /// Where both are; what an interrupted run has left is in its folder's `unfinished`.
        #[arg(long, default_value = "bench/results")]
        results: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// Short rounds and fewer peers.
    #[arg(long)]
    quick: bool,
    /// Only these engines, paths, numbers of callers, contestants and languages, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds of each contestant, at least one.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of a round; 1, and 0.15 in a quick run, if not told.
    #[arg(long)]
    seconds: Option<f64>,
    /// Messages that are moved from engine to engine; a million, and 20,000 in a quick run, if not told.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    messages: Option<u32>,
    /// Somebody once more, as `chatkeep,DB_WRITERS=1`: with these environment variables, or from another build of this
    /// program, as `chatkeep,program=old/chatkeep-bench`. May be given several times.
    #[arg(long = "variant", value_name = "NAME,KEY=VALUE,...")]
    variants: Vec<Variant>,
    /// The CPUs that contestants run on, as taskset(1) takes them; all, if not told.
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// The CPUs that servers run on.
    #[arg(long, value_name = "LIST")]
    server_cpus: Option<String>,
    /// Where the results go.
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    /// The program of bench/sqlx.
    #[arg(long)]
    sqlx: Option<PathBuf>,
    /// The Python that has what bench/python/requirements.txt lists.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The folder in which that Python finds chatkeep.
    #[arg(long)]
    package: Option<PathBuf>,
    /// The folder with the node_modules that bench/node/package-lock.json lists.
    #[arg(long)]
    node_modules: Option<PathBuf>,
    /// The `chatkeep` command.
    #[arg(long)]
    chatkeep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Contestant { name } => return contestants::take_part(&name),
        Task::Counted { kind, times } => callgrind::work(&kind, times).map(|()| true),
        Task::Render { results } => results::render(&results).map(|()| true),
        Task::Run(order) => run(*order),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// False when a contestant failed.
fn run(order: Run) -> Result<bool> {
    let disk = Disk::of(&env::temp_dir())?;
    let seconds = order.seconds.unwrap_or(if order.quick { 0.15 } else { 1.0 });
    let mut record = Record {
        taken: Timestamp::now().to_string(),
        quick: order.quick,
        rounds: order.rounds.max(1),
        round_seconds: seconds,
        machine: machine::describe(&disk)?,
        results: Vec::new(),
        studies: Vec::new(),
        moving: None,
        instructions: BTreeMap::new(),
        notes: Vec::new(),
    };
    let Run { sqlx, python, package, node_modules, chatkeep, cpus, server_cpus, variants, .. } =
        order;
    for (who, cpus) in [("Contestants", &cpus), ("Servers", &server_cpus)] {
        record
            .notes
            .extend(cpus.iter().map(|cpus| format!("{who} were kept on these CPUs: {cpus}.")));
    }
    let programs = run::Programs { sqlx, python, package, node_modules, chatkeep };
    let orders = run::Order {
        selection: Selection::parse(&order.only, order.quick)?,
        unfinished: order.results.join("unfinished"),
        rounds: record.rounds,
        length: Duration::try_from_secs_f64(seconds)?,
        messages: order.messages.map(usize::try_from).transpose()?,
        variants,
        cpus,
        server_cpus,
        programs,
    };
    let mut all_well = true;
    for engine in Engine::ALL {
        all_well &= run::engine(&orders, engine, &disk, &mut record);
    }
    all_well &= run::moving(&orders, &disk, &mut record);
    // They are of the paths: a run of studies has no use for them.
    let has_paths =
        Engine::ALL.into_iter().any(|engine| !orders.selection.cells(engine).is_empty());
    let counted = if has_paths { callgrind::count() } else { Ok(Some(BTreeMap::new())) };
    match counted {
        Ok(Some(instructions)) => record.instructions = instructions,
        Ok(None) => {
            record.notes.push("valgrind is not installed: no instructions were counted.".to_owned())
        }
        Err(failure) => {
            eprintln!("bench: counting instructions failed: {failure}");
            all_well = false;
        }
    }
    results::write(&record, &order.results)?;
    if orders.unfinished.exists() {
        fs::remove_dir_all(&orders.unfinished)?;
    }
    eprintln!("bench: see {}", order.results.join("results.md").display());
    Ok(all_well)
}
