//! UTC timestamps in microseconds, the finest precision that all four engines support.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::schema::UtcTimestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A UTC timestamp: microseconds since 1970-01-01T00:00:00 UTC.
///
/// It is parsed from and formatted as RFC 3339 with an offset, with six fractional digits in the
/// output. A text without an offset is interpreted as UTC. The range is from the year 1000 to
/// 9999-12-30, which MySQL's `datetime` guarantees, and it applies to all engines.
///
/// ```
/// use chatkeep_core::Timestamp;
///
/// let timestamp = Timestamp::parse("2023-09-23T23:02:11.539144+02:00")?;
/// assert_eq!(timestamp.to_string(), "2023-09-23T21:02:11.539144+00:00");
/// assert_eq!(Timestamp::parse("2023-09-23 21:02:11.539144")?, timestamp);
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = UtcTimestamp)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Minimum timestamp: 1000-01-01T00:00:00 UTC.
    pub const MIN: Self = Self(-30_610_224_000 * SECOND);
    /// Maximum timestamp: 9999-12-30T21:59:59.999999 UTC. Later timestamps could be in the year
    /// 10000 in some time zone.
    pub const MAX: Self = Self(253_402_207_200 * SECOND - 1);

    /// Returns the current time of the system clock.
    pub fn now() -> Self {
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)).clamp(Self::MIN, Self::MAX)
    }

    /// Creates a timestamp from the microseconds since 1970-01-01T00:00:00 UTC, which may be
    /// negative.
    ///
    /// # Errors
    /// `InvalidInput` with the field `timestamp` when it is not between [`Timestamp::MIN`] and
    /// [`Timestamp::MAX`].
    pub fn from_microsecond(microsecond: i64) -> Result<Self> {
        let timestamp = Self(microsecond);
        if (Self::MIN..=Self::MAX).contains(&timestamp) {
            Ok(timestamp)
        } else {
            Err(out_of_range())
        }
    }

    /// Returns the microseconds since 1970-01-01T00:00:00 UTC.
    pub fn as_microsecond(self) -> i64 {
        self.0
    }

    /// Parses a date and time in the format of RFC 3339 or ISO 8601: `2024-02-29T12:00:00+01:00`,
    /// `2024-02-29 12:00:00.5`, `2024-02-29`.
    ///
    /// Without an offset, the time is UTC. A date without a time means midnight. Digits beyond
    /// microseconds are truncated.
    ///
    /// After an offset, a time zone name in brackets (RFC 9557) is allowed and ignored: the offset
    /// determines the instant. A name without an offset is rejected, because chatkeep has no time
    /// zone database.
    ///
    /// # Errors
    /// `InvalidInput` with the field `timestamp` when the text is not in this format, or the time
    /// is out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let pieces = Pieces::parse(text.trim()).map_err(|_| {
            Error::invalid_input(
                "timestamp",
                "must be a date and time such as 2024-02-29T12:00:00+00:00, in the years 1000 to \
                 9999",
            )
        })?;
        let offset = match (pieces.to_numeric_offset(), pieces.time_zone_annotation()) {
            (Some(offset), _) => offset,
            (None, None) => Offset::UTC,
            (None, Some(_)) => {
                return Err(Error::invalid_input(
                    "timestamp",
                    "names a time zone in brackets; give the offset from UTC instead, such as \
                     2024-02-29T12:00:00-05:00",
                ));
            }
        };
        let civil = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
        let instant = offset.to_timestamp(civil).map_err(|_| out_of_range())?;
        // Rounded down, also before 1970, so that truncation never reorders two timestamps.
        let nanosecond = instant.as_nanosecond();
        Self::from_microsecond(
            i64::try_from(nanosecond.div_euclid(1000)).map_err(|_| out_of_range())?,
        )
    }

    /// Adds days of 24 hours, which may be negative. Returns `None` if the result is out of range.
    pub fn checked_add_days(self, days: i64) -> Option<Self> {
        let microsecond = self.0.checked_add(days.checked_mul(DAY)?)?;
        Self::from_microsecond(microsecond).ok()
    }

    /// Adds microseconds, which may be negative. Returns `None` if the result is out of range.
    pub fn checked_add_microseconds(self, microseconds: i64) -> Option<Self> {
        Self::from_microsecond(self.0.checked_add(microseconds)?).ok()
    }

    /// Returns the calendar day in UTC, as `YYYY-MM-DD`.
    pub fn date(self) -> String {
        self.civil().date().to_string()
    }

    /// Returns the date and time in UTC.
    pub(crate) fn civil(self) -> DateTime {
        // Stored timestamps are within jiff's range, so the fallback is not used.
        jiff::Timestamp::from_microsecond(self.0)
            .map_or(DateTime::ZERO, |timestamp| Offset::UTC.to_datetime(timestamp))
    }

    /// Creates a timestamp from a date and time in UTC, as returned by a driver.
    pub(crate) fn from_civil(naive: DateTime) -> Result<Self> {
        let timestamp = Offset::UTC.to_timestamp(naive).map_err(|_| out_of_range())?;
        Self::from_microsecond(timestamp.as_microsecond())
    }

    /// Creates a timestamp from a column. Values of other programs outside the range are accepted.
    pub(crate) fn from_stored(microsecond: i64) -> Self {
        Self(microsecond)
    }

    /// Parses the output of [`Timestamp::sortable`]. Returns `None` for any other format.
    pub(crate) fn from_sortable(text: &[u8]) -> Option<Self> {
        let number = |at: std::ops::Range<usize>| {
            text[at].iter().try_fold(0_i32, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0'))
            })
        };
        let is_sortable = text.len() == 26
            && [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')]
                .into_iter()
                .all(|(at, separator)| text[at] == separator);
        if !is_sortable {
            return None;
        }
        let small = |at| number(at).and_then(|number| i8::try_from(number).ok());
        let civil = DateTime::new(
            i16::try_from(number(0..4)?).ok()?,
            small(5..7)?,
            small(8..10)?,
            small(11..13)?,
            small(14..16)?,
            small(17..19)?,
            number(20..26)? * 1000,
        );
        Self::from_civil(civil.ok()?).ok()
    }

    /// Formats the timestamp as `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, which sorts chronologically.
    /// It does not use a general formatter, because it runs for every insert and every row on
    /// SQLite.
    pub(crate) fn sortable(self, separator: u8) -> [u8; 26] {
        let civil = self.civil();
        let mut out = *b"0000-00-00 00:00:00.000000";
        out[10] = separator;
        let mut digits = |at: std::ops::Range<usize>, number: u32| {
            let mut rest = number;
            for index in at.rev() {
                out[index] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        };
        digits(0..4, civil.year().unsigned_abs().into());
        digits(5..7, civil.month().unsigned_abs().into());
        digits(8..10, civil.day().unsigned_abs().into());
        digits(11..13, civil.hour().unsigned_abs().into());
        digits(14..16, civil.minute().unsigned_abs().into());
        digits(17..19, civil.second().unsigned_abs().into());
        digits(20..26, civil.subsec_nanosecond().unsigned_abs() / 1000);
        out
    }
}

