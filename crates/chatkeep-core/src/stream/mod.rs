//! Streamed responses: the text that a model generates, stored in chunks while it is generated.
//!
//! A stream has one writer and any number of readers. The writer appends chunks, numbered from 1 by
//! `seq`. Readers read on after a number, in any process. The first end state is final.

mod append;
mod create;
mod finish;
mod insert_chunks;
mod list;
mod new;
mod prune;
mod read;
mod record;
mod rows;

pub use append::{AppendOutcome, StreamText, append, check_text};
pub use create::create;
pub(crate) use finish::interrupt_of_turn;
pub use finish::{
    MovedTurn, cancel, finish, interrupt_stale, interrupt_stale_batch, stale_with_turn,
};
pub use insert_chunks::MAX_CHUNK_BYTES;
pub use list::{get, list};
pub use new::{NewStream, StreamEnd, check_seconds, check_stream_id};
pub use prune::{delete_chunks_batch, delete_ended_batch};
pub use read::{Position, positions, read, text};
pub use record::{FinishedStream, StreamChunk, StreamInfo, StreamPage, StreamRead, StreamStatus};
pub use rows::{StoredChunk, StoredStream};
