//! Detection of integers that a JSON parser would change.

/// Returns the first integer literal in a well-formed JSON text that does not fit in 64 bits.
///
/// JSON parsers silently convert such a number to the nearest floating-point number.
pub(super) fn oversized_integer(json: &str) -> Option<&str> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < bytes.len()
                    && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                {
                    at += 1;
                }
                let literal = &json[start..at];
                let is_integer = !literal.contains(['.', 'e', 'E']);
                if is_integer && literal.parse::<i64>().is_err() && literal.parse::<u64>().is_err()
                {
                    return Some(literal);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// Returns the index after the string that starts at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::oversized_integer;

    #[test]
    fn only_integers_beyond_64_bits_are_found() {
        assert_eq!(
            oversized_integer(r#"{"a": 18446744073709551615, "b": -9223372036854775808}"#),
            None
        );
        assert_eq!(
            oversized_integer(r#"{"a": [18446744073709551616]}"#),
            Some("18446744073709551616")
        );
        assert_eq!(
            oversized_integer(r#"{"a":-9223372036854775809}"#),
            Some("-9223372036854775809")
        );
        assert_eq!(
            oversized_integer(r#"{"99999999999999999999": "\"99999999999999999999"}"#),
            None
        );
        assert_eq!(oversized_integer(r#"{"a": 1.0e30, "b": 100000000000000000000.5}"#), None);
    }
}
