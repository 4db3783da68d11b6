//! Tests of conversations and their items.

mod changes;
mod deletion;
mod items;
mod items_concurrency;
mod lists;
mod open_turns;
mod plan;
mod turns;

use chatkeep::{Conversation, ConversationItem, Metadata, NewItem};

use crate::store::{Store, metadata};

/// Creates a user with this public id, and returns the public id.
fn user<'a>(store: &Store, public_id: &'a str) -> &'a str {
    store.raw.execute(&format!(
        "INSERT INTO chat_users (public_id, active, stamp, created_at, updated_at) VALUES \
         ('{public_id}', TRUE, '{public_id:0>32}', '2024-01-01 00:00:00.000000', \
         '2024-01-01 00:00:00.000000')"
    ));
    public_id
}

/// Creates a conversation with this title.
fn create(store: &Store, user: Option<&str>, title: &str) -> Conversation {
    store
        .conversations()
        .create_conversation(user, Some(title), None, None)
        .expect("the conversation is created")
}

/// Sets the time of the last activity.
fn set_last_activity(store: &Store, id: &str, time: &str) {
    store.raw.execute(&format!(
        "UPDATE chat_conversations SET last_message_at = '{time}' WHERE public_id = '{id}'"
    ));
}

fn text(text: &str) -> Metadata {
    metadata(&serde_json::json!({ "text": text }).to_string())
}

pub(crate) fn item(role: &str, words: &str) -> NewItem {
    NewItem::new(role, text(words))
}

/// Returns the positions and contents of all items.
fn items(store: &Store, id: &str) -> Vec<(i64, Metadata)> {
    let items = store.conversations().get_items(id, 10_000, None, None);
    let of = |item: ConversationItem| (item.position, item.content);
    items.expect("the query succeeds").into_iter().map(of).collect()
}
