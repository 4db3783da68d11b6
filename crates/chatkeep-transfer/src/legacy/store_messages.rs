//! The second pass over messages, after the validation of the first pass (`check`).
//!
//! Messages that an earlier run stored are skipped. A message keeps its id, unless the id is
//! invalid or another message has it. Then the message gets a new id.

use std::collections::{HashMap, HashSet};

use chatkeep_core::legacy::{LegacyFile, LegacyTable, RawRow};
use chatkeep_core::messages::{self, LockedTotals};
use chatkeep_core::transfer::{are_writers_blocked, next_id};
use chatkeep_core::{Connection, Error, MAX_ROW_BYTES, Message, NewMessage, Result};

use super::content::{Key, is_same, key};
use super::message::{ReadMessage, read};
use super::report::Counts;
use crate::table::{Messages, TransferTable as _};

/// Stores the messages of one import.
pub(super) struct MessageImporter<'a> {
    connection: &'a mut Connection,
    /// Totals by day, provider and model, to which new messages are added. `None` in a dry run.
    totals: Option<LockedTotals>,
    /// Ids of the messages that a dry run would have stored.
    planned: HashSet<i64>,
}

/// Rows of a legacy table, divided by whether the database has their content under their own id.
#[derive(Default)]
struct Partition {
    /// Ids of the rows whose content is stored under their own id.
    stored_ids: Vec<i64>,
    /// Rowids of the other rows by the digest of their content. Their id is invalid, or another
    /// message has it.
    displaced: HashMap<Key, Vec<i64>>,
}

impl<'a> MessageImporter<'a> {
    /// Creates an importer. Except in a dry run, the totals are locked, and the caller must have
    /// opened a transaction.
    pub(super) fn new(connection: &'a mut Connection, dry_run: bool) -> Result<Self> {
        let totals = if dry_run { None } else { Some(LockedTotals::lock(connection)?) };
        Ok(Self { connection, totals, planned: HashSet::new() })
    }

    /// Stores the messages of a table that are not yet stored.
    pub(super) fn store(
        &mut self,
        file: &mut LegacyFile,
        table: &LegacyTable,
        counts: &mut Counts,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let mut partition = Partition::default();
        let mut last_rowid = None;
        loop {
            let rows = file.rows(table, last_rowid)?;
            let Some(last) = rows.last() else { break };
            last_rowid = Some(last.rowid);
            let read = rows.iter().map(|row| read(table, row, file.modified())).collect();
            self.store_free_ids(read, &mut partition, counts)?;
            progress(rows.len() as u64);
        }
        partition.stored_ids.sort_unstable();
        self.find_displaced(&mut partition, counts)?;
        let mut displaced: Vec<i64> = partition.displaced.into_values().flatten().collect();
        displaced.sort_unstable();
        // The number of rows that `rows_numbered` reads per query.
        for rowids in displaced.chunks(200) {
            let rows = file.rows_numbered(table, rowids)?;
            self.store_displaced(table, &rows, file, counts)?;
        }
        Ok(())
    }

    /// Stores each row under its own id if that id is valid and free, and records the other rows.
    fn store_free_ids(
        &mut self,
        read: Vec<ReadMessage>,
        partition: &mut Partition,
        counts: &mut Counts,
    ) -> Result<()> {
        let ids: Vec<_> = read.iter().map(|read| read.message.id).collect();
        let existing = messages::with_ids(self.connection, &ids)?;
        let mut existing: HashMap<i64, Option<Message>> =
            existing.into_iter().map(|message| (message.id, Some(message))).collect();
        existing.extend(ids.iter().filter(|id| self.planned.contains(id)).map(|id| (*id, None)));
        let mut new = Vec::new();
        for read in read {
            let id = read.message.id;
            match existing.get(&id) {
                Some(Some(stored)) if is_same(stored, &read) => {
                    counts.already_there += 1;
                    partition.stored_ids.push(id);
                }
                None if id > 0 => {
                    counts.stored += 1;
                    counts.forced += u64::from(read.is_forced);
                    partition.stored_ids.push(id);
                    // A later row of the file may have the same id.
                    existing.insert(id, Some(read.message.clone()));
                    new.push(read.message);
                }
                _ => partition
                    .displaced
                    .entry(key(&read.message, read.has_time))
                    .or_default()
                    .push(read.rowid),
            }
        }
        self.insert(new)
    }

