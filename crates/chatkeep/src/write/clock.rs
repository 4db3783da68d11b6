//! The moment of logging, for messages that do not say when they happened.

use std::time::Duration;

use chatkeep_core::{NewMessage, Timestamp};

/// So many calls within a microsecond no machine makes: a clock that seems to lag behind by more was set back.
const MOST_AHEAD: Duration = Duration::from_millis(1);

/// Gives each message a later moment than the one before, so that the log has them in the order in which they were logged,
/// whichever of several writers is done first. Two calls within a microsecond get one each, the second a little ahead.
#[derive(Default)]
pub(super) struct Clock {
    last: Option<Timestamp>,
}

impl Clock {
    /// One that has a timestamp keeps it.
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

/// The next moment after `last`, where that is not past or about `now`.
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
        Timestamp::from_microsecond(microsecond).expect("it can be stored")
    }

    #[test]
    fn each_moment_is_later_than_the_one_before() {
        let mut clock = Clock::default();
        let ticks = [5, 5, 5, 6, 20, 19].map(|now| clock.tick(at(now)).as_microsecond());
        assert_eq!(ticks, [5, 6, 7, 8, 20, 21]);
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        let mut clock = Clock::default();
        let ticks =
            [5_000_000, 3_000_000, 3_000_001].map(|now| clock.tick(at(now)).as_microsecond());
        assert_eq!(ticks, [5_000_000, 3_000_000, 3_000_001]);
    }

    #[test]
    fn the_last_moment_of_all_is_not_passed() {
        let mut clock = Clock::default();
        assert_eq!([Timestamp::MAX; 2].map(|now| clock.tick(now)), [Timestamp::MAX; 2]);
    }

    #[test]
    fn a_message_keeps_the_timestamp_that_it_has() {
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
