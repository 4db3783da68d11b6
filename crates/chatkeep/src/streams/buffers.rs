//! The streams that this process writes, and the queue of those with text to store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::streams::AppendOutcome;
use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::OfProcess;

use super::StreamParts;
use super::buffer::{Buffer, Ended, ended_error};
use super::flusher::{Append, FlusherRun};
use crate::background::{InFlight, WorkerPool, is_exiting};

/// Maximum number of bytes that wait, of a stream and of all streams, while the database does not
/// store them.
const MAX_STREAM_BYTES: usize = 16 << 20;
const MAX_BYTES: usize = 64 << 20;
/// Number of streams after which ended ones are forgotten, and those unused for an hour.
const MAX_STREAMS: usize = 10_000;
const UNUSED: Duration = Duration::from_secs(3_600);
/// Pause before a delayed node is asked again.
const LAG_PAUSE: Duration = Duration::from_millis(20);
/// Maximum number of streams in a round.
const MAX_ROUND: usize = 500;
/// Interval at which a waiting flusher checks whether the process is exiting.
const TICK: Duration = Duration::from_millis(250);
/// Pause after a failed round. It doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The buffers of one process.
pub(super) struct Buffers {
    pub(super) parts: Arc<StreamParts>,
    /// The flusher's thread.
    workers: WorkerPool,
    in_flight: Arc<InFlight>,
    state: Mutex<State>,
    /// Notified when the flusher has to flush earlier.
    is_due: Condvar,
    /// Notified after each round.
    flushed: Condvar,
}

pub(super) type SharedBuffers = Arc<OfProcess<Buffers>>;

#[derive(Default)]
struct State {
    streams: HashMap<String, Buffer>,
    /// Streams with something to store, each once.
    queue: VecDeque<String>,
    /// Number of bytes that wait.
    bytes: usize,
    /// Time of the next round, if the queue is not empty.
    due: Option<Instant>,
    /// End of the pause after a failed round.
    paused_until: Option<Instant>,
    pause: Duration,
    /// Whether a caller waits for the next round.
    is_urgent: bool,
    is_flushing: bool,
    closed: bool,
    /// Number of streams at which obsolete ones are forgotten next.
    forget_at: usize,
}

impl Buffers {
    pub(super) fn new(parts: Arc<StreamParts>) -> Self {
        Self {
            parts,
            workers: WorkerPool::new("chatkeep-flush", 1),
            in_flight: Arc::default(),
            state: Mutex::default(),
            is_due: Condvar::new(),
            flushed: Condvar::new(),
        }
    }

    /// Adds text to the buffer of a stream. Returns whether the stream was cancelled as of its last
    /// flush. After an error, the text is not in the buffer.
    pub(super) fn append(this: &SharedBuffers, public_id: &str, text: &str) -> Result<bool> {
        let mut guard = this.lock();
        let state = &mut *guard;
        if state.closed {
            return Err(closed());
        }
        if !state.streams.contains_key(public_id) {
            state.forget_obsolete();
            state.streams.insert(public_id.to_owned(), Buffer::default());
        }
        let Some(buffer) = state.streams.get_mut(public_id) else { return Err(closed()) };
        buffer.last_used = Some(Instant::now());
        report(buffer).map_err(|reported| reported.error)?;
        if state.bytes > 0 && state.bytes + text.len() > MAX_BYTES {
            return Err(full(state.bytes, "of all streams"));
        }
        if buffer.bytes() > 0 && buffer.bytes() + text.len() > MAX_STREAM_BYTES {
            return Err(full(buffer.bytes(), "of this stream"));
        }
        buffer.text.push_str(text);
        buffer.is_renewed = true;
        buffer.appended += 1;
        if buffer.guard.is_none() {
            buffer.guard = Some(this.in_flight.begin());
        }
        state.bytes += text.len();
        let is_cancelled = buffer.is_cancelled;
        let is_large = buffer.text.len() >= this.parts.buffer_bytes;
        if !buffer.is_queued {
            buffer.is_queued = true;
            state.queue.push_back(public_id.to_owned());
        }
        let delay = if is_large { Duration::ZERO } else { this.parts.flush_interval };
        let due = Instant::now() + delay;
        let is_earlier = state.due.is_none_or(|before| due < before);
        if is_earlier {
            state.due = Some(due);
        }
        Self::start_flusher(this, guard, is_earlier);
        Ok(is_cancelled)
    }

