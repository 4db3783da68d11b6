//! The names of fields in errors, as Python's callers spell them.

use chatkeep::Error;

/// The argument behind a field of the library, where the two have different names.
const ARGUMENTS: [(&str, &str); 6] = [
    ("user_message", "message"),
    ("bot_response", "response"),
    ("start", "start_date"),
    ("end", "end_date"),
    ("from", "from_revision"),
    ("to", "revision"),
];

/// The library's error about the caller's own argument.
pub(crate) fn of_caller(error: Error) -> Error {
    let Some(field) = error.field() else { return error };
    // In a group the message's place stands before it: `messages[3].user_message`.
    let (place, name) = field.split_at(field.rfind("].").map_or(0, |end| end + 2));
    match ARGUMENTS.iter().find(|(known, _)| *known == name) {
        Some((_, argument)) => {
            let renamed = format!("{place}{argument}");
            error.with_field(renamed)
        }
        None => error,
    }
}
