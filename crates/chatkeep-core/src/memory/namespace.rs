//! Namespaces: lists of segments, which are stored as one text.
//!
//! Each segment is followed by a slash. A slash or backslash in a segment follows a backslash. So a
//! text begins with an encoded namespace only if its first segments are equal to it, and the
//! namespaces below a prefix are one range of the index.

use crate::error::{Error, Result};
use crate::value::check_nonempty_name;

/// Maximum length of a segment, in characters.
const MAX_SEGMENT: usize = 255;
/// Maximum length of an encoded namespace, in characters.
const MAX_NAMESPACE: usize = 500;
/// Segment of a pattern that matches any one segment.
const ANY: &str = "*";

/// The range of the namespaces that begin with some segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamespaceRange {
    /// First text of the range.
    pub(super) start: String,
    /// First text after the range. `None` if the range has all namespaces from `start` on.
    pub(super) end: Option<String>,
}

impl NamespaceRange {
    /// Returns the range of the namespaces that begin with these segments, which may be none.
    ///
    /// # Errors
    /// `InvalidInput` with this field, or with that of a segment (`prefix[1]`).
    pub(super) fn new(field: &'static str, prefix: &[String]) -> Result<Self> {
        let start = encode_any(field, prefix)?;
        Ok(Self { end: end_of(&start), start })
    }
}

/// Returns the first text after those that begin with an encoded namespace.
pub(super) fn end_of(encoded: &str) -> Option<String> {
    // Zero is the character after the slash.
    encoded.strip_suffix('/').map(|start| format!("{start}0"))
}

/// Encodes a namespace.
///
/// # Errors
/// `InvalidInput` with this field if the namespace is empty or too long, or with that of a segment
/// (`namespace[1]`) that is empty, too long, or has a NUL character.
pub fn encode(field: &'static str, namespace: &[String]) -> Result<String> {
    if namespace.is_empty() {
        return Err(Error::invalid_input(field, "is empty; pass one segment or more"));
    }
    encode_any(field, namespace)
}

fn encode_any(field: &'static str, segments: &[String]) -> Result<String> {
    check_segments(field, segments)?;
    let mut encoded = String::new();
    for segment in segments {
        for character in segment.chars() {
            if matches!(character, '/' | '\\') {
                encoded.push('\\');
            }
            encoded.push(character);
        }
        encoded.push('/');
    }
    let length = encoded.chars().count();
    if length > MAX_NAMESPACE {
        return Err(Error::invalid_input(
            field,
            format!(
                "has {length} characters, with one after each segment; at most {MAX_NAMESPACE} can \
                 be stored"
            ),
        ));
    }
    Ok(encoded)
}

fn check_segments(field: &'static str, segments: &[String]) -> Result<()> {
    for (index, segment) in segments.iter().enumerate() {
        check_nonempty_name(field, segment, MAX_SEGMENT)
            .map_err(|error| error.with_field(format!("{field}[{index}]")))?;
    }
    Ok(())
}

/// Decodes a stored namespace. `None` if no namespace is stored as this text.
pub(super) fn decode(text: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    let mut segment = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '/' if segment.is_empty() => return None,
            '/' => segments.push(std::mem::take(&mut segment)),
            '\\' => segment.push(characters.next().filter(|next| matches!(next, '/' | '\\'))?),
            _ => segment.push(character),
        }
    }
    (segment.is_empty() && !segments.is_empty()).then_some(segments)
}

/// Segments at the start or the end of a namespace. `*` matches any one segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Pattern(Vec<String>);

impl Pattern {
    pub(super) fn new(field: &'static str, segments: Vec<String>) -> Result<Self> {
        check_segments(field, &segments)?;
        Ok(Self(segments))
    }

    /// Returns the range of the namespaces that begin with the segments before the first `*`.
    pub(super) fn range(&self, field: &'static str) -> Result<NamespaceRange> {
        let literal = self.0.iter().take_while(|segment| *segment != ANY).count();
        NamespaceRange::new(field, &self.0[..literal])
    }

    pub(super) fn matches_start(&self, namespace: &[String]) -> bool {
        namespace.get(..self.0.len()).is_some_and(|start| self.matches(start))
    }

