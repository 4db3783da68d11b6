//! Sums, and what they are kept by.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::value::Timestamp;

/// What provider and model are called where none is stored.
pub(in crate::message) const UNKNOWN: &str = "unknown";

/// The spans that totals are kept for, in hours.
pub(in crate::message) const HOUR: i32 = 1;
pub(in crate::message) const DAY: i32 = 24;
/// 30 days, whatever the calendar says: a year is read from a dozen of them.
pub(super) const MONTH: i32 = 30 * DAY;
/// Each message is in one of each.
pub(super) const SPANS: [i32; 3] = [HOUR, DAY, MONTH];

/// Microseconds.
const HOUR_LENGTH: i64 = 3_600_000_000;

/// What some messages add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Sums {
    /// Messages.
    pub messages: i64,
    /// Messages that have a number of tokens.
    pub with_tokens: i64,
    /// Their tokens.
    pub tokens: i128,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.with_tokens += other.with_tokens;
        self.tokens += other.tokens;
    }

    pub(super) fn negative(&self) -> Self {
        Self { messages: -self.messages, with_tokens: -self.with_tokens, tokens: -self.tokens }
    }

    /// A sum of 64-bit numbers needs more than 64 bits: it is kept as a number of 2^32 and a rest.
    pub(super) fn halves(&self) -> (i64, i64) {
        ((self.tokens >> 32) as i64, (self.tokens & 0xFFFF_FFFF) as i64)
    }

    pub(super) fn join(high: i64, low: i64) -> i128 {
        (i128::from(high) << 32) + i128::from(low)
    }
}

/// What totals are kept by: a span of hours, its first moment, provider, model.
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
    /// Adds messages at this moment to their hour, their day and their month.
    pub(super) fn add(&mut self, moment: Timestamp, provider: &str, model: &str, sums: &Sums) {
        for hours in SPANS {
            let key = Key {
                hours,
                start: start_of(moment, hours),
                provider: provider.to_owned(),
                model: model.to_owned(),
            };
            self.0.entry(key).or_default().add(sums);
        }
    }
}

impl Totals {
    /// Adds others.
    pub(super) fn join(&mut self, others: Self) {
        for (key, sums) in others.0 {
            self.0.entry(key).or_default().add(&sums);
        }
    }

    pub(super) fn negative(&self) -> Self {
        Self(self.0.iter().map(|(key, sums)| (key.clone(), sums.negative())).collect())
    }

    /// How many messages are in them. Each is in an hour, a day and a month; it counts once.
    pub(super) fn messages(&self) -> i64 {
        self.0.iter().filter(|(key, _)| key.hours == DAY).map(|(_, sums)| sums.messages).sum()
    }
}

/// The first moment of the hour, day or month that this moment lies in. They are counted from the first moment that can be
/// stored, a midnight, so that each begins at one that can be stored.
pub(in crate::message) fn start_of(moment: Timestamp, hours: i32) -> Timestamp {
    let (length, zero) = (length_of(hours), Timestamp::MIN.as_microsecond());
    Timestamp::from_stored((moment.as_microsecond() - zero).div_euclid(length) * length + zero)
}

/// Microseconds.
pub(super) fn length_of(hours: i32) -> i64 {
    i64::from(hours) * HOUR_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_put_together_are_the_sum() {
        for tokens in [
            0,
            1,
            -1,
            i128::from(i64::MAX),
            5 * i128::from(i64::MAX) + 7,
            -3 * i128::from(i64::MAX),
        ] {
            let (high, low) = Sums { tokens, ..Sums::default() }.halves();
            assert_eq!(Sums::join(high, low), tokens);
        }
    }

    #[test]
    fn hours_days_and_months_begin_in_utc_also_before_1970() {
        let start = |moment: &str, hours| {
            let moment = Timestamp::parse(moment).expect("a moment");
            start_of(moment, hours).to_string()
        };
        assert_eq!(start("1969-12-31T23:59:59.999999Z", HOUR), "1969-12-31T23:00:00.000000+00:00");
        assert_eq!(start("1969-12-31T23:59:59.999999Z", DAY), "1969-12-31T00:00:00.000000+00:00");
        assert_eq!(start("1000-01-30T23:59:59.999999Z", MONTH), "1000-01-01T00:00:00.000000+00:00");
        assert_eq!(start("1000-01-31T00:00:00Z", MONTH), "1000-01-31T00:00:00.000000+00:00");
        assert_eq!(start("2024-02-29T12:00:00Z", HOUR), "2024-02-29T12:00:00.000000+00:00");
    }
}
