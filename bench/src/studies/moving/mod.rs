//! Copies a log of realistic messages: from SQLite to PostgreSQL, compared with `COPY`, then to the
//! other engines, into a file, and with pgloader. It uses the command in a separate process, as
//! users do, so that its memory can be measured.

mod chats;
mod command;
mod pgloader;
mod postgres;
mod program;
mod race;
mod source;

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use chatkeep_bench_protocol::{Engine, Ready, Result};
use chatkeep_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

pub(crate) use self::command::Copied;
pub(crate) use self::pgloader::Loaded;
pub(crate) use self::program::Memory;
pub(crate) use self::race::Race;

use self::command::{Chatkeep, Verified};
use self::source::Source;
use crate::check;
use crate::competitors;
use crate::disk::{Disk, write_back};
use crate::host::{Host, setup_of};

/// The name that selects the study.
pub(crate) const NAME: &str = "moving";
/// The engines to which the log is copied in order, starting from SQLite.
const TARGETS: [Engine; 4] = [Engine::PostgreSql, Engine::Sqlite, Engine::MariaDb, Engine::MySql];
/// Number of rounds in a quick and in a full run, in which a round takes some minutes.
const ROUNDS: (usize, usize) = (2, 3);
const MESSAGES: (usize, usize) = (20_000, 1_000_000);

/// The extent of the study.
pub(crate) struct CopyPlan {
    /// Target engines; the source is always a SQLite file.
    pub(crate) engines: Vec<Engine>,
    pub(crate) messages: usize,
    pub(crate) rounds: usize,
}

impl CopyPlan {
    pub(crate) fn new(engines: Vec<Engine>, messages: Option<usize>, quick: bool) -> Self {
        let (default, rounds) = if quick { (MESSAGES.0, ROUNDS.0) } else { (MESSAGES.1, ROUNDS.1) };
        Self { engines, messages: messages.unwrap_or(default), rounds }
    }
}

/// The results of the study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moving {
    pub(crate) messages: usize,
    /// Total size of the texts in bytes.
    pub(crate) bytes: u64,
    pub(crate) race: Option<Race>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) export: Option<Export>,
    /// Attempts with pgloader.
    pub(crate) loaded: Vec<Loaded>,
}

/// A copy from one engine to the next, which was verified to be equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) from: Engine,
    pub(crate) to: Engine,
    pub(crate) copied: Copied,
    /// Seconds of a separate comparison, which reads both sides.
    pub(crate) verifying: f64,
    /// Digest of all messages in the target.
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Export {
    pub(crate) seconds: f64,
    pub(crate) memory: Memory,
    /// Size of the file in bytes.
    pub(crate) bytes: u64,
}

/// Runs the study. On a failure it also returns the results so far.
pub(crate) fn study(
    plan: &CopyPlan,
    program: &Path,
    disk: &Disk,
    notes: &mut Vec<String>,
) -> (Option<Moving>, Result<()>) {
    let with_prepared = plan.engines.contains(&Engine::PostgreSql);
    let source = match Source::fill(plan.messages, with_prepared) {
        Ok(source) => source,
        Err(failure) => return (None, Err(failure)),
    };
    let mut moving = Moving {
        messages: plan.messages,
        bytes: source.bytes,
        race: None,
        legs: Vec::new(),
        export: None,
        loaded: Vec::new(),
    };
    eprintln!("bench: moving: {} messages, {} MB", moving.messages, moving.bytes / 1_000_000);
    let runner = Runner { plan, chatkeep: Chatkeep(program), disk };
    let outcome = runner
        .export(&source, &mut moving)
        .and_then(|()| runner.copy_through_engines(&source, &mut moving, notes));
    (Some(moving), outcome)
}

struct Runner<'a> {
    plan: &'a CopyPlan,
    chatkeep: Chatkeep<'a>,
    disk: &'a Disk,
}

/// A database that contains the log, on its server.
struct Location {
    engine: Engine,
    database: TestDatabase,
    /// Dropped after the database.
    _host: Host,
}