    /// Finds displaced rows that an earlier run stored under new ids, and removes them from the
    /// partition. Messages are compared by content.
    fn find_displaced(&mut self, partition: &mut Partition, counts: &mut Counts) -> Result<()> {
        let mut last_id = i64::MIN;
        while !partition.displaced.is_empty() {
            let stored = messages::list_after_id(self.connection, last_id)?;
            let Some(last) = stored.last() else { return Ok(()) };
            last_id = last.id;
            for message in stored
                .iter()
                .filter(|message| partition.stored_ids.binary_search(&message.id).is_err())
            {
                // A stored message does not show whether its row had a timestamp, so both digests
                // are looked up.
                for has_time in [true, false] {
                    let key = key(message, has_time);
                    if let Some(rowids) = partition.displaced.get_mut(&key) {
                        rowids.pop();
                        counts.already_there += 1;
                        if rowids.is_empty() {
                            partition.displaced.remove(&key);
                        }
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Stores displaced rows with new ids.
    fn store_displaced(
        &mut self,
        table: &LegacyTable,
        rows: &[RawRow],
        file: &LegacyFile,
        counts: &mut Counts,
    ) -> Result<()> {
        counts.stored += rows.len() as u64;
        counts.with_new_id += rows.len() as u64;
        if self.totals.is_some() && !are_writers_blocked(self.connection) {
            return self.store_with_new_ids(table, rows, file, counts);
        }
        let first = next_id(self.connection, Messages::NAME)?;
        let read = rows.iter().map(|row| read(table, row, file.modified())).zip(first..);
        let mut new = Vec::with_capacity(rows.len());
        for (read, id) in read {
            counts.forced += u64::from(read.is_forced);
            let mut message = read.message;
            message.id = id;
            new.push(message);
        }
        self.insert(new)
    }

    /// Stores rows with ids that the database assigns, because other programs may insert messages
    /// concurrently.
    fn store_with_new_ids(
        &mut self,
        table: &LegacyTable,
        rows: &[RawRow],
        file: &LegacyFile,
        counts: &mut Counts,
    ) -> Result<()> {
        let mut messages = Vec::with_capacity(rows.len());
        for read in rows.iter().map(|row| read(table, row, file.modified())) {
            counts.forced += u64::from(read.is_forced);
            messages.push(read.message);
        }
        self.refuse_too_large(&messages)?;
        let ids = messages::insert_many(
            self.connection,
            &messages.iter().cloned().map(NewMessage::from).collect::<Vec<_>>(),
        )?;
        messages.iter_mut().zip(ids).for_each(|(message, id)| message.id = id);
        match &self.totals {
            Some(totals) => totals.add(self.connection, &messages),
            None => Ok(()),
        }
    }

    /// Stores messages under their ids and adds them to the totals. A dry run only notes the ids.
    fn insert(&mut self, new: Vec<Message>) -> Result<()> {
        self.refuse_too_large(&new)?;
        match &self.totals {
            Some(totals) => {
                messages::insert_with_ids(self.connection, &new)?;
                totals.add(self.connection, &new)
            }
            None => {
                self.planned.extend(new.iter().map(|message| message.id));
                Ok(())
            }
        }
    }

    /// Rejects messages above the maximum row size, which a server may set below 16 MiB.
    fn refuse_too_large(&self, new: &[Message]) -> Result<()> {
        let limit = self.connection.max_row_bytes().unwrap_or(MAX_ROW_BYTES);
        if let Some(message) = new.iter().find(|message| message.size_in_bytes() > limit) {
            let (id, size) = (message.id, message.size_in_bytes());
            let reason = format!(
                "row {id} has {size} bytes in all fields together; the server's maximum is {limit} \
                 bytes"
            );
            return Err(Error::invalid_input("message", reason));
        }
        Ok(())
    }
}
