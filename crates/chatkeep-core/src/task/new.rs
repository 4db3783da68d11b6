//! A task to enqueue, and the limits of a task's values.

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Metadata, Timestamp, check_bytes, check_hex, check_nonempty_name, refuse_nul};

/// Maximum length of a kind, in characters.
pub(super) const MAX_KIND: usize = 100;
/// Maximum length of an idempotency key and of a worker's name, in characters.
const MAX_NAME: usize = 255;
/// Maximum size of an input and of a result, in bytes. It limits the size of a claim.
const MAX_PAYLOAD: u64 = 1 << 20;
/// Maximum size of a stored error, in bytes. Longer ones are cut.
pub(super) const MAX_ERROR: usize = 1 << 16;
/// Number of hexadecimal digits of a lease's token.
const TOKEN_DIGITS: usize = 32;
/// Priorities. Claims look for due tasks at each priority, so their number is limited.
const PRIORITIES: std::ops::RangeInclusive<i64> = -1_000..=1_000;
/// Maximum number of attempts.
const MAX_ATTEMPTS: i64 = 1_000;
/// Maximum delay in seconds: 10 years.
const MAX_DELAY: i64 = 3_650 * 86_400;

/// A task to enqueue.
///
/// ```
/// use chatkeep_core::{Metadata, NewTask};
///
/// let task = NewTask::new("title", Metadata::parse(r#"{"conversation": "c-1"}"#)?);
/// assert_eq!((task.priority, task.max_attempts), (0, 3));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewTask {
    /// Kind of the task, by which workers claim it. 1–100 characters.
    pub kind: String,
    /// Input for the worker, as a JSON object of at most 1 MiB.
    pub input: Metadata,
    /// Public id of the task's user, if any. The task is exported and deleted with the user's data.
    pub user_id: Option<String>,
    /// Priority among the tasks of its kind, from -1,000 to 1,000. Higher ones are claimed first.
    #[record(default = 0)]
    pub priority: i64,
    /// Time from which the task can be claimed; by default now.
    pub run_at: Option<Timestamp>,
    /// Seconds after which the task can be claimed, in place of `run_at` (0–315,360,000).
    pub delay_seconds: Option<i64>,
    /// Number of attempts after which the task fails (1–1,000).
    #[record(default = 3)]
    pub max_attempts: i64,
    /// Key by which the task is enqueued once, 1–255 characters.
    pub idempotency_key: Option<String>,
}

impl NewTask {
    /// Creates a task that can be claimed now, with three attempts.
    pub fn new(kind: impl Into<String>, input: Metadata) -> Self {
        Self {
            kind: kind.into(),
            input,
            user_id: None,
            priority: 0,
            run_at: None,
            delay_seconds: None,
            max_attempts: 3,
            idempotency_key: None,
        }
    }

    /// Sets the user, by the public id.
    #[must_use]
    pub fn with_user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Sets the priority.
    #[must_use]
    pub fn with_priority(mut self, priority: i64) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the time from which the task can be claimed.
    #[must_use]
    pub fn with_run_at(mut self, run_at: Timestamp) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Sets the seconds after which the task can be claimed.
    #[must_use]
    pub fn with_delay_seconds(mut self, seconds: i64) -> Self {
        self.delay_seconds = Some(seconds);
        self
    }

    /// Sets the number of attempts after which the task fails.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: i64) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the key by which the task is enqueued once.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Validates the task without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_kind("kind", &self.kind)?;
        check_payload("input", &self.input)?;
        self.user_id.as_deref().map_or(Ok(()), |id| refuse_nul("user_id", id))?;
        check_priority(self.priority)?;
        check_max_attempts(self.max_attempts)?;
        if self.run_at.is_some() && self.delay_seconds.is_some() {
            return Err(Error::invalid_input(
                "delay_seconds",
                "is given together with run_at; pass one of them",
            ));
        }
        self.delay_seconds.map_or(Ok(()), |seconds| check_delay("delay_seconds", seconds))?;
        self.idempotency_key.as_deref().map_or(Ok(()), check_idempotency_key)
    }

    /// Returns the time from which the task can be claimed if it is enqueued now.
    pub(super) fn run_at(&self, now: Timestamp) -> Timestamp {
        match (self.run_at, self.delay_seconds) {
            (Some(time), _) => time,
            (None, Some(seconds)) => after(now, seconds),
            (None, None) => now,
        }
    }
}

/// Returns the time after this number of seconds.
pub(super) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    let microseconds = seconds.saturating_mul(1_000_000);
    now.checked_add_microseconds(microseconds).unwrap_or(Timestamp::MAX)
}

pub(super) fn check_kind(field: &'static str, kind: &str) -> Result<()> {
    check_nonempty_name(field, kind, MAX_KIND)
}

pub(super) fn check_payload(field: &'static str, payload: &Metadata) -> Result<()> {
    check_bytes(field, payload.as_json(), MAX_PAYLOAD)
}

pub(super) fn check_priority(priority: i64) -> Result<()> {
    if PRIORITIES.contains(&priority) {
        return Ok(());
    }
    let message = format!("must be between -1000 and 1000, not {priority}");
    Err(Error::invalid_input("priority", message))
}

pub(super) fn check_max_attempts(attempts: i64) -> Result<()> {
    if (1..=MAX_ATTEMPTS).contains(&attempts) {
        return Ok(());
    }
    let message = format!("must be between 1 and {MAX_ATTEMPTS}, not {attempts}");
    Err(Error::invalid_input("max_attempts", message))
}

pub(super) fn check_delay(field: &'static str, seconds: i64) -> Result<()> {
    if (0..=MAX_DELAY).contains(&seconds) {
        return Ok(());
    }
    let message = format!("must be between 0 and {MAX_DELAY}, not {seconds}");
    Err(Error::invalid_input(field, message))
}

pub(super) fn check_idempotency_key(key: &str) -> Result<()> {
    check_nonempty_name("idempotency_key", key, MAX_NAME)
}

pub(super) fn check_worker(worker: &str) -> Result<()> {
    check_nonempty_name("worker", worker, MAX_NAME)
}

pub(super) fn check_token(token: &str) -> Result<()> {
    check_hex("lease_token", token, TOKEN_DIGITS)
}

/// Validates a stored error.
pub(super) fn check_error(error: &str) -> Result<()> {
    refuse_nul("error", error)?;
    check_bytes("error", error, MAX_ERROR as u64)
}
