//! The states of a task, and the changes between them.

use diesel::{AsChangeset, Queryable};

use super::new::{MAX_ERROR, after, check_delay};
use super::record::TaskStatus;
use super::rows::chat_tasks;
use crate::error::{Error, ErrorKind, Result};
use crate::token::random_bytes;
use crate::value::{Timestamp, refuse_nul};

/// Delay before the second attempt, in seconds. It doubles with each further attempt.
const FIRST_DELAY: i64 = 5;
/// Maximum delay before an attempt, in seconds.
const LONGEST_DELAY: i64 = 3_600;
/// The error of a task whose worker did not report anything.
const LEASE_ENDED: &str = "the lease ended before the worker reported a result";

/// The columns of a task that change, except its result.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, AsChangeset)]
#[diesel(table_name = chat_tasks, treat_none_as_null = true)]
pub(super) struct TaskState {
    pub(super) id: i64,
    pub(super) status: String,
    pub(super) run_at: Timestamp,
    pub(super) attempts: i32,
    #[diesel(skip_update)]
    pub(super) max_attempts: i32,
    pub(super) lease_token: Option<String>,
    pub(super) lease_until: Option<Timestamp>,
    pub(super) worker: Option<String>,
    pub(super) cancel_requested_at: Option<Timestamp>,
    pub(super) error: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

/// The failure of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskFailure<'a> {
    /// Error, for people.
    pub error: &'a str,
    /// Seconds after which the task can be claimed again. By default, the delay depends on the
    /// number of attempts.
    pub retry_after_seconds: Option<i64>,
    /// Whether the task fails even if attempts are left.
    pub is_final: bool,
}

impl TaskFailure<'_> {
    /// Validates the failure without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        refuse_nul("error", self.error)?;
        let delay = self.retry_after_seconds;
        delay.map_or(Ok(()), |seconds| check_delay("retry_after_seconds", seconds))
    }
}

fn cut(error: &str) -> &str {
    let end = (0..=MAX_ERROR.min(error.len())).rev().find(|end| error.is_char_boundary(*end));
    &error[..end.unwrap_or(0)]
}

/// Returns the time of the attempt after this number of attempts: 5 s after the first one, twice as
/// long after each further one, at most an hour. `jitter` adds up to a tenth, so that tasks which
/// failed together are not all retried together.
fn next_attempt(now: Timestamp, attempts: i32, jitter: u8) -> Timestamp {
    let doublings = attempts.clamp(1, 32) - 1;
    let seconds = (FIRST_DELAY << doublings).min(LONGEST_DELAY);
    let jitter = seconds * 100_000 * i64::from(jitter) / 256;
    let end = now.checked_add_microseconds(seconds * 1_000_000 + jitter);
    end.unwrap_or(Timestamp::MAX)
}

impl TaskState {
    fn status(&self) -> Result<TaskStatus> {
        TaskStatus::from_stored(&self.status)
    }

    /// Checks that a token is that of the task's lease, and that the lease has not ended at `now`.
    ///
    /// # Errors
    /// `Conflict` with the field `lease_token`, not retryable.
    pub(super) fn check_lease(&self, token: &str, now: Timestamp) -> Result<()> {
        if self.status()? != TaskStatus::Running {
            return Err(lost(&format!("the task is {}", self.status)));
        }
        if self.lease_token.as_deref() != Some(token) {
            return Err(lost("another claim has the task"));
        }
        match self.lease_until {
            Some(end) if end > now => Ok(()),
            Some(end) => Err(lost(&format!("the lease ended at {end}"))),
            None => Err(lost("the task has no lease")),
        }
    }

    fn release_lease(&mut self) {
        (self.lease_token, self.lease_until) = (None, None);
    }

    fn queue(&mut self, run_at: Timestamp) {
        self.release_lease();
        (self.status, self.run_at) = (TaskStatus::Queued.name().to_owned(), run_at);
    }

    fn end(&mut self, status: TaskStatus, now: Timestamp) {
        self.release_lease();
        (self.status, self.finished_at) = (status.name().to_owned(), Some(now));
    }

    /// Ends an attempt that did not complete the task. A task whose cancellation was requested is
    /// not run again.
    fn end_attempt(&mut self, now: Timestamp, is_last: bool, run_at: Timestamp) {
        if self.cancel_requested_at.is_some() {
            self.end(TaskStatus::Cancelled, now);
        } else if is_last {
            self.end(TaskStatus::Failed, now);
        } else {
            self.queue(run_at);
        }
    }

