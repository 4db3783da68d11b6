//! Writes rows into an empty database, which is marked incomplete until all rows are stored.
//!
//! The mark and the progress of each table are rows of `unfinished_transfer`. They are inserted
//! before the first batch and deleted after the last. Each batch is stored in one transaction with
//! its progress.

use chatkeep_core::transfer::{self, Unfinished, set_next_id};
use chatkeep_core::{Connection, Error, ErrorKind, Result};

use crate::compare::Comparison;
use crate::content::Content;
use crate::progress::{Phase, Step};
use crate::reading::{self, Read};
use crate::table::{Batch, NextIds, RowCounts, Tables, count, names, next_ids};

/// Writer of a target database that is marked incomplete.
pub(crate) struct TargetWriter {
    pub(crate) connection: Connection,
    tables: Tables,
    state: Unfinished,
}

impl TargetWriter {
    /// Marks an empty database incomplete.
    pub(crate) fn begin(
        mut connection: Connection,
        tables: Tables,
        kind: &str,
        source: &str,
    ) -> Result<Self> {
        let state = Unfinished::new(kind, source, &names(tables));
        connection.transaction(|connection| {
            transfer::begin(connection, &state)?;
            // Counted again: the mark keeps other transfers out from here on.
            match count(connection, tables)?.total() {
                0 => Ok(()),
                _ => Err(Error::new(
                    ErrorKind::Conflict,
                    "another program is writing to this \
                        database",
                )
                .with_retryable(false)),
            }
        })?;
        Ok(Self { connection, tables, state })
    }

    /// Continues an interrupted transfer.
    pub(crate) fn resume(
        mut connection: Connection,
        tables: Tables,
        mut state: Unfinished,
    ) -> Result<Self> {
        connection.transaction(|connection| {
            transfer::add_missing_tables(connection, &mut state, &names(tables))
        })?;
        Ok(Self { connection, tables, state })
    }

    /// Deletes all rows of the tables, then the mark.
    ///
    /// On some engines this takes several statements. The mark is kept until the last one, so that
    /// programs do not open a partly truncated database.
    pub(crate) fn truncate(
        connection: &mut Connection,
        tables: Tables,
        source: &str,
    ) -> Result<()> {
        transfer::begin_truncate(connection, source)?;
        let next_ids = next_ids(connection, tables)?;
        transfer::truncate(connection, &names(tables))?;
        set_next_ids(connection, tables, &next_ids)?;
        tables.iter().try_for_each(|table| table.after_truncate(connection))?;
        transfer::finish(connection)
    }

    /// Returns an unfinished transfer and the row counts, from one transaction.
    pub(crate) fn inspect(
        connection: &mut Connection,
        tables: Tables,
    ) -> Result<(Option<Unfinished>, RowCounts)> {
        connection.transaction(|connection| {
            let state = transfer::lock_unfinished(connection)?;
            Ok((state, count(connection, tables)?))
        })
    }

    /// Returns the greatest id stored in a table. `None` if no row is stored.
    pub(crate) fn last_id(&self, table: &str) -> Option<i64> {
        let progress = self.state.progress(table)?;
        (progress.rows > 0).then_some(progress.last_id)
    }

    /// Returns the number of rows stored.
    pub(crate) fn rows(&self) -> u64 {
        self.state.rows().unsigned_abs()
    }

    /// Returns the number of rows of a table that are stored.
    pub(crate) fn rows_of(&self, table: &str) -> u64 {
        stored_rows(&self.state, table)
    }

    /// Stores a batch and commits it.
    pub(crate) fn store(&mut self, batch: &dyn Batch) -> Result<()> {
        let Some(last_id) = batch.last_id() else { return Ok(()) };
        let started_at = self.state.started_at;
        let Some(progress) = self.state.progress_mut(batch.table()) else {
            return Err(Error::internal(format!("the table {} has no progress", batch.table())));
        };
        let mut stored = progress.clone();
        stored.last_id = last_id;
        stored.rows += batch.len() as i64;
        self.connection.transaction(|connection| {
            batch.insert(connection)?;
            transfer::update(connection, started_at, &stored)
        })?;
        *progress = stored;
        Ok(())
    }

