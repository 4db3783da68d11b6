//! Tests of checkpoints of agents.

mod concurrency;
mod lists;
mod model;
mod values;

use chatkeep::{Bytes, Chatkeep, GraphCheckpoint, NewChannel, NewCheckpoint};

use crate::store::number;

/// Returns serialized data.
fn json(text: &str) -> Bytes {
    Bytes::from(text.as_bytes().to_vec())
}

/// Returns a checkpoint after `parent`, with these channels.
fn checkpoint(id: &str, parent: Option<&str>, channels: Vec<NewChannel>) -> NewCheckpoint {
    let new = NewCheckpoint::new(id, "json", json("{}"), "json", json("{}"));
    NewCheckpoint { parent_id: parent.map(str::to_owned), channels, ..new }
}

/// Returns a changed channel.
fn changed(channel: &str, version: &str, value: &str) -> NewChannel {
    NewChannel::with_value(channel, version, "json", json(value))
}

/// Returns a checkpoint of the outermost namespace.
fn get(chat: &Chatkeep, thread: &str, id: Option<&str>) -> GraphCheckpoint {
    let found = chat.graph().get_checkpoint(thread, "", id).expect("the query succeeds");
    found.unwrap_or_else(|| panic!("{thread} has the checkpoint {id:?}"))
}

/// Returns the value of a channel.
fn value(checkpoint: &GraphCheckpoint, channel: &str) -> Option<String> {
    let channel = checkpoint.channels.iter().find(|found| found.channel == channel)?;
    channel.data.as_ref().map(|data| String::from_utf8(data.as_slice().to_vec()).expect("UTF-8"))
}
