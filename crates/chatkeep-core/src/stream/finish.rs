//! The end of a stream, and requests to cancel it.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::list::get;
use super::new::StreamEnd;
use super::record::FinishedStream;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::chat_streams;
use crate::value::{Timestamp, check_bytes};

/// Ends a stream, unless it has ended before.
///
/// # Errors
/// `InvalidInput` with the name of the invalid field, also when there is no such stream; or an
/// error of the database.
pub fn finish(
    connection: &mut Connection,
    public_id: &str,
    end: &StreamEnd,
) -> Result<FinishedStream> {
    end.check()?;
    if let (Some(limit), Some(error)) = (connection.max_row_bytes(), &end.error) {
        check_bytes("error", error, limit)?;
    }
    let now = Timestamp::now();
    let changed = on_engine!(connection, c => {
        let running = chat_streams::table
            .filter(chat_streams::public_id.eq(public_id))
            .filter(chat_streams::status.eq("running"));
        diesel::update(running)
            .set((
                chat_streams::status.eq(end.status.name()),
                chat_streams::error.eq(end.error.as_deref()),
                chat_streams::tokens.eq(end.tokens),
                chat_streams::cost.eq(end.cost),
                chat_streams::updated_at.eq(now),
                chat_streams::finished_at.eq(Some(now)),
            ))
            .execute(c)
    });
    let ended = changed.map_err(|error| connection.write_error(error))? > 0;
    let stream = get(connection, public_id)?.ok_or_else(|| no_stream(public_id))?;
    Ok(FinishedStream { stream, ended })
}

/// Returns the error for a stream that does not exist.
fn no_stream(public_id: &str) -> Error {
    Error::invalid_input("stream_id", format!("no stream has the id {public_id:?}"))
}

/// Requests that the writer of a running stream cancels it. Returns whether this call is the first
/// to request it.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn cancel(connection: &mut Connection, public_id: &str) -> Result<bool> {
    let changed = on_engine!(connection, c => {
        let running = chat_streams::table
            .filter(chat_streams::public_id.eq(public_id))
            .filter(chat_streams::status.eq("running"))
            .filter(chat_streams::cancel_requested_at.is_null());
        diesel::update(running)
            .set(chat_streams::cancel_requested_at.eq(Some(Timestamp::now())))
            .execute(c)
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Ends up to `limit` running streams that were last changed before `cutoff` as interrupted, and
/// returns their number. `None` means that none is left.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn interrupt_stale_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let now = Timestamp::now();
    let changed = on_engine!(connection, c => {
            let is_stale =
                || chat_streams::status.eq("running").and(chat_streams::updated_at.lt(cutoff));
            chat_streams::table
                .filter(is_stale())
                .select(chat_streams::id)
                .limit(i64::from(limit))
                .load::<i64>(c)
                .and_then(|ids| match ids.as_slice() {
                    [] => Ok(None),
                    // A stream that was changed or ended since it was found is left alone.
                    ids => diesel::update(
                        chat_streams::table.filter(chat_streams::id.eq_any(ids)).filter(is_stale()),
                    )
                    .set((
                        chat_streams::status.eq("interrupted"),
                        chat_streams::updated_at.eq(now),
                        chat_streams::finished_at.eq(Some(now)),
                    ))
                    .execute(c)
    .map(Some),
                })
        });
    changed
        .map(|count| count.map(|count| count as u64))
        .map_err(|error| connection.write_error(error))
}