    /// Sets the next ids and completes the tables, after the last batch. This computes the totals
    /// of the message log.
    pub(crate) fn complete(
        &mut self,
        next_ids: &NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<()> {
        let total = self.rows();
        progress(Step { phase: Phase::Counting, done: 0, total });
        set_next_ids(&mut self.connection, self.tables, next_ids)?;
        self.tables.iter().try_for_each(|table| table.after_import(&mut self.connection))?;
        progress(Step { phase: Phase::Counting, done: total, total });
        Ok(())
    }

    /// Reads all rows back and compares them with the expected content.
    pub(crate) fn compare(
        &mut self,
        expected: &Content,
        next_ids: &NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Comparison> {
        let total = self.rows();
        let read = reading::read(&mut self.connection, self.tables, |_, digests| {
            progress(Step { phase: Phase::Comparing, done: digests.rows(), total });
            Ok(())
        })?;
        Ok(Comparison::new(self.tables, expected.clone(), next_ids, read))
    }

    /// Returns the comparison when all rows have already been read back.
    ///
    /// `None` means that the number of rows has changed since then: another program wrote to the
    /// database.
    pub(crate) fn confirm(
        &mut self,
        content: Content,
        expected: &NextIds,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Option<Comparison>> {
        let (total, tables) = (self.rows(), self.tables);
        let (rows, found) = self.connection.snapshot(|connection| {
            Ok((count(connection, tables)?, next_ids(connection, tables)?))
        })?;
        if rows != content.counts(tables) {
            return Ok(None);
        }
        progress(Step { phase: Phase::Comparing, done: total, total });
        let read = Read { content: content.clone(), next_ids: found };
        Ok(Some(Comparison::new(tables, content, expected, read)))
    }

    /// Removes the mark.
    pub(crate) fn finish(&mut self) -> Result<()> {
        transfer::finish(&mut self.connection)
    }

    /// Deletes the rows stored so far, and the mark.
    ///
    /// If another program wrote to the database, nothing is deleted and the mark is kept.
    pub(crate) fn roll_back(&mut self) -> Result<()> {
        let (_, rows) = Self::inspect(&mut self.connection, self.tables)?;
        if rows.total() != self.rows() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "another program is writing to this database; the rows stored so far were not \
                 deleted",
            )
            .with_retryable(false));
        }
        Self::truncate(&mut self.connection, self.tables, &self.state.source)
    }
}

/// Returns whether the row counts are those of an interrupted transfer. Otherwise another program
/// wrote to the database after the interruption.
pub(crate) fn is_unchanged(state: &Unfinished, rows: &RowCounts) -> bool {
    rows.iter().all(|count| count.rows == stored_rows(state, count.table))
}

fn stored_rows(state: &Unfinished, table: &str) -> u64 {
    state.progress(table).map_or(0, |progress| progress.rows.unsigned_abs())
}

fn set_next_ids(connection: &mut Connection, tables: Tables, next_ids: &NextIds) -> Result<()> {
    for table in tables {
        if let Some(next) = next_ids.of(table.name()) {
            set_next_id(connection, table.name(), next)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatkeep::NewMessage;
    use chatkeep_core::transfer::open_target;
    use chatkeep_core::{DatabaseUrl, Message, messages};

    use super::*;
    use crate::table::{Messages, Rows, TABLES};

    #[test]
    fn rows_of_another_program_prevent_the_confirmation() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("new.db"));
        let open = || open_target(&url, Duration::from_secs(10)).unwrap();
        let mut writer = TargetWriter::begin(open(), TABLES, "copy", "elsewhere").unwrap();
        let message = |id| Message::with_id(id, NewMessage::new("hi"));
        writer.store(&Rows::<Messages>(vec![message(3), message(7)])).unwrap();
        let mut next_ids = NextIds::default();
        next_ids.insert("messages", 8);
        writer.complete(&next_ids, &mut |_| {}).unwrap();
        let content = reading::read(&mut open(), TABLES, |_, _| Ok(())).unwrap().content;
        let mut confirmed = || writer.confirm(content.clone(), &next_ids, &mut |_| {}).unwrap();
        assert!(confirmed().unwrap().equal);
        messages::insert_with_ids(&mut open(), &[message(8)]).unwrap();
        assert_eq!(confirmed(), None);
    }
}
