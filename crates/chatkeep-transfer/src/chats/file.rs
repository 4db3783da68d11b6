//! Reading of a JSON array or of JSON Lines, one value at a time.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use chatkeep_core::{Error, ErrorKind, Result};
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::error::Category;
use serde_json::value::RawValue;

const BUFFER_BYTES: usize = 256 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

type Work<'a> = dyn FnMut(&RawValue) -> Result<()> + 'a;

/// Calls `work` with each value of an array, or of a sequence of values. Memory is needed for one
/// value at a time.
pub(super) fn each_value(source: impl Read, work: &mut Work<'_>) -> Result<()> {
    let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
    let start = start(&mut source).map_err(|error| unreadable(&error))?;
    if start.starts_with(b"PK") || start.starts_with(b"\x1f\x8b") {
        return Err(invalid("is compressed; extract it, and import its conversations.json"));
    }
    let is_array = start.first() == Some(&b'[');
    let mut values = Deserializer::from_reader(Cursor::new(start).chain(source));
    if !is_array {
        for value in values.into_iter::<Box<RawValue>>() {
            work(&value.map_err(|error| not_json(&error))?)?;
        }
        return Ok(());
    }
    let mut failed = None;
    let read = values.deserialize_seq(Elements { work, failed: &mut failed });
    let read = read.and_then(|()| values.end());
    match failed {
        Some(error) => Err(error),
        None => read.map_err(|error| not_json(&error)),
    }
}

/// Returns the first bytes after a byte order mark and whitespace.
fn start(source: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    source.take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
    if start == BYTE_ORDER_MARK {
        start.clear();
    }
    start.drain(..start.len() - start.trim_ascii_start().len());
    while start.is_empty() {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        let blank = bytes.len() - bytes.trim_ascii_start().len();
        start.extend(bytes.get(blank));
        let used = (blank + 1).min(bytes.len());
        source.consume(used);
    }
    Ok(start)
}

struct Elements<'a, 'b> {
    work: &'a mut Work<'b>,
    /// Error of the work, which ends the reading.
    failed: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<(), A::Error> {
        while let Some(value) = elements.next_element::<Box<RawValue>>()? {
            if let Err(error) = (self.work)(&value) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

fn not_json(error: &serde_json::Error) -> Error {
    match error.classify() {
        Category::Io => {
            unreadable(&io::Error::from(error.io_error_kind().unwrap_or(io::ErrorKind::Other)))
        }
        Category::Eof => invalid(format!("is truncated: {error}")),
        _ => invalid(format!("is not valid JSON: {error}")),
    }
}

fn unreadable(error: &io::Error) -> Error {
    Error::configuration(format!("is not readable: {error}"))
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Vec<String>> {
        let mut values = Vec::new();
        each_value(text.as_ref(), &mut |value| {
            values.push(value.get().to_owned());
            Ok(())
        })?;
        Ok(values)
    }

    #[test]
    fn arrays_and_lines_have_the_same_values() {
        let expected = ["{\"a\":1}", "{\"b\": [2]}"];
        for text in [
            "[{\"a\":1},{\"b\": [2]}]",
            "\u{feff} \n [ {\"a\":1} , {\"b\": [2]} ]\n",
            "{\"a\":1}\n{\"b\": [2]}\n",
            "\u{feff}{\"a\":1}{\"b\": [2]}",
        ] {
            assert_eq!(read(text).expect(text), expected, "{text}");
        }
        for text in ["", " \n", "[]", "\u{feff}"] {
            assert_eq!(read(text).expect(text), <[String; 0]>::default(), "{text:?}");
        }
    }

    #[test]
    fn positions_of_invalid_files_are_reported() {
        let error = read("[{\"a\":1},\n{\"b\" 2}]").unwrap_err();
        assert_eq!(error.message(), "is not valid JSON: expected `:` at line 2 column 6");
        let error = read("[{\"a\":1},{\"b\"").unwrap_err();
        assert!(error.message().starts_with("is truncated: "), "{error}");
        assert!(read("[{}] x").unwrap_err().message().contains("trailing"));
        assert!(read("PK\u{3}\u{4}").unwrap_err().message().contains("compressed"));
    }

    #[test]
    fn errors_of_the_work_end_the_reading() {
        let mut count = 0;
        let error = each_value(&b"[1, 2, 3]"[..], &mut |_| {
            count += 1;
            Err(Error::configuration("full"))
        });
        assert_eq!((error.unwrap_err().message(), count), ("full", 1));
    }
}
