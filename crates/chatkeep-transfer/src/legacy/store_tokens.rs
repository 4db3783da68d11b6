//! The second pass over tokens. A stored token is recognized by its hash, whatever its id is.

use std::collections::HashSet;

use chatkeep_core::legacy::{LegacyFile, LegacyTable};
use chatkeep_core::tokens::{self, StoredToken};
use chatkeep_core::transfer::{are_writers_blocked, next_id};
use chatkeep_core::{Connection, Result};

use super::report::Counts;
use super::token::{ReadToken, read};
use crate::table::{ApiTokens, TransferTable as _};

/// Stores the tokens of one import.
pub(super) struct TokenImporter<'a> {
    connection: &'a mut Connection,
    dry_run: bool,
    /// Hashes and ids that a dry run would have used.
    planned: (HashSet<String>, HashSet<i64>),
}

impl<'a> TokenImporter<'a> {
    pub(super) fn new(connection: &'a mut Connection, dry_run: bool) -> Self {
        Self { connection, dry_run, planned: Default::default() }
    }

    /// Stores the tokens of a table that are not yet stored.
    pub(super) fn store(
        &mut self,
        file: &mut LegacyFile,
        table: &LegacyTable,
        counts: &mut Counts,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let mut displaced = Vec::new();
        let mut last_rowid = None;
        loop {
            let rows = file.rows(table, last_rowid)?;
            let Some(last) = rows.last() else { break };
            last_rowid = Some(last.rowid);
            let read = rows.iter().map(|row| read(table, row, file.modified())).collect();
            displaced.extend(self.store_free_ids(read, counts)?);
            progress(rows.len() as u64);
        }
        // New ids are assigned last, as a later row of the file may use one of them.
        if !self.dry_run && !are_writers_blocked(self.connection) {
            return tokens::insert_with_new_ids(self.connection, &displaced);
        }
        for chunk in displaced.chunks(200) {
            let first = next_id(self.connection, ApiTokens::NAME)?;
            let new = chunk
                .iter()
                .zip(first..)
                .map(|(token, id)| StoredToken { id, ..token.clone() })
                .collect();
            self.insert(new)?;
        }
        Ok(())
    }

    /// Stores tokens whose id is free. Returns the others.
    fn store_free_ids(
        &mut self,
        read: Vec<ReadToken>,
        counts: &mut Counts,
    ) -> Result<Vec<StoredToken>> {
        let hashes: Vec<_> = read.iter().map(|read| read.token.token_hash.as_str()).collect();
        let existing = tokens::with_hashes(self.connection, &hashes)?;
        let existing: HashSet<String> = existing.into_iter().map(|(_, hash)| hash).collect();
        let ids: Vec<_> = read.iter().map(|read| read.token.id).collect();
        let mut taken: HashSet<i64> =
            tokens::existing_ids(self.connection, &ids)?.into_iter().collect();
        let (mut new, mut displaced) = (Vec::new(), Vec::new());
        for read in read {
            let token = read.token;
            if existing.contains(&token.token_hash) || self.planned.0.contains(&token.token_hash) {
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
