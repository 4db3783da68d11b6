//! Timestamps for messages that have none.

use std::time::Duration;

use chatkeep_core::{NewMessage, Timestamp};

/// Maximum lead of a timestamp over the clock. No machine logs a thousand messages in a
/// millisecond, so a clock that lags by more was set back.
const MOST_AHEAD: Duration = Duration::from_millis(1);

/// Gives each message a later timestamp than the one before.
///
/// The log then lists messages in the order in which they were logged, whichever of several writers
/// finishes first. The second of two calls within a microsecond gets the next microsecond.
#[derive(Default)]
pub(super) struct Clock {
    last: Option<Timestamp>,
}

impl Clock {
    /// Sets the message's timestamp, unless it has one.
    pub(super) fn stamp(&mut self, message: &mut NewMessage) {
        if message.timestamp.is_none() {
            message.timestamp = Some(self.tick(Timestamp::now()));
        }
    }

    fn tick(&mut self, now: Timestamp) -> Timestamp {
        let next = self.last.and_then(|last| after(last, now)).unwrap_or(now);
        self.last = Some(next);
        next
    }
}

/// Returns the timestamp after `last`, if `last` is at or less than 1 ms ahead of `now`.
fn after(last: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let ahead = last.as_microsecond() - now.as_microsecond();
    let is_close =
        u64::try_from(ahead).is_ok_and(|ahead| Duration::from_micros(ahead) < MOST_AHEAD);
    is_close.then(|| Timestamp::from_microsecond(last.as_microsecond() + 1).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microsecond: i64) -> Timestamp {
        Timestamp::from_microsecond(microsecond).expect("a valid timestamp")
    }

    #[test]
    fn each_timestamp_is_later_than_the_previous_one() {
        let mut clock = Clock::default();
        let ticks = [5, 5, 5, 6, 20, 19].map(|now| clock.tick(at(now)).as_microsecond());
        assert_eq!(ticks, [5, 6, 7, 8, 20, 21]);
    }

    #[test]
    fn timestamps_follow_a_clock_that_was_set_back() {
        let mut clock = Clock::default();
        let ticks =
            [5_000_000, 3_000_000, 3_000_001].map(|now| clock.tick(at(now)).as_microsecond());
        assert_eq!(ticks, [5_000_000, 3_000_000, 3_000_001]);
    }

    #[test]
    fn the_maximum_timestamp_is_not_exceeded() {
        let mut clock = Clock::default();
        assert_eq!([Timestamp::MAX; 2].map(|now| clock.tick(now)), [Timestamp::MAX; 2]);
    }

    #[test]
    fn a_message_with_a_timestamp_keeps_it() {
        let (mut clock, mut message) =
            (Clock::default(), NewMessage::new("a").with_timestamp(at(7)));
        clock.stamp(&mut message);
        assert_eq!(message.timestamp, Some(at(7)));
        let (mut first, mut second) = (NewMessage::new("a"), NewMessage::new("b"));
        clock.stamp(&mut first);
        clock.stamp(&mut second);
        assert!(first.timestamp < second.timestamp);
    }
}
