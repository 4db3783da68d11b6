//! Ages as arguments: `30d`, `12w`, or a number of days.

/// Parses an age as a number of days.
///
/// The library checks the range, so that the error is the same in every interface.
pub(crate) fn parse_age(text: &str) -> Result<i64, String> {
    let invalid = || format!("{text:?} is not an age; use days or weeks, such as 30d or 12w");
    let (number, days) = match text.strip_suffix(['d', 'w']) {
        Some(number) if text.ends_with('w') => (number, 7),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    if number.is_empty()
        || !number.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(invalid());
    }
    number.parse::<i64>().ok().and_then(|number| number.checked_mul(days)).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_plain_numbers_are_days() {
        assert_eq!(parse_age("30d"), Ok(30));
        assert_eq!(parse_age("12w"), Ok(84));
        assert_eq!(parse_age("7"), Ok(7));
        assert_eq!(parse_age("0"), Ok(0));
        assert_eq!(parse_age("-1d"), Ok(-1));
    }

    #[test]
    fn invalid_ages_are_rejected_with_an_example() {
        for text in [
            "",
            "d",
            "-",
            "30 d",
            "30m",
            "1.5w",
            "+3",
            "99999999999999999999",
            "9223372036854775807w",
        ] {
            let error = parse_age(text).expect_err(text);
            assert!(error.contains("30d or 12w"), "{error}");
        }
    }
}
