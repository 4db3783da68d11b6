//! The names of fields in errors, as JavaScript's callers spell them.

/// The argument behind a field of the library, where the two have different names, before it is spelled in camelCase.
const ARGUMENTS: [(&str, &str); 6] = [
    ("user_message", "message"),
    ("bot_response", "response"),
    ("start", "start_date"),
    ("end", "end_date"),
    ("from", "from_revision"),
    ("to", "revision"),
];

/// The caller's own argument. In a group the message's place stands before it: `messages[3].message`.
pub(crate) fn argument(field: &str) -> String {
    let (place, name) = field.split_at(field.rfind("].").map_or(0, |end| end + 2));
    let argument =
        ARGUMENTS.iter().find(|(known, _)| *known == name).map_or(name, |(_, argument)| argument);
    format!("{place}{}", camel(argument))
}

/// The name as JavaScript writes it: `tokensUsed`. Names of variables stay as they are.
pub(crate) fn camel(name: &str) -> String {
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