    /// Records the failure of an attempt.
    ///
    /// # Errors
    /// `Internal` when the operating system returns no random bytes.
    pub(super) fn fail(&mut self, failure: &TaskFailure<'_>, now: Timestamp) -> Result<()> {
        let run_at = match failure.retry_after_seconds {
            Some(seconds) => after(now, seconds),
            None => next_attempt(now, self.attempts, random_bytes::<1>()?[0]),
        };
        self.error = Some(cut(failure.error).to_owned());
        self.end_attempt(now, failure.is_final || self.attempts >= self.max_attempts, run_at);
        Ok(())
    }

    /// Gives the lease back. The attempt does not count.
    pub(super) fn release(&mut self, now: Timestamp) {
        self.attempts = (self.attempts - 1).max(0);
        self.end_attempt(now, false, self.run_at);
    }

    /// Queues a task whose lease has ended, or ends it after the last attempt.
    pub(super) fn end_lease(&mut self, now: Timestamp) {
        self.error = Some(LEASE_ENDED.to_owned());
        self.end_attempt(now, self.attempts >= self.max_attempts, self.run_at);
    }

    /// Cancels a queued task, or requests the cancellation of a running one. Returns whether
    /// something changed.
    ///
    /// # Errors
    /// `Internal` when the stored state is unknown.
    pub(super) fn cancel(&mut self, now: Timestamp) -> Result<bool> {
        match self.status()? {
            TaskStatus::Queued => self.end(TaskStatus::Cancelled, now),
            TaskStatus::Running if self.cancel_requested_at.is_none() => {
                self.cancel_requested_at = Some(now);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Queues a failed or cancelled task with all its attempts.
    ///
    /// # Errors
    /// `Conflict` with the field `task_id`, not retryable, when the task has another state.
    pub(super) fn retry(&mut self, now: Timestamp) -> Result<()> {
        if !matches!(self.status()?, TaskStatus::Failed | TaskStatus::Cancelled) {
            let message = "the task must be failed or cancelled to be queued again; it is";
            return Err(Error::taken("task_id", format!("{message} {}", self.status)));
        }
        self.queue(now);
        (self.attempts, self.worker, self.error) = (0, None, None);
        (self.started_at, self.finished_at, self.cancel_requested_at) = (None, None, None);
        Ok(())
    }
}

/// Returns the error for a worker that does not have the task.
pub(super) fn lost(reason: &str) -> Error {
    Error::taken("lease_token", format!("{reason}; stop working on the task"))
}

/// Returns the error for a worker whose task does not exist.
pub(super) fn no_task() -> Error {
    lost("the task does not exist")
}

/// Returns the error for a task that another call changed since it was read.
pub(super) fn changed() -> Error {
    Error::new(ErrorKind::Conflict, "another call changed the task at the same time")
}

#[cfg(test)]
mod tests {
    use super::super::new::check_error;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_microsecond(second * 1_000_000).expect("in range")
    }

    fn running(attempts: i32, max_attempts: i32) -> TaskState {
        TaskState {
            id: 1,
            status: "running".to_owned(),
            run_at: at(10),
            attempts,
            max_attempts,
            lease_token: Some("t".to_owned()),
            lease_until: Some(at(100)),
            worker: Some("w".to_owned()),
            cancel_requested_at: None,
            error: None,
            started_at: Some(at(40)),
            finished_at: None,
        }
    }

    fn failure(retry_after_seconds: Option<i64>, is_final: bool) -> TaskFailure<'static> {
        TaskFailure { error: "e", retry_after_seconds, is_final }
    }

    #[test]
    fn delays_double_up_to_an_hour_with_a_tenth_of_jitter() {
        for (attempts, seconds) in [(0, 5), (1, 5), (2, 10), (3, 20), (10, 2_560), (11, 3_600)] {
            assert_eq!(next_attempt(at(0), attempts, 0), at(seconds), "{attempts}");
            let latest = next_attempt(at(0), attempts, 255).as_microsecond();
            let jitter = latest - seconds * 1_000_000;
            assert!(jitter > seconds * 99_000 && jitter < seconds * 100_000, "{jitter}");
        }
        assert_eq!(next_attempt(at(0), i32::MAX, 0), at(3_600));
        assert_eq!(next_attempt(Timestamp::MAX, 1, 0), Timestamp::MAX);
    }

    #[test]
    fn failed_attempts_are_retried_until_the_last_one() {
        for (attempts, is_final, status) in
            [(1, false, "queued"), (2, false, "failed"), (3, false, "failed"), (1, true, "failed")]
        {
            let mut task = running(attempts, 2);
            task.fail(&failure(Some(7), is_final), at(50)).expect("random bytes");
            assert_eq!((task.status.as_str(), task.error.as_deref()), (status, Some("e")));
            assert_eq!((task.lease_token, task.lease_until), (None, None));
            assert_eq!(task.attempts, attempts);
            let ended = status == "failed";
            assert_eq!(task.finished_at, ended.then_some(at(50)));
            assert_eq!(task.run_at, if ended { at(10) } else { at(57) });
        }
        let mut task = running(1, 2);
        task.fail(&failure(None, false), at(50)).expect("random bytes");
        assert!((at(55)..at(56)).contains(&task.run_at), "{}", task.run_at);
    }

    #[test]
    fn tasks_whose_cancellation_was_requested_are_not_run_again() {
        let requested = TaskState { cancel_requested_at: Some(at(45)), ..running(1, 3) };
        let mut ends = [requested.clone(), requested.clone(), requested];
        ends[0].fail(&failure(None, false), at(50)).expect("random bytes");
        ends[1].release(at(50));
        ends[2].end_lease(at(50));
        for task in ends {
            assert_eq!((task.status.as_str(), task.finished_at), ("cancelled", Some(at(50))));
            assert_eq!(task.lease_until, None);
        }
    }

    #[test]
    fn released_attempts_do_not_count() {
        let mut task = running(3, 3);
        task.release(at(50));
        assert_eq!((task.status.as_str(), task.attempts, task.run_at), ("queued", 2, at(10)));
        assert_eq!(task.error, None);
    }

    #[test]
    fn tasks_whose_lease_ended_are_queued_or_fail() {
        for (attempts, status) in [(1, "queued"), (2, "failed")] {
            let mut task = running(attempts, 2);
            task.end_lease(at(150));
            assert_eq!((task.status.as_str(), task.run_at), (status, at(10)));
            assert_eq!(task.error.as_deref(), Some(LEASE_ENDED));
        }
    }

    #[test]
    fn leases_are_valid_for_their_token_until_their_end() {
        let task = running(1, 3);
        task.check_lease("t", at(99)).expect("it is valid");
        for (token, now, state) in
            [("t", 100, "running"), ("u", 50, "running"), ("t", 50, "queued"), ("t", 50, "failed")]
        {
            let task = TaskState { status: state.to_owned(), ..task.clone() };
            let error = task.check_lease(token, at(now)).expect_err("it is not valid");
            assert_eq!((error.kind(), error.field()), (ErrorKind::Conflict, Some("lease_token")));
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn final_states_change_by_a_retry_only() {
        for status in ["completed", "failed", "cancelled"] {
            let task = TaskState { status: status.to_owned(), ..running(3, 3) };
            assert!(!task.clone().cancel(at(50)).expect("a known state"));
            let mut retried = task.clone();
            let outcome = retried.retry(at(50));
            if status == "completed" {
                assert_eq!(outcome.expect_err("it is completed").field(), Some("task_id"));
                assert_eq!(retried, task);
            } else {
                outcome.expect("it is queued");
                assert_eq!((retried.status.as_str(), retried.attempts), ("queued", 0));
                assert_eq!(
                    (retried.run_at, retried.error, retried.finished_at),
                    (at(50), None, None)
                );
            }
        }
        for status in ["queued", "running"] {
            let mut task = TaskState { status: status.to_owned(), ..running(1, 3) };
            assert_eq!(task.retry(at(50)).expect_err(status).kind(), ErrorKind::Conflict);
        }
    }

    #[test]
    fn long_errors_are_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"x".repeat(MAX_ERROR + 1)).len(), MAX_ERROR);
        assert_eq!(cut(&format!("x{}", "é".repeat(MAX_ERROR))).len(), MAX_ERROR - 1);
        assert!(check_error(&"x".repeat(MAX_ERROR)).is_ok());
        assert_eq!(check_error(&"x".repeat(MAX_ERROR + 1)).unwrap_err().field(), Some("error"));
    }
}
