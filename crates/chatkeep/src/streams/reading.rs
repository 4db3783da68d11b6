//! Reading the chunks of a stream, and waiting for them.

use std::time::{Duration, Instant};

use chatkeep_core::streams::check_stream_id;
use chatkeep_core::{Error, Result, StreamRead, streams};
use chatkeep_macros::operations;

use super::StreamManager;
use super::watchers::Watchers;

/// Maximum wait of a read, in seconds.
const LONGEST_WAIT: f64 = 300.0;

#[operations(part = READING, receiver = streams)]
impl StreamManager {
    /// Returns the next chunks of a stream, and optionally waits for them.
    ///
    /// A reader passes the `seq` of its last chunk as `after_seq` until `done` is true. It reads each
    /// chunk once and in order, also after it was disconnected, and in another process than the writer.
    /// A wait holds no connection.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    /// - `after_seq`: Number of the last chunk that the caller has; 0 for the start.
    /// - `limit`: Maximum number of chunks to return (1–10,000). Fewer are returned if they are large.
    /// - `wait_seconds`: Maximum wait for a chunk or the end of the stream, 0–300 seconds.
    ///
    /// # Returns
    /// The chunks and the state of the stream, or `None` if the stream does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: `after_seq`, `limit` or `wait_seconds` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn read(
        &self,
        stream_id: &str,
        #[argument(default = 0)] after_seq: i64,
        #[argument(default = 1000)] limit: i64,
        #[argument(default = 0.0)] wait_seconds: f64,
    ) -> Result<Option<StreamRead>> {
        let run = || {
            check_stream_id(stream_id)?;
            let wait = check_wait(wait_seconds)?;
            self.read_waiting(stream_id, after_seq, limit, wait)
        };
        run().map_err(|error| error.with_operation("read"))
    }

    fn read_waiting(
        &self,
        stream_id: &str,
        after_seq: i64,
        limit: i64,
        wait: Duration,
    ) -> Result<Option<StreamRead>> {
        let until = Instant::now() + wait;
        let watchers = self.parts.watchers();
        // Before the first read, so that a chunk stored after it ends the wait.
        let mut watch = (!wait.is_zero()).then(|| Watchers::watch(&watchers, stream_id));
        loop {
            let read = streams::read(&mut *self.pool().reader()?, stream_id, after_seq, limit)?;
            let Some(read) = read else { return Ok(None) };
            let Some(watch) = &mut watch else { return Ok(Some(read)) };
            let has_news = !read.chunks.is_empty() || read.done || read.pruned;
            if has_news || Instant::now() >= until || watchers.is_closed() {
                return Ok(Some(read));
            }
            watch.observe(read.last_seq, read.status.has_ended());
            watch.wait(until)?;
        }
    }
}

/// Checks the maximum wait of a read.
fn check_wait(seconds: f64) -> Result<Duration> {
    if (0.0..=LONGEST_WAIT).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(Error::invalid_input(
        "wait_seconds",
        format!("must be from 0 to {LONGEST_WAIT}, not {seconds}"),
    ))
}
