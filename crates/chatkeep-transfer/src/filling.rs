//! Filling an empty database, so that nobody ever takes half of the rows for all of them.
//!
//! The word that the database is being filled (`unfinished_transfer`) is written before the first row and removed after
//! the last; each batch is one transaction with how far it has come.

use chatkeep_core::transfer::{self, IdsOf, Unfinished, empty, set_next_id};
use chatkeep_core::{Connection, Error, ErrorKind, Result, messages, tokens};

use crate::batch::{Batch, NextIds};
use crate::compare::Comparison;
use crate::digest::Content;
use crate::progress::{Phase, Step};
use crate::reading::{self, Read, count};

/// A database that is being filled.
pub(crate) struct Filling {
    pub(crate) connection: Connection,
    state: Unfinished,
}

impl Filling {
    /// Begins to fill a database that has no rows.
    pub(crate) fn begin(mut connection: Connection, kind: &str, source: &str) -> Result<Self> {
        let state = Unfinished::new(kind, source);
        connection.transaction(|connection| {
            transfer::begin(connection, &state)?;
            // Looked at again, now that no other program of ours begins.
            match count(connection)? {
                (0, 0) => Ok(()),
                _ => {
                    Err(Error::new(ErrorKind::Conflict, "another program writes to this database")
                        .with_retryable(false))
                }
            }
        })?;
        Ok(Self { connection, state })
    }

    /// Goes on where an earlier run was cut off.
    pub(crate) fn go_on(connection: Connection, state: Unfinished) -> Self {
        Self { connection, state }
    }

    /// Deletes everything that is there, and what says that it is only a part. Emptying is several steps on some engines:
    /// what is left in between must not look like all there is.
    pub(crate) fn clear(connection: &mut Connection, source: &str) -> Result<()> {
        transfer::begin_emptying(connection, source)?;
        empty(connection)?;
        transfer::finish(connection)
    }

    /// How far an earlier run came, and the messages and tokens that are there, at one moment.
    pub(crate) fn look(connection: &mut Connection) -> Result<(Option<Unfinished>, (u64, u64))> {
        connection.transaction(|connection| {
            let state = transfer::hold_unfinished(connection)?;
            Ok((state, count(connection)?))
        })
    }

    /// The greatest ids that are there, of tokens and of messages.
    pub(crate) fn marks(&self) -> (Option<i64>, Option<i64>) {
        let Unfinished { tokens, last_token, messages, last_message, .. } = self.state;
        ((tokens > 0).then_some(last_token), (messages > 0).then_some(last_message))
    }

    /// Messages and tokens that are there.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.state.messages.unsigned_abs(), self.state.tokens.unsigned_abs())
    }

    /// Rows that are there.
    pub(crate) fn rows(&self) -> u64 {
        self.state.messages.unsigned_abs() + self.state.tokens.unsigned_abs()
    }

    /// Stores a batch for good.
    pub(crate) fn store(&mut self, batch: &Batch) -> Result<()> {
        let mut state = self.state.clone();
        match batch {
            Batch::Tokens(rows) => {
                state.tokens += rows.len() as i64;
                state.last_token = rows.last().map_or(state.last_token, |token| token.id);
            }
            Batch::Messages(rows) => {
                state.messages += rows.len() as i64;
                state.last_message = rows.last().map_or(state.last_message, |message| message.id);
            }
        }
        self.connection.transaction(|connection| {
            match batch {
                Batch::Tokens(rows) => tokens::insert_with_ids(connection, rows)?,
                Batch::Messages(rows) => messages::insert_with_ids(connection, rows)?,
            }
            transfer::update(connection, &state)
        })?;
        self.state = state;
        Ok(())
    }

    /// Makes what was stored complete: the numbers for new rows, and the statistics.
    pub(crate) fn complete(
        &mut self,
        next_ids: NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<()> {
        let total = self.rows();
        progress(Step { phase: Phase::Counting, done: 0, total });
        set_next_id(&mut self.connection, IdsOf::Messages, next_ids.messages)?;
        set_next_id(&mut self.connection, IdsOf::Tokens, next_ids.tokens)?;
        messages::count_moved(&mut self.connection)?;
        progress(Step { phase: Phase::Counting, done: total, total });
        Ok(())
    }

    /// Reads everything that was stored, and compares it with what was to be stored.
    pub(crate) fn compare(
        &mut self,
        expected: &Content,
        next_ids: NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Comparison> {
        let total = self.rows();
        let read = reading::read(&mut self.connection, |_, digests| {
            progress(Step { phase: Phase::Comparing, done: digests.rows(), total });
            Ok(())
        })?;
        Ok(Comparison::new(expected.clone(), next_ids, read))
    }

    /// The comparison, where what was to be stored has been read back already. Nothing when there are more or fewer rows now:
    /// then somebody else was here.
    pub(crate) fn confirm(
        &mut self,
        content: Content,
        next_ids: NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Option<Comparison>> {
        let total = self.rows();
        let (rows, found) = self
            .connection
            .snapshot(|connection| Ok((count(connection)?, reading::next_ids(connection)?)))?;
        if rows != (content.messages.rows, content.api_tokens.rows) {
            return Ok(None);
        }
        progress(Step { phase: Phase::Comparing, done: total, total });
        Ok(Some(Comparison::new(content.clone(), next_ids, Read { content, next_ids: found })))
    }

    /// Takes the word back that the database is only partly filled.
    pub(crate) fn finish(&mut self) -> Result<()> {
        transfer::finish(&mut self.connection)
    }

    /// Takes everything back. Where somebody else has written meanwhile, nothing is deleted, and the word stays.
    pub(crate) fn take_back(&mut self) -> Result<()> {
        let (_, (messages, tokens)) = Self::look(&mut self.connection)?;
        if messages + tokens != self.rows() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another program writes to this database, so that what was stored so far was not deleted",
            )
            .with_retryable(false));
        }
        Self::clear(&mut self.connection, &self.state.source)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatkeep::NewMessage;
    use chatkeep_core::transfer::open_target;
    use chatkeep_core::{DatabaseUrl, Message};

    use super::*;

    #[test]
    fn what_was_read_back_is_not_confirmed_when_somebody_else_was_here() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("new.db"));
        let open = || open_target(&url, Duration::from_secs(10)).unwrap();
        let mut filling = Filling::begin(open(), "copy", "elsewhere").unwrap();
        let message = |id| Message::numbered(id, NewMessage::new("hi"));
        filling.store(&Batch::Messages(vec![message(3), message(7)])).unwrap();
        let next_ids = NextIds { messages: 8, tokens: 1 };
        filling.complete(next_ids, &mut |_| {}).unwrap();
        let content = reading::read(&mut open(), |_, _| Ok(())).unwrap().content;
        let mut confirmed = || filling.confirm(content.clone(), next_ids, &mut |_| {}).unwrap();
        assert!(confirmed().unwrap().equal);
        messages::insert_with_ids(&mut open(), &[message(8)]).unwrap();
        assert_eq!(confirmed(), None);
    }
}
