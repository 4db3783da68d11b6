//! Points in time as they are typed: a date, a time, or how long ago.

use chatkeep::Timestamp;

use crate::age::parse_age;

const LAST_MICROSECOND_OF_A_DAY: i64 = 86_400_000_000 - 1;

/// Where a range begins. A date alone means its first moment.
pub(crate) fn parse_since(text: &str) -> Result<Timestamp, String> {
    if is_ago(text) { ago(text) } else { exact(text) }
}

/// Where a range ends. A date alone means its last moment, so that the day belongs to the range.
pub(crate) fn parse_until(text: &str) -> Result<Timestamp, String> {
    if is_ago(text) {
        return ago(text);
    }
    let start = exact(text)?;
    if text.trim().len() > "2023-09-23".len() {
        return Ok(start);
    }
    // The last day that can be stored is not a whole one.
    Ok(start.checked_add_microseconds(LAST_MICROSECOND_OF_A_DAY).unwrap_or(Timestamp::MAX))
}

/// A time alone.
pub(crate) fn exact(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.message().to_owned())
}

fn is_ago(text: &str) -> bool {
    text.ends_with(['d', 'w']) && text.starts_with(|c: char| c.is_ascii_digit())
}

fn ago(text: &str) -> Result<Timestamp, String> {
    let days = parse_age(text)?;
    Timestamp::now().checked_add_days(-days).ok_or_else(|| format!("{text:?} is too long ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_belongs_to_the_range_that_ends_with_it() {
        let until = parse_until("2023-09-23").expect("a date");
        assert_eq!(until.to_string(), "2023-09-23T23:59:59.999999+00:00");
        let until = parse_until("2023-09-23T12:00:00Z").expect("a time");
        assert_eq!(until.to_string(), "2023-09-23T12:00:00.000000+00:00");
        assert_eq!(parse_until("9999-12-30"), Ok(Timestamp::MAX));
        let since = parse_since("2023-09-23").expect("a date");
        assert_eq!(since.to_string(), "2023-09-23T00:00:00.000000+00:00");
    }

    #[test]
    fn an_age_counts_back_from_now() {
        let week = parse_since("1w").expect("an age");
        let difference = Timestamp::now().as_microsecond() - week.as_microsecond();
        assert!((difference - 7 * 86_400_000_000).abs() < 60_000_000, "{difference}");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(parse_since("yesterday").is_err());
        assert!(parse_until("2023-13-01").is_err());
        assert!(parse_since("99999999999w").is_err());
    }
}
