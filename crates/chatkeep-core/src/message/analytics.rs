//! Usage statistics: messages and tokens by provider, model and day.

use std::collections::BTreeMap;

use serde::Serialize;

use super::totals::{
    DAY, Gap, Rows, Span, Sums, add_up, counted_to, found_in_gaps, gaps, start_of, stored_by_name,
    stored_by_start,
};
use crate::connection::Connection;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// Totals of the messages in a time span.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Record)]
#[non_exhaustive]
pub struct Analytics {
    /// Number of messages.
    pub total_messages: i64,
    /// Number of tokens of all messages with a token count.
    pub total_tokens: i128,
    /// Average tokens per message with a token count; `None` if no message has one.
    pub average_tokens: Option<f64>,
    /// Number of messages by provider. Messages without a provider count as `unknown`.
    pub providers: BTreeMap<String, i64>,
    /// Number of messages by model. Messages without a model count as `unknown`.
    pub models: BTreeMap<String, i64>,
    /// Number of messages by UTC day, as `YYYY-MM-DD`. Days without messages are omitted.
    pub by_date: BTreeMap<String, i64>,
}

/// Returns totals of the messages from `start` to `end`, both inclusive and optional.
///
/// # Errors
/// `InvalidInput` with the field `start` if the span ends before it starts; `Unavailable` or
/// another connection error if the database does not answer.
pub fn analytics(
    connection: &mut Connection,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Result<Analytics> {
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Error::invalid_input("start", "must not be later than the end of the span"));
    }
    let span = Span { first: start.unwrap_or(Timestamp::MIN), last: end.unwrap_or(Timestamp::MAX) };
    let mut sum = Sum::default();
    let Some(cut) = span.cut() else {
        sum.add_rows(connection, Rows::Between(span))?;
        return Ok(sum.all());
    };
    // The watermark, the totals and the rows after the watermark must be of one snapshot.
    connection.snapshot(|connection| {
        let Some(watermark) = counted_to(connection)?.filter(|watermark| *watermark > 0) else {
            return sum.add_rows(connection, Rows::Between(span));
        };
        sum.add_rows(connection, Rows::NumberedBetween(watermark, i64::MAX, cut.whole))?;
        let gaps = gaps(connection)?;
        for (Gap { first, last }, ids) in found_in_gaps(connection, &gaps)? {
            if !ids.is_empty() {
                sum.add_rows(connection, Rows::NumberedBetween(first - 1, last, cut.whole))?;
            }
        }
        for part in cut.parts {
            let by_name = stored_by_name(connection, part)?;
            by_name.into_iter().for_each(|(provider, model, sums)| sum.add(provider, model, &sums));
        }
        for part in cut.days {
            let by_start = stored_by_start(connection, part)?;
            by_start.into_iter().for_each(|(start, messages)| sum.add_day(start, messages));
        }
        cut.edges.into_iter().try_for_each(|edge| sum.add_rows(connection, Rows::Between(edge)))
    })?;
    Ok(sum.all())
}

/// The sum so far.
#[derive(Default)]
struct Sum {
    all: Analytics,
    with_tokens: i64,
    /// Number of messages by start of day.
    days: BTreeMap<Timestamp, i64>,
}

impl Sum {
    fn add(&mut self, provider: String, model: String, sums: &Sums) {
        self.all.total_messages += sums.messages;
        self.all.total_tokens += sums.tokens;
        self.with_tokens += sums.with_tokens;
        *self.all.providers.entry(provider).or_default() += sums.messages;
        *self.all.models.entry(model).or_default() += sums.messages;
    }

    fn add_day(&mut self, timestamp: Timestamp, messages: i64) {
        *self.days.entry(start_of(timestamp, DAY)).or_default() += messages;
    }

    fn add_rows(&mut self, connection: &mut Connection, rows: Rows) -> Result<()> {
        // Each row counts in an hour, a day and a month; one of them is used here.
        let totals = add_up(connection, rows)?.0.into_iter().filter(|(key, _)| key.hours == DAY);
        totals.for_each(|(key, sums)| {
            self.add_day(key.start, sums.messages);
            self.add(key.provider, key.model, &sums);
        });
        Ok(())
    }

    fn all(self) -> Analytics {
        let mut all = self.all;
        all.by_date = self.days.into_iter().map(|(day, messages)| (day.date(), messages)).collect();
        all.average_tokens =
            (self.with_tokens > 0).then(|| all.total_tokens as f64 / self.with_tokens as f64);
        all
    }
}
