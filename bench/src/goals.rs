//! What chatkeep has to reach, and whether it does.

use chatkeep_contest::{Engine, Path};

use crate::markdown::{megabytes, time};
use crate::participants::Role;
use crate::plan::Cell;
use crate::record::{CellRecord, Record};
use crate::studies::moving::Moving;
use crate::studies::{Findings, LOGGED_AT_ONCE, OF_ALL, Study, TICK_WITH_CHATKEEP};

/// Whom a subject is compared with.
enum Against {
    /// These, by name: the fastest of them that took part.
    Fastest(&'static [&'static str]),
    /// The fastest of all peers, which store one row a commit.
    FastestPeer,
    /// The clock: at most so many microseconds a call.
    Microseconds,
}

struct Goal {
    what: &'static str,
    engines: &'static [(Engine, f64)],
    path: Path,
    callers: usize,
    subject: &'static str,
    against: Against,
}

/// A goal of a study: at most so many microseconds, on every engine.
struct Bound {
    what: &'static str,
    study: Study,
    figure: &'static str,
    microseconds: f64,
    /// Whether it is about what comes on top, or about all.
    is_difference: bool,
}

/// A goal on an engine, and what was measured.
#[derive(Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) what: &'static str,
    pub(crate) engine: Engine,
    /// Whom it is compared with, by label.
    pub(crate) against: String,
    pub(crate) goal: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

const RAW: &[&str] = &["rusqlite", "tokio-postgres", "mysql_async"];
const NODE: &[&str] = &["better-sqlite3", "pg", "mysql2", "drizzle", "prisma"];
const ORM: &[&str] = &["sqlalchemy-orm"];
const ORM_ASYNC: &[&str] = &["sqlalchemy-orm-async"];
const SQLITE: Engine = Engine::Sqlite;
const POSTGRESQL: Engine = Engine::PostgreSql;
const MARIADB: Engine = Engine::MariaDb;
const MYSQL: Engine = Engine::MySql;

const fn everywhere(goal: f64) -> [(Engine, f64); 4] {
    [(SQLITE, goal), (POSTGRESQL, goal), (MARIADB, goal), (MYSQL, goal)]
}

