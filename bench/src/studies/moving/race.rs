//! Compares a copy from SQLite to PostgreSQL by the command with `COPY` from a file that contains
//! the same rows.

use std::collections::BTreeMap;
use std::time::Instant;

use chatkeep_bench_protocol::{Engine, Path, Result, stats};
use chatkeep_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

use super::command::Copied;
use super::postgres::Postgres;
use super::source::Source;
use super::{Durable, Runner};
use crate::host::Host;

const COLUMNS: &str =
    "id, timestamp, user_message, bot_response, provider, model, tokens_used, metadata";

/// The results of all rounds on the same server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Race {
    pub(crate) ours: Vec<Copied>,
    pub(crate) theirs: Vec<Loading>,
    /// Durability settings of the server.
    pub(crate) durability: BTreeMap<String, String>,
    pub(crate) version: String,
}

/// The result of a `COPY`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loading {
    pub(crate) seconds: f64,
    pub(crate) flushes: Option<u64>,
}

impl Race {
    /// Returns the speed of the command, or of a part of its work, relative to `COPY`: the median
    /// of the rounds.
    pub(crate) fn ratio(&self, part: impl Fn(&Copied) -> f64) -> Option<f64> {
        let rounds = self.ours.iter().zip(&self.theirs);
        stats::median(
            &rounds.map(|(ours, theirs)| theirs.seconds / part(ours)).collect::<Vec<f64>>(),
        )
    }
}

/// Runs all rounds and adds each to `race` when it is done. Returns the database that the command
/// filled in the last round, from which the study continues.
pub(super) fn race(
    runner: &Runner<'_>,
    source: &Source,
    host: &Host,
    race: &mut Race,
) -> Result<TestDatabase> {
    let Durable { durability, version } = Durable::of(host, Engine::PostgreSql)?;
    (race.durability, race.version) = (durability, version);
    let mut last: Option<(TestDatabase, TestDatabase)> = None;
    for round in 0..runner.plan.rounds {
        // The databases of the previous round are dropped, to save disk space.
        if let Some((ours, theirs)) = last.take() {
            drop_databases(host, &[ours, theirs])?;
        }
        let ours = host.create()?;
        // Tables and indexes exist before `COPY` is timed. The command creates its own while it is
        // timed.
        let theirs = host.prepare(Engine::PostgreSql, Path::Bulk, 1)?.database;
        for turn in 0..2 {
            // So that data written by one side does not cause a checkpoint while the other is
            // timed.
            Postgres::open(theirs.url())?.execute("CHECKPOINT")?;
            if (turn + round) % 2 == 0 {
                race.ours.push(runner.copy(source.database.url(), ours.url())?);
            } else {
                let (seconds, flushes) = runner.counted(|| load(source, &theirs))?;
                race.theirs.push(Loading { seconds, flushes });
            }
        }
        report(race, round);
        last = Some((ours, theirs));
    }
    let (ours, theirs) = last.ok_or("no round was run")?;
    if digest(&ours)? != digest(&theirs)? {
        return Err("COPY and the command stored different rows".into());
    }
    drop_databases(host, &[theirs])?;
    Ok(ours)
}

/// Runs `COPY` from a file on the server, which is faster than psql's `\copy` because no client is
/// involved.
fn load(source: &Source, database: &TestDatabase) -> Result<f64> {
    let postgres = Postgres::open(database.url())?;
    let file = source.prepared.as_ref().ok_or("the file for COPY is missing")?;
    let sql = format!("COPY messages ({COLUMNS}) FROM '{}'", file.display());
    let begin = Instant::now();
    postgres.execute(&sql)?;
    Ok(begin.elapsed().as_secs_f64())
}

fn digest(database: &TestDatabase) -> Result<Vec<Vec<Option<String>>>> {
    Postgres::open(database.url())?
        .rows("SELECT count(*), sum(hashtextextended(messages::text, 0)::numeric) FROM messages")
}

/// Drops databases, because the testkit keeps databases of a private server until the server is
/// removed.
fn drop_databases(host: &Host, databases: &[TestDatabase]) -> Result<()> {
    let other = host.create()?;
    let postgres = Postgres::open(other.url())?;
    databases.iter().try_for_each(|database| {
        postgres.execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name()))
    })
}

fn report(race: &Race, round: usize) {
    if let Some((ours, theirs)) = race.ours.get(round).zip(race.theirs.get(round)) {
        eprintln!(
            "bench: moving: SQLite to PostgreSQL: {:.1} s (storing {:.1}, counting {:.1}, \
             comparing {:.1}), COPY {:.1} s",
            ours.seconds, ours.storing, ours.counting, ours.comparing, theirs.seconds
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::moving::tests::copied;

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        let loading = |seconds| Loading { seconds, flushes: None };
        let race = Race {
            ours: vec![copied(20.0), copied(100.0), copied(30.0)],
            // The machine was slow in the second round, for both.
            theirs: vec![loading(10.0), loading(50.0), loading(18.0)],
            ..Race::default()
        };
        assert_eq!(race.ratio(|copied| copied.seconds), Some(0.5));
        assert_eq!(race.ratio(|copied| copied.storing), Some(1.0));
        assert_eq!(Race::default().ratio(|copied| copied.seconds), None);
    }
}
