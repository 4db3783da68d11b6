//! A run: for each engine and path, everybody in turns.

use std::env;
use std::path::{Path as FilePath, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chatkeep::Timestamp;
use chatkeep_contest::{Engine, Path, Result};

use crate::check::{self, Claim, Times};
use crate::cpus::pinned;
use crate::disk::{Disk, settle};
use crate::markdown::{number, title};
use crate::participants::{Language, Participant, Role};
use crate::place::{Place, Room};
use crate::plan::{Cell, Selection};
use crate::process::Process;
use crate::record::{CellRecord, Entry, Record};
use crate::results;
use crate::studies::moving::{self, Journey};
use crate::variant::Variant;

/// Statements get prepared, and compilers at run time warm.
const WARM_UP: Duration = Duration::from_millis(200);
/// Contestants take their moments from the same clock, but may round.
const TOLERANCE: i64 = 2_000_000;

/// How to run.
pub(crate) struct Order {
    pub(crate) selection: Selection,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
    /// That are moved, if not as many as usual.
    pub(crate) messages: Option<usize>,
    pub(crate) variants: Vec<Variant>,
    /// The CPUs of contestants, and of servers, where not all are meant.
    pub(crate) cpus: Option<String>,
    pub(crate) server_cpus: Option<String>,
    /// Where the results are while there are more to come: a run takes hours, and may be interrupted.
    pub(crate) unfinished: PathBuf,
    pub(crate) programs: Programs,
}

impl Order {
    /// Who takes part in a cell, and in which variant.
    fn participants(&self, cell: Cell) -> Vec<(&'static Participant, Option<&Variant>)> {
        let usual = self.selection.participants(cell).into_iter().map(|somebody| (somebody, None));
        let variants = self.variants.iter().map(|variant| (variant.somebody, Some(variant)));
        usual.chain(variants.filter(|(somebody, _)| somebody.takes_part(cell))).collect()
    }

    /// Keeps what there is so far.
    fn keep(&self, record: &Record) {
        let mut record = record.clone();
        record.notes.push("This run is not finished.".to_owned());
        if let Err(failure) = results::write(&record, &self.unfinished) {
            eprintln!("bench: the results so far could not be kept: {failure}");
        }
    }

    fn command(
        &self,
        somebody: &Participant,
        variant: Option<&Variant>,
    ) -> Result<Option<Command>> {
        let program = variant.and_then(Variant::program);
        let Some(mut command) = self.programs.command(somebody, program)? else { return Ok(None) };
        if let Some(variant) = variant {
            variant.adapt(&mut command);
        }
        Ok(Some(match &self.cpus {
            Some(cpus) => pinned(&command, cpus),
            None => command,
        }))
    }
}

/// Where contestants of other programs are; those whose place is not told are left out.
pub(crate) struct Programs {
    pub(crate) sqlx: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// Where Python finds chatkeep.
    pub(crate) package: Option<PathBuf>,
    pub(crate) node_modules: Option<PathBuf>,
    /// The command as users have it.
    pub(crate) chatkeep: Option<PathBuf>,
}

impl Programs {
    /// `other` is started in this program's place.
    fn command(&self, somebody: &Participant, other: Option<&FilePath>) -> Result<Option<Command>> {
        let mut command = match somebody.language {
            Language::Rust => {
                let mut command =
                    Command::new(other.map_or_else(env::current_exe, |path| Ok(path.to_owned()))?);
                command.arg("contestant");
                command
            }
            Language::Sqlx => {
                let Some(program) = &self.sqlx else { return Ok(None) };
                Command::new(program)
            }
            Language::Python => {
                let Some(mut command) = self.python("contestant.py") else { return Ok(None) };
                if somebody.role == Role::Subject && self.package.is_none() {
                    return Ok(None);
                }
                command.arg(somebody.name);
                return Ok(Some(command));
            }
            Language::Node => {
                let Some(command) = self.node("contestant.mjs") else { return Ok(None) };
                command
            }
        };
        command.arg(somebody.name);
        Ok(Some(command))
    }

    /// A program of `bench/node`, without its arguments.
    pub(crate) fn node(&self, file: &str) -> Option<Command> {
        let modules = self.node_modules.as_ref()?;
        let mut command = Command::new("node");
        command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("node").join(file));
        command.env("BENCH_NODE_MODULES", modules);
        Some(command)
    }

    /// A program of `bench/python`, without its arguments.
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

/// Runs all that is wanted on an engine, and adds it to the record. False when something failed.
pub(crate) fn engine(order: &Order, engine: Engine, disk: &Disk, record: &mut Record) -> bool {
    let (cells, studies) = (order.selection.cells(engine), order.selection.studies(engine));
    if cells.is_empty() && studies.is_empty() {
        return true;
    }
    let place = match Place::open(engine, order.server_cpus.as_deref()) {
        Ok(place) => place,
        Err(failure) => {
            record.notes.push(format!("{engine} is missing: {failure}."));
            // MySQL alone may be missing: see scripts/setup-mysql.sh.
            return engine == Engine::MySql;
        }
    };
    let mut all_well = true;
    for cell in cells {
        let result = run_cell(order, &place, cell, disk);
        all_well &= result.entries.iter().all(|entry| entry.failure.is_none());
        record.results.push(result);
        order.keep(record);
    }
    for study in studies {
        let begin = Instant::now();
        match study.run(&place, engine, order.selection.is_quick(), order.length, &order.programs) {
            Ok(findings) => record.studies.extend(findings),
            Err(failure) => {
                record.notes.push(format!("{engine}: {} failed: {failure}.", study.name()));
                all_well = false;
            }
        }
        eprintln!("bench: {engine}: {} ({:.0} s)", study.name(), begin.elapsed().as_secs_f64());
        order.keep(record);
    }
    all_well
}

/// Moves a log from engine to engine, if that is wanted, and adds it to the record. False when something failed.
pub(crate) fn moving(order: &Order, disk: &Disk, record: &mut Record) -> bool {
    let (Some(engines), Some(program)) = (order.selection.journey(), &order.programs.chatkeep)
    else {
        return true;
    };
    let journey = Journey::new(engines, order.messages, order.selection.is_quick());
    let (found, done) = moving::study(&journey, program, disk, &mut record.notes);
    record.moving = found;
    if let Err(failure) = &done {
        eprintln!("bench: moving: {failure}");
        record.notes.push(format!("{} failed: {failure}.", moving::NAME));
    }
    done.is_ok()
}

/// Somebody during a cell.
struct Seat {
    entry: Entry,
    claim: Claim,
    process: Option<Process>,
    /// Which of the rooms it is in.
    room: usize,
}

impl Seat {
    fn fail(&mut self, failure: impl ToString) {
        let failure = failure.to_string();
        eprintln!("bench:   {} failed: {failure}", self.entry.shown());
        self.entry.failure.get_or_insert(failure);
        self.process = None;
    }
}

fn run_cell(order: &Order, place: &Place, cell: Cell, disk: &Disk) -> CellRecord {
    let begin = Instant::now();
    let first = Timestamp::now();
    let (mut seats, rooms) = sit_down(order, place, cell);
    for seat in &mut seats {
        turn(seat, WARM_UP, disk, None);
    }
    for round in 0..order.rounds {
        // Everybody is after everybody else in some round.
        let count = seats.len().max(1);
        for place in 0..seats.len() {
            turn(&mut seats[(place + round) % count], order.length, disk, Some(cell.path));
        }
    }
    if cell.path.writes() {
        let last = Timestamp::now();
        for seat in seats.iter_mut().filter(|seat| seat.entry.failure.is_none()) {
            // Connections first: who holds a file open is no part of what is looked at.
            seat.process = None;
            seat.entry.flushes_a_call = seat.claim.flushes_a_call();
            let checked = seat.claim.check_flushes(cell.callers).and_then(|()| {
                let Room { database, setup } = &rooms[seat.room];
                seat.claim.check_contents(database, setup, &times(first, last))
            });
            if let Err(failure) = checked {
                seat.fail(failure);
            }
        }
    }
    let entries: Vec<Entry> = seats.into_iter().map(|seat| seat.entry).collect();
    report(cell, &entries, begin.elapsed());
    CellRecord { engine: cell.engine, path: cell.path, callers: cell.callers, entries }
}

/// Starts everybody, each in a database of its own where they write, all in the same one where they read.
fn sit_down(order: &Order, place: &Place, cell: Cell) -> (Vec<Seat>, Vec<Room>) {
    let mut seats = Vec::new();
    let mut rooms: Vec<Room> = Vec::new();
    for (somebody, variant) in order.participants(cell) {
        let mut entry = Entry {
            name: somebody.name.to_owned(),
            label: somebody.label.to_owned(),
            language: somebody.language.name().to_owned(),
            role: somebody.role.name().to_owned(),
            ..Entry::default()
        };
        if let Some(variant) = variant {
            variant.mark(&mut entry);
        }
        let mut seat = Seat { entry, claim: Claim::default(), process: None, room: 0 };
        let started = (|| {
            let Some(command) = order.command(somebody, variant)? else { return Ok(false) };
            if rooms.is_empty() || cell.path.writes() {
                rooms.push(place.furnish(cell.engine, cell.path, cell.callers)?);
            }
            seat.room = rooms.len() - 1;
            seat.process = Some(Process::start(command, &rooms[seat.room].setup)?);
            Ok::<_, chatkeep_contest::Failure>(true)
        })();
        match started {
            Ok(false) => continue,
            Ok(true) => {}
            Err(failure) => seat.fail(failure),
        }
        seats.push(seat);
    }
    for seat in &mut seats {
        let Some(process) = &mut seat.process else { continue };
        let ready =
            process.ready().and_then(|ready| check::durable(cell.engine, &ready).map(|()| ready));
        match ready {
            Ok(ready) => {
                (seat.entry.versions, seat.entry.durability) = (ready.versions, ready.durability)
            }
            Err(failure) => seat.fail(failure),
        }
    }
    (seats, rooms)
}

/// One round of one contestant; on a path it counts, otherwise it only warms up.
fn turn(seat: &mut Seat, length: Duration, disk: &Disk, path: Option<Path>) {
    let Some(process) = &mut seat.process else { return };
    settle(&env::temp_dir());
    let before = disk.flushes();
    match process.round(length) {
        Ok(outcome) => {
            let flushes = before.zip(disk.flushes()).map(|(before, after)| after - before);
            seat.claim.add(&outcome, flushes);
            if let Some(path) = path {
                let count = if path == Path::Page { outcome.calls } else { outcome.rows };
                seat.entry.rates.push(count as f64 / outcome.seconds);
                seat.entry.p50_us.extend(outcome.p50_us);
                seat.entry.p99_us.extend(outcome.p99_us);
            }
        }
        Err(failure) => seat.fail(failure),
    }
}

fn times(first: Timestamp, last: Timestamp) -> Times {
    let text = |moment: Timestamp| moment.to_string()[..26].replace('T', " ");
    let earlier = first.checked_add_microseconds(-TOLERANCE).unwrap_or(first);
    Times(text(earlier), text(last.checked_add_microseconds(TOLERANCE).unwrap_or(last)))
}

fn report(cell: Cell, entries: &[Entry], taken: Duration) {
    let (title, unit) = title(cell.path, cell.callers);
    let mut sorted: Vec<&Entry> = entries.iter().filter(|entry| entry.rate().is_some()).collect();
    sorted.sort_by(|a, b| b.rate().unwrap_or(0.0).total_cmp(&a.rate().unwrap_or(0.0)));
    let figures: Vec<String> = sorted
        .iter()
        .map(|entry| format!("{} {}", entry.shown(), number(entry.rate().unwrap_or_default())))
        .collect();
    eprintln!(
        "bench: {}: {title}, {unit} ({:.0} s): {}",
        cell.engine,
        taken.as_secs_f64(),
        figures.join(", ")
    );
}