const GOALS: &[Goal] = &[
    Goal {
        what: "one caller logs, beside the raw limit",
        engines: &everywhere(0.8),
        path: Path::Log,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(&["rusqlite", "pgbench", "mysql_async"]),
    },
    Goal {
        what: "64 callers log, beside the best of those with a commit for each row",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 5.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep",
        against: Against::FastestPeer,
    },
    Goal {
        what: "64 tasks log, beside the best of those with a commit for each row",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 5.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-async",
        against: Against::FastestPeer,
    },
    Goal {
        what: "a token that was checked lately",
        engines: &everywhere(1.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep",
        against: Against::Microseconds,
    },
    Goal {
        what: "a token with the cache off, beside the raw driver",
        engines: &everywhere(0.85),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-uncached",
        against: Against::Fastest(RAW),
    },
    Goal {
        what: "one caller logs, beside an ORM",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 6.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "64 callers log, beside an ORM",
        engines: &[(SQLITE, 50.0), (POSTGRESQL, 20.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep",
        against: Against::Fastest(ORM_ASYNC),
    },
    Goal {
        what: "a token that was checked lately, beside an ORM",
        engines: &everywhere(300.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "a token with the cache off, beside an ORM",
        engines: &everywhere(10.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-uncached",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "a page of 100 messages, beside an ORM",
        engines: &everywhere(8.0),
        path: Path::Page,
        callers: 1,
        subject: "chatkeep",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "Python: one thread logs, beside an ORM",
        engines: &[(SQLITE, 12.0), (POSTGRESQL, 6.0), (MARIADB, 3.0)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "Python: one thread logs, beside the raw limit",
        engines: &[(SQLITE, 0.8), (POSTGRESQL, 0.8)],
        path: Path::Log,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(&["sqlite3", "pgbench"]),
    },
    Goal {
        what: "Python: 64 asyncio tasks log, beside an ORM",
        engines: &[(SQLITE, 50.0), (POSTGRESQL, 20.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-asyncio",
        against: Against::Fastest(ORM_ASYNC),
    },
    Goal {
        what: "Python: 64 asyncio tasks log, beside tasks in Rust",
        engines: &everywhere(0.7),
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-asyncio",
        against: Against::Fastest(&["chatkeep-async"]),
    },
    Goal {
        what: "Python: a token that was checked lately, beside an ORM",
        engines: &everywhere(300.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "Python: a token that was checked lately",
        engines: &everywhere(2.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Microseconds,
    },
    Goal {
        what: "Python: a token with the cache off, beside an ORM",
        engines: &everywhere(10.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-python-uncached",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "Python: a page of 100 messages, beside an ORM",
        engines: &everywhere(8.0),
        path: Path::Page,
        callers: 1,
        subject: "chatkeep-python",
        against: Against::Fastest(ORM),
    },
    Goal {
        what: "Node: 64 promises log, beside the best driver or ORM of Node's",
        engines: &[(SQLITE, 10.0), (POSTGRESQL, 5.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(NODE),
    },
    Goal {
        what: "Node: 64 promises log, beside Prisma",
        engines: &[(POSTGRESQL, 5.0)],
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(&["prisma"]),
    },
    Goal {
        what: "Node: 64 promises log, beside tasks in Rust",
        engines: &everywhere(0.7),
        path: Path::Log,
        callers: 64,
        subject: "chatkeep-node",
        against: Against::Fastest(&["chatkeep-async"]),
    },
    Goal {
        what: "Node: a token that was checked lately",
        engines: &everywhere(2.0),
        path: Path::Verify,
        callers: 1,
        subject: "chatkeep-node",
        against: Against::Microseconds,
    },
];

const BOUNDS: &[Bound] = &[
    Bound {
        what: "statistics of a long log, by its totals",
        study: Study::Statistics,
        figure: OF_ALL,
        microseconds: 10_000.0,
        is_difference: false,
    },
    Bound {
        what: "Python: what awaiting a call adds to asyncio's own work, 100 at a time",
        study: Study::AsyncioCalls,
        figure: LOGGED_AT_ONCE,
        microseconds: 5.0,
        is_difference: true,
    },
    Bound {
        what: "Python: a loop is late for a tick while 64 tasks log, p99",
        study: Study::EventLoop,
        figure: TICK_WITH_CHATKEEP,
        microseconds: 5_000.0,
        is_difference: false,
    },
    Bound {
        what: "Node: a loop is late for a turn while 64 promises log, p99",
        study: Study::NodeEventLoop,
        figure: TICK_WITH_CHATKEEP,
        microseconds: 5_000.0,
        is_difference: false,
    },
];

/// Every goal whose two sides took part, and every one of a study that was made.
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

/// A copy's rate over that of `COPY` from a file that was made ready.
const RATE_OF_COPY: f64 = 0.7;
/// The most memory, in bytes, that a copy may take…
const MEMORY_OF_COPY: u64 = 150_000_000;
/// …and an export.
const MEMORY_OF_EXPORT: u64 = 100_000_000;

fn of_moving(moving: &Moving) -> Vec<Judgement> {
    let ratio = moving.race.as_ref().and_then(|race| race.ratio(|copied| copied.seconds));
    let rate = ratio.map(|ratio| Judgement {
        what: "a copy from SQLite, read back and compared, beside what only stores",
        engine: POSTGRESQL,
        against: "COPY from a file".to_owned(),
        goal: format!(">= {RATE_OF_COPY}x"),
        measured: format!("{ratio:.2}x"),
        met: ratio >= RATE_OF_COPY,
    });
    let memory = |what, engine, taken: u64, most: u64| Judgement {
        what,
        engine,
        against: "-".to_owned(),
        goal: format!("<= {}", megabytes(most)),
        measured: megabytes(taken),
        met: taken <= most,
    };
    let legs = moving.legs.iter().map(|leg| {
        let peak = leg.copied.memory.peak;
        memory("memory of a copy into it", leg.to, peak, MEMORY_OF_COPY)
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
            what: self.what,
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
            rivals => {
                let is_rival = |name: &str, role: &str| match rivals {
                    Against::Fastest(names) => names.contains(&name),
                    _ => role == Role::Peer.name(),
                };
                let fastest = result
                    .entries
                    .iter()
                    .filter(|entry| is_rival(&entry.name, &entry.role) && entry.rate().is_some())
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
        Some(Judgement { what: self.what, engine: result.engine, against, goal, measured, met })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::record::Entry;
    use crate::record::tests::entry;
    use crate::studies::moving::tests::moved;
    use crate::studies::{Figure, Unit};

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
    fn the_best_peer_counts_and_no_limit() {
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
        assert_eq!(found.len(), 1, "an ORM did not take part");
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
    fn a_move_is_judged_by_its_rate_and_memory() {
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
    fn time_and_ratio_are_judged() {
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
