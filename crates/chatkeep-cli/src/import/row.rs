//! Conversion of a line of an import to a message.

use chatkeep::{Error, ErrorKind, NewMessage};

use super::Source;
use super::lines::{Line, MAX_LINE_BYTES};
use crate::failure::Failure;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP: &[u8] = b"\x1f\x8b";

/// Position in messages of the JSON parser, which parses a single line.
const LINE_1: &str = " at line 1 column ";

/// Returns the number of the next line, and its message or error. `None` at the end of the source.
#[expect(clippy::type_complexity, reason = "a type alias would hide the structure")]
pub(super) fn next(
    source: &mut Source,
) -> Result<Option<(u64, Result<Option<NewMessage>, Error>)>, Failure> {
    let number = source.lines.number() + 1;
    let line = source.lines.next().map_err(|error| Failure::file(&source.name, &error))?;
    Ok(line.map(|line| (number, read(&line, number))))
}

/// Parses a line as a message. `None` if it is blank.
pub(super) fn read(line: &Line<'_>, number: u64) -> Result<Option<NewMessage>, Error> {
    let mut bytes = match line {
        Line::Bytes(bytes) => *bytes,
        Line::TooLong => return Err(invalid(format!("exceeds {} MiB", MAX_LINE_BYTES >> 20))),
    };
    if number == 1 {
        if bytes.starts_with(GZIP) {
            return Err(invalid(
                "is compressed with gzip; use `zcat FILE | chatkeep messages import -`",
            ));
        }
        // Some editors write a byte order mark at the start of a file.
        bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        invalid(format!("is not valid UTF-8 from byte {} on", error.valid_up_to() + 1))
    })?;
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('[') {
        return Err(invalid(
            "is an array; expected one JSON object per line: \
             `jq -c '.[]' FILE | chatkeep messages import -`",
        ));
    }
    if text == "{" {
        return Err(invalid(
            "is the start of an object; expected one JSON object per line: \
             `jq -c . FILE | chatkeep messages import -`",
        ));
    }
    NewMessage::from_json(text).map(Some).map_err(|error| match error.message().contains(LINE_1) {
        // The message already has the number of the line in the file.
        true => invalid(error.message().replace(LINE_1, " at column ")),
        false => error,
    })
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
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
    fn blank_lines_have_no_message() {
        assert_eq!(text(b"{\"user_message\": \"hi\"}\r\n", 7), Ok(Some("hi".to_owned())));
        assert_eq!(text(b" \r\n", 7), Ok(None));
    }

    #[test]
    fn a_byte_order_mark_is_skipped_on_the_first_line_only() {
        let line = b"\xef\xbb\xbf{\"user_message\": \"hi\"}\n";
        assert_eq!(text(line, 1), Ok(Some("hi".to_owned())));
        assert!(text(line, 2).is_err());
    }

    #[test]
    fn lines_that_are_not_utf8_or_too_long_are_rejected() {
        let error = text(b"{\"user_message\": \"\xff\"}\n", 3).expect_err("not UTF-8");
        assert_eq!(error, "is not valid UTF-8 from byte 19 on");
        let error = read(&Line::TooLong, 3).expect_err("too long");
        assert_eq!(error.to_string(), "exceeds 64 MiB");
        assert!(text(b"\x1f\x8b\x08\x00", 1).expect_err("gzip").contains("zcat"));
    }

    #[test]
    fn arrays_and_multi_line_objects_are_rejected_with_a_command() {
        for (line, command) in [
            ("[{\"user_message\": \"hi\"}]", "jq -c '.[]'"),
            ("[", "jq -c '.[]'"),
            ("{\n", "jq -c ."),
        ] {
            let error = text(line.as_bytes(), 1).expect_err("not a line");
            assert!(
                error.contains("one JSON object per line") && error.contains(command),
                "{error}"
            );
        }
    }

    #[test]
    fn truncated_lines_and_unknown_keys_are_rejected() {
        let error = text(b"{\"user_message\": \"hi", 3).expect_err("truncated");
        assert!(error.ends_with(" at column 20"), "{error}");
        assert!(
            text(b"{\"user_message\": \"hi\", \"colour\": 1}", 3)
                .expect_err("a key")
                .contains("colour")
        );
    }
}
