//! Formatting of numbers, amounts and durations.

use std::time::Duration;

use chatkeep_transfer::{RowCounts, TableRows};

/// Formats a number as `1,234,567`.
pub(crate) fn thousands(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats an amount as `1 message` or `1,912 messages`.
pub(crate) fn amount(number: impl Into<i128>, noun: &str) -> String {
    let number = number.into();
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Formats row counts as `3 messages, 1 user and 2 tokens`. Optional tables are omitted if they are
/// empty.
pub(crate) fn row_amounts(rows: &RowCounts) -> String {
    listed(rows.iter().filter(|count| count.rows > 0 || !is_optional(count)))
}

/// Formats the row counts of the optional tables, or returns `None` if they are empty.
pub(crate) fn optional_amounts(rows: &RowCounts) -> Option<String> {
    let amounts = listed(rows.iter().filter(|count| count.rows > 0 && is_optional(count)));
    (!amounts.is_empty()).then_some(amounts)
}

/// Returns whether many programs do not use the table.
fn is_optional(count: &TableRows) -> bool {
    !matches!(count.table, "messages" | "api_tokens")
}

fn listed(counts: impl Iterator<Item = TableRows>) -> String {
    let mut amounts: Vec<_> = counts.map(|count| amount(count.rows, count.noun)).collect();
    let last = amounts.pop().unwrap_or_default();
    if amounts.is_empty() { last } else { format!("{} and {last}", amounts.join(", ")) }
}

/// Formats a size as `512 bytes` or `1.5 MB`.
pub(crate) fn bytes(number: u64) -> String {
    match number {
        0..1_000 => amount(number, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number as f64 / 1e6),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

/// Formats a duration as `12 ms`, `0.9 s` or `4 min 3 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if duration < Duration::from_millis(100) {
        return format!("{} ms", duration.as_millis());
    }
    if whole < 100 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Formats a rate per second with two significant digits: `2,100/s`.
pub(crate) fn rate(number: u64, duration: Duration) -> String {
    let exact = number as f64 / duration.as_secs_f64().max(0.001);
    let step = 10_f64.powi((exact.max(1.0).log10().floor() as i32 - 1).max(0));
    format!("{}/s", thousands(((exact / step).round() * step) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(-1_234_567), "-1,234,567");
        assert_eq!(thousands(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn sizes_have_a_suitable_unit() {
        assert_eq!(bytes(512), "512 bytes");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(2_660_000_000), "2.7 GB");
    }

    #[test]
    fn amounts_of_one_are_singular() {
        assert_eq!(amount(1, "message"), "1 message");
        assert_eq!(amount(0, "message"), "0 messages");
        assert_eq!(amount(1_912, "message"), "1,912 messages");
    }

    #[test]
    fn durations_and_rates_are_rounded() {
        assert_eq!(seconds(Duration::from_millis(12)), "12 ms");
        assert_eq!(seconds(Duration::from_millis(912)), "0.9 s");
        assert_eq!(seconds(Duration::from_secs(243)), "4 min 3 s");
        assert_eq!(rate(1_912, Duration::from_millis(912)), "2,100/s");
        assert_eq!(rate(3, Duration::from_secs(2)), "2/s");
        assert_eq!(rate(0, Duration::ZERO), "0/s");
    }
}
