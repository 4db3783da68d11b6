//! Reading a whole database in flat memory, on one state of it.

use chatkeep_core::transfer::{IdsOf, next_id};
use chatkeep_core::{Connection, Result, messages, tokens};

use crate::batch::{Batch, NextIds};
use crate::digest::{Content, Digests};

/// What was read, in short.
pub(crate) struct Read {
    pub(crate) content: Content,
    pub(crate) next_ids: NextIds,
}

/// How many rows there are to read: messages and tokens.
pub(crate) fn count(connection: &mut Connection) -> Result<(u64, u64)> {
    let messages = messages::count_all(connection)?;
    Ok((messages.unsigned_abs(), tokens::count_all(connection)?.unsigned_abs()))
}

/// Hands over all tokens, then all messages, in the order of their ids, as they are at one moment; `next_ids` is asked at
/// the end, and so is never too small.
pub(crate) fn read(
    connection: &mut Connection,
    mut hand_over: impl FnMut(Batch, &Digests) -> Result<()>,
) -> Result<Read> {
    connection.snapshot(|connection| {
        let mut digests = Digests::default();
        let mut behind = i64::MIN;
        loop {
            let rows = tokens::behind(connection, behind)?;
            let Some(last) = rows.last() else { break };
            behind = last.id;
            let batch = Batch::Tokens(rows);
            digests.add(&batch);
            hand_over(batch, &digests)?;
        }
        behind = i64::MIN;
        loop {
            let rows = messages::behind(connection, behind)?;
            let Some(last) = rows.last() else { break };
            behind = last.id;
            let batch = Batch::Messages(rows);
            digests.add(&batch);
            hand_over(batch, &digests)?;
        }
        Ok(Read { content: digests.finish(), next_ids: next_ids(connection)? })
    })
}

/// The ids that the next rows get.
pub(crate) fn next_ids(connection: &mut Connection) -> Result<NextIds> {
    Ok(NextIds {
        messages: next_id(connection, IdsOf::Messages)?,
        tokens: next_id(connection, IdsOf::Tokens)?,
    })
}
