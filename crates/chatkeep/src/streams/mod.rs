//! Storing the text of a response while a model generates it, and reading it in any process.

mod buffer;
mod buffers;
mod ending;
mod flusher;
mod lookup;
mod maintenance;
mod reading;
mod watchers;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::streams::{check_stream_id, check_text};
use chatkeep_core::{Error, NewStream, Result, StreamInfo, streams};
use chatkeep_macros::operations;
use chatkeep_pool::{PerProcess, Pool};

use self::buffers::{Buffers, SharedBuffers};
use self::watchers::{SharedWatchers, Watchers};
use crate::checkpoints::Checkpoints;
use crate::managers::Parts;
use crate::retry::with_retry;
use crate::write::WritePath;

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
#[operations(name = "streams", receiver = streams, parts(READING, ENDING, LOOKUP, MAINTENANCE))]
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

impl fmt::Debug for StreamManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamManager").field("url", self.pool().url()).finish_non_exhaustive()
    }
}
