//! What is no race: figures in two conditions, without and with something, on one engine at a time ([`Study`]); and moving
//! a log from engine to engine ([`moving`]).

mod asyncio_calls;
mod deletion;
mod event_loop;
pub(crate) mod moving;
mod node_event_loop;
mod numbers;
mod search_index;
mod statistics;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_contest::{Engine, Path, Result, stats};
use serde::{Deserialize, Serialize};

use crate::contestants::{message, url};
use crate::place::{Place, Room, example_setup};
use crate::run::Programs;

/// A study, by the word that chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Study {
    /// What the search index costs those who log, and saves those who search.
    SearchIndex,
    /// What those who log notice of a large deletion.
    Deletion,
    /// What totals save statistics, and cost those who log.
    Statistics,
    /// What a call costs an event loop of Python's.
    AsyncioCalls,
    /// What an event loop of Python's notices of tasks that log.
    EventLoop,
    /// What an event loop of Node's notices of promises that log.
    NodeEventLoop,
}

/// A figure that has a goal.
pub(crate) const LOGGED_AT_ONCE: &str = "log_message, 100 at a time";
/// Another one.
pub(crate) const TICK_WITH_CHATKEEP: &str = "chatkeep: a tick is late, p99";
/// And one more.
pub(crate) const OF_ALL: &str = "statistics of all messages";

impl Study {
    pub(crate) const ALL: [Self; 6] = [
        Self::SearchIndex,
        Self::Deletion,
        Self::Statistics,
        Self::AsyncioCalls,
        Self::EventLoop,
        Self::NodeEventLoop,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SearchIndex => "search-index",
            Self::Deletion => "deletion",
            Self::Statistics => "statistics",
            Self::AsyncioCalls => "asyncio-calls",
            Self::EventLoop => "event-loop",
            Self::NodeEventLoop => "node-event-loop",
        }
    }

    /// Messages that there are to begin with.
    fn messages(self, quick: bool) -> usize {
        match (self, quick) {
            (Self::SearchIndex, true) => 20_000,
            (Self::Deletion, true) => 40_000,
            (Self::Statistics, true) => 50_000,
            (Self::Statistics, false) => 10_000_000,
            (Self::SearchIndex, false) => 1_000_000,
            (Self::Deletion, false) => 2_000_000,
            (Self::AsyncioCalls | Self::EventLoop | Self::NodeEventLoop, ..) => 0,
        }
    }

    /// What was found; nothing where it does not apply.
    pub(crate) fn run(
        self,
        place: &Place,
        engine: Engine,
        quick: bool,
        round: Duration,
        programs: &Programs,
    ) -> Result<Option<Findings>> {
        let messages = self.messages(quick);
        let figures = match self {
            // MariaDB has no such index, and says so.
            Self::SearchIndex if engine == Engine::MariaDb => return Ok(None),
            Self::SearchIndex => Some(search_index::study(place, engine, messages, round)?),
            Self::Deletion => Some(deletion::study(place, engine, messages, round)?),
            Self::Statistics => Some(statistics::study(place, engine, messages, round)?),
            Self::AsyncioCalls => {
                asyncio_calls::study(place, engine, if quick { 50 } else { 500 }, programs)?
            }
            Self::EventLoop => event_loop::study(place, engine, round, programs)?,
            Self::NodeEventLoop => node_event_loop::study(place, engine, round, programs)?,
        };
        Ok(figures.map(|figures| Findings { study: self, engine, messages, figures }))
    }
}

/// What a study found on an engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) study: Study,
    pub(crate) engine: Engine,
    /// Messages that there were to begin with.
    pub(crate) messages: usize,
    pub(crate) figures: Vec<Figure>,
}

/// A thing that was measured in two conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) without: f64,
    pub(crate) with: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    MessagesASecond,
    Microseconds,
    Count,
}

/// An empty database of its own.
fn furnish(place: &Place, engine: Engine) -> Result<(Room, Chatkeep)> {
    let room = place.furnish(engine, Path::Log, 1)?;
    let chat = Chatkeep::builder().url(url(&room.setup)).open()?;
    Ok((room, chat))
}

fn usual_message() -> Result<NewMessage> {
    message(&example_setup().row)
}

/// Messages that were logged, and how long each took.
struct Logged {
    seconds: f64,
    microseconds: Vec<u64>,
}

impl Logged {
    fn rate(&self) -> f64 {
        self.microseconds.len() as f64 / self.seconds
    }

    fn percentile(&mut self, percent: usize) -> f64 {
        stats::percentile(&mut self.microseconds, percent).unwrap_or_default() as f64
    }
}

/// So many threads log until they are told to stop.
fn log_until(
    chat: &Chatkeep,
    threads: usize,
    pause: Duration,
    stop: &AtomicBool,
) -> Result<Logged> {
    let message = usual_message()?;
    let start = Instant::now();
    let one = || {
        let mut times = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let begin = Instant::now();
            chat.messages().log_message(&message)?;
            times.push(u64::try_from(begin.elapsed().as_micros())?);
            thread::sleep(pause);
        }
        Ok::<_, chatkeep_contest::Failure>(times)
    };
    let mut microseconds = Vec::new();
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        for caller in all {
            microseconds.extend(joined(caller.join())?);
        }
        Ok::<_, chatkeep_contest::Failure>(())
    })?;
    Ok(Logged { seconds: start.elapsed().as_secs_f64(), microseconds })
}

/// So many threads log for so long.
fn log_for(chat: &Chatkeep, threads: usize, pause: Duration, length: Duration) -> Result<Logged> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let logging = scope.spawn(|| log_until(chat, threads, pause, &stop));
        thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        joined(logging.join())
    })
}

fn joined<T>(ended: thread::Result<Result<T>>) -> Result<T> {
    ended.unwrap_or_else(|_| Err("a thread panicked".into()))
}

/// The kit is made for tests, and panics.
fn asked<T>(ask: impl FnOnce() -> T) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(ask)).map_err(|_| "the database could not be asked".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_finds_out_something_of_everything_it_names() {
        let round = Duration::from_millis(50);
        for figures in [
            search_index::study(&Place::Files, Engine::Sqlite, 2_000, round),
            deletion::study(&Place::Files, Engine::Sqlite, 2_000, round),
            statistics::study(&Place::Files, Engine::Sqlite, 50_000, round),
        ] {
            for figure in figures.unwrap() {
                assert!(figure.without >= 0.0 && figure.with > 0.0, "{figure:?}");
            }
        }
    }

    #[test]
    fn without_python_and_node_their_studies_are_left_out() {
        let nothing = Programs {
            sqlx: None,
            python: None,
            package: None,
            node_modules: None,
            chatkeep: None,
        };
        for study in [Study::AsyncioCalls, Study::EventLoop, Study::NodeEventLoop] {
            let found = study.run(&Place::Files, Engine::Sqlite, true, Duration::ZERO, &nothing);
            assert!(found.unwrap().is_none());
        }
    }
}