fn out_of_range() -> Error {
    Error::invalid_input(
        "timestamp",
        "must be between 1000-01-01T00:00:00 and 9999-12-30T21:59:59.999999 in UTC",
    )
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.sortable(b'T')))?;
        f.write_str("+00:00")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| de::Error::custom(error.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_offset_is_utc_and_offsets_are_converted() {
        let timestamp = Timestamp::parse("2024-03-31T02:30:00").unwrap();
        assert_eq!(timestamp, Timestamp::parse("2024-03-31T04:30:00+02:00").unwrap());
        assert_eq!(timestamp, Timestamp::parse("2024-03-31 02:30:00Z").unwrap());
        assert_eq!(timestamp.to_string(), "2024-03-31T02:30:00.000000+00:00");
        assert_eq!(timestamp.date(), "2024-03-31");
    }

    #[test]
    fn bounds_are_the_years_1000_and_9999() {
        assert_eq!(Timestamp::parse("1000-01-01").unwrap(), Timestamp::MIN);
        assert_eq!(
            Timestamp::parse("9999-12-30T23:59:59.999999").unwrap_err().field(),
            Some("timestamp")
        );
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T21:59:59.999999+00:00");
        for text in ["0999-12-31T23:59:59Z", "10000-01-01", "2023-02-29", "soon", "", "24:00"] {
            assert_eq!(Timestamp::parse(text).unwrap_err().field(), Some("timestamp"), "{text}");
        }
    }

    #[test]
    fn time_zone_is_rejected_without_offset_and_ignored_with_offset() {
        for text in [
            "2023-11-14T22:13:20[America/New_York]",
            "2023-11-14 22:13:20[!America/New_York]",
            "2023-11-14T22:13:20[UTC]",
            "2023-11-14T22:13:20[-05:00]",
            "2023-11-14[Europe/Berlin]",
        ] {
            let error = Timestamp::parse(text).expect_err(text);
            assert_eq!(error.field(), Some("timestamp"), "{text}");
        }
        let expected = Timestamp::parse("2023-11-15T03:13:20Z").unwrap();
        for text in [
            "2023-11-14T22:13:20-05:00[America/New_York]",
            "2023-11-15T03:13:20Z[America/New_York]",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn out_of_range_error_names_the_actual_bounds() {
        let text = Timestamp::parse("9999-12-31").expect_err("out of range").to_string();
        let mut bounds = text.split(' ').filter(|word| word.contains('T'));
        let mut bound = || Timestamp::parse(bounds.next().expect("a bound")).expect("in range");
        assert_eq!((bound(), bound()), (Timestamp::MIN, Timestamp::MAX), "{text}");
    }

    #[test]
    fn digits_beyond_microseconds_are_rounded_down() {
        let before = Timestamp::parse("1969-12-31T23:59:59.9999999Z").unwrap();
        assert_eq!(before.as_microsecond(), -1);
    }
}
