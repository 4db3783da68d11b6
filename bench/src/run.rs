//! A run: for each engine and path, all competitors run in turns.

use std::env;
use std::path::{Path as FilePath, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chatkeep::Timestamp;
use chatkeep_bench_protocol::{Engine, Path, Result};

use crate::check::{self, Claim, Times};
use crate::cpus::pinned;
use crate::disk::{Disk, write_back};
use crate::host::{Host, PreparedDatabase};
use crate::markdown::{number, title};
use crate::participants::{Language, Participant, Role};
use crate::plan::{Cell, Selection};
use crate::process::Process;
use crate::record::{CellRecord, Entry, Record};
use crate::results;
use crate::studies::moving::{self, CopyPlan};
use crate::variant::Variant;

/// Duration of the warm-up, in which statements are prepared and JIT compilers warm up.
const WARM_UP: Duration = Duration::from_millis(200);
/// Tolerance for timestamps in microseconds: competitors use the same clock, but may round.
const TOLERANCE: i64 = 2_000_000;

/// Options of a run.
pub(crate) struct Options {
    pub(crate) selection: Selection,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
    /// Number of messages to copy, if not the default.
    pub(crate) messages: Option<usize>,
    pub(crate) variants: Vec<Variant>,
    /// CPUs of competitors and of servers; all if not set.
    pub(crate) cpus: Option<String>,
    pub(crate) server_cpus: Option<String>,
    /// Folder of the intermediate results, because a run takes hours and may be interrupted.
    pub(crate) unfinished: PathBuf,
    pub(crate) programs: Programs,
}

impl Options {
    /// Returns the participants of a cell, and their variants.
    fn participants(&self, cell: Cell) -> Vec<(&'static Participant, Option<&Variant>)> {
        let usual =
            self.selection.participants(cell).into_iter().map(|participant| (participant, None));
        let variants = self.variants.iter().map(|variant| (variant.participant, Some(variant)));
        usual.chain(variants.filter(|(participant, _)| participant.supports(cell))).collect()
    }

    /// Writes the intermediate results.
    fn write_intermediate(&self, record: &Record) {
        let mut record = record.clone();
        record.notes.push("This run is not finished.".to_owned());
        if let Err(failure) = results::write(&record, &self.unfinished) {
            eprintln!("bench: writing the intermediate results failed: {failure}");
        }
    }

    fn command(
        &self,
        participant: &Participant,
        variant: Option<&Variant>,
    ) -> Result<Option<Command>> {
        let program = variant.and_then(Variant::program);
        let Some(mut command) = self.programs.command(participant, program)? else {
            return Ok(None);
        };
        if let Some(variant) = variant {
            variant.apply(&mut command);
        }
        Ok(Some(match &self.cpus {
            Some(cpus) => pinned(&command, cpus),
            None => command,
        }))
    }
}

/// Paths of the programs of competitors. Competitors whose path is not set are skipped.
pub(crate) struct Programs {
    pub(crate) sqlx: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// Folder from which Python imports chatkeep.
    pub(crate) package: Option<PathBuf>,
    pub(crate) node_modules: Option<PathBuf>,
    /// The `chatkeep` command.
    pub(crate) chatkeep: Option<PathBuf>,
}

impl Programs {
    /// Returns the command of a participant. `other` is started instead of this program.
    fn command(
        &self,
        participant: &Participant,
        other: Option<&FilePath>,
    ) -> Result<Option<Command>> {
        let mut command = match participant.language {
            Language::Rust => {
                let mut command =
                    Command::new(other.map_or_else(env::current_exe, |path| Ok(path.to_owned()))?);
                command.arg("competitor");
                command
            }
            Language::Sqlx => {
                let Some(program) = &self.sqlx else { return Ok(None) };
                Command::new(program)
            }
            Language::Python => {
                let Some(mut command) = self.python("competitor.py") else { return Ok(None) };
                if participant.role == Role::Subject && self.package.is_none() {
                    return Ok(None);
                }
                command.arg(participant.name);
                return Ok(Some(command));
            }
            Language::Node => {
                let Some(command) = self.node("competitor.mjs") else { return Ok(None) };
                command
            }
        };
        command.arg(participant.name);
        Ok(Some(command))
    }

    /// Returns the command of a program in `bench/node`, without arguments.
    pub(crate) fn node(&self, file: &str) -> Option<Command> {
        let modules = self.node_modules.as_ref()?;
        let mut command = Command::new("node");
        command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("node").join(file));
        command.env("BENCH_NODE_MODULES", modules);
        Some(command)
    }

    /// Returns the command of a program in `bench/python`, without arguments.
    pub(crate) fn python(&self, file: &str) -> Option<Command> {
        let mut command = Command::new(self.python.as_ref()?);
        command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("python").join(file));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(package) = &self.package {
            command.env("PYTHONPATH", package);
        }
        Some(command)
    }
}

