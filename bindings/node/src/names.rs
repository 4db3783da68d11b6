//! Field names in errors, as JavaScript callers spell them.

/// Library fields whose argument has a different name, as (field, argument), both in snake case.
const ARGUMENTS: [(&str, &str); 6] = [
    ("user_message", "message"),
    ("bot_response", "response"),
    ("start", "start_date"),
    ("end", "end_date"),
    ("from", "from_revision"),
    ("to", "revision"),
];

/// Returns the caller's argument for a library field. In a batch, the prefix names the message:
/// `messages[3].message`.
pub(crate) fn argument_name(field: &str) -> String {
    let (prefix, name) = field.split_at(field.rfind("].").map_or(0, |end| end + 2));
    let argument =
        ARGUMENTS.iter().find(|(field, _)| *field == name).map_or(name, |(_, argument)| argument);
    format!("{prefix}{}", camel_case(argument))
}

/// Converts a name to camel case: `tokensUsed`. Names of environment variables are unchanged.
pub(crate) fn camel_case(name: &str) -> String {
    if name.contains(char::is_uppercase) {
        return name.to_owned();
    }
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut name, part| {
        let mut letters = part.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}