impl Runner<'_> {
    fn export(&self, source: &Source, moving: &mut Moving) -> Result<()> {
        let file = source.file("messages.jsonl");
        write_back(&env::temp_dir());
        let ran = self.chatkeep.export(source.database.url(), &file)?;
        let bytes = fs::metadata(&file)?.len();
        fs::remove_file(&file)?;
        eprintln!("bench: moving: exported ({:.0} s)", ran.seconds);
        moving.export = Some(Export { seconds: ran.seconds, memory: ran.memory, bytes });
        Ok(())
    }

    fn copy_through_engines(
        &self,
        source: &Source,
        moving: &mut Moving,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let mut current: Option<Location> = None;
        for engine in TARGETS.into_iter().filter(|engine| self.plan.engines.contains(engine)) {
            let host = match Host::open(engine, None) {
                Ok(host) => host,
                // Only MySQL may be missing: see xtask/src/setup/mysql.rs.
                Err(failure) if engine == Engine::MySql => {
                    notes.push(format!("moving: {engine} is missing: {failure}."));
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let from = current.as_ref().map_or((Engine::Sqlite, &source.database), |location| {
                (location.engine, &location.database)
            });
            let database = if engine == Engine::PostgreSql {
                let mut race = Race::default();
                let database = race::race(self, source, &host, &mut race);
                let copied = race.ours.last().cloned();
                // If a round fails, the results of earlier rounds are kept.
                moving.race = (!race.theirs.is_empty()).then_some(race);
                let (database, copied) = (database?, copied.ok_or("no round was run")?);
                moving.legs.push(self.verified_leg(from, (engine, &database), copied)?);
                moving.loaded = pgloader::load(self, source, &host, &database)?;
                if moving.loaded.is_empty() {
                    notes.push(
                        "pgloader is not installed: the log was copied only by chatkeep."
                            .to_owned(),
                    );
                }
                database
            } else {
                let database = host.create()?;
                let copied = self.copy(from.1.url(), database.url())?;
                moving.legs.push(self.verified_leg(from, (engine, &database), copied)?);
                Durable::of(&host, engine)?;
                database
            };
            current = Some(Location { engine, database, _host: host });
        }
        Ok(())
    }

    fn copy(&self, from: &str, to: &str) -> Result<Copied> {
        let copy = || self.chatkeep.copy(&without_tls(from), &without_tls(to), self.plan.messages);
        let (copied, flushes) = self.counted(copy)?;
        Ok(Copied { flushes, ..copied })
    }

    fn verify(&self, from: &str, to: &str) -> Result<Verified> {
        self.chatkeep.verify(&without_tls(from), &without_tls(to), self.plan.messages)
    }

    /// Runs `work` and counts its disk flushes, if the system counts them. Pending writes are
    /// written back before.
    ///
    /// # Errors
    /// If the disk was not flushed, because then nothing was stored durably.
    fn counted<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Option<u64>)> {
        write_back(&env::temp_dir());
        let before = self.disk.flushes();
        let value = work()?;
        let flushes = before.zip(self.disk.flushes()).map(|(before, after)| after - before);
        if flushes == Some(0) {
            return Err("not durable: the disk was not flushed".into());
        }
        Ok((value, flushes))
    }

    fn verified_leg(
        &self,
        (from, source): (Engine, &TestDatabase),
        (to, target): (Engine, &TestDatabase),
        copied: Copied,
    ) -> Result<Leg> {
        let verified = self.verify(source.url(), target.url())?;
        eprintln!("bench: moving: {from} to {to} ({:.0} s), equal", copied.seconds);
        Ok(Leg { from, to, copied, verifying: verified.seconds, sha256: verified.sha256 })
    }
}

/// The version and the settings of a server, which must be durable.
struct Durable {
    durability: BTreeMap<String, String>,
    version: String,
}

impl Durable {
    fn of(host: &Host, engine: Engine) -> Result<Self> {
        let database = host.create()?;
        let ready: Ready = competitors::ready(&setup_of(engine, &database)?)?;
        check::durable(engine, &ready)?;
        let version = ready.versions.get(engine.name()).cloned().unwrap_or_default();
        Ok(Self { durability: ready.durability, version })
    }
}

