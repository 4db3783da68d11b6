//! The second pass over tokens. A token is known by its hash, wherever its id has gone.

use std::collections::HashSet;

use chatkeep_core::legacy::{LegacyFile, LegacyTable};
use chatkeep_core::tokens::{self, StoredToken};
use chatkeep_core::transfer::{IdsOf, are_writers_held_off, next_id};
use chatkeep_core::{Connection, Result};

use super::report::Counts;
use super::token::{ReadToken, read};

/// The tokens of one import, on their way into the database.
pub(super) struct Storing<'a> {
    connection: &'a mut Connection,
    dry_run: bool,
    /// Hashes and ids that a dry run would have given away.
    planned: (HashSet<String>, HashSet<i64>),
}

impl<'a> Storing<'a> {
    pub(super) fn new(connection: &'a mut Connection, dry_run: bool) -> Self {
        Self { connection, dry_run, planned: Default::default() }
    }

    /// Stores the tokens of a table that are not there yet.
    pub(super) fn store(
        &mut self,
        file: &mut LegacyFile,
        table: &LegacyTable,
        counts: &mut Counts,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let mut displaced = Vec::new();
        let mut behind = None;
        loop {
            let rows = file.rows(table, behind)?;
            let Some(last) = rows.last() else { break };
            behind = Some(last.rowid);
            let read = rows.iter().map(|row| read(table, row, file.modified())).collect();
            displaced.extend(self.settle(read, counts)?);
            progress(rows.len() as u64);
        }
        // Only now: a new id must not be one that a later row brings.
        if !self.dry_run && !are_writers_held_off(self.connection) {
            return tokens::insert_with_new_ids(self.connection, &displaced);
        }
        for chunk in displaced.chunks(200) {
            let first = next_id(self.connection, IdsOf::Tokens)?;
            let new = chunk
                .iter()
                .zip(first..)
                .map(|(token, id)| StoredToken { id, ..token.clone() })
                .collect();
            self.insert(new)?;
        }
        Ok(())
    }

    /// Stores tokens whose ids are free; the others come back.
    fn settle(&mut self, read: Vec<ReadToken>, counts: &mut Counts) -> Result<Vec<StoredToken>> {
        let hashes: Vec<_> = read.iter().map(|read| read.token.token_hash.as_str()).collect();
        let there = tokens::with_hashes(self.connection, &hashes)?;
        let there: HashSet<String> = there.into_iter().map(|(_, hash)| hash).collect();
        let ids: Vec<_> = read.iter().map(|read| read.token.id).collect();
        let mut taken: HashSet<i64> =
            tokens::taken_ids(self.connection, &ids)?.into_iter().collect();
        let (mut new, mut displaced) = (Vec::new(), Vec::new());
        for read in read {
            let token = read.token;
            if there.contains(&token.token_hash) || self.planned.0.contains(&token.token_hash) {
                counts.already_there += 1;
                continue;
            }
            counts.stored += 1;
            counts.forced += u64::from(!read.faults.is_empty());
            if token.id > 0 && !self.planned.1.contains(&token.id) && taken.insert(token.id) {
                new.push(token);
            } else {
                counts.with_new_id += 1;
                displaced.push(token);
            }
        }
        self.insert(new)?;
        Ok(displaced)
    }

    fn insert(&mut self, new: Vec<StoredToken>) -> Result<()> {
        if self.dry_run {
            self.planned.1.extend(new.iter().map(|token| token.id));
            self.planned.0.extend(new.into_iter().map(|token| token.token_hash));
            return Ok(());
        }
        tokens::insert_with_ids(self.connection, &new)
    }
}
