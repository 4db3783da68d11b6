//! Timestamps: a parsed text is the correct instant and has one canonical form.

#![no_main]

use chatkeep_core::{Timestamp, fuzzing};
use chatkeep_fuzz::check_field;
use libfuzzer_sys::fuzz_target;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        parsed(text);
        stored(text);
    }
    if let Some((number, rest)) = data.split_first_chunk::<8>() {
        instant(i64::from_le_bytes(*number), rest);
    }
});

fn parsed(text: &str) {
    match Timestamp::parse(text) {
        Ok(timestamp) => round_trips(timestamp),
        Err(error) => check_field(&error, "timestamp"),
    }
    let json = serde_json::to_string(text).expect("a string is JSON");
    assert_eq!(
        serde_json::from_str::<Timestamp>(&json).ok(),
        Timestamp::parse(text).ok(),
        "{text:?}"
    );
}

/// Parses the text as a SQLite column: the fast parser must accept only texts that the regular one
/// parses equally.
fn stored(text: &str) {
    if let Some(timestamp) = fuzzing::stored_timestamp(text) {
        assert_eq!(Timestamp::parse(text).ok(), Some(timestamp), "{text:?}");
    }
}

fn round_trips(timestamp: Timestamp) {
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&timestamp), "{timestamp} is out of range");
    let shown = timestamp.to_string();
    assert_eq!(shown.len(), 32, "{shown}");
    assert!(shown.starts_with(&timestamp.date()), "{shown}");
    assert_eq!(Timestamp::parse(&shown).ok(), Some(timestamp), "{shown}");
    assert_eq!(Timestamp::parse(&shown[..26]).ok(), Some(timestamp), "{shown} without its offset");
    let sortable = shown[..26].replacen('T', " ", 1);
    assert_eq!(fuzzing::stored_timestamp(&sortable), Some(timestamp), "{sortable}");
    assert_eq!(Timestamp::from_microsecond(timestamp.as_microsecond()).ok(), Some(timestamp));
    assert_eq!(
        timestamp
            .checked_add_days(1)
            .map(|later| later.as_microsecond() - timestamp.as_microsecond()),
        (timestamp.as_microsecond() <= Timestamp::MAX.as_microsecond() - DAY).then_some(DAY)
    );
}

/// Formats an instant with an offset and checks that it is parsed as the same instant.
fn instant(number: i64, rest: &[u8]) {
    let span = Timestamp::MAX.as_microsecond() - Timestamp::MIN.as_microsecond() + 1;
    let microsecond = Timestamp::MIN.as_microsecond() + number.rem_euclid(span);
    let timestamp = Timestamp::from_microsecond(microsecond).expect("the instant is in range");
    round_trips(timestamp);
    let offset = rest.first().map_or(0, |quarter| i64::from(*quarter) % 113 - 56) * 15;
    let text =
        written(microsecond + offset * 60 * SECOND, rest.get(1).is_some_and(|byte| byte % 2 == 1));
    let sign = if offset < 0 { '-' } else { '+' };
    let text = format!("{text}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
    // Outside these years, an offset is not representable.
    if text.starts_with("10000") || text.starts_with('0') {
        return;
    }
    assert_eq!(Timestamp::parse(&text).ok(), Some(timestamp), "{text}");
}

/// Formats the date and time of day with Howard Hinnant's algorithm for civil dates.
fn written(microsecond: i64, has_blank: bool) -> String {
    let (days, of_day) = (microsecond.div_euclid(DAY) + 719_468, microsecond.rem_euclid(DAY));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (second, fraction) = (of_day / SECOND, of_day % SECOND);
    let separator = if has_blank { ' ' } else { 'T' };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}.{fraction:06}"
    )
}
