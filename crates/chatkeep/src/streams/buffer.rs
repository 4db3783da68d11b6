//! The text of one stream that waits to be stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::streams::AppendOutcome;
use chatkeep_core::{Error, ErrorKind};

use crate::background::InFlightGuard;
use crate::retry::may_be_one_row;

/// Time for which a missing stream or chunk is looked up again, on a server that may be a node of a
/// Galera cluster.
const LONGEST_LAG: Duration = Duration::from_secs(1);

/// A stream that this process writes.
#[derive(Default)]
pub(super) struct Buffer {
    /// Text that is in no round yet.
    pub(super) text: String,
    /// Whether `updated_at` is to be renewed although there may be no text.
    pub(super) is_renewed: bool,
    /// Whether the stream is in the queue for the next round.
    pub(super) is_queued: bool,
    /// In flight from the first text of `text` on.
    pub(super) guard: Option<InFlightGuard>,
    /// Text of the current round, or of one whose outcome is unknown.
    pub(super) sending: Option<Sending>,
    /// Number of the last chunk that this process has stored.
    pub(super) last_seq: i64,
    /// Number of appends so far, and of those whose text is stored.
    pub(super) appended: u64,
    pub(super) stored: u64,
    /// Whether a cancellation was requested, as of the last flush.
    pub(super) is_cancelled: bool,
    /// Error of the last round, while the text is kept. It is reported once.
    pub(super) failure: Option<Error>,
    /// Set when no more text can be stored.
    pub(super) ended: Option<Ended>,
    /// Time of the last append, for the eviction of unused streams.
    pub(super) last_used: Option<Instant>,
    /// Time of the first round in a row whose outcome may be that of a delayed node.
    pub(super) lagging_since: Option<Instant>,
}

/// Text that is being stored. It stays unchanged until its outcome is known.
pub(super) struct Sending {
    pub(super) text: Arc<str>,
    /// Value of [`Buffer::appended`] when it was taken.
    pub(super) appended: u64,
    pub(super) may_be_stored: bool,
    pub(super) guard: Option<InFlightGuard>,
}

/// The reason why a stream takes no more text.
pub(super) struct Ended {
    pub(super) error: Error,
    /// Whether a caller knows of it. It must, if text was not stored.
    pub(super) is_reported: bool,
}

impl Buffer {
    /// Returns the number of bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.sending.as_ref().map_or(0, |sending| sending.text.len())
    }

    /// Returns whether there is something to store.
    pub(super) fn has_work(&self) -> bool {
        self.ended.is_none() && (self.sending.is_some() || !self.text.is_empty() || self.is_renewed)
    }

    /// Returns whether the buffer can be forgotten without a loss: nothing waits, and the stream has
    /// ended or was not used since `unused`. A writer whose buffer is forgotten is no longer known
    /// as the stream's writer.
    pub(super) fn is_obsolete(&self, unused: Option<Instant>) -> bool {
        let is_unused = || unused.is_some_and(|unused| self.last_used < Some(unused));
        self.sending.is_none()
            && self.text.is_empty()
            && !self.is_queued
            && self.ended.as_ref().map_or_else(is_unused, |ended| ended.is_reported)
    }

    /// Returns whether an outcome may be that of a node of a Galera cluster that does not have the
    /// latest rows yet: this writer has stored more, or the stream was created on another node.
    pub(super) fn is_lagging(&mut self, outcome: &AppendOutcome, may_lag: bool) -> bool {
        let is_old = match outcome {
            AppendOutcome::Missing => may_lag,
            AppendOutcome::OtherWriter { last_seq } => *last_seq < self.last_seq,
            AppendOutcome::Stored { .. } | AppendOutcome::Ended(_) => false,
        };
        if !is_old {
            self.lagging_since = None;
            return false;
        }
        self.lagging_since.get_or_insert_with(Instant::now).elapsed() < LONGEST_LAG
    }

    /// Takes the text for a round. A text whose outcome is unknown is taken again, alone.
    pub(super) fn take(&mut self) -> &Sending {
        self.is_queued = false;
        let (text, guard, appended) = (&mut self.text, &mut self.guard, self.appended);
        let is_renewed = &mut self.is_renewed;
        self.sending.get_or_insert_with(|| {
            *is_renewed = false;
            Sending {
                text: Arc::from(std::mem::take(text)),
                appended,
                may_be_stored: false,
                guard: guard.take(),
            }
        })
    }

    /// Records the outcome of a round. Returns the number of bytes that no longer wait.
    pub(super) fn complete(
        &mut self,
        public_id: &str,
        outcome: Result<AppendOutcome, Error>,
    ) -> usize {
        let before = self.bytes();
        match outcome {
            Ok(AppendOutcome::Stored { last_seq, cancelled }) => {
                if let Some(sending) = self.sending.take() {
                    self.stored = sending.appended;
                }
                self.last_seq = last_seq;
                self.is_cancelled |= cancelled;
                self.failure = None;
            }
            Ok(AppendOutcome::Missing) => self.end(Error::invalid_input(
                "stream_id",
                format!("no stream has the id {public_id:?}{}", lost(before)),
            )),
            Ok(AppendOutcome::Ended(status)) => {
                self.end(ended_error(public_id, status.name(), before));
            }
            Ok(AppendOutcome::OtherWriter { last_seq }) => self.end(conflict(format!(
                "the stream {public_id:?} has another writer, which has stored chunks up to \
                 {last_seq}{}",
                lost(before)
            ))),
            Err(error) => self.fail(error),
        }
        before - self.bytes()
    }

    /// Keeps the text after an error, for the next round.
    fn fail(&mut self, error: Error) {
        if error.kind() == ErrorKind::OutcomeUnknown {
            if let Some(sending) = &mut self.sending {
                sending.may_be_stored = true;
            }
        } else if may_be_one_row(&error) {
            let before = self.bytes();
            return self
                .end(Error::new(error.kind(), format!("{}{}", error.message(), lost(before))));
        } else if let Some(mut sending) = self.sending.take_if(|sending| !sending.may_be_stored) {
            let later = std::mem::take(&mut self.text);
            self.text = String::from(&*sending.text) + &later;
            self.is_renewed = true;
            self.guard = sending.guard.take().or_else(|| self.guard.take());
        }
        self.failure = Some(error);
    }

    /// Drops the text, and makes every later call return the error.
    fn end(&mut self, error: Error) {
        let is_reported = self.bytes() == 0;
        self.ended = Some(Ended { error: error.with_retryable(false), is_reported });
        (self.text, self.sending, self.guard) = Default::default();
        (self.is_renewed, self.failure) = (false, None);
    }
}

/// Returns the error for text that arrives after the end.
pub(super) fn ended_error(public_id: &str, status: &str, bytes: usize) -> Error {
    conflict(format!("the stream {public_id:?} has ended ({status}){}", lost(bytes)))
}

fn conflict(message: String) -> Error {
    Error::new(ErrorKind::Conflict, message).with_field("stream_id").with_retryable(false)
}

fn lost(bytes: usize) -> String {
    if bytes == 0 { String::new() } else { format!("; {bytes} bytes of text were not stored") }
}
