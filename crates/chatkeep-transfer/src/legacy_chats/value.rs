//! Conversion of values of any storage class.

use chatkeep_core::Timestamp;
use chatkeep_core::legacy::RawValue;

/// Number of seconds above which a time is in milliseconds: the year 5138.
const MAX_SECONDS: f64 = 1e11;

/// Returns an id as text. Binary UUIDs get their usual form.
pub(super) fn id(value: &RawValue) -> Option<String> {
    match value {
        RawValue::Blob(bytes) if bytes.len() == 16 => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
        }
        RawValue::Blob(_) => None,
        other => text(other).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
    }
}

/// Returns a value as text. Invalid bytes become U+FFFD.
pub(super) fn text(value: &RawValue) -> Option<String> {
    Some(match value {
        RawValue::Null => return None,
        RawValue::Integer(number) => number.to_string(),
        RawValue::Real(number) => number.to_string(),
        RawValue::Text(text) => text.replace('\0', "\u{fffd}"),
        RawValue::BrokenText(broken) => broken.readable.replace('\0', "\u{fffd}"),
        RawValue::Blob(bytes) => String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}"),
    })
}

/// Returns a time: text, or seconds or milliseconds since 1970. Many programs store 0 for no time.
pub(super) fn time(value: &RawValue) -> Option<Timestamp> {
    let number = match value {
        RawValue::Integer(number) => *number as f64,
        RawValue::Real(number) => *number,
        RawValue::Text(text) => return Timestamp::parse(text).ok(),
        _ => return None,
    };
    if number.is_nan() || number <= 0.0 {
        return None;
    }
    let seconds = if number > MAX_SECONDS { number / 1e3 } else { number };
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

/// Returns a truth value. NULL is `None`.
pub(super) fn is_true(value: &RawValue) -> Option<bool> {
    match value {
        RawValue::Null => None,
        RawValue::Integer(number) => Some(*number != 0),
        other => Some(matches!(
            text(other)?.trim().to_ascii_lowercase().as_str(),
            "1" | "t" | "true" | "y" | "yes" | "active"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_positive_are_not_times() {
        for value in [RawValue::Integer(0), RawValue::Integer(-1), RawValue::Real(0.0)] {
            assert_eq!(time(&value), None, "{value:?}");
        }
        let seconds = time(&RawValue::Integer(1_700_000_000));
        assert!(seconds.is_some());
        assert_eq!(time(&RawValue::Integer(1_700_000_000_000)), seconds);
    }
}
