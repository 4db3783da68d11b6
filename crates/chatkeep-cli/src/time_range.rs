//! Times as arguments: a date, a timestamp, or an age.

use chatkeep::Timestamp;

use crate::age::parse_age;

const LAST_MICROSECOND_OF_DAY: i64 = 86_400_000_000 - 1;

/// Parses the start of a range. A date means its first microsecond.
pub(crate) fn parse_since(text: &str) -> Result<Timestamp, String> {
    if is_age(text) { parse_ago(text) } else { parse_time(text) }
}

/// Parses the end of a range. A date means its last microsecond, so that the day is included.
pub(crate) fn parse_until(text: &str) -> Result<Timestamp, String> {
    if is_age(text) {
        return parse_ago(text);
    }
    let start = parse_time(text)?;
    if text.trim().len() > "2023-09-23".len() {
        return Ok(start);
    }
    // The last day of the supported range is incomplete.
    Ok(start.checked_add_microseconds(LAST_MICROSECOND_OF_DAY).unwrap_or(Timestamp::MAX))
}

/// Parses a date or timestamp.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.message().to_owned())
}

fn is_age(text: &str) -> bool {
    text.ends_with(['d', 'w']) && text.starts_with(|c: char| c.is_ascii_digit())
}

fn parse_ago(text: &str) -> Result<Timestamp, String> {
    let days = parse_age(text)?;
    Timestamp::now().checked_add_days(-days).ok_or_else(|| format!("{text:?} is too long ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_the_day_of_their_end() {
        let until = parse_until("2023-09-23").expect("a date");
        assert_eq!(until.to_string(), "2023-09-23T23:59:59.999999+00:00");
        let until = parse_until("2023-09-23T12:00:00Z").expect("a time");
        assert_eq!(until.to_string(), "2023-09-23T12:00:00.000000+00:00");
        assert_eq!(parse_until("9999-12-30"), Ok(Timestamp::MAX));
        let since = parse_since("2023-09-23").expect("a date");
        assert_eq!(since.to_string(), "2023-09-23T00:00:00.000000+00:00");
    }

    #[test]
    fn ages_are_relative_to_now() {
        let week = parse_since("1w").expect("an age");
        let difference = Timestamp::now().as_microsecond() - week.as_microsecond();
        assert!((difference - 7 * 86_400_000_000).abs() < 60_000_000, "{difference}");
    }

    #[test]
    fn invalid_times_are_rejected() {
        assert!(parse_since("yesterday").is_err());
        assert!(parse_until("2023-13-01").is_err());
        assert!(parse_since("99999999999w").is_err());
    }
}
