//! Moving a log of real-sized messages: from SQLite to PostgreSQL beside `COPY`, on through the other engines, out into a
//! file, and by pgloader. The command does it as users run it, in a process of its own, so that its memory can be seen.

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

use chatkeep_contest::{Engine, Ready, Result};
use chatkeep_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

pub(crate) use self::command::Copied;
pub(crate) use self::pgloader::Loaded;
pub(crate) use self::program::Memory;
pub(crate) use self::race::Race;

use self::command::{Chatkeep, Verified};
use self::source::Source;
use crate::check;
use crate::contestants;
use crate::disk::{Disk, settle};
use crate::place::{Place, setup_of};

/// The word that chooses it.
pub(crate) const NAME: &str = "moving";
/// Where the log goes, from SQLite on.
const STOPS: [Engine; 4] = [Engine::PostgreSql, Engine::Sqlite, Engine::MariaDb, Engine::MySql];
/// In a quick run, and in a whole one, in which a round takes some minutes.
const ROUNDS: (usize, usize) = (2, 3);
const MESSAGES: (usize, usize) = (20_000, 1_000_000);

/// What is wanted of it.
pub(crate) struct Journey {
    /// Those that may be stopped at, beside the SQLite file that it begins with.
    pub(crate) engines: Vec<Engine>,
    pub(crate) messages: usize,
    pub(crate) rounds: usize,
}

impl Journey {
    pub(crate) fn new(engines: Vec<Engine>, messages: Option<usize>, quick: bool) -> Self {
        let (usual, rounds) = if quick { (MESSAGES.0, ROUNDS.0) } else { (MESSAGES.1, ROUNDS.1) };
        Self { engines, messages: messages.unwrap_or(usual), rounds }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moving {
    pub(crate) messages: usize,
    /// Bytes of their texts.
    pub(crate) bytes: u64,
    pub(crate) race: Option<Race>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) export: Option<Export>,
    /// By pgloader, attempt by attempt.
    pub(crate) loaded: Vec<Loaded>,
}

/// From one stop to the next, where everything was found equal again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) from: Engine,
    pub(crate) to: Engine,
    pub(crate) copied: Copied,
    /// Seconds of a comparison by itself, both sides read.
    pub(crate) verifying: f64,
    /// Over all messages at the end of it.
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Export {
    pub(crate) seconds: f64,
    pub(crate) memory: Memory,
    /// Of the file.
    pub(crate) bytes: u64,
}

/// Goes as far as it can: what was found until something failed is found.
pub(crate) fn study(
    journey: &Journey,
    program: &Path,
    disk: &Disk,
    notes: &mut Vec<String>,
) -> (Option<Moving>, Result<()>) {
    let with_prepared = journey.engines.contains(&Engine::PostgreSql);
    let source = match Source::fill(journey.messages, with_prepared) {
        Ok(source) => source,
        Err(failure) => return (None, Err(failure)),
    };
    let mut moving = Moving {
        messages: journey.messages,
        bytes: source.bytes,
        race: None,
        legs: Vec::new(),
        export: None,
        loaded: Vec::new(),
    };
    eprintln!("bench: moving: {} messages, {} MB", moving.messages, moving.bytes / 1_000_000);
    let traveller = Traveller { journey, chatkeep: Chatkeep(program), disk };
    let done = traveller
        .export(&source, &mut moving)
        .and_then(|()| traveller.go(&source, &mut moving, notes));
    (Some(moving), done)
}

struct Traveller<'a> {
    journey: &'a Journey,
    chatkeep: Chatkeep<'a>,
    disk: &'a Disk,
}

/// A database that the log has come to, on its server.
struct Stop {
    engine: Engine,
    database: TestDatabase,
    /// Goes after the database.
    _place: Place,
}

