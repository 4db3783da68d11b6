//! Lines of `messages import`: each is a message, blank, or an error with a field, and exported
//! messages can be imported.

#![no_main]

use chatkeep::{ErrorKind, Message, NewMessage};
use chatkeep_cli::fuzzing::{export_line, import_lines};
use chatkeep_fuzz::{check_error, texts};
use libfuzzer_sys::fuzz_target;

/// A value that errors about other keys must not repeat.
const TEXT: &str = "Xq7Zk9Wv";

fuzz_target!(|data: &[u8]| {
    let lines = import_lines(data);
    let breaks = data.iter().filter(|byte| **byte == b'\n').count();
    let expected = breaks + usize::from(data.last().is_some_and(|last| *last != b'\n'));
    assert_eq!(lines.len(), expected, "lines are lost or added");
    for (at, line) in lines.into_iter().enumerate() {
        match line {
            Ok(Some(message)) => {
                message.check().expect("an accepted message is valid");
                round_trips(at, message);
            }
            Ok(None) => {}
            Err(error) => check_error(&error, &[ErrorKind::InvalidInput]),
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        errors_hide_the_text(text);
    }
});

fn round_trips(at: usize, message: NewMessage) {
    let stored = Message::with_id(7, message);
    for with_id in [false, true] {
        let line = export_line(&stored, with_id);
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        let mut lines = import_lines(line.as_bytes());
        let message =
            lines.pop().expect("a line").expect("an exported line is imported").expect("a message");
        assert_eq!(Message::with_id(7, message), stored, "line {at}: {line:?}");
        assert!(lines.is_empty(), "{line:?}");
    }
}

/// An error about another key must not repeat the text of the message.
fn errors_hide_the_text(text: &str) {
    if text.contains(['\n', '\r']) {
        return;
    }
    let line = format!("{{\"user_message\": \"{TEXT}\", {text}");
    for line in import_lines(line.as_bytes()) {
        if let Err(error) = line {
            for shown in texts(&error) {
                assert!(
                    text.contains(TEXT) || !shown.contains(TEXT),
                    "{line:?} is repeated: {shown}",
                    line = text
                );
            }
        }
    }
}