/// Returns the URL without TLS, as used by all competitors.
fn without_tls(url: &str) -> String {
    if url.starts_with("sqlite") { url.to_owned() } else { format!("{url}?sslmode=disable") }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::pgloader::Difference;
    use super::race::Loading;
    use super::*;

    /// Returns a copy that spent half of its time storing.
    pub(crate) fn copied(seconds: f64) -> Copied {
        Copied {
            seconds,
            storing: seconds / 2.0,
            counting: seconds / 10.0,
            comparing: seconds / 4.0,
            memory: Memory { after_a_quarter: 40 << 20, peak: 50 << 20 },
            flushes: Some(100),
        }
    }

    /// Returns the results of a study with one target.
    pub(crate) fn moved() -> Moving {
        let memory = |peak| Memory { after_a_quarter: peak / 2, peak };
        let copied = Copied { memory: memory(60_000_000), ..copied(40.0) };
        let (from, to) = (Engine::Sqlite, Engine::PostgreSql);
        let loading = Loading { seconds: 30.0, flushes: Some(20) };
        let race = Race { ours: vec![copied.clone()], theirs: vec![loading], ..Race::default() };
        let difference = |what: &str, ours: &str, theirs: &str| {
            let [what, ours, theirs] = [what, ours, theirs].map(str::to_owned);
            Difference { what, ours, theirs }
        };
        Moving {
            messages: 1_000_000,
            bytes: 2_400_000_000,
            race: Some(race),
            legs: vec![Leg {
                from,
                to,
                copied,
                verifying: 10.0,
                sha256: "abcdef0123456789".to_owned(),
            }],
            export: Some(Export {
                seconds: 50.0,
                memory: memory(120_000_000),
                bytes: 2_700_000_000,
            }),
            loaded: vec![Loaded {
                version: "3.6.7".to_owned(),
                options: Vec::new(),
                seconds: 400.0,
                memory: memory(900_000_000),
                compared: 30,
                differences: vec![difference("column messages.metadata", "jsonb", "text | null")],
                failure: None,
            }],
        }
    }

    /// A script that prints the output of the command without copying anything.
    const FAKE_COMMAND: &str = r#"#!/bin/sh
        if [ "$3" = messages ]; then echo '{"id": 1}' >"$5"; exit; fi
        content='{"messages": {"rows": 300, "sha256": "ab"}}'
        comparison='{"equal": true, "target": '$content'}'
        if [ "$7" = --verify ]; then echo "$comparison"; exit; fi
        echo >"${0%/*}/copied"; sync
        echo '{"messages": 300, "storing_seconds": 1.5, "counting_seconds": 0.1,'
        echo '"comparing_seconds": 1, "comparison": '$comparison'}'"#;

    #[test]
    fn the_log_is_copied_from_engine_to_engine() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("chatkeep");
        fs::write(&program, FAKE_COMMAND).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let disk = Disk::of(folder.path()).unwrap();
        let plan = CopyPlan { engines: vec![Engine::Sqlite], messages: 300, rounds: 1 };
        let (moving, outcome) = study(&plan, &program, &disk, &mut Vec::new());
        outcome.unwrap();
        let moving = moving.unwrap();
        assert!(moving.race.is_none() && moving.loaded.is_empty(), "PostgreSQL is not a target");
        assert_eq!(moving.export.unwrap().bytes, 10);
        let [leg] = moving.legs.as_slice() else { panic!("{:?}", moving.legs) };
        assert_eq!((leg.from, leg.to, leg.sha256.as_str()), (Engine::Sqlite, Engine::Sqlite, "ab"));
        assert_eq!((leg.copied.storing, leg.copied.comparing), (1.5, 1.0));

        let plan = CopyPlan { messages: 301, ..plan };
        let (moving, outcome) = study(&plan, &program, &disk, &mut Vec::new());
        assert!(outcome.unwrap_err().to_string().contains("300 of 301"));
        assert!(moving.unwrap().export.is_some(), "earlier results are kept");
    }
}
