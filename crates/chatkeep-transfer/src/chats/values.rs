//! Values of the files: times, titles and content.

use chatkeep_core::conversations::MAX_TITLE;
use chatkeep_core::{Error, ErrorKind, Metadata, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Parses JSON. The text is one conversation, so its position in the file is not known.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let text = error.to_string().replace(" at line 1 column ", " at byte ");
        Error::new(ErrorKind::InvalidInput, format!("{text} of the conversation"))
    })
}

/// A time: seconds since 1970, or text of ISO 8601.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Time(Value);

impl Time {
    /// Returns the time. `None` if it is invalid, or 0 as in messages without a time.
    pub(super) fn parse(&self) -> Option<Timestamp> {
        match &self.0 {
            Value::Number(number) => {
                let seconds = number.as_f64().filter(|seconds| *seconds > 0.0)?;
                Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
            }
            Value::String(text) => Timestamp::parse(text).ok(),
            _ => None,
        }
    }
}

/// Returns the time of an optional value.
pub(super) fn time(value: Option<&Time>) -> Option<Timestamp> {
    value.and_then(Time::parse)
}

/// Replaces NUL characters, which PostgreSQL does not store.
pub(super) fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Converts an object to the content of an item.
pub(super) fn content(mut map: Map<String, Value>) -> Result<Metadata> {
    map.values_mut().for_each(clean_value);
    Metadata::from_map(map).map_err(|error| error.with_field("content"))
}

fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(std::mem::take(text)),
        Value::Array(values) => values.iter_mut().for_each(clean_value),
        Value::Object(map) => map.values_mut().for_each(clean_value),
        _ => {}
    }
}

/// Returns the title and the metadata of an imported conversation. A title that is too long is cut,
/// and kept in the metadata.
pub(crate) fn title(
    title: Option<String>,
    source: &'static str,
) -> Result<(Option<String>, Option<Metadata>)> {
    let mut metadata = Map::from_iter([("source".to_owned(), source.into())]);
    let title = title.map(clean).filter(|title| !title.trim().is_empty());
    let cut = title.map(|title| match title.char_indices().nth(MAX_TITLE) {
        None => title,
        Some(_) => {
            let cut: String = title.chars().take(MAX_TITLE - 1).chain(['…']).collect();
            metadata.insert("title".to_owned(), title.into());
            cut
        }
    });
    Ok((cut, Some(Metadata::from_map(metadata)?)))
}

/// Returns a name that fits a column, such as the role or the kind of an item.
pub(super) fn short(name: &str, characters: usize) -> String {
    clean(name.chars().take(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_or_text() {
        let read = |json: &str| {
            let time: Time = serde_json::from_str(json).expect(json);
            time.parse().map(|time| time.to_string())
        };
        let expected = Some("2023-11-14T22:13:20.123457+00:00".to_owned());
        assert_eq!(read("1700000000.1234567"), expected);
        assert_eq!(read("\"2023-11-14T22:13:20.123457Z\""), expected);
        for json in ["0", "-5", "1e300", "\"soon\"", "null", "{}"] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn long_titles_are_cut_and_kept_in_the_metadata() {
        let (cut, metadata) = title(Some("長".repeat(300)), "claude").expect("a title");
        assert_eq!(cut.map(|cut| cut.chars().count()), Some(255));
        assert!(metadata.expect("metadata").as_json().contains(&"長".repeat(300)));
        let (none, metadata) = title(Some(" ".to_owned()), "claude").expect("no title");
        assert_eq!((none, metadata.expect("metadata").as_json()), (None, r#"{"source":"claude"}"#));
    }

    #[test]
    fn nul_characters_are_replaced_at_every_level() {
        let Value::Object(map) = serde_json::json!({"a": ["x\u{0}", {"b": "\u{0}"}]}) else {
            unreachable!("an object")
        };
        assert_eq!(
            content(map).expect("content").as_json(),
            "{\"a\":[\"x\u{fffd}\",{\"b\":\"\u{fffd}\"}]}"
        );
    }
}
