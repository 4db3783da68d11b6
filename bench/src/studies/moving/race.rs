//! SQLite to PostgreSQL by the command, beside `COPY` from a file that holds the same rows ready.

use std::collections::BTreeMap;
use std::time::Instant;

use chatkeep_contest::{Engine, Path, Result, stats};
use chatkeep_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

use super::command::Copied;
use super::postgres::Postgres;
use super::source::Source;
use super::{Durable, Traveller};
use crate::place::Place;

const COLUMNS: &str =
    "id, timestamp, user_message, bot_response, provider, model, tokens_used, metadata";

/// Round by round, on the same server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Race {
    pub(crate) ours: Vec<Copied>,
    pub(crate) theirs: Vec<Loading>,
    /// What the server says of itself.
    pub(crate) durability: BTreeMap<String, String>,
    pub(crate) version: String,
}

/// A `COPY`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loading {
    pub(crate) seconds: f64,
    pub(crate) flushes: Option<u64>,
}

impl Race {
    /// How fast the command, or a part of its work, was over `COPY`: the median of the rounds.
    pub(crate) fn ratio(&self, part: impl Fn(&Copied) -> f64) -> Option<f64> {
        let rounds = self.ours.iter().zip(&self.theirs);
        stats::median(
            &rounds.map(|(ours, theirs)| theirs.seconds / part(ours)).collect::<Vec<f64>>(),
        )
    }
}

/// Runs all rounds, each into `race` as soon as it is done. The database that the command filled in the last one stays: the
/// journey goes on from it.
pub(super) fn race(
    traveller: &Traveller<'_>,
    source: &Source,
    place: &Place,
    race: &mut Race,
) -> Result<TestDatabase> {
    let Durable { durability, version } = Durable::of(place, Engine::PostgreSql)?;
    (race.durability, race.version) = (durability, version);
    let mut last: Option<(TestDatabase, TestDatabase)> = None;
    for round in 0..traveller.journey.rounds {
        // What a round has stored goes before the next one: the disk need not hold them all.
        if let Some((ours, theirs)) = last.take() {
            forget(place, &[ours, theirs])?;
        }
        let ours = place.create()?;
        // Tables and indexes are there before `COPY`'s clock starts; the command makes its own in its time.
        let theirs = place.furnish(Engine::PostgreSql, Path::Bulk, 1)?.database;
        for turn in 0..2 {
            // So that no checkpoint falls into somebody's time for what another has written.
            Postgres::open(theirs.url())?.execute("CHECKPOINT")?;
            if (turn + round) % 2 == 0 {
                race.ours.push(traveller.copy(source.database.url(), ours.url())?);
            } else {
                let (seconds, flushes) = traveller.counted(|| load(source, &theirs))?;
                race.theirs.push(Loading { seconds, flushes });
            }
        }
        report(race, round);
        last = Some((ours, theirs));
    }
    let (ours, theirs) = last.ok_or("there was no round")?;
    if digest(&ours)? != digest(&theirs)? {
        return Err("COPY and the command have stored different rows".into());
    }
    forget(place, &[theirs])?;
    Ok(ours)
}

/// The server reads the file itself: that spares it a client, and so is faster than psql's `\copy`.
fn load(source: &Source, database: &TestDatabase) -> Result<f64> {
    let postgres = Postgres::open(database.url())?;
    let file = source.prepared.as_ref().ok_or("there is no file to copy from")?;
    let sql = format!("COPY messages ({COLUMNS}) FROM '{}'", file.display());
    let begin = Instant::now();
    postgres.execute(&sql)?;
    Ok(begin.elapsed().as_secs_f64())
}

fn digest(database: &TestDatabase) -> Result<Vec<Vec<Option<String>>>> {
    Postgres::open(database.url())?
        .rows("SELECT count(*), sum(hashtextextended(messages::text, 0)::numeric) FROM messages")
}

/// The kit leaves databases on a private server where they are, until the server goes.
fn forget(place: &Place, databases: &[TestDatabase]) -> Result<()> {
    let other = place.create()?;
    let postgres = Postgres::open(other.url())?;
    databases.iter().try_for_each(|database| {
        postgres.execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name()))
    })
}

fn report(race: &Race, round: usize) {
    if let Some((ours, theirs)) = race.ours.get(round).zip(race.theirs.get(round)) {
        eprintln!(
            "bench: moving: SQLite to PostgreSQL: {:.1} s (storing {:.1}, counting {:.1}, comparing {:.1}), COPY {:.1} s",
            ours.seconds, ours.storing, ours.counting, ours.comparing, theirs.seconds
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::moving::tests::copied;

    #[test]
    fn a_ratio_compares_round_by_round() {
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
