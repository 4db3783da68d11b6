//! Group inserts: messages of concurrent callers in one transaction.

use super::insert::check;
use super::insert_many::{insert_chunk, insert_many};
use super::new::NewMessage;
use super::row::Row;
use super::turns::touch_conversations;
use crate::connection::{Connection, Session};
use crate::error::Result;
use crate::value::Timestamp;

/// Stores all these messages or none, and returns their ids in the same order.
///
/// On SQLite, `join` is called before the commit until it adds no more messages. Messages that
/// arrive during the transaction need not wait for the next commit. On a server one statement is
/// the whole transaction, and no message can join it after it is sent; `join` is never called.
///
/// # Errors
/// `InvalidInput` with the message's index and field; `OutcomeUnknown` or another error of the
/// database. `messages` then includes the messages that joined.
pub fn insert_group(
    connection: &mut Connection,
    messages: &mut Vec<NewMessage>,
    join: &mut dyn FnMut(&mut Vec<NewMessage>),
) -> Result<Vec<i64>> {
    match connection.session {
        Session::Sqlite(_) => {
            connection.transaction(|connection| insert_and_join(connection, messages, join))
        }
        Session::PostgreSql(_) | Session::MySql(_) => insert_many(connection, messages),
    }
}

fn insert_and_join(
    connection: &mut Connection,
    messages: &mut Vec<NewMessage>,
    join: &mut dyn FnMut(&mut Vec<NewMessage>),
) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(messages.len());
    while let Some(new) = messages.get(ids.len()..).filter(|new| !new.is_empty()) {
        let now = Timestamp::now();
        new.iter().try_for_each(|message| check(connection, message))?;
        let rows: Vec<_> = new.iter().map(|message| Row::new(message, now)).collect();
        ids.extend(insert_chunk(connection, &rows, &[])?);
        touch_conversations(connection, new, now)?;
        join(messages);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection::{ConnectOptions, Role};
    use crate::message::{count_all, get};
    use crate::{DatabaseUrl, ErrorKind};

    fn store() -> Connection {
        let options = ConnectOptions::default();
        let mut connection =
            Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &options)
                .expect("it is opened");
        crate::migrations::upgrade(&mut connection, Duration::from_secs(60))
            .expect("the tables are created");
        connection
    }

    /// Returns a `join` callback that adds one group per call.
    fn joining(groups: &[&[&str]]) -> impl FnMut(&mut Vec<NewMessage>) {
        let mut groups: Vec<Vec<_>> = groups
            .iter()
            .rev()
            .map(|texts| texts.iter().map(|text| NewMessage::new(*text)).collect())
            .collect();
        move |messages| messages.extend(groups.pop().unwrap_or_default())
    }

    #[test]
    fn joined_messages_are_stored_in_the_same_transaction() {
        let mut connection = store();
        let mut messages = vec![NewMessage::new("a"), NewMessage::new("b")];
        let ids =
            insert_group(&mut connection, &mut messages, &mut joining(&[&["c"], &["d", "e"]]));
        let ids = ids.expect("they are stored");
        assert_eq!((ids.len(), messages.len()), (5, 5));
        for (id, message) in ids.into_iter().zip(&messages) {
            let stored = get(&mut connection, id).expect("the log answers").expect("it is there");
            assert_eq!(stored.user_message, message.user_message);
        }
    }

    #[test]
    fn invalid_joined_message_rolls_back_the_group() {
        let mut connection = store();
        let mut messages = vec![NewMessage::new("a")];
        let refused =
            insert_group(&mut connection, &mut messages, &mut joining(&[&["b"], &["\0"]]));
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
        assert_eq!(messages.len(), 3, "joined messages are listed after a failure");
        assert_eq!(count_all(&mut connection).expect("the log answers"), 0);
    }
}
