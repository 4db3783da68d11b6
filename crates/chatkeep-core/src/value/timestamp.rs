//! A moment in UTC with microseconds, the finest that all four engines keep.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::schema::Moment;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A moment: microseconds since 1970-01-01T00:00:00 UTC.
///
/// It reads and writes RFC 3339 with an offset, always with six digits after the second. A text without an offset is
/// taken as UTC. Moments from the year 1000 to 9999-12-30 can be stored; that is what MySQL's `datetime`
/// promises, and the other engines keep to it too.
///
/// ```
/// use chatkeep_core::Timestamp;
///
/// let moment = Timestamp::parse("2023-09-23T23:02:11.539144+02:00")?;
/// assert_eq!(moment.to_string(), "2023-09-23T21:02:11.539144+00:00");
/// assert_eq!(Timestamp::parse("2023-09-23 21:02:11.539144")?, moment);
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Moment)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that can be stored: 1000-01-01T00:00:00 UTC.
    pub const MIN: Self = Self(-30_610_224_000 * SECOND);
    /// The last moment that can be stored: 9999-12-30T21:59:59.999999 UTC. An hour later some offset is in the year 10000.
    pub const MAX: Self = Self(253_402_207_200 * SECOND - 1);

    /// The present moment, by the machine's clock.
    pub fn now() -> Self {
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)).clamp(Self::MIN, Self::MAX)
    }

    /// The moment this many microseconds after 1970-01-01T00:00:00 UTC (before it, when negative).
    ///
    /// # Errors
    /// `InvalidInput` with the field `timestamp` when it lies outside [`Timestamp::MIN`] to [`Timestamp::MAX`].
    pub fn from_microsecond(microsecond: i64) -> Result<Self> {
        let moment = Self(microsecond);
        if (Self::MIN..=Self::MAX).contains(&moment) { Ok(moment) } else { Err(out_of_range()) }
    }

    /// Microseconds since 1970-01-01T00:00:00 UTC.
    pub fn as_microsecond(self) -> i64 {
        self.0
    }

    /// Reads a date and time as RFC 3339 and ISO 8601 write it: `2024-02-29T12:00:00+01:00`, `2024-02-29 12:00:00.5`,
    /// `2024-02-29`. Without an offset it is UTC; a date alone is its midnight. Digits finer than a microsecond are cut.
    ///
    /// Behind an offset, a time zone's name in brackets (RFC 9557) is allowed and not used: the offset determines the
    /// instant. A name without an offset is rejected, because chatkeep has no table of time zones.
    ///
    /// # Errors
    /// `InvalidInput` with the field `timestamp` when the text is no such date, or out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let pieces = Pieces::parse(text.trim()).map_err(|_| {
            Error::invalid_input(
                "timestamp",
                "must be a date and time such as 2024-02-29T12:00:00+00:00, of the years 1000 to 9999",
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
        // Rounded down, also before 1970, so that cutting digits never reorders two timestamps.
        let nanosecond = instant.as_nanosecond();
        Self::from_microsecond(
            i64::try_from(nanosecond.div_euclid(1000)).map_err(|_| out_of_range())?,
        )
    }

    /// This many days of 24 hours later (earlier, when negative); `None` when that cannot be stored.
    pub fn checked_add_days(self, days: i64) -> Option<Self> {
        let moment = self.0.checked_add(days.checked_mul(DAY)?)?;
        Self::from_microsecond(moment).ok()
    }

    /// This many microseconds later (earlier, when negative); `None` when that cannot be stored.
    pub fn checked_add_microseconds(self, microseconds: i64) -> Option<Self> {
        Self::from_microsecond(self.0.checked_add(microseconds)?).ok()
    }

    /// The calendar day in UTC, as `YYYY-MM-DD`.
    pub fn date(self) -> String {
        self.civil().date().to_string()
    }

    /// Date and time of day in UTC.
    pub(crate) fn civil(self) -> DateTime {
        // Every stored moment lies inside jiff's range, so the fallback is never met.
        jiff::Timestamp::from_microsecond(self.0)
            .map_or(DateTime::ZERO, |moment| Offset::UTC.to_datetime(moment))
    }

    /// The moment of a date and time of day in UTC, as a driver hands it over.
    pub(crate) fn from_civil(naive: DateTime) -> Result<Self> {
        let moment = Offset::UTC.to_timestamp(naive).map_err(|_| out_of_range())?;
        Self::from_microsecond(moment.as_microsecond())
    }

    /// A value that a column holds. Other programs may have written moments outside our range: they are shown as they are.
    pub(crate) fn from_stored(microsecond: i64) -> Self {
        Self(microsecond)
    }

    /// What [`Timestamp::sortable`] wrote; `None` for any other text.
    pub(crate) fn from_sortable(text: &[u8]) -> Option<Self> {
        let number = |at: std::ops::Range<usize>| {
            text[at].iter().try_fold(0_i32, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0'))
            })
        };
        let is_sortable = text.len() == 26
            && [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')]
                .into_iter()
                .all(|(at, mark)| text[at] == mark);
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

    /// `YYYY-MM-DD HH:MM:SS.ffffff` in UTC: the form in which text sorts as time does. Written by hand because it
    /// stands in every insert and every row that SQLite returns.
    pub(crate) fn sortable(self, separator: u8) -> [u8; 26] {
        let civil = self.civil();
        let mut out = *b"0000-00-00 00:00:00.000000";
        out[10] = separator;
        let mut digits = |at: std::ops::Range<usize>, number: u32| {
            let mut rest = number;
            for place in at.rev() {
                out[place] = b'0' + (rest % 10) as u8;
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
        "must lie between 1000-01-01T00:00:00 and 9999-12-30T21:59:59.999999 in UTC",
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
    fn a_naive_time_is_utc_and_an_offset_is_converted() {
        let moment = Timestamp::parse("2024-03-31T02:30:00").unwrap();
        assert_eq!(moment, Timestamp::parse("2024-03-31T04:30:00+02:00").unwrap());
        assert_eq!(moment, Timestamp::parse("2024-03-31 02:30:00Z").unwrap());
        assert_eq!(moment.to_string(), "2024-03-31T02:30:00.000000+00:00");
        assert_eq!(moment.date(), "2024-03-31");
    }

    #[test]
    fn the_bounds_are_the_years_1000_and_9999() {
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
    fn a_time_zone_without_an_offset_is_refused_and_with_one_the_offset_counts() {
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
    fn the_error_of_a_timestamp_out_of_range_names_the_true_bounds() {
        let text = Timestamp::parse("9999-12-31").expect_err("out of range").to_string();
        let mut bounds = text.split(' ').filter(|word| word.contains('T'));
        let mut bound = || Timestamp::parse(bounds.next().expect("a bound")).expect("in range");
        assert_eq!((bound(), bound()), (Timestamp::MIN, Timestamp::MAX), "{text}");
    }

    #[test]
    fn digits_finer_than_a_microsecond_are_cut_downwards() {
        let before = Timestamp::parse("1969-12-31T23:59:59.9999999Z").unwrap();
        assert_eq!(before.as_microsecond(), -1);
    }
}
