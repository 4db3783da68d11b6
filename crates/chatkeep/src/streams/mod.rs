//! Storing the text of a response while a model generates it, and reading it in any process.

mod buffer;
mod buffers;
mod flusher;
mod maintenance;
mod watchers;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::streams::{check_stream_id, check_text};
use chatkeep_core::{
    Error, FinishedStream, NewStream, Result, StreamEnd, StreamInfo, StreamPage, StreamRead,
    streams,
};
use chatkeep_macros::operations;
use chatkeep_pool::{PerProcess, Pool};

use self::buffers::{Buffers, SharedBuffers};
use self::watchers::{SharedWatchers, Watchers};
use crate::checkpoints::Checkpoints;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::write::WritePath;

/// Maximum wait of a read, in seconds.
const LONGEST_WAIT: f64 = 300.0;

/// Stores and reads streamed responses. It is cheap to clone.
#[derive(Clone)]
pub struct StreamManager {
    parts: Arc<StreamParts>,
    /// A forked child has its own buffers: the text of the parent is stored by the parent.
    buffers: Arc<PerProcess<Buffers>>,
    /// Notified of the messages into which turns are moved.
    write: Arc<WritePath>,
}

/// The parts that the flusher uses, too.
struct StreamParts {
    pool: Arc<Pool>,
    checkpoints: Option<Arc<Checkpoints>>,
    watchers: PerProcess<Watchers>,
    /// Maximum time that text is buffered.
    flush_interval: Duration,
    /// Size at which a buffer is stored at once, in bytes.
    buffer_bytes: usize,
}

impl StreamParts {
    fn watchers(&self) -> SharedWatchers {
        self.watchers.get(|| Watchers::new(Arc::clone(&self.pool)))
    }
}

