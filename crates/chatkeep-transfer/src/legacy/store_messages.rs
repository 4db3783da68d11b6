//! The second pass over messages: which are there already, which keep their ids, and which get new ones.

use std::collections::{HashMap, HashSet};

use chatkeep_core::legacy::{LegacyFile, LegacyTable, RawRow};
use chatkeep_core::messages::{self, HeldTotals};
use chatkeep_core::transfer::{IdsOf, are_writers_held_off, next_id};
use chatkeep_core::{Connection, Error, MAX_ROW_BYTES, Message, NewMessage, Result};

use super::content::{Key, is_same, key};
use super::message::{ReadMessage, read};
use super::report::Counts;

/// The messages of one import, on their way into the database.
pub(super) struct Storing<'a> {
    connection: &'a mut Connection,
    /// `None` in a dry run, in which nothing is stored.
    totals: Option<HeldTotals>,
    /// Ids that a dry run would have given away.
    planned: HashSet<i64>,
}

/// What is known of a file's messages after the first look at each.
#[derive(Default)]
struct Known {
    /// Ids in the database that belong to rows of this file.
    settled: Vec<i64>,
    /// Rows whose ids belong to others, by their content.
    displaced: HashMap<Key, Vec<i64>>,
}

impl<'a> Storing<'a> {
    /// In a transaction that the caller has opened, unless it is a dry run.
    pub(super) fn new(connection: &'a mut Connection, dry_run: bool) -> Result<Self> {
        let totals = if dry_run { None } else { Some(HeldTotals::hold(connection)?) };
        Ok(Self { connection, totals, planned: HashSet::new() })
    }

    /// Stores the messages of a table that are not there yet.
    pub(super) fn store(
        &mut self,
        file: &mut LegacyFile,
        table: &LegacyTable,
        counts: &mut Counts,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let mut known = Known::default();
        let mut behind = None;
        loop {
            let rows = file.rows(table, behind)?;
            let Some(last) = rows.last() else { break };
            behind = Some(last.rowid);
            let read = rows.iter().map(|row| read(table, row, file.modified())).collect();
            self.settle(read, &mut known, counts)?;
            progress(rows.len() as u64);
        }
        known.settled.sort_unstable();
        self.find_displaced(&mut known, counts)?;
        let mut displaced: Vec<i64> = known.displaced.into_values().flatten().collect();
        displaced.sort_unstable();
        for rowids in displaced.chunks(200) {
            let rows = file.rows_numbered(table, rowids)?;
            self.store_anew(table, &rows, file, counts)?;
        }
        Ok(())
    }

    /// Rows whose id is free are stored under it.
    fn settle(
        &mut self,
        read: Vec<ReadMessage>,
        known: &mut Known,
        counts: &mut Counts,
    ) -> Result<()> {
        let ids: Vec<_> = read.iter().map(|read| read.message.id).collect();
        let there = messages::with_ids(self.connection, &ids)?;
        let mut there: HashMap<i64, Option<Message>> =
            there.into_iter().map(|message| (message.id, Some(message))).collect();
        there.extend(ids.iter().filter(|id| self.planned.contains(id)).map(|id| (*id, None)));
        let mut new = Vec::new();
        for read in read {
            let id = read.message.id;
            match there.get(&id) {
                Some(Some(stored)) if is_same(stored, &read) => {
                    counts.already_there += 1;
                    known.settled.push(id);
                }
                None if id > 0 => {
                    counts.stored += 1;
                    counts.forced += u64::from(read.is_forced);
                    known.settled.push(id);
                    // A file whose ids are not unique may hold it twice.
                    there.insert(id, Some(read.message.clone()));
                    new.push(read.message);
                }
                _ => known
                    .displaced
                    .entry(key(&read.message, read.has_time))
                    .or_default()
                    .push(read.rowid),
            }
        }
        self.insert(new)
    }

    /// Rows that an earlier run has stored under another id are found by their content.
    fn find_displaced(&mut self, known: &mut Known, counts: &mut Counts) -> Result<()> {
        let mut behind = i64::MIN;
        while !known.displaced.is_empty() {
            let stored = messages::behind(self.connection, behind)?;
            let Some(last) = stored.last() else { return Ok(()) };
            behind = last.id;
            for message in
                stored.iter().filter(|message| known.settled.binary_search(&message.id).is_err())
            {
                for has_time in [true, false] {
                    let key = key(message, has_time);
                    if let Some(rowids) = known.displaced.get_mut(&key) {
                        rowids.pop();
                        counts.already_there += 1;
                        if rowids.is_empty() {
                            known.displaced.remove(&key);
                        }
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn store_anew(
        &mut self,
        table: &LegacyTable,
        rows: &[RawRow],
        file: &LegacyFile,
        counts: &mut Counts,
    ) -> Result<()> {
        counts.stored += rows.len() as u64;
        counts.with_new_id += rows.len() as u64;
        if self.totals.is_some() && !are_writers_held_off(self.connection) {
            return self.store_with_new_ids(table, rows, file, counts);
        }
        let first = next_id(self.connection, IdsOf::Messages)?;
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

    /// Leaves it to the database to give them ids, beside those that it gives to others.
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
            &messages.iter().cloned().map(without_id).collect::<Vec<_>>(),
        )?;
        messages.iter_mut().zip(ids).for_each(|(message, id)| message.id = id);
        match &self.totals {
            Some(totals) => totals.add(self.connection, &messages),
            None => Ok(()),
        }
    }

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

    fn refuse_too_large(&self, new: &[Message]) -> Result<()> {
        let limit = self.connection.max_row_bytes().unwrap_or(MAX_ROW_BYTES);
        if let Some(message) = new.iter().find(|message| message.size_in_bytes() > limit) {
            let (id, size) = (message.id, message.size_in_bytes());
            let reason = format!(
                "of row {id} has {size} bytes over all fields; this server takes at most {limit}"
            );
            return Err(Error::invalid_input("message", reason));
        }
        Ok(())
    }
}

fn without_id(message: Message) -> NewMessage {
    NewMessage {
        user_message: message.user_message,
        bot_response: message.bot_response,
        provider: message.provider,
        model: message.model,
        tokens_used: message.tokens_used,
        metadata: message.metadata,
        timestamp: Some(message.timestamp),
    }
}
