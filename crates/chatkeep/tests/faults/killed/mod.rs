//! Programs and servers that are killed while they write.
//!
//! Acknowledged calls are stored once and completely. Failed calls change nothing. Calls of unknown
//! outcome have their whole effect or none. `make kills` repeats this for a thousand kills.

mod checkpoints;
mod erasures;
mod messages;
mod process;
mod streams;
mod tasks;
mod turns;
mod workers;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatkeep::{Chatkeep, ErrorKind, Message, MessageFilter, Order, Timestamp};
use chatkeep_testkit::Engine;

/// Sets the number of kills.
const KILLS: &str = "CHATKEEP_FAULTS_KILLS";
const DEFAULT_KILLS: u32 = 4;
/// Writers and servers are killed at a random time within this span after the first
/// acknowledgement.
const SPAN: Duration = Duration::from_millis(220);
/// Kinds of the errors that a writer may get. The call was not sent, its outcome is unknown, or
/// another process held SQLite's lock for the whole time.
const EXPECTED: [ErrorKind; 4] = [
    ErrorKind::OutcomeUnknown,
    ErrorKind::Unavailable,
    ErrorKind::PoolTimeout,
    ErrorKind::Conflict,
];

fn kills() -> u32 {
    std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_KILLS)
}

/// Marsaglia's xorshift, seeded by the clock: every run kills at different times.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set");
        Self(now.as_micros() as u64 | 1)
    }

    fn below(&mut self, span: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % span.as_micros() as u64)
    }
}

/// Numbers of the calls of a case, for its last line, which `cargo xtask kills` adds up.
#[derive(Debug, Default)]
struct Counts {
    acknowledged: usize,
    stored: usize,
    unknown: usize,
    failed: usize,
}

impl Counts {
    /// Counts the error that a writer has reported with [`process::report_error`].
    fn add_error(&mut self, kind: &str, line: &str) {
        assert!(EXPECTED.iter().any(|expected| expected.name() == kind), "{line}");
        match kind == ErrorKind::OutcomeUnknown.name() {
            true => self.unknown += 1,
            false => self.failed += 1,
        }
    }

    fn print(&self, engine: Engine, killed: &str, kills: u32) {
        let Self { acknowledged, stored, unknown, failed } = self;
        assert!(*acknowledged > 0, "nothing was acknowledged before the kills");
        println!(
            "kills: {engine} {killed} {kills} acknowledged {acknowledged} stored {stored} \
             unknown {unknown} failed {failed}"
        );
    }
}

/// Returns the messages by their texts, each of which is stored once.
fn messages(chat: &Chatkeep) -> BTreeMap<String, Message> {
    let mut messages = BTreeMap::new();
    for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst) {
        let message = message.expect("the query succeeds");
        let other = messages.insert(message.user_message.clone(), message);
        assert_eq!(other, None, "it is stored twice");
    }
    messages
}

/// Returns a time after every lease of these tests.
fn after_leases() -> Option<Timestamp> {
    Timestamp::now().checked_add_microseconds(3_600_000_000)
}

/// Asserts that the totals are those of the stored messages.
#[track_caller]
fn assert_exact_totals(chat: &Chatkeep) {
    let check = chat.messages().check_totals().expect("the totals are compared");
    assert_eq!(check.differences, [], "the totals are exact");
}
