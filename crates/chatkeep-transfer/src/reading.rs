//! Reads a whole database from one snapshot, in bounded memory.

use chatkeep_core::transfer::{IdsOf, next_id};
use chatkeep_core::{Connection, Result, messages, tokens};

use crate::batch::{Batch, NextIds};
use crate::digest::{Content, Digests};

/// Summary of the rows read.
pub(crate) struct Read {
    pub(crate) content: Content,
    pub(crate) next_ids: NextIds,
}

/// Returns the numbers of messages and tokens.
pub(crate) fn count(connection: &mut Connection) -> Result<(u64, u64)> {
    let messages = messages::count_all(connection)?;
    Ok((messages.unsigned_abs(), tokens::count_all(connection)?.unsigned_abs()))
}

/// Passes all tokens, then all messages, to `hand_over` in batches ordered by id.
///
/// All rows are read from one snapshot. The next ids are read last, so that they are never too
/// small.
pub(crate) fn read(
    connection: &mut Connection,
    mut hand_over: impl FnMut(Batch, &Digests) -> Result<()>,
) -> Result<Read> {
    connection.snapshot(|connection| {
        let mut digests = Digests::default();
        let mut last_id = i64::MIN;
        loop {
            let rows = tokens::list_after_id(connection, last_id)?;
            let Some(last) = rows.last() else { break };
            last_id = last.id;
            let batch = Batch::Tokens(rows);
            digests.add(&batch);
            hand_over(batch, &digests)?;
        }
        last_id = i64::MIN;
        loop {
            let rows = messages::list_after_id(connection, last_id)?;
            let Some(last) = rows.last() else { break };
            last_id = last.id;
            let batch = Batch::Messages(rows);
            digests.add(&batch);
            hand_over(batch, &digests)?;
        }
        Ok(Read { content: digests.finish(), next_ids: next_ids(connection)? })
    })
}

/// Returns the ids of the next rows.
pub(crate) fn next_ids(connection: &mut Connection) -> Result<NextIds> {
    Ok(NextIds {
        messages: next_id(connection, IdsOf::Messages)?,
        tokens: next_id(connection, IdsOf::Tokens)?,
    })
}
