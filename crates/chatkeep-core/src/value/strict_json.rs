//! What a JSON parser lets pass and a store must not: numbers that would change on the way.

/// The first integer literal in this JSON text that does not fit 64 bits, if there is one.
///
/// JSON parsers turn such a number into the nearest floating-point one without a word. The text must already be known
/// to be well-formed.
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

/// The place behind the string that starts at `at`.
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
    fn integers_beyond_64_bits_are_found_and_nothing_else() {
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
