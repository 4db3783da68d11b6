//! One line of an import as a message.

use chatkeep::{Error, ErrorKind, NewMessage};

use super::Source;
use super::lines::{LONGEST_LINE, Line};
use crate::failure::Failure;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP: &[u8] = b"\x1f\x8b";

/// How the JSON reader, which sees one line alone, names a place in it.
const LINE_1: &str = " at line 1 column ";

/// The next line's number, and the message on it or the reason why there is none. `None` at the end.
#[expect(clippy::type_complexity, reason = "a type alias would have to be looked up")]
pub(super) fn next(
    source: &mut Source,
) -> Result<Option<(u64, Result<Option<NewMessage>, Error>)>, Failure> {
    let number = source.lines.number() + 1;
    let line = source.lines.next().map_err(|error| Failure::file(&source.name, &error))?;
    Ok(line.map(|line| (number, read(&line, number))))
}

/// The message on this line; `None` when nothing but blanks stands on it.
pub(super) fn read(line: &Line<'_>, number: u64) -> Result<Option<NewMessage>, Error> {
    let mut bytes = match line {
        Line::Bytes(bytes) => *bytes,
        Line::TooLong => return Err(refused(format!("is longer than {} MiB", LONGEST_LINE >> 20))),
    };
    if number == 1 {
        if bytes.starts_with(GZIP) {
            return Err(refused(
                "is gzip, not text: give it through `zcat FILE | chatkeep messages import -`",
            ));
        }
        // Some editors put one at the beginning of a file.
        bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        refused(format!("is not UTF-8 from its byte {} on", error.valid_up_to() + 1))
    })?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('[') {
        return Err(refused(
            "is an array; one JSON object per line is expected: `jq -c '.[]' FILE | chatkeep messages import -`",
        ));
    }
    if text == "{" {
        return Err(refused(
            "begins an object that ends on a later line; one JSON object per line is expected: \
             `jq -c . FILE | chatkeep messages import -`",
        ));
    }
    NewMessage::from_json(text).map(Some).map_err(|error| match error.message().contains(LINE_1) {
        // The line's number in the file is said elsewhere; "line 1" beside it would be a riddle.
        true => refused(error.message().replace(LINE_1, " at column ")),
        false => error,
    })
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], number: u64) -> Result<Option<String>, String> {
        let message = read(&Line::Bytes(bytes), number).map_err(|error| error.to_string())?;
        Ok(message.map(|message| message.user_message))
    }

    #[test]
    fn a_line_is_a_message_and_a_blank_line_is_none() {
        assert_eq!(text(b"{\"user_message\": \"hi\"}\r\n", 7), Ok(Some("hi".to_owned())));
        assert_eq!(text(b" \r\n", 7), Ok(None));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_on_the_first_line_only() {
        let line = b"\xef\xbb\xbf{\"user_message\": \"hi\"}\n";
        assert_eq!(text(line, 1), Ok(Some("hi".to_owned())));
        assert!(text(line, 2).is_err());
    }

    #[test]
    fn a_line_that_is_not_utf8_or_too_long_is_refused_with_the_reason() {
        let error = text(b"{\"user_message\": \"\xff\"}\n", 3).expect_err("not UTF-8");
        assert_eq!(error, "is not UTF-8 from its byte 19 on");
        let error = read(&Line::TooLong, 3).expect_err("too long");
        assert_eq!(error.to_string(), "is longer than 64 MiB");
        assert!(text(b"\x1f\x8b\x08\x00", 1).expect_err("gzip").contains("zcat"));
    }

    #[test]
    fn an_array_and_an_object_over_several_lines_are_refused_with_the_way_out() {
        for (line, way_out) in [
            ("[{\"user_message\": \"hi\"}]", "jq -c '.[]'"),
            ("[", "jq -c '.[]'"),
            ("{\n", "jq -c ."),
        ] {
            let error = text(line.as_bytes(), 1).expect_err("not a line");
            assert!(
                error.contains("one JSON object per line") && error.contains(way_out),
                "{error}"
            );
        }
    }

    #[test]
    fn a_truncated_line_and_an_unknown_key_are_refused() {
        let error = text(b"{\"user_message\": \"hi", 3).expect_err("truncated");
        assert!(error.ends_with(" at column 20"), "{error}");
        assert!(
            text(b"{\"user_message\": \"hi\", \"colour\": 1}", 3)
                .expect_err("a key")
                .contains("colour")
        );
    }
}