impl Traveller<'_> {
    fn export(&self, source: &Source, moving: &mut Moving) -> Result<()> {
        let file = source.file("messages.jsonl");
        settle(&env::temp_dir());
        let ran = self.chatkeep.export(source.database.url(), &file)?;
        let bytes = fs::metadata(&file)?.len();
        fs::remove_file(&file)?;
        eprintln!("bench: moving: exported ({:.0} s)", ran.seconds);
        moving.export = Some(Export { seconds: ran.seconds, memory: ran.memory, bytes });
        Ok(())
    }

    fn go(&self, source: &Source, moving: &mut Moving, notes: &mut Vec<String>) -> Result<()> {
        let mut here: Option<Stop> = None;
        for engine in STOPS.into_iter().filter(|engine| self.journey.engines.contains(engine)) {
            let place = match Place::open(engine, None) {
                Ok(place) => place,
                // MySQL alone may be missing: see scripts/setup-mysql.sh.
                Err(failure) if engine == Engine::MySql => {
                    notes.push(format!("moving: {engine} is missing: {failure}."));
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let from = here
                .as_ref()
                .map_or((Engine::Sqlite, &source.database), |stop| (stop.engine, &stop.database));
            let database = if engine == Engine::PostgreSql {
                let mut race = Race::default();
                let raced = race::race(self, source, &place, &mut race);
                let copied = race.ours.last().cloned();
                // The rounds before one that failed are kept.
                moving.race = (!race.theirs.is_empty()).then_some(race);
                let (database, copied) = (raced?, copied.ok_or("there was no round")?);
                moving.legs.push(self.arrive(from, (engine, &database), copied)?);
                moving.loaded = pgloader::load(self, source, &place, &database)?;
                if moving.loaded.is_empty() {
                    notes.push("pgloader is not installed: nobody else moved the log.".to_owned());
                }
                database
            } else {
                let database = place.create()?;
                let copied = self.copy(from.1.url(), database.url())?;
                moving.legs.push(self.arrive(from, (engine, &database), copied)?);
                Durable::of(&place, engine)?;
                database
            };
            here = Some(Stop { engine, database, _place: place });
        }
        Ok(())
    }

    fn copy(&self, from: &str, to: &str) -> Result<Copied> {
        let copy =
            || self.chatkeep.copy(&without_tls(from), &without_tls(to), self.journey.messages);
        let (copied, flushes) = self.counted(copy)?;
        Ok(Copied { flushes, ..copied })
    }

    fn verify(&self, from: &str, to: &str) -> Result<Verified> {
        self.chatkeep.verify(&without_tls(from), &without_tls(to), self.journey.messages)
    }

    /// Does it, and counts what the disk was asked to flush meanwhile, where it counts that. What others left to be written
    /// is written before.
    ///
    /// # Errors
    /// It flushed nothing: then nothing was stored for good.
    fn counted<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Option<u64>)> {
        settle(&env::temp_dir());
        let before = self.disk.flushes();
        let done = work()?;
        let flushes = before.zip(self.disk.flushes()).map(|(before, after)| after - before);
        if flushes == Some(0) {
            return Err("not durable: the disk was not asked to flush anything".into());
        }
        Ok((done, flushes))
    }

    fn arrive(
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

/// What a server says of itself, which has to be durable.
struct Durable {
    durability: BTreeMap<String, String>,
    version: String,
}

impl Durable {
    fn of(place: &Place, engine: Engine) -> Result<Self> {
        let database = place.create()?;
        let ready: Ready = contestants::ready(&setup_of(engine, &database)?)?;
        check::durable(engine, &ready)?;
        let version = ready.versions.get(engine.name()).cloned().unwrap_or_default();
        Ok(Self { durability: ready.durability, version })
    }
}

/// As everybody in the benchmark speaks to servers.
fn without_tls(url: &str) -> String {
    if url.starts_with("sqlite") { url.to_owned() } else { format!("{url}?sslmode=disable") }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::pgloader::Difference;
    use super::race::Loading;
    use super::*;

    /// Half of the time went into storing.
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

    /// A whole journey with one stop.
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

    /// What the command says, by somebody who only says it.
    const SAYS_SO: &str = r#"#!/bin/sh
        if [ "$3" = messages ]; then echo '{"id": 1}' >"$5"; exit; fi
        content='{"messages": {"rows": 300, "sha256": "ab"}}'
        comparison='{"equal": true, "target": '$content'}'
        if [ "$7" = --verify ]; then echo "$comparison"; exit; fi
        echo >"${0%/*}/copied"; sync
        echo '{"messages": 300, "storing_seconds": 1.5, "counting_seconds": 0.1, "comparing_seconds": 1,'
        echo '"comparison": '$comparison'}'"#;

    #[test]
    fn the_log_goes_from_stop_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("chatkeep");
        fs::write(&program, SAYS_SO).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let disk = Disk::of(folder.path()).unwrap();
        let journey = Journey { engines: vec![Engine::Sqlite], messages: 300, rounds: 1 };
        let (moving, done) = study(&journey, &program, &disk, &mut Vec::new());
        done.unwrap();
        let moving = moving.unwrap();
        assert!(
            moving.race.is_none() && moving.loaded.is_empty(),
            "there is no PostgreSQL on the way"
        );
        assert_eq!(moving.export.unwrap().bytes, 10);
        let [leg] = moving.legs.as_slice() else { panic!("{:?}", moving.legs) };
        assert_eq!((leg.from, leg.to, leg.sha256.as_str()), (Engine::Sqlite, Engine::Sqlite, "ab"));
        assert_eq!((leg.copied.storing, leg.copied.comparing), (1.5, 1.0));

        let journey = Journey { messages: 301, ..journey };
        let (moving, done) = study(&journey, &program, &disk, &mut Vec::new());
        assert!(done.unwrap_err().to_string().contains("300 of 301"));
        assert!(moving.unwrap().export.is_some(), "what was found before is kept");
    }
}