/// Runs the selected cells and studies of an engine and adds them to the record. Returns false if
/// something failed.
pub(crate) fn engine(options: &Options, engine: Engine, disk: &Disk, record: &mut Record) -> bool {
    let (cells, studies) = (options.selection.cells(engine), options.selection.studies(engine));
    if cells.is_empty() && studies.is_empty() {
        return true;
    }
    let host = match Host::open(engine, options.server_cpus.as_deref()) {
        Ok(host) => host,
        Err(failure) => {
            record.notes.push(format!("{engine} is missing: {failure}."));
            // Only MySQL may be missing: see xtask/src/setup/mysql.rs.
            return engine == Engine::MySql;
        }
    };
    let mut succeeded = true;
    for cell in cells {
        let result = run_cell(options, &host, cell, disk);
        succeeded &= result.entries.iter().all(|entry| entry.failure.is_none());
        record.results.push(result);
        options.write_intermediate(record);
    }
    for study in studies {
        let begin = Instant::now();
        match study.run(
            &host,
            engine,
            options.selection.is_quick(),
            options.length,
            &options.programs,
        ) {
            Ok(findings) => record.studies.extend(findings),
            Err(failure) => {
                record.notes.push(format!("{engine}: {} failed: {failure}.", study.name()));
                succeeded = false;
            }
        }
        eprintln!("bench: {engine}: {} ({:.0} s)", study.name(), begin.elapsed().as_secs_f64());
        options.write_intermediate(record);
    }
    succeeded
}

/// Copies a log between engines, if selected, and adds the result to the record. Returns false if
/// something failed.
pub(crate) fn moving(options: &Options, disk: &Disk, record: &mut Record) -> bool {
    let (Some(engines), Some(program)) =
        (options.selection.engines_to_copy(), &options.programs.chatkeep)
    else {
        return true;
    };
    let plan = CopyPlan::new(engines, options.messages, options.selection.is_quick());
    let (found, outcome) = moving::study(&plan, program, disk, &mut record.notes);
    record.moving = found;
    if let Err(failure) = &outcome {
        eprintln!("bench: moving: {failure}");
        record.notes.push(format!("{} failed: {failure}.", moving::NAME));
    }
    outcome.is_ok()
}

/// A participant during a cell.
struct Competitor {
    entry: Entry,
    claim: Claim,
    process: Option<Process>,
    /// Index of its database.
    database: usize,
}

impl Competitor {
    fn fail(&mut self, failure: impl ToString) {
        let failure = failure.to_string();
        eprintln!("bench:   {} failed: {failure}", self.entry.full_label());
        self.entry.failure.get_or_insert(failure);
        self.process = None;
    }
}

fn run_cell(options: &Options, host: &Host, cell: Cell, disk: &Disk) -> CellRecord {
    let begin = Instant::now();
    let first = Timestamp::now();
    let (mut competitors, databases) = start_competitors(options, host, cell);
    for competitor in &mut competitors {
        run_turn(competitor, WARM_UP, disk, None);
    }
    for round in 0..options.rounds {
        // The order rotates, so that each round starts with another competitor.
        let count = competitors.len().max(1);
        for position in 0..competitors.len() {
            run_turn(
                &mut competitors[(position + round) % count],
                options.length,
                disk,
                Some(cell.path),
            );
        }
    }
    if cell.path.writes() {
        let last = Timestamp::now();
        for competitor in
            competitors.iter_mut().filter(|competitor| competitor.entry.failure.is_none())
        {
            // Connections are closed first, so that the check is not affected by open files.
            competitor.process = None;
            competitor.entry.flushes_a_call = competitor.claim.flushes_per_call();
            let checked = competitor.claim.check_flushes(cell.callers).and_then(|()| {
                let PreparedDatabase { database, setup } = &databases[competitor.database];
                competitor.claim.check_contents(database, setup, &times(first, last))
            });
            if let Err(failure) = checked {
                competitor.fail(failure);
            }
        }
    }
    let entries: Vec<Entry> = competitors.into_iter().map(|competitor| competitor.entry).collect();
    report(cell, &entries, begin.elapsed());
    CellRecord { engine: cell.engine, path: cell.path, callers: cell.callers, entries }
}

