//! Studies: figures of chatkeep under two conditions on one engine ([`Study`]), and copying a log
//! between engines ([`moving`]).

mod asyncio_calls;
mod conversations;
mod deletion;
mod event_loop;
pub(crate) mod moving;
mod node_event_loop;
mod numbers;
mod search_index;
mod statistics;
mod streams;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_bench_protocol::{Engine, Path, Result, stats};
use serde::{Deserialize, Serialize};

use crate::competitors::{message, url};
use crate::host::{Host, PreparedDatabase, example_setup};
use crate::run::Programs;

/// A study, with the name that selects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Study {
    /// The effect of the search index on logging and searching.
    SearchIndex,
    /// The effect of a large deletion on concurrent logging.
    Deletion,
    /// The effect of the stored totals on statistics and on logging.
    Statistics,
    /// The effect of the number of conversations on lists of them, and the cost of turns.
    Conversations,
    /// The delay of streamed text for readers, with one stream and with 64.
    Streams,
    /// The cost of a call for a Python event loop.
    AsyncioCalls,
    /// The delay of a Python event loop while tasks log.
    EventLoop,
    /// The delay of the Node event loop while promises log.
    NodeEventLoop,
}

/// Label of a figure that has a goal.
pub(crate) const LOGGED_AT_ONCE: &str = "log_message, 100 at a time";
/// Label of a figure that has a goal.
pub(crate) const TICK_WITH_CHATKEEP: &str = "chatkeep: a tick is late, p99";
/// Label of a figure that has a goal.
pub(crate) const PAGE_OF_CONVERSATIONS: &str = "list the latest 20 conversations";
/// Label of a figure that has a goal.
pub(crate) const STREAM_P99: &str = "a text is read after, p99";
/// Label of a figure that has a goal.
pub(crate) const OF_ALL: &str = "statistics of all messages";

impl Study {
    pub(crate) const ALL: [Self; 8] = [
        Self::SearchIndex,
        Self::Deletion,
        Self::Statistics,
        Self::Conversations,
        Self::Streams,
        Self::AsyncioCalls,
        Self::EventLoop,
        Self::NodeEventLoop,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SearchIndex => "search-index",
            Self::Deletion => "deletion",
            Self::Statistics => "statistics",
            Self::Conversations => "conversations",
            Self::Streams => "streams",
            Self::AsyncioCalls => "asyncio-calls",
            Self::EventLoop => "event-loop",
            Self::NodeEventLoop => "node-event-loop",
        }
    }

    /// Returns the initial number of messages, or of conversations.
    fn messages(self, quick: bool) -> usize {
        match (self, quick) {
            (Self::SearchIndex | Self::Conversations, true) => 20_000,
            (Self::Deletion, true) => 40_000,
            (Self::Statistics, true) => 50_000,
            (Self::Statistics, false) => 10_000_000,
            (Self::SearchIndex | Self::Conversations, false) => 1_000_000,
            (Self::Deletion, false) => 2_000_000,
            (Self::Streams | Self::AsyncioCalls | Self::EventLoop | Self::NodeEventLoop, ..) => 0,
        }
    }

    /// Runs the study; returns `None` if it does not apply.
    pub(crate) fn run(
        self,
        host: &Host,
        engine: Engine,
        quick: bool,
        round: Duration,
        programs: &Programs,
    ) -> Result<Option<Findings>> {
        let messages = self.messages(quick);
        let figures = match self {
            // MariaDB does not support the index.
            Self::SearchIndex if engine == Engine::MariaDb => return Ok(None),
            Self::SearchIndex => Some(search_index::study(host, engine, messages, round)?),
            Self::Deletion => Some(deletion::study(host, engine, messages, round)?),
            Self::Statistics => Some(statistics::study(host, engine, messages, round)?),
            Self::Conversations => Some(conversations::study(host, engine, messages, round)?),
            Self::Streams => Some(streams::study(host, engine, round)?),
            Self::AsyncioCalls => {
                asyncio_calls::study(host, engine, if quick { 50 } else { 500 }, programs)?
            }
            Self::EventLoop => event_loop::study(host, engine, round, programs)?,
            Self::NodeEventLoop => node_event_loop::study(host, engine, round, programs)?,
        };
        Ok(figures.map(|figures| Findings { study: self, engine, messages, figures }))
    }
}

/// The findings of a study on an engine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) study: Study,
    pub(crate) engine: Engine,
    /// Initial number of messages, or of conversations.
    pub(crate) messages: usize,
    pub(crate) figures: Vec<Figure>,
}

/// A quantity measured under two conditions.
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

/// Creates an empty database and opens a handle on it.
fn prepare(host: &Host, engine: Engine) -> Result<(PreparedDatabase, Chatkeep)> {
    let prepared = host.prepare(engine, Path::Log, 1)?;
    let chat = Chatkeep::builder().url(url(&prepared.setup)).open()?;
    Ok((prepared, chat))
}

fn typical_message() -> Result<NewMessage> {
    message(&example_setup().row)
}

/// The durations of logged messages.
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

/// Logs from this many threads until `stop` is set.
fn log_until(
    chat: &Chatkeep,
    threads: usize,
    pause: Duration,
    stop: &AtomicBool,
) -> Result<Logged> {
    let message = typical_message()?;
    let start = Instant::now();
    let one = || {
        let mut times = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let begin = Instant::now();
            chat.messages().log_message(&message)?;
            times.push(u64::try_from(begin.elapsed().as_micros())?);
            thread::sleep(pause);
        }
        Ok::<_, chatkeep_bench_protocol::Failure>(times)
    };
    let mut microseconds = Vec::new();
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        for caller in all {
            microseconds.extend(joined(caller.join())?);
        }
        Ok::<_, chatkeep_bench_protocol::Failure>(())
    })?;
    Ok(Logged { seconds: start.elapsed().as_secs_f64(), microseconds })
}

/// Logs from this many threads for this long.
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

/// Runs a query of the testkit, which is made for tests and panics on failures.
fn query<T>(run: impl FnOnce() -> T) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| "a database query failed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_a_study_has_a_value() {
        let round = Duration::from_millis(50);
        for figures in [
            search_index::study(&Host::Files, Engine::Sqlite, 2_000, round),
            deletion::study(&Host::Files, Engine::Sqlite, 2_000, round),
            statistics::study(&Host::Files, Engine::Sqlite, 50_000, round),
            conversations::study(&Host::Files, Engine::Sqlite, 3_000, round),
            streams::study(&Host::Files, Engine::Sqlite, round),
        ] {
            for figure in figures.unwrap() {
                assert!(figure.without >= 0.0 && figure.with > 0.0, "{figure:?}");
            }
        }
    }

    #[test]
    fn studies_without_their_program_are_skipped() {
        let nothing = Programs {
            sqlx: None,
            python: None,
            package: None,
            node_modules: None,
            chatkeep: None,
        };
        for study in [Study::AsyncioCalls, Study::EventLoop, Study::NodeEventLoop] {
            let found = study.run(&Host::Files, Engine::Sqlite, true, Duration::ZERO, &nothing);
            assert!(found.unwrap().is_none());
        }
    }
}