/// Stores and reads streamed responses.
///
/// A stream is the text that a model generates for one response, stored while it is generated. It
/// has one writer, which appends text, and any number of readers in any process. A reader that was
/// disconnected reads on after the last chunk that it has.
///
/// Appended text is buffered in the writer's process for up to `STREAM_FLUSH_SECONDS` or
/// `STREAM_BUFFER_BYTES`, whichever is reached first. The buffers of all streams are then stored
/// together. Text that was appended and not yet stored is lost if the process is killed; `finish_stream`,
/// `flush`, `close` and a normal exit store it.
#[operations(name = "streams", receiver = streams, parts(MAINTENANCE))]
impl StreamManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        let pool = &parts.pool;
        let write = Arc::clone(&parts.write);
        let parts = Arc::new(StreamParts {
            pool: Arc::clone(pool),
            checkpoints: parts.checkpoints.clone(),
            watchers: PerProcess::new(Watchers::new(Arc::clone(pool))),
            flush_interval: parts.settings.stream_flush,
            buffer_bytes: parts.settings.stream_buffer as usize,
        });
        let buffers = PerProcess::new(Buffers::new(Arc::clone(&parts)));
        Self { parts, buffers: Arc::new(buffers), write }
    }

    fn pool(&self) -> &Pool {
        &self.parts.pool
    }

    fn buffers(&self) -> SharedBuffers {
        self.buffers.get(|| Buffers::new(Arc::clone(&self.parts)))
    }

    /// Creates a stream, which is running and empty.
    ///
    /// The first handle or process that stores text in a stream is its writer.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{NewStream, StreamEnd};
    ///
    /// let stream = chat.streams().create_stream(&NewStream::default().with_provider("openai"))?;
    /// let id = stream.public_id.as_str();
    /// for word in ["Write", "-ahead ", "logging."] {
    ///     let cancelled = chat.streams().append(id, word)?;
    ///     assert!(!cancelled);
    /// }
    /// assert!(chat.streams().finish_stream(id, &StreamEnd::default())?.ended);
    ///
    /// let read = chat.streams().read(id, 0, 100, 0.0)?.expect("the stream exists");
    /// assert!(read.done);
    /// let text: String = read.chunks.into_iter().map(|chunk| chunk.text).collect();
    /// assert_eq!(text, "Write-ahead logging.");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The stream.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or there is no such conversation, user or open turn.
    /// - `Conflict`: a stream with this `public_id` exists. It is not retryable then.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The stream may have been
    /// created.
    /// - `Unavailable`, `PoolTimeout`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn create_stream(&self, #[argument(flatten)] stream: &NewStream) -> Result<StreamInfo> {
        let run = || {
            stream.check()?;
            with_retry(self.pool(), |connection| streams::create(connection, stream))
        };
        run().map_err(|error| error.with_operation("create_stream"))
    }

    /// Appends text to a stream. It does not wait for the database.
    ///
    /// The text is buffered, and stored in the background. If storing fails, the buffered text is kept
    /// and stored later, and the next `append`, `flush_stream` or `finish_stream` of the stream returns
    /// the error. An append that returns an error has not appended its text.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    /// - `text`: The text, at most 16 MiB. An empty text renews `updated_at` and looks for a
    ///   cancellation, for a writer that waits for its model.
    ///
    /// # Returns
    /// Whether a cancellation was requested, as of the last time that text was stored. The writer should
    /// then stop and call `finish_stream` with `cancelled`.
    ///
    /// # Errors
    /// - `InvalidInput`: `text` contains a NUL character or is too large, or an earlier append found that
    /// there is no such stream.
    /// - `Conflict`: the stream has ended or has another writer. Text that was appended since the last
    /// flush is not stored; the message has its size.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: the text that was
    /// appended earlier is not stored yet, and is kept.
    #[operation(write, blocking)]
    pub fn append(&self, stream_id: &str, text: &str) -> Result<bool> {
        let run = || {
            check_stream_id(stream_id)?;
            check_text(text)?;
            Buffers::append(&self.buffers(), stream_id, text)
        };
        run().map_err(|error| error.with_operation("append"))
    }

    /// Stores the buffered text of a stream, and waits until it is stored.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// Whether a cancellation was requested, as `append` returns it. `false` also if this process has not
    /// appended text to the stream.
    ///
    /// # Errors
    /// - `InvalidInput`: there is no such stream.
    /// - `Conflict`: the stream has ended or has another writer. The buffered text is not stored.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `StorageFull`, `ReadOnly`: the text is not stored
    /// yet, and is kept.
    #[operation(write)]
    pub fn flush_stream(&self, stream_id: &str) -> Result<bool> {
        let run = || {
            check_stream_id(stream_id)?;
            Buffers::flush(&self.buffers(), stream_id, false)
        };
        run().map_err(|error| error.with_operation("flush_stream"))
    }

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

    /// Stores the buffered text of a stream, and ends it.
    ///
    /// Of several calls in any process, the first one determines the final state, and the others change
    /// nothing.
    ///
    /// If the stream belongs to an open turn, the same transaction moves the turn into the message log,
    /// with the stream's text as the response and its state as the status. So of several replicas that
    /// finish a stream, exactly one stores the message.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The stream in its final state, whether this call ended it, and the id of the message.
    ///
    /// # Errors
    /// - `InvalidInput`: a value is invalid, or there is no such stream. If the message would be too large,
    /// the field is its largest one, usually `bot_response`: call `finish_turn` with a shorter text first.
    /// - `Conflict`: buffered text could not be stored, because the stream had ended or has another
    /// writer. The stream is not ended by this call; a further call ends it without the text.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. Call it again.
    /// - `Unavailable`, `PoolTimeout`, `StorageFull`, `ReadOnly`: the stream has not ended. Call it again.
    #[operation(write)]
    pub fn finish_stream(
        &self,
        stream_id: &str,
        #[argument(flatten)] end: &StreamEnd,
    ) -> Result<FinishedStream> {
        let run = || {
            check_stream_id(stream_id)?;
            end.check()?;
            let buffers = self.buffers();
            Buffers::flush(&buffers, stream_id, true)?;
            let (finished, moved) =
                with_retry(self.pool(), |connection| streams::finish(connection, stream_id, end))?;
            self.write.moved(moved);
            buffers.ended(stream_id, finished.stream.status.name());
            self.parts.watchers().stored(stream_id, finished.stream.last_seq, true);
            Ok(finished)
        };
        run().map_err(|error: Error| error.with_operation("finish_stream"))
    }

    /// Requests that the writer of a running stream stops.
    ///
    /// After the writer has stored text the next time, its `append` returns `true`. The stream stays
    /// `running` until the writer ends it.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// `false` if the stream does not exist, has ended, or was cancelled before.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn cancel_stream(&self, stream_id: &str) -> Result<bool> {
        let run = || {
            check_stream_id(stream_id)?;
            let cancelled =
                with_retry(self.pool(), |connection| streams::cancel(connection, stream_id))?;
            if cancelled {
                self.buffers().cancelled(stream_id);
            }
            Ok(cancelled)
        };
        run().map_err(|error: Error| error.with_operation("cancel_stream"))
    }

    /// Returns a stream without its text.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The stream, or `None` if it does not exist.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_stream(&self, stream_id: &str) -> Result<Option<StreamInfo>> {
        let run = || {
            check_stream_id(stream_id)?;
            streams::get(&mut *self.pool().reader()?, stream_id)
        };
        run().map_err(|error| error.with_operation("get_stream"))
    }

    /// Returns the whole stored text of a stream, also while it is running.
    ///
    /// # Arguments
    /// - `stream_id`: The stream's public id.
    ///
    /// # Returns
    /// The text, or `None` if the stream does not exist or its chunks were deleted after its end.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_stream_text(&self, stream_id: &str) -> Result<Option<String>> {
        let run = || {
            check_stream_id(stream_id)?;
            streams::text(&mut *self.pool().reader()?, stream_id)
        };
        run().map_err(|error| error.with_operation("get_stream_text"))
    }

    /// Returns a page of streams without their text, newest first.
    ///
    /// # Arguments
    /// - `conversation_id`: Public id of the conversation. Without it, streams of all conversations.
    /// - `user_id`: Public id of the user. Without it, streams of all users.
    /// - `running`: Whether only running streams are returned.
    /// - `limit`: Maximum number of streams to return (1–10,000). Fewer are returned if they are large.
    /// - `cursor`: The `next_cursor` of the previous page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `cursor` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn list_streams(
        &self,
        conversation_id: Option<&str>,
        user_id: Option<&str>,
        #[argument(default = false)] running: bool,
        #[argument(default = 100)] limit: i64,
        cursor: Option<&str>,
    ) -> Result<StreamPage> {
        let run = || {
            let mut connection = self.pool().reader()?;
            streams::list(&mut connection, conversation_id, user_id, running, limit, cursor)
        };
        run().map_err(|error| error.with_operation("list_streams"))
    }

    /// Stores all text that was appended before this call, and waits for it until `until`. Returns
    /// the number of texts that are still in flight.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        Buffers::wait(&self.buffers(), until)
    }

    /// Returns the error of a stream whose text could not be stored, if no caller knows of it yet.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.buffers().take_failure()
    }

    /// Stops accepting text, and ends the waits of readers.
    pub(crate) fn close(&self) {
        self.buffers().close();
        self.parts.watchers().close();
    }

    /// Drops all text that is not stored.
    pub(crate) fn abandon(&self) {
        self.buffers().abandon();
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

impl fmt::Debug for StreamManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamManager").field("url", self.pool().url()).finish_non_exhaustive()
    }
}