/// Starts all competitors. Those that write have a database each; those that read share one.
fn start_competitors(
    options: &Options,
    host: &Host,
    cell: Cell,
) -> (Vec<Competitor>, Vec<PreparedDatabase>) {
    let mut competitors = Vec::new();
    let mut databases: Vec<PreparedDatabase> = Vec::new();
    for (participant, variant) in options.participants(cell) {
        let mut entry = Entry {
            name: participant.name.to_owned(),
            label: participant.label.to_owned(),
            language: participant.language.name().to_owned(),
            role: participant.role.name().to_owned(),
            ..Entry::default()
        };
        if let Some(variant) = variant {
            variant.rename(&mut entry);
        }
        let mut competitor =
            Competitor { entry, claim: Claim::default(), process: None, database: 0 };
        let started = (|| {
            let Some(command) = options.command(participant, variant)? else { return Ok(false) };
            if databases.is_empty() || cell.path.writes() {
                databases.push(host.prepare(cell.engine, cell.path, cell.callers)?);
            }
            competitor.database = databases.len() - 1;
            competitor.process =
                Some(Process::start(command, &databases[competitor.database].setup)?);
            Ok::<_, chatkeep_bench_protocol::Failure>(true)
        })();
        match started {
            Ok(false) => continue,
            Ok(true) => {}
            Err(failure) => competitor.fail(failure),
        }
        competitors.push(competitor);
    }
    for competitor in &mut competitors {
        let Some(process) = &mut competitor.process else { continue };
        let ready =
            process.ready().and_then(|ready| check::durable(cell.engine, &ready).map(|()| ready));
        match ready {
            Ok(ready) => {
                (competitor.entry.versions, competitor.entry.durability) =
                    (ready.versions, ready.durability)
            }
            Err(failure) => competitor.fail(failure),
        }
    }
    (competitors, databases)
}

/// Runs one round of one competitor. The round counts if `path` is set; otherwise it is a warm-up.
fn run_turn(competitor: &mut Competitor, length: Duration, disk: &Disk, path: Option<Path>) {
    let Some(process) = &mut competitor.process else { return };
    write_back(&env::temp_dir());
    let before = disk.flushes();
    match process.round(length) {
        Ok(outcome) => {
            let flushes = before.zip(disk.flushes()).map(|(before, after)| after - before);
            competitor.claim.add(&outcome, flushes);
            if let Some(path) = path {
                let count = if path == Path::Page { outcome.calls } else { outcome.rows };
                competitor.entry.rates.push(count as f64 / outcome.seconds);
                competitor.entry.p50_us.extend(outcome.p50_us);
                competitor.entry.p99_us.extend(outcome.p99_us);
            }
        }
        Err(failure) => competitor.fail(failure),
    }
}

fn times(first: Timestamp, last: Timestamp) -> Times {
    let text = |timestamp: Timestamp| timestamp.to_string()[..26].replace('T', " ");
    let earlier = first.checked_add_microseconds(-TOLERANCE).unwrap_or(first);
    Times(text(earlier), text(last.checked_add_microseconds(TOLERANCE).unwrap_or(last)))
}

fn report(cell: Cell, entries: &[Entry], taken: Duration) {
    let (title, unit) = title(cell.path, cell.callers);
    let mut sorted: Vec<&Entry> = entries.iter().filter(|entry| entry.rate().is_some()).collect();
    sorted.sort_by(|a, b| b.rate().unwrap_or(0.0).total_cmp(&a.rate().unwrap_or(0.0)));
    let figures: Vec<String> = sorted
        .iter()
        .map(|entry| format!("{} {}", entry.full_label(), number(entry.rate().unwrap_or_default())))
        .collect();
    eprintln!(
        "bench: {}: {title}, {unit} ({:.0} s): {}",
        cell.engine,
        taken.as_secs_f64(),
        figures.join(", ")
    );
}
