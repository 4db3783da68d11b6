//! Judges a record by the goals of chatkeep.

mod list;

use chatkeep_bench_protocol::Engine;

use crate::markdown::{megabytes, time};
use crate::participants::Role;
use crate::plan::Cell;
use crate::record::{CellRecord, Record};
use crate::studies::Findings;
use crate::studies::moving::Moving;

use self::list::{Against, BOUNDS, Bound, GOALS, Goal, POSTGRESQL, SQLITE};

/// A goal on an engine and its measurement.
#[derive(Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) title: &'static str,
    pub(crate) engine: Engine,
    /// Label of the reference.
    pub(crate) against: String,
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

/// Judges every goal for which the record has results.
pub(crate) fn judge(record: &Record) -> Vec<Judgement> {
    let of_goal = |goal: &'static Goal| {
        goal.engines.iter().filter_map(move |&(engine, bound)| {
            let cell = Cell { engine, path: goal.path, callers: goal.callers };
            goal.judge(record.results.iter().find(|result| result.is(cell))?, bound)
        })
    };
    let of_bound = |bound: &'static Bound| {
        record.studies.iter().filter_map(move |findings: &Findings| bound.judge(findings))
    };
    let of_moving = record.moving.iter().flat_map(of_moving);
    GOALS
        .iter()
        .flat_map(of_goal)
        .chain(BOUNDS.iter().flat_map(of_bound))
        .chain(of_moving)
        .collect()
}

/// Minimum rate of a copy relative to `COPY` from a prepared file.
const RATE_OF_COPY: f64 = 0.7;
/// Maximum memory of a copy in bytes.
const MEMORY_OF_COPY: u64 = 150_000_000;
/// Maximum memory of an export in bytes.
const MEMORY_OF_EXPORT: u64 = 100_000_000;

fn of_moving(moving: &Moving) -> Vec<Judgement> {
    let ratio = moving.race.as_ref().and_then(|race| race.ratio(|copied| copied.seconds));
    let rate = ratio.map(|ratio| Judgement {
        title: "a copy from SQLite with verification, compared with storing only",
        engine: POSTGRESQL,
        against: "COPY from a file".to_owned(),
        goal: format!(">= {RATE_OF_COPY}x"),
        measured: format!("{ratio:.2}x"),
        met: ratio >= RATE_OF_COPY,
    });
    let memory = |title, engine, taken: u64, most: u64| Judgement {
        title,
        engine,
        against: "-".to_owned(),
        goal: format!("<= {}", megabytes(most)),
        measured: megabytes(taken),
        met: taken <= most,
    };
    let legs = moving.legs.iter().map(|leg| {
        let peak = leg.copied.memory.peak;
        memory("memory of a copy to the engine", leg.to, peak, MEMORY_OF_COPY)
    });
    let export = moving
        .export
        .as_ref()
        .map(|export| memory("memory of an export", SQLITE, export.memory.peak, MEMORY_OF_EXPORT));
    rate.into_iter().chain(legs).chain(export).collect()
}

impl Bound {
    fn judge(&self, findings: &Findings) -> Option<Judgement> {
        let figure = findings.figures.iter().find(|figure| figure.what == self.figure)?;
        let taken = if self.is_difference { figure.with - figure.without } else { figure.with };
        (findings.study == self.study).then(|| Judgement {
            title: self.title,
            engine: findings.engine,
            against: "-".to_owned(),
            goal: format!("<= {}", time(self.microseconds)),
            measured: time(taken),
            met: taken <= self.microseconds,
        })
    }
}

