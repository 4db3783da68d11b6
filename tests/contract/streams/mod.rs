//! Tests of streamed responses.

mod ending;
mod input;
mod model;
mod reading;
mod retention;
mod turns;
mod writing;

use chatkeep::{Chatkeep, NewStream, StreamRead};

use crate::store::Store;

/// Creates a stream and returns its public id.
fn create(store: &Store) -> String {
    let created = store.streams().create_stream(&NewStream::default());
    created.expect("the stream is created").public_id
}

/// Reads from the start without waiting.
fn read(chat: &Chatkeep, id: &str, after_seq: i64) -> StreamRead {
    let read = chat.streams().read(id, after_seq, 1_000, 0.0).expect("the query succeeds");
    read.expect("the stream exists")
}

/// Returns the whole text that is stored.
fn text(chat: &Chatkeep, id: &str) -> String {
    let text = chat.streams().get_stream_text(id).expect("the query succeeds");
    text.expect("the stream has its text")
}
