//! Writes rows into an empty database, which is marked incomplete until all rows are stored.
//!
//! The mark is a row of `unfinished_transfer`. It is inserted before the first batch and deleted
//! after the last. Each batch is stored in one transaction with its progress.

use chatkeep_core::transfer::{self, IdsOf, Unfinished, set_next_id};
use chatkeep_core::{Connection, Error, ErrorKind, Result, messages, tokens};

use crate::batch::{Batch, NextIds};
use crate::compare::Comparison;
use crate::digest::Content;
use crate::progress::{Phase, Step};
use crate::reading::{self, Read, count};

/// Writer of a target database that is marked incomplete.
pub(crate) struct TargetWriter {
    pub(crate) connection: Connection,
    state: Unfinished,
}

impl TargetWriter {
    /// Marks an empty database incomplete.
    pub(crate) fn begin(mut connection: Connection, kind: &str, source: &str) -> Result<Self> {
        let state = Unfinished::new(kind, source);
        connection.transaction(|connection| {
            transfer::begin(connection, &state)?;
            // Counted again: the mark keeps other transfers out from here on.
            match count(connection)? {
                (0, 0) => Ok(()),
                _ => Err(Error::new(
                    ErrorKind::Conflict,
                    "another program is writing to this \
                        database",
                )
                .with_retryable(false)),
            }
        })?;
        Ok(Self { connection, state })
    }

    /// Continues an interrupted transfer.
    pub(crate) fn resume(connection: Connection, state: Unfinished) -> Self {
        Self { connection, state }
    }

    /// Deletes all rows and the mark.
    ///
    /// On some engines this takes several statements. The mark is kept until the last one, so that
    /// programs do not open a partly truncated database.
    pub(crate) fn truncate(connection: &mut Connection, source: &str) -> Result<()> {
        transfer::begin_truncate(connection, source)?;
        transfer::truncate(connection)?;
        transfer::finish(connection)
    }

    /// Returns an unfinished transfer, and the numbers of messages and tokens, from one
    /// transaction.
    pub(crate) fn inspect(connection: &mut Connection) -> Result<(Option<Unfinished>, (u64, u64))> {
        connection.transaction(|connection| {
            let state = transfer::lock_unfinished(connection)?;
            Ok((state, count(connection)?))
        })
    }

    /// Returns the greatest ids stored, of tokens and of messages.
    pub(crate) fn last_ids(&self) -> (Option<i64>, Option<i64>) {
        let Unfinished { tokens, last_token, messages, last_message, .. } = self.state;
        ((tokens > 0).then_some(last_token), (messages > 0).then_some(last_message))
    }

    /// Returns the numbers of messages and tokens stored.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.state.messages.unsigned_abs(), self.state.tokens.unsigned_abs())
    }

    /// Returns the number of rows stored.
    pub(crate) fn rows(&self) -> u64 {
        self.state.messages.unsigned_abs() + self.state.tokens.unsigned_abs()
    }

    /// Stores a batch and commits it.
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

    /// Sets the next ids and computes the statistics, after the last batch.
    pub(crate) fn complete(
        &mut self,
        next_ids: NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<()> {
        let total = self.rows();
        progress(Step { phase: Phase::Counting, done: 0, total });
        set_next_id(&mut self.connection, IdsOf::Messages, next_ids.messages)?;
        set_next_id(&mut self.connection, IdsOf::Tokens, next_ids.tokens)?;
        messages::count_imported(&mut self.connection)?;
        progress(Step { phase: Phase::Counting, done: total, total });
        Ok(())
    }

    /// Reads all rows back and compares them with the expected content.
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

    /// Returns the comparison when all rows have already been read back.
    ///
    /// `None` means that the number of rows has changed since then: another program wrote to the
    /// database.
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

    /// Removes the mark.
    pub(crate) fn finish(&mut self) -> Result<()> {
        transfer::finish(&mut self.connection)
    }

    /// Deletes the rows stored so far, and the mark.
    ///
    /// If another program wrote to the database, nothing is deleted and the mark is kept.
    pub(crate) fn roll_back(&mut self) -> Result<()> {
        let (_, (messages, tokens)) = Self::inspect(&mut self.connection)?;
        if messages + tokens != self.rows() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another program is writing to this database; the rows stored so far were not \
                 deleted",
            )
            .with_retryable(false));
        }
        Self::truncate(&mut self.connection, &self.state.source)
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
    fn rows_of_another_program_prevent_the_confirmation() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("new.db"));
        let open = || open_target(&url, Duration::from_secs(10)).unwrap();
        let mut writer = TargetWriter::begin(open(), "copy", "elsewhere").unwrap();
        let message = |id| Message::with_id(id, NewMessage::new("hi"));
        writer.store(&Batch::Messages(vec![message(3), message(7)])).unwrap();
        let next_ids = NextIds { messages: 8, tokens: 1 };
        writer.complete(next_ids, &mut |_| {}).unwrap();
        let content = reading::read(&mut open(), |_, _| Ok(())).unwrap().content;
        let mut confirmed = || writer.confirm(content.clone(), next_ids, &mut |_| {}).unwrap();
        assert!(confirmed().unwrap().equal);
        messages::insert_with_ids(&mut open(), &[message(8)]).unwrap();
        assert_eq!(confirmed(), None);
    }
}
