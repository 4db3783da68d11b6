//! Usage statistics: messages, tokens and costs by provider, model and day.

use std::collections::BTreeMap;

use serde::Serialize;

use super::totals::{
    DAY, Gap, Owner, Rows, Span, Sums, add_up, counted_to, found_in_gaps, gaps, start_of,
    stored_by_name, stored_by_start,
};
use crate::connection::Connection;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Timestamp, TotalCost};

/// The messages whose totals are computed. An empty filter selects all messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct AnalyticsFilter {
    /// Start of the period, inclusive.
    #[record(name = "start_date")]
    pub start: Option<Timestamp>,
    /// End of the period, inclusive.
    #[record(name = "end_date")]
    pub end: Option<Timestamp>,
    /// Id of the conversation. Its messages are read one by one.
    pub conversation_id: Option<i64>,
    /// Id of the user, whose messages are read one by one.
    pub user_id: Option<i64>,
}

impl AnalyticsFilter {
    /// Creates a filter of all messages from `start` to `end`, both inclusive and optional.
    pub fn between(start: Option<Timestamp>, end: Option<Timestamp>) -> Self {
        Self { start, end, ..Self::default() }
    }
}

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
    /// Cost of all messages with a cost, in US dollars, as decimal text such as `0.00125`.
    pub total_cost: TotalCost,
    /// Number of messages with a cost.
    pub messages_with_cost: i64,
    /// Cost by provider. Providers without a message with a cost are omitted.
    pub cost_by_provider: BTreeMap<String, TotalCost>,
    /// Cost by model. Models without a message with a cost are omitted.
    pub cost_by_model: BTreeMap<String, TotalCost>,
    /// Cost by UTC day, as `YYYY-MM-DD`. Days without a message with a cost are omitted.
    pub cost_by_date: BTreeMap<String, TotalCost>,
}

/// Returns totals of the messages from `start` to `end`, both inclusive and optional.
///
/// Those of a conversation or a user are always computed from their messages, by an index.
///
/// # Errors
/// `InvalidInput` with the field `start` if the span ends before it starts; `Unavailable` or
/// another connection error if the database does not answer.
pub fn analytics(connection: &mut Connection, filter: &AnalyticsFilter) -> Result<Analytics> {
    let AnalyticsFilter { start, end, conversation_id, user_id } = *filter;
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Error::invalid_input("start", "must not be later than the end of the span"));
    }
    let span = Span { first: start.unwrap_or(Timestamp::MIN), last: end.unwrap_or(Timestamp::MAX) };
    let mut sum = Sum::default();
    if conversation_id.is_some() || user_id.is_some() {
        sum.add_rows(connection, Rows::Of(Owner { conversation_id, user_id }, span))?;
        return Ok(sum.all());
    }
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
            by_start.into_iter().for_each(|(start, sums)| sum.add_day(start, &sums));
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
    /// Sums by start of day.
    days: BTreeMap<Timestamp, Sums>,
}

impl Sum {
    fn add(&mut self, provider: String, model: String, sums: &Sums) {
        let all = &mut self.all;
        all.total_messages += sums.messages;
        all.total_tokens += sums.tokens;
        self.with_tokens += sums.with_tokens;
        if sums.with_cost > 0 {
            all.messages_with_cost += sums.with_cost;
            all.total_cost += sums.cost;
            *all.cost_by_provider.entry(provider.clone()).or_default() += sums.cost;
            *all.cost_by_model.entry(model.clone()).or_default() += sums.cost;
        }
        *all.providers.entry(provider).or_default() += sums.messages;
        *all.models.entry(model).or_default() += sums.messages;
    }

    fn add_day(&mut self, timestamp: Timestamp, sums: &Sums) {
        self.days.entry(start_of(timestamp, DAY)).or_default().add(sums);
    }

    fn add_rows(&mut self, connection: &mut Connection, rows: Rows) -> Result<()> {
        // Each row counts in an hour, a day and a month; one of them is used here.
        let totals = add_up(connection, rows)?.0.into_iter().filter(|(key, _)| key.hours == DAY);
        totals.for_each(|(key, sums)| {
            self.add_day(key.start, &sums);
            self.add(key.provider, key.model, &sums);
        });
        Ok(())
    }

    fn all(self) -> Analytics {
        let mut all = self.all;
        for (day, sums) in self.days {
            let date = day.date();
            if sums.with_cost > 0 {
                all.cost_by_date.insert(date.clone(), sums.cost);
            }
            all.by_date.insert(date, sums.messages);
        }
        all.average_tokens =
            (self.with_tokens > 0).then(|| all.total_tokens as f64 / self.with_tokens as f64);
        all
    }
}
