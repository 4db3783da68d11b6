//! A fast check whether a JSON text is already canonical. Texts that chatkeep stored usually are,
//! on engines that keep the text unchanged (SQLite, MariaDB).

/// Maximum depth that the check supports. Metadata nests less deeply; deeper texts are parsed.
const MAX_DEPTH: usize = 32;
/// Maximum number of digits that always fit a 64-bit integer.
const MAX_INTEGER_DIGITS: usize = 18;
/// Maximum number of digits that a double always preserves.
const MAX_DECIMAL_DIGITS: usize = 15;
/// A double below 1 with more zeros after the decimal point is written with an exponent.
const MAX_LEADING_ZEROS: usize = 3;

/// Returns true only for a text that [`canonical_json`](super::canonical_json::canonical_json)
/// would return unchanged. False means unknown: the check does not support rare forms such as
/// escaped keys or exponents.
pub(super) fn is_canonical(text: &str) -> bool {
    let mut scanner = Scanner { rest: text.as_bytes() };
    scanner.value(0).is_some() && scanner.rest.is_empty()
}

/// The unread part of the text. Each method returns `None` at the first byte that is not canonical.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.text().map(drop),
            b'{' if depth < MAX_DEPTH => self.object(depth + 1),
            b'[' if depth < MAX_DEPTH => self.list(depth + 1),
            b't' => self.skip(b"true"),
            b'f' => self.skip(b"false"),
            b'n' => self.skip(b"null"),
            _ => self.number(),
        }
    }

    fn skip(&mut self, expected: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.skip(b"{")?;
        if self.skip(b"}").is_some() {
            return Some(());
        }
        let mut last: Option<&[u8]> = None;
        loop {
            let key = self.text()?;
            // An escaped key would be sorted by its unescaped form, and keys must be unique.
            if key.contains(&b'\\') || last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            self.skip(b":")?;
            self.value(depth)?;
            if self.skip(b",").is_none() {
                return self.skip(b"}");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.skip(b"[")?;
        if self.skip(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.skip(b",").is_none() {
                return self.skip(b"]");
            }
        }
    }

    /// Reads a string and returns the part between the quotes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.skip(b"\"")?;
        let start = self.rest;
        let mut length = 0;
        loop {
            match *start.get(length)? {
                b'"' => break,
                // The escapes that the canonical form uses. Other control characters are written as
                // \uXXXX.
                b'\\' if matches!(start.get(length + 1)?, b'"' | b'\\' | b'n' | b'r' | b't') => {
                    length += 2
                }
                b'\\' | 0..=0x1f => return None,
                _ => length += 1,
            }
        }
        self.rest = &start[length + 1..];
        Some(&start[..length])
    }

    fn number(&mut self) -> Option<()> {
        let is_negative = self.skip(b"-").is_some();
        let whole = self.digits();
        let is_zero = whole == b"0";
        if whole.is_empty() || (whole[0] == b'0' && !is_zero) {
            return None;
        }
        if self.skip(b".").is_none() {
            let fits = whole.len() <= MAX_INTEGER_DIGITS && !(is_zero && is_negative);
            return (fits && self.ends()).then_some(());
        }
        let part = self.digits();
        let leading = part.iter().take_while(|digit| **digit == b'0').count();
        let has_no_spare_zero = part == b"0" || part.last().is_some_and(|last| *last != b'0');
        let is_plain = !is_zero || leading <= MAX_LEADING_ZEROS;
        let is_negative_zero = is_zero && is_negative && part == b"0";
        let is_exact = whole.len() + part.len() <= MAX_DECIMAL_DIGITS;
        (has_no_spare_zero && is_plain && !is_negative_zero && is_exact && self.ends())
            .then_some(())
    }

    /// Returns whether the number ends here.
    fn ends(&self) -> bool {
        !matches!(self.rest.first(), Some(b'.' | b'e' | b'E' | b'+' | b'-'))
    }

    fn digits(&mut self) -> &'a [u8] {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical_json::canonical_json;
    use super::*;

    const USUAL: [&str; 6] = [
        "{}",
        r#"{"conversation":"c-81","tags":["a","b"],"temperature":0.5,"turn":3}"#,
        r#"{"":null,"a":true,"b":[false,{},[]],"c":-1.25,"d":100.0,"ä":"\"\\\n\t\r ü 😀"}"#,
        r#"{"a":123456789012345678,"b":-9,"c":0,"d":0.0,"e":0.0001}"#,
        r#"[[[1,2],{"a":{"b":1}}]]"#,
        r#""text""#,
    ];

    #[test]
    fn usual_metadata_is_canonical() {
        for text in USUAL {
            assert!(is_canonical(text), "{text}");
            assert_eq!(canonical_json(text).unwrap(), text);
        }
    }

    #[test]
    fn other_forms_are_not_canonical() {
        for text in [
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a": 1}"#,
            r#"{"\u0061":1}"#,
            r#"{"a\n":1}"#,
            "[0.50]",
            "[-0]",
            "[-0.0]",
            "[1e5]",
            "[01]",
            "[1.]",
            "[.5]",
            "[0.00000001]",
            "[12345678901234567.5]",
            "[9223372036854775808000]",
            r#"["\/"]"#,
            "[1,]",
            "[1",
            "",
            "{\"a\":\"\n\"}",
        ] {
            assert!(!is_canonical(text), "{text}");
        }
        assert!(!is_canonical(&"[".repeat(100_000)));
    }

    /// Inserts, replaces and removes every single byte. Each text that is reported as canonical
    /// must be canonical.
    #[test]
    fn texts_reported_as_canonical_are_canonical() {
        let alphabet = b"{}[]\",:\\.-+eEunt019 \n\x01a";
        let mut accepted = 0;
        for text in USUAL {
            for at in 0..=text.len() {
                for byte in alphabet {
                    let inserted =
                        [&text.as_bytes()[..at], &[*byte], &text.as_bytes()[at..]].concat();
                    let rest = text.as_bytes().get(at + 1..).unwrap_or_default();
                    let replaced = [&text.as_bytes()[..at], &[*byte], rest].concat();
                    let removed = [&text.as_bytes()[..at], rest].concat();
                    for changed in [inserted, replaced, removed] {
                        let Ok(changed) = String::from_utf8(changed) else { continue };
                        if is_canonical(&changed) {
                            accepted += 1;
                            assert_eq!(canonical_json(&changed).ok().as_deref(), Some(&*changed));
                        }
                    }
                }
            }
        }
        assert!(accepted > 1_000, "{accepted}");
    }

    #[test]
    fn short_decimals_equal_the_text_of_their_double() {
        for whole in ["0", "1", "9", "10", "123456", "99999999999"] {
            for part in ["0", "1", "5", "25", "001", "0001", "9999", "00012", "123"] {
                for sign in ["", "-"] {
                    let text = format!("{sign}{whole}.{part}");
                    if is_canonical(&text) {
                        assert_eq!(canonical_json(&text).unwrap(), text);
                    } else {
                        assert!(
                            whole.len() + part.len() > MAX_DECIMAL_DIGITS || text == "-0.0",
                            "{text} should be recognized"
                        );
                    }
                }
            }
        }
    }
}