impl Goal {
    fn judge(&self, result: &CellRecord, bound: f64) -> Option<Judgement> {
        let subject = result.entry(self.subject)?;
        let (against, goal, measured, met) = match &self.against {
            Against::Microseconds => {
                let taken = 1e6 / subject.rate()?;
                ("-".to_owned(), format!("<= {bound} us"), format!("{taken:.2} us"), taken <= bound)
            }
            references => {
                let is_reference = |name: &str, role: &str| match references {
                    Against::Fastest(names) => names.contains(&name),
                    _ => role == Role::Peer.name(),
                };
                let fastest = result
                    .entries
                    .iter()
                    .filter(|entry| {
                        is_reference(&entry.name, &entry.role) && entry.rate().is_some()
                    })
                    .max_by(|a, b| a.rate().unwrap_or(0.0).total_cmp(&b.rate().unwrap_or(0.0)))?;
                let ratio = subject.ratio(fastest)?;
                (
                    fastest.label.clone(),
                    format!(">= {bound}x"),
                    format!("{ratio:.2}x"),
                    ratio >= bound,
                )
            }
        };
        Some(Judgement { title: self.title, engine: result.engine, against, goal, measured, met })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chatkeep_bench_protocol::Path;

    use super::*;
    use crate::record::Entry;
    use crate::record::tests::entry;
    use crate::studies::moving::tests::moved;
    use crate::studies::{Figure, LOGGED_AT_ONCE, Study, TICK_WITH_CHATKEEP, Unit};

    fn judged(path: Path, callers: usize, entries: Vec<Entry>) -> Vec<Judgement> {
        judge(&record(vec![CellRecord { engine: Engine::Sqlite, path, callers, entries }]))
    }

    fn record(results: Vec<CellRecord>) -> Record {
        Record {
            taken: String::new(),
            quick: true,
            rounds: 1,
            round_seconds: 1.0,
            machine: BTreeMap::new(),
            results,
            studies: Vec::new(),
            moving: None,
            instructions: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_fastest_peer_is_the_reference() {
        let found = judged(
            Path::Log,
            64,
            vec![
                entry("chatkeep", "subject", &[240.0]),
                entry("slow", "peer", &[2.0]),
                entry("fast", "peer", &[20.0]),
                entry("rusqlite-groups", "limit", &[300.0]),
            ],
        );
        assert_eq!(found.len(), 1, "goals without an ORM result are skipped");
        let judgement = &found[0];
        assert_eq!((judgement.against.as_str(), judgement.met), ("the fast", true));
        assert_eq!((judgement.goal.as_str(), judgement.measured.as_str()), (">= 12x", "12.00x"));
    }

    #[test]
    fn figures_of_studies_are_judged() {
        let figure = |what: &str, without, with| Figure {
            what: what.to_owned(),
            unit: Unit::Microseconds,
            without,
            with,
        };
        let of = |study, figures| Findings { study, engine: Engine::Sqlite, messages: 0, figures };
        let found = judge(&Record {
            studies: vec![
                of(Study::AsyncioCalls, vec![figure(LOGGED_AT_ONCE, 6.0, 10.0)]),
                of(Study::EventLoop, vec![figure(TICK_WITH_CHATKEEP, 100.0, 5_100.0)]),
            ],
            ..record(Vec::new())
        });
        let short: Vec<_> =
            found.iter().map(|judgement| (judgement.measured.as_str(), judgement.met)).collect();
        assert_eq!(short, [("4.0 us", true), ("5.1 ms", false)]);
    }

    #[test]
    fn a_copy_is_judged_by_rate_and_memory() {
        let found = judge(&Record { moving: Some(moved()), ..record(Vec::new()) });
        let short: Vec<_> = found
            .iter()
            .map(|one| (one.engine, one.goal.as_str(), one.measured.as_str(), one.met))
            .collect();
        assert_eq!(
            short,
            [
                (POSTGRESQL, ">= 0.7x", "0.75x", true),
                (POSTGRESQL, "<= 150 MB", "60 MB", true),
                (SQLITE, "<= 100 MB", "120 MB", false)
            ]
        );
    }

    #[test]
    fn times_and_ratios_are_judged() {
        let entries = vec![
            entry("chatkeep", "subject", &[800_000.0]),
            entry("chatkeep-uncached", "subject", &[900.0]),
            entry("rusqlite", "peer", &[1000.0]),
        ];
        let found = judged(Path::Verify, 1, entries);
        let short: Vec<_> =
            found.iter().map(|judgement| (judgement.measured.as_str(), judgement.met)).collect();
        assert_eq!(short, [("1.25 us", false), ("0.90x", true)]);
    }
}
