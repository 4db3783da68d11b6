//! How much was said, by whom, and when.

use std::collections::BTreeMap;

use serde::Serialize;

use super::totals::{Gap, HOUR, Rows, Span, Totals, add_up, counted_to, gaps, kept};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// Totals over the messages of a span of time. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Analytics {
    /// Messages.
    pub total_messages: i64,
    /// Tokens over all messages that have a number of them.
    pub total_tokens: i128,
    /// Tokens a message, over the messages that have a number of them; `None` when none has.
    pub average_tokens: Option<f64>,
    /// Messages by provider; those without one count as `unknown`.
    pub providers: BTreeMap<String, i64>,
    /// Messages by model; those without one count as `unknown`.
    pub models: BTreeMap<String, i64>,
    /// Messages by day in UTC, as `YYYY-MM-DD`. Days without messages are left out.
    pub by_date: BTreeMap<String, i64>,
}

/// Totals over the messages from `start` to `end`, both included; without them, over all.
///
/// # Errors
/// `InvalidInput` with the field `start_date` when the span ends before it starts.
pub fn analytics(
    connection: &mut Connection,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<Analytics> {
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Error::invalid_input("start_date", "must not be after end_date"));
    }
    let span = Span { first: start.unwrap_or(Timestamp::MIN), last: end.unwrap_or(Timestamp::MAX) };
    let rows = |connection: &mut Connection, rows| Ok((HOUR, add_up(connection, rows)?));
    let Some(cut) = span.cut() else { return Ok(summary([rows(connection, Rows::Between(span))?])) };
    // The mark, the totals and the rows behind the mark must be of one moment.
    let found = connection.snapshot(|connection| {
        let Some(mark) = counted_to(connection)?.filter(|mark| *mark > 0) else {
            return Ok(vec![rows(connection, Rows::Between(span))?]);
        };
        let mut found = vec![rows(connection, Rows::NumberedBetween(mark, i64::MAX, cut.whole))?];
        for Gap { first, last } in gaps(connection)? {
            found.push(rows(connection, Rows::NumberedBetween(first - 1, last, cut.whole))?);
        }
        for part in cut.parts {
            found.push((part.hours, kept(connection, part)?));
        }
        for edge in cut.edges {
            found.push(rows(connection, Rows::Between(edge))?);
        }
        Ok(found)
    })?;
    Ok(summary(found))
}

/// Adds up totals of so many hours each. Rows were added up by the hour and by the day: the hours are taken.
fn summary(found: impl IntoIterator<Item = (i32, Totals)>) -> Analytics {
    let mut all = Analytics::default();
    let mut with_tokens = 0;
    for (hours, totals) in found {
        for (key, sums) in totals.0.into_iter().filter(|(key, _)| key.hours == hours) {
            all.total_messages += sums.messages;
            all.total_tokens += sums.tokens;
            with_tokens += sums.with_tokens;
            *all.by_date.entry(key.start.date()).or_default() += sums.messages;
            *all.providers.entry(key.provider).or_default() += sums.messages;
            *all.models.entry(key.model).or_default() += sums.messages;
        }
    }
    all.average_tokens = (with_tokens > 0).then(|| all.total_tokens as f64 / with_tokens as f64);
    all
}
