//! Sums of messages, and the keys of totals.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::described::Record;
use crate::value::{Cost, Timestamp, TotalCost};

/// Name used for a missing provider or model.
pub(in crate::message) const UNKNOWN: &str = "unknown";

/// Length of an hour, in hours, as in the column `hours`.
pub(in crate::message) const HOUR: i32 = 1;
/// Length of a day, in hours.
pub(in crate::message) const DAY: i32 = 24;
/// Length of a "month" of 30 days, in hours. It does not follow the calendar. A year is read from
/// about 12 of them.
pub(super) const MONTH: i32 = 30 * DAY;
/// Lengths of the periods of totals. Each message counts in one period of each length.
pub(super) const SPANS: [i32; 3] = [HOUR, DAY, MONTH];

/// Length of an hour, in microseconds.
const HOUR_LENGTH: i64 = 3_600_000_000;

/// Sums over messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Record)]
#[non_exhaustive]
pub struct Sums {
    /// Number of messages.
    pub messages: i64,
    /// Number of messages with a token count.
    pub with_tokens: i64,
    /// Total number of tokens.
    pub tokens: i128,
    /// Number of messages with a cost.
    pub with_cost: i64,
    /// Total cost in US dollars, as decimal text.
    pub cost: TotalCost,
}

/// Columns of [`Sums`] in `message_totals`.
pub(super) const SUM_COLUMNS: [&str; 7] =
    ["messages", "with_tokens", "tokens_high", "tokens_low", "with_cost", "cost_high", "cost_low"];

/// Values of [`SUM_COLUMNS`].
pub(super) type SumValues = (i64, i64, i64, i64, i64, i64, i64);

impl Sums {
    /// Creates the sums of one message.
    pub(super) fn of_message(tokens: Option<i64>, cost: Option<Cost>) -> Self {
        Self {
            messages: 1,
            with_tokens: tokens.is_some().into(),
            tokens: tokens.unwrap_or(0).into(),
            with_cost: cost.is_some().into(),
            cost: cost.unwrap_or_default().into(),
        }
    }

    pub(super) fn from_values(values: SumValues) -> Self {
        let (messages, with_tokens, tokens_high, tokens_low, with_cost, cost_high, cost_low) =
            values;
        Self {
            messages,
            with_tokens,
            tokens: join(tokens_high, tokens_low),
            with_cost,
            cost: TotalCost(join(cost_high, cost_low)),
        }
    }

    pub(super) fn values(&self) -> SumValues {
        let (tokens_high, tokens_low) = halves(self.tokens);
        let (cost_high, cost_low) = halves(self.cost.nano_dollars());
        let Self { messages, with_tokens, with_cost, .. } = *self;
        (messages, with_tokens, tokens_high, tokens_low, with_cost, cost_high, cost_low)
    }

    pub(in crate::message) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.with_tokens += other.with_tokens;
        self.tokens += other.tokens;
        self.with_cost += other.with_cost;
        self.cost += other.cost;
    }

    pub(super) fn negative(&self) -> Self {
        Self {
            messages: -self.messages,
            with_tokens: -self.with_tokens,
            tokens: -self.tokens,
            with_cost: -self.with_cost,
            cost: -self.cost,
        }
    }
}

/// Returns a sum as a multiple of 2^32 and a remainder, because a sum of 64-bit numbers needs more
/// than 64 bits.
fn halves(sum: i128) -> (i64, i64) {
    ((sum >> 32) as i64, (sum & 0xFFFF_FFFF) as i64)
}

fn join(high: i64, low: i64) -> i128 {
    (i128::from(high) << 32) + i128::from(low)
}

/// Key of a total: length of the period in hours, its start, provider and model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::message) struct Key {
    pub(in crate::message) hours: i32,
    pub(in crate::message) start: Timestamp,
    pub(in crate::message) provider: String,
    pub(in crate::message) model: String,
}

/// Totals, or changes of totals.
#[derive(Debug, Default, PartialEq)]
pub(in crate::message) struct Totals(pub(in crate::message) BTreeMap<Key, Sums>);

impl Totals {
    /// Adds messages of one hour to that hour, its day and its month.
    pub(super) fn add(&mut self, timestamp: Timestamp, provider: &str, model: &str, sums: &Sums) {
        for hours in SPANS {
            let key = Key {
                hours,
                start: start_of(timestamp, hours),
                provider: provider.to_owned(),
                model: model.to_owned(),
            };
            self.0.entry(key).or_default().add(sums);
        }
    }
}

impl Totals {
    /// Adds other totals.
    pub(super) fn join(&mut self, others: Self) {
        for (key, sums) in others.0 {
            self.0.entry(key).or_default().add(&sums);
        }
    }

    pub(super) fn negative(&self) -> Self {
        Self(self.0.iter().map(|(key, sums)| (key.clone(), sums.negative())).collect())
    }

    /// Returns the number of messages. Each counts once, although it is in an hour, a day and a
    /// month.
    pub(super) fn messages(&self) -> i64 {
        self.0.iter().filter(|(key, _)| key.hours == DAY).map(|(_, sums)| sums.messages).sum()
    }
}

/// Returns the start of the hour, day or month that contains this timestamp.
///
/// Periods are aligned to the minimum timestamp, which is a midnight, so that every start is a
/// storable timestamp.
pub(in crate::message) fn start_of(timestamp: Timestamp, hours: i32) -> Timestamp {
    let (length, zero) = (length_of(hours), Timestamp::MIN.as_microsecond());
    Timestamp::from_stored((timestamp.as_microsecond() - zero).div_euclid(length) * length + zero)
}

/// Returns the length of a period in microseconds.
pub(super) fn length_of(hours: i32) -> i64 {
    i64::from(hours) * HOUR_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_halves_equal_the_sum() {
        for tokens in [
            0,
            1,
            -1,
            i128::from(i64::MAX),
            5 * i128::from(i64::MAX) + 7,
            -3 * i128::from(i64::MAX),
        ] {
            let (high, low) = halves(tokens);
            assert_eq!(join(high, low), tokens);
            let sums = Sums { tokens, cost: TotalCost(-tokens), messages: 2, ..Sums::default() };
            assert_eq!(Sums::from_values(sums.values()), sums);
        }
    }

    #[test]
    fn periods_start_in_utc_even_before_1970() {
        let start = |text: &str, hours| {
            let timestamp = Timestamp::parse(text).expect("a timestamp");
            start_of(timestamp, hours).to_string()
        };
        assert_eq!(start("1969-12-31T23:59:59.999999Z", HOUR), "1969-12-31T23:00:00.000000+00:00");
        assert_eq!(start("1969-12-31T23:59:59.999999Z", DAY), "1969-12-31T00:00:00.000000+00:00");
        assert_eq!(start("1000-01-30T23:59:59.999999Z", MONTH), "1000-01-01T00:00:00.000000+00:00");
        assert_eq!(start("1000-01-31T00:00:00Z", MONTH), "1000-01-31T00:00:00.000000+00:00");
        assert_eq!(start("2024-02-29T12:00:00Z", HOUR), "2024-02-29T12:00:00.000000+00:00");
    }
}
