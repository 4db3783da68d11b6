//! The totals of a group of requests.

use std::collections::BTreeMap;

use super::measures::Measures;
use super::new::ResolvedRequest;
use crate::value::Timestamp;

/// Length of a minute, in minutes, as in the column `minutes`.
pub(super) const MINUTE: i32 = 1;
/// Length of an hour, in minutes.
pub(super) const HOUR: i32 = 60;
/// Number of shards. Different groups add to rows of different shards, so that none waits for the
/// commit of another.
pub const SHARDS: i32 = 16;

/// Returns the number of a random shard. It is from the operating system, because a fork would copy
/// the state of a generator.
pub fn random_shard() -> u8 {
    getrandom::u32().map_or(0, |number| (number % SHARDS as u32) as u8)
}

/// Length of a minute, in microseconds.
const MINUTE_LENGTH: i64 = 60_000_000;

/// Returns the start of the period that contains this time.
pub(super) fn start_of(time: Timestamp, minutes: i32) -> Timestamp {
    let length = i64::from(minutes) * MINUTE_LENGTH;
    Timestamp::from_stored(time.as_microsecond().div_euclid(length) * length)
}

/// Returns the start of the first period that begins at or after this time.
pub(super) fn next_start(time: Timestamp, minutes: i32) -> Timestamp {
    let start = start_of(time, minutes);
    if start == time {
        return start;
    }
    start.checked_add_microseconds(i64::from(minutes) * MINUTE_LENGTH).unwrap_or(Timestamp::MAX)
}

/// Key of a total.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) minutes: i32,
    pub(super) start: Timestamp,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) source: String,
    pub(super) shard: i32,
}

/// A total, or a change of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) sums: Measures,
    pub(super) last_request_at: Timestamp,
    pub(super) last_failure_at: Option<Timestamp>,
}

impl Total {
    pub(super) fn add(&mut self, other: &Self) {
        self.sums.add(&other.sums);
        self.last_request_at = self.last_request_at.max(other.last_request_at);
        // None is less than every time.
        self.last_failure_at = self.last_failure_at.max(other.last_failure_at);
    }
}

/// Changes of totals, in the order of their keys. Every transaction locks their rows in this order,
/// so that two do not deadlock.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Totals(pub(super) BTreeMap<Key, Total>);

impl Totals {
    /// Adds up requests by minute and hour.
    pub(super) fn of(requests: &[&ResolvedRequest], shard: i32) -> Self {
        let mut totals = Self::default();
        for request in requests {
            let sums = Measures::of(request);
            let time = request.created_at;
            let total = Total {
                sums,
                last_request_at: time,
                last_failure_at: (sums.failures > 0).then_some(time),
            };
            for minutes in [MINUTE, HOUR] {
                let key = Key {
                    minutes,
                    start: start_of(time, minutes),
                    provider: request.new.provider.clone(),
                    model: request.new.model.clone(),
                    source: request.source().name().to_owned(),
                    shard,
                };
                totals.add(key, &total);
            }
        }
        totals
    }

    pub(super) fn add(&mut self, key: Key, total: &Total) {
        self.0.entry(key).and_modify(|sum| sum.add(total)).or_insert(*total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{NewRoutingRequest, RoutingOutcome};

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a timestamp")
    }

    #[test]
    fn periods_begin_at_whole_minutes_and_hours_even_before_1970() {
        let given = time("1969-12-31T23:59:59.999999Z");
        assert_eq!(start_of(given, MINUTE), time("1969-12-31T23:59:00Z"));
        assert_eq!(start_of(given, HOUR), time("1969-12-31T23:00:00Z"));
        assert_eq!(next_start(given, HOUR), time("1970-01-01T00:00:00Z"));
        let whole = time("2024-02-29T12:00:00Z");
        assert_eq!((start_of(whole, HOUR), next_start(whole, HOUR)), (whole, whole));
        assert_eq!(next_start(Timestamp::MAX, HOUR), Timestamp::MAX);
    }

    #[test]
    fn requests_of_a_group_count_once_by_minute_and_once_by_hour() {
        let request = |outcome, at: &str| {
            let new = NewRoutingRequest::new("r", "p", "m", outcome);
            ResolvedRequest::new(new, None, None, time(at))
        };
        let requests = [
            request(RoutingOutcome::Success, "2024-01-01T10:00:59Z"),
            request(RoutingOutcome::Failure, "2024-01-01T10:00:01Z"),
            request(RoutingOutcome::Success, "2024-01-01T10:01:00Z"),
        ];
        let totals = Totals::of(&requests.iter().collect::<Vec<_>>(), 3);
        let found: Vec<_> = totals
            .0
            .iter()
            .map(|(key, total)| (key.minutes, key.start, key.shard, total.sums.requests))
            .collect();
        assert_eq!(
            found,
            [
                (MINUTE, time("2024-01-01T10:00:00Z"), 3, 2),
                (MINUTE, time("2024-01-01T10:01:00Z"), 3, 1),
                (HOUR, time("2024-01-01T10:00:00Z"), 3, 3),
            ]
        );
        let hour = totals.0.values().last().expect("the hour");
        assert_eq!(hour.last_request_at, time("2024-01-01T10:01:00Z"));
        assert_eq!(hour.last_failure_at, Some(time("2024-01-01T10:00:01Z")));
    }
}
