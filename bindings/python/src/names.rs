//! The argument names that errors report, as Python callers spell them.

use chatkeep::Error;

/// Python argument names of library fields, where the two differ.
const ARGUMENTS: [(&str, &str); 6] = [
    ("user_message", "message"),
    ("bot_response", "response"),
    ("start", "start_date"),
    ("end", "end_date"),
    ("from", "from_revision"),
    ("to", "revision"),
];

/// Returns the error with its field renamed to the caller's argument.
pub(crate) fn with_argument_name(error: Error) -> Error {
    let Some(field) = error.field() else { return error };
    // In a batch, the index of the message precedes the field: `messages[3].user_message`.
    let (index, name) = field.split_at(field.rfind("].").map_or(0, |end| end + 2));
    match ARGUMENTS.iter().find(|(field, _)| *field == name) {
        Some((_, argument)) => {
            let renamed = format!("{index}{argument}");
            error.with_field(renamed)
        }
        None => error,
    }
}
