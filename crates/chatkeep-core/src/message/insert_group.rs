//! Writing the messages of callers who log at the same time.

use super::insert::check;
use super::insert_many::{insert_chunk, insert_many};
use super::new::NewMessage;
use super::row::Row;
use crate::connection::{Connection, Session};
use crate::error::Result;
use crate::value::Timestamp;

/// Stores all these messages or none, and returns their ids in the same order. Before the commit `join` may add more to them,
/// again and again until it adds none: whoever comes while the rows are being written need not wait for the next commit.
///
/// On SQLite only. On a server one statement is the whole transaction, which others can join no more once it is sent.
///
/// # Errors
/// As [`insert_many`]. Those that joined are among the messages then.
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
        ids.extend(insert_chunk(connection, &rows)?);
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
            .expect("the tables are made");
        connection
    }

    /// Lets the groups in one after the other.
    fn joining(groups: &[&[&str]]) -> impl FnMut(&mut Vec<NewMessage>) {
        let mut groups: Vec<Vec<_>> = groups
            .iter()
            .rev()
            .map(|texts| texts.iter().map(|text| NewMessage::new(*text)).collect())
            .collect();
        move |messages| messages.extend(groups.pop().unwrap_or_default())
    }

    #[test]
    fn those_who_join_are_stored_with_the_rest() {
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
    fn none_is_stored_when_one_who_joined_is_refused() {
        let mut connection = store();
        let mut messages = vec![NewMessage::new("a")];
        let refused =
            insert_group(&mut connection, &mut messages, &mut joining(&[&["b"], &["\0"]]));
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
        assert_eq!(messages.len(), 3, "it is known who was in the group");
        assert_eq!(count_all(&mut connection).expect("the log answers"), 0);
    }
}
