//! Reads a whole database from one snapshot, in bounded memory.

use chatkeep_core::{Connection, Result};

use crate::content::Content;
use crate::digest::Digests;
use crate::table::{Batch, NextIds, Tables, next_ids};

/// Maximum number of batches that wait to be stored, while a further one is read and another one is
/// stored. A batch may be a single message of many megabytes.
pub(crate) const READ_AHEAD: usize = 1;

/// Summary of the rows read.
pub(crate) struct Read {
    pub(crate) content: Content,
    pub(crate) next_ids: NextIds,
}

/// Passes all rows, table by table, to `hand_over` in batches ordered by id.
///
/// All rows are read from one snapshot. The next ids are read last, so that they are never too
/// small.
pub(crate) fn read(
    connection: &mut Connection,
    tables: Tables,
    mut hand_over: impl FnMut(Box<dyn Batch>, &Digests) -> Result<()>,
) -> Result<Read> {
    connection.snapshot(|connection| {
        let mut digests = Digests::new(tables);
        for table in tables {
            let mut last_id = i64::MIN;
            loop {
                let batch = table.batch_after_id(connection, last_id)?;
                let Some(last) = batch.last_id() else { break };
                last_id = last;
                digests.add(&*batch);
                hand_over(batch, &digests)?;
            }
        }
        Ok(Read { content: digests.finish(), next_ids: next_ids(connection, tables)? })
    })
}