    pub(super) fn matches_end(&self, namespace: &[String]) -> bool {
        let at = namespace.len().checked_sub(self.0.len());
        at.is_some_and(|at| self.matches(&namespace[at..]))
    }

    fn matches(&self, segments: &[String]) -> bool {
        self.0.iter().zip(segments).all(|(pattern, segment)| pattern == ANY || pattern == segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    const NAMESPACES: &[&[&str]] = &[
        &["tenant", "a"],
        &["tenant", "ab"],
        &["tenant", "a", "b"],
        &["tenant/a"],
        &["tenant\\", "a"],
        &["tenant\\/a"],
        &["tenant\\\\/", "a"],
        &["/"],
        &["/", "/"],
        &["//"],
        &["\\"],
        &["tenant", "A"],
        &["tenant", "a "],
        &["tenant", "a0"],
        &["tenant", "%"],
        &["tenant", "_"],
        &["é", "日本", "🎉"],
        &["\u{10ffff}"],
    ];

    #[test]
    fn encoded_namespaces_are_decoded_and_differ() {
        let mut encoded: Vec<_> = NAMESPACES
            .iter()
            .map(|namespace| {
                let namespace = segments(namespace);
                let encoded = encode("namespace", &namespace).expect("it is valid");
                assert_eq!(decode(&encoded), Some(namespace));
                encoded
            })
            .collect();
        encoded.sort();
        encoded.dedup();
        assert_eq!(encoded.len(), NAMESPACES.len());
        for text in ["", "a", "a/b", "/", "a//", "a\\b/", "a/\\", "a\\/"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_has_the_namespaces_that_begin_with_the_segments() {
        for prefix in NAMESPACES {
            let range = NamespaceRange::new("prefix", &segments(prefix)).expect("it is valid");
            for namespace in NAMESPACES {
                let text = encode("namespace", &segments(namespace)).expect("it is valid");
                let is_in_range = text >= range.start
                    && range.end.as_ref().is_none_or(|end| text.as_str() < end.as_str());
                assert_eq!(is_in_range, namespace.starts_with(prefix), "{prefix:?} {namespace:?}");
            }
        }
        let all = NamespaceRange::new("prefix", &[]).expect("it is valid");
        assert_eq!(all, NamespaceRange { start: String::new(), end: None });
    }

    #[test]
    fn invalid_namespaces_are_refused_by_field() {
        let refused = |namespace: Vec<String>| {
            let error = encode("namespace", &namespace).expect_err("it is invalid");
            error.field().map(str::to_owned)
        };
        let long = "é".repeat(256);
        for (namespace, field) in [
            (segments(&[]), "namespace"),
            (segments(&["a", ""]), "namespace[1]"),
            (segments(&["a\0"]), "namespace[0]"),
            (segments(&["a", &long]), "namespace[1]"),
            (segments(&["a"; 251]), "namespace"),
            (vec!["/".repeat(250)], "namespace"),
        ] {
            assert_eq!(refused(namespace).as_deref(), Some(field));
        }
        assert!(encode("namespace", &segments(&["a"; 250])).is_ok());
        assert!(encode("namespace", &segments(&[&"é".repeat(255), &"🎉".repeat(243)])).is_ok());
    }

    #[test]
    fn patterns_match_the_start_and_the_end_of_a_namespace() {
        let namespace = segments(&["uid", "users", "alice"]);
        let pattern =
            |texts: &[&str]| Pattern::new("prefix", segments(texts)).expect("it is valid");
        for (texts, start, end) in [
            (&[][..], true, true),
            (&["uid"], true, false),
            (&["alice"], false, true),
            (&["uid", "*", "alice"], true, true),
            (&["*", "alice"], false, true),
            (&["*", "users"], true, false),
            (&["*", "*", "*"], true, true),
            (&["*", "*", "*", "*"], false, false),
            (&["lice"], false, false),
        ] {
            assert_eq!(pattern(texts).matches_start(&namespace), start, "{texts:?}");
            assert_eq!(pattern(texts).matches_end(&namespace), end, "{texts:?}");
        }
        let range = pattern(&["a", "b", "*", "c"]).range("prefix").expect("it is valid");
        assert_eq!(range.start, "a/b/");
    }
}
