//! How much was said, by whom, and when.

use std::collections::BTreeMap;

use serde::Serialize;

use super::totals::{
    DAY, Gap, Rows, Span, Sums, add_up, counted_to, gaps, kept_by_name, kept_by_start, start_of,
    turned_up,
};
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
/// `InvalidInput` with the field `start` when the span ends before it starts.
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
    // The mark, the totals and the rows behind the mark must be of one moment.
    connection.snapshot(|connection| {
        let Some(mark) = counted_to(connection)?.filter(|mark| *mark > 0) else {
            return sum.add_rows(connection, Rows::Between(span));
        };
        sum.add_rows(connection, Rows::NumberedBetween(mark, i64::MAX, cut.whole))?;
        let gaps = gaps(connection)?;
        for (Gap { first, last }, ids) in turned_up(connection, &gaps)? {
            if !ids.is_empty() {
                sum.add_rows(connection, Rows::NumberedBetween(first - 1, last, cut.whole))?;
            }
        }
        for part in cut.parts {
            let by_name = kept_by_name(connection, part)?;
            by_name.into_iter().for_each(|(provider, model, sums)| sum.add(provider, model, &sums));
        }
        for part in cut.days {
            let by_start = kept_by_start(connection, part)?;
            by_start.into_iter().for_each(|(start, messages)| sum.add_on(start, messages));
        }
        cut.edges.into_iter().try_for_each(|edge| sum.add_rows(connection, Rows::Between(edge)))
    })?;
    Ok(sum.all())
}

/// What was added up so far.
#[derive(Default)]
struct Sum {
    all: Analytics,
    with_tokens: i64,
    /// Messages by the first moment of the day.
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

    fn add_on(&mut self, moment: Timestamp, messages: i64) {
        *self.days.entry(start_of(moment, DAY)).or_default() += messages;
    }

    fn add_rows(&mut self, connection: &mut Connection, rows: Rows) -> Result<()> {
        // Each row is in an hour, a day and a month.
        let totals = add_up(connection, rows)?.0.into_iter().filter(|(key, _)| key.hours == DAY);
        totals.for_each(|(key, sums)| {
            self.add_on(key.start, sums.messages);
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