    /// Stores the text of a stream now, and waits until it is stored. Returns whether the stream
    /// was cancelled.
    ///
    /// With `is_last`, the known end of the stream is not an error: there is nothing to store.
    pub(super) fn flush(this: &SharedBuffers, public_id: &str, is_last: bool) -> Result<bool> {
        let mut guard = this.lock();
        let state = &mut *guard;
        let Some(buffer) = state.streams.get_mut(public_id) else { return Ok(false) };
        if is_last && buffer.ended.as_ref().is_some_and(|ended| ended.is_reported) {
            return Ok(buffer.is_cancelled);
        }
        report(buffer).map_err(|reported| reported.error)?;
        if !buffer.has_work() {
            return Ok(buffer.is_cancelled);
        }
        let awaited = buffer.appended;
        state.is_urgent = true;
        Self::start_flusher(this, guard, true);
        let settings = this.parts.pool.settings();
        let longest = settings.pool_timeout + settings.connect_timeout + settings.query_timeout;
        let is_pending = |state: &mut State| {
            state.streams.get(public_id).is_some_and(|buffer| {
                buffer.stored < awaited && buffer.failure.is_none() && buffer.ended.is_none()
            })
        };
        let (mut state, outcome) = interrupt::wait_while(
            &this.flushed,
            &this.state,
            this.lock(),
            Some(longest),
            is_pending,
        );
        match outcome {
            WaitOutcome::Done => {}
            WaitOutcome::TimedOut => {
                let seconds = longest.as_secs_f64();
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    format!("the text was not stored within {seconds} s; it is still buffered"),
                ));
            }
            WaitOutcome::Interrupted => return Err(interrupt::interrupted()),
        }
        let Some(buffer) = state.streams.get_mut(public_id) else { return Err(closed()) };
        if buffer.stored < awaited {
            report(buffer).map_err(|reported| reported.error)?;
        }
        Ok(buffer.is_cancelled)
    }

    /// Records that a caller requested the cancellation of a stream.
    pub(super) fn cancelled(&self, public_id: &str) {
        if let Some(buffer) = self.lock().streams.get_mut(public_id) {
            buffer.is_cancelled = true;
        }
    }

    /// Records that a stream has ended, unless text has arrived since its last flush. That text is
    /// rejected at the next flush.
    pub(super) fn ended(&self, public_id: &str, status: &str) {
        let mut state = self.lock();
        let buffer = state.streams.entry(public_id.to_owned()).or_default();
        buffer.last_used = Some(Instant::now());
        if !buffer.has_work() && buffer.ended.is_none() {
            let error = ended_error(public_id, status, 0);
            buffer.ended = Some(Ended { error, is_reported: true });
        }
        state.forget_obsolete();
    }

    /// Stores all text that was appended before this call, and waits for it until `until`. Returns
    /// the number of texts that are still in flight.
    pub(super) fn wait(this: &SharedBuffers, until: Instant) -> usize {
        let mut guard = this.lock();
        if !guard.queue.is_empty() {
            guard.is_urgent = true;
            Self::start_flusher(this, guard, true);
        } else {
            drop(guard);
        }
        this.in_flight.wait(until)
    }

    /// Returns an error of which no caller knows yet.
    pub(super) fn take_failure(&self) -> Option<Error> {
        let is_new = |reported: &Reported| !reported.was_known;
        let mut state = self.lock();
        let mut reported = state.streams.values_mut().filter_map(|buffer| report(buffer).err());
        reported.find(is_new).map(|reported| reported.error)
    }

    /// Stops accepting text.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    /// Drops all text that is not stored.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.streams.clear();
        state.queue.clear();
        state.bytes = 0;
        drop(state);
        self.is_due.notify_all();
        self.flushed.notify_all();
    }

    /// Starts the flusher or, if it is running, makes it check the time of the next round.
    fn start_flusher(this: &SharedBuffers, mut state: MutexGuard<'_, State>, is_earlier: bool) {
        if std::mem::replace(&mut state.is_flushing, true) {
            drop(state);
            if is_earlier {
                this.is_due.notify_one();
            }
            return;
        }
        drop(state);
        let mut run = FlusherRun::new(Arc::clone(this));
        // If no thread can be started, dropping the job allows the next append to try again.
        let _ = this.workers.submit(Box::new(move || run.run()));
    }

    /// Waits for the next round, and takes its texts. `None` ends the flusher.
    pub(super) fn next_round(&self) -> Option<Vec<Append>> {
        let mut state = self.lock();
        loop {
            if state.queue.is_empty() {
                (state.is_flushing, state.due, state.is_urgent) = (false, None, false);
                return None;
            }
            let now = Instant::now();
            let due = state.due.unwrap_or(now).max(state.paused_until.unwrap_or(now));
            let is_paused = state.paused_until.is_some_and(|until| now < until);
            if state.is_urgent || due <= now || (is_exiting() && !is_paused) {
                return Some(state.take_round(now));
            }
            let waited = self.is_due.wait_timeout(state, (due - now).min(TICK));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records the outcomes of a round.
    pub(super) fn complete(&self, round: Vec<Append>, outcomes: Vec<Result<AppendOutcome>>) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let has_failed = outcomes.iter().any(Result::is_err);
        let may_lag = self.parts.pool.url().engine().may_read_earlier_state();
        let mut is_lagging = false;
        for (append, outcome) in round.into_iter().zip(outcomes) {
            let Some(buffer) = state.streams.get_mut(&append.public_id) else { continue };
            if outcome.as_ref().is_ok_and(|outcome| buffer.is_lagging(outcome, may_lag)) {
                // The same text is sent again.
                is_lagging = true;
            } else {
                state.bytes -= buffer.complete(&append.public_id, outcome);
            }
            if buffer.has_work() && !buffer.is_queued {
                buffer.is_queued = true;
                state.queue.push_back(append.public_id);
            }
        }
        if has_failed {
            let now = Instant::now();
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            (state.paused_until, state.is_urgent) = (Some(now + state.pause), false);
            state.due.get_or_insert(now);
        } else if is_lagging {
            let now = Instant::now();
            (state.paused_until, state.is_urgent) = (Some(now + LAG_PAUSE), false);
            state.due.get_or_insert(now);
        } else {
            (state.paused_until, state.pause) = (None, Duration::ZERO);
        }
        drop(guard);
        self.flushed.notify_all();
    }

    /// Makes the texts of an interrupted round part of the next one.
    pub(super) fn recover(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.is_flushing = false;
        for (public_id, buffer) in &mut state.streams {
            if let Some(sending) = &mut buffer.sending {
                sending.may_be_stored = true;
                if !buffer.is_queued {
                    buffer.is_queued = true;
                    state.queue.push_back(public_id.clone());
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the texts of the next round: all that wait, so that there are few rounds.
    fn take_round(&mut self, now: Instant) -> Vec<Append> {
        let count = self.queue.len().min(MAX_ROUND);
        let mut round = Vec::with_capacity(count);
        for public_id in self.queue.drain(..count) {
            let Some(buffer) = self.streams.get_mut(&public_id) else { continue };
            if !buffer.has_work() {
                buffer.is_queued = false;
                continue;
            }
            let last_seq = buffer.last_seq;
            let sending = buffer.take();
            round.push(Append {
                last_seq,
                text: Arc::clone(&sending.text),
                may_be_stored: sending.may_be_stored,
                public_id,
            });
        }
        if self.queue.is_empty() {
            (self.due, self.is_urgent) = (None, false);
        } else {
            self.due = Some(now);
        }
        round
    }

    /// Forgets ended streams if there are too many, and those unused for an hour.
    fn forget_obsolete(&mut self) {
        if self.streams.len() < self.forget_at.max(MAX_STREAMS) {
            return;
        }
        let unused = Instant::now().checked_sub(UNUSED);
        self.streams.retain(|_, buffer| !buffer.is_obsolete(unused));
        // Not at each new stream, if most of them are being written.
        self.forget_at = self.streams.len() * 2;
    }
}

/// An error, and whether a caller knew of it.
struct Reported {
    error: Error,
    was_known: bool,
}

/// Returns the error of a stream, if there is one, and records that a caller knows of it.
fn report(buffer: &mut Buffer) -> Result<(), Reported> {
    if let Some(ended) = &mut buffer.ended {
        let was_known = std::mem::replace(&mut ended.is_reported, true);
        return Err(Reported { error: ended.error.clone(), was_known });
    }
    match buffer.failure.take() {
        Some(error) => Err(Reported { error, was_known: false }),
        None => Ok(()),
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "this Chatkeep is closed")
}

fn full(bytes: usize, of: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("{bytes} bytes of text {of} wait to be stored; the text was not appended"),
    )
}
