//! Totals of messages that were moved in under their own ids, which may lie before the mark.

use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl, sql_query};

use super::UNKNOWN;
use super::count::catch_up;
use super::gaps::{Gap, gaps};
use super::store::{IfHeld, change, forget, hold_mark, last_id, raise_revision};
use super::sums::{Sums, Totals};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::message::record::Message;
use crate::value::Timestamp;

/// The totals, held in a transaction in which messages come in under ids that may have been passed already.
#[derive(Debug)]
pub struct HeldTotals {
    mark: i64,
    gaps: Vec<Gap>,
}

impl HeldTotals {
    /// Holds them until the transaction ends.
    ///
    /// # Errors
    /// `Conflict` when another transaction holds them for too long.
    pub fn hold(connection: &mut Connection) -> Result<Self> {
        let mark = hold_mark(connection, IfHeld::Wait)?.map_or(0, |mark| mark.counted_to);
        Ok(Self { mark, gaps: gaps(connection)? })
    }

    /// Counts those of these new messages that nobody would find any more behind the mark.
    ///
    /// # Errors
    /// What the database says.
    pub fn add(&self, connection: &mut Connection, messages: &[Message]) -> Result<()> {
        let is_passed = |message: &&Message| {
            message.id <= self.mark && !self.gaps.iter().any(|gap| gap.contains(message.id))
        };
        let mut totals = Totals::default();
        for message in messages.iter().filter(is_passed) {
            let sums = Sums {
                messages: 1,
                with_tokens: message.tokens_used.is_some().into(),
                tokens: message.tokens_used.unwrap_or(0).into(),
            };
            let provider = message.provider.as_deref().unwrap_or(UNKNOWN);
            totals.add(
                message.timestamp,
                provider,
                message.model.as_deref().unwrap_or(UNKNOWN),
                &sums,
            );
        }
        if messages.iter().any(|message| message.id > self.mark) {
            raise_revision(connection)?;
        }
        change(connection, &totals)
    }
}

/// Forgets all totals, in the transaction that the caller has opened.
///
/// # Errors
/// What the database says.
pub fn forget_totals(connection: &mut Connection) -> Result<()> {
    forget(connection)
}

/// Counts a log that was moved in as a whole, while nobody else wrote: no id that is missing will turn up.
///
/// # Errors
/// What the database says. What was counted by then stays counted.
pub fn count_moved(connection: &mut Connection) -> Result<()> {
    connection.transaction(|connection| {
        forget(connection)?;
        let last = last_id(connection)?;
        let now = Timestamp::now();
        let place = if connection.engine() == crate::Engine::PostgreSql {
            ["$1", "$2", "$3"]
        } else {
            ["?"; 3]
        };
        let sql = format!(
            "UPDATE message_counting SET settled_to = {}, seen = {}, seen_at = {} WHERE id = 0",
            place[0], place[1], place[2]
        );
        let settled = on_engine!(connection, c => sql_query(&sql)
            .bind::<BigInt, _>(last)
            .bind::<BigInt, _>(last)
            .bind::<crate::schema::Moment, _>(now)
            .execute(c));
        settled.map(drop).map_err(|error| connection.write_error(error))
    })?;
    catch_up(connection)
}
