//! Names in Go.

use std::collections::BTreeMap;

use crate::names::Spelling;

/// Words that are not spelled as their capitalized form.
const WORDS: &[(&str, &str)] = &[
    ("db", "DB"),
    ("id", "ID"),
    ("jsonl", "JSONL"),
    ("mariadb", "MariaDB"),
    ("mysql", "MySQL"),
    ("ok", "OK"),
    ("postgresql", "PostgreSQL"),
    ("sharegpt", "ShareGPT"),
    ("sqlite", "SQLite"),
    ("url", "URL"),
];

/// Converts snake case to an exported name: `token_id` to `TokenID`.
pub(crate) fn exported(name: &str) -> String {
    let word = |word: &str| match WORDS.iter().find(|(from, _)| *from == word) {
        Some((_, to)) => (*to).to_owned(),
        None => word[..1].to_uppercase() + &word[1..],
    };
    name.split('_').map(word).collect()
}

/// Converts snake case to the name of a parameter: `token_id` to `tokenID`.
pub(crate) fn parameter(name: &str) -> String {
    match name.split_once('_') {
        Some((first, rest)) => first.to_owned() + &exported(rest),
        None => name.to_owned(),
    }
}

/// The spelling of names in comments. Go shows neither Markdown's code spans nor its links.
#[derive(Default)]
pub(crate) struct Go<'a> {
    /// Class of the documented method.
    pub(crate) class: &'a str,
    /// Parameters and fields that the comment may name.
    pub(crate) known: BTreeMap<&'a str, String>,
}

impl Spelling for Go<'_> {
    fn method(&self, class: &str, method: &str) -> String {
        let class = if class.is_empty() { self.class } else { class };
        format!("[{class}.{}]", exported(method))
    }

    fn code(&self, code: &str) -> String {
        let mut words = code.split('_');
        let is_snake = words.all(|word| {
            !word.is_empty() && word.chars().all(|character| character.is_ascii_lowercase())
        });
        match (self.known.get(code), code.split_once("].")) {
            (Some(known), _) => known.clone(),
            (None, Some((element, field))) => format!("{element}].{}", exported(field)),
            (None, None) if code == "None" => "nil".to_owned(),
            (None, None) if is_snake && code.contains('_') => exported(code),
            (None, None) => code.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_go() {
        assert_eq!(exported("migrate_from_old_sqlite"), "MigrateFromOldSQLite");
        assert_eq!(parameter("token_id"), "tokenID");
        let known = BTreeMap::from([("limit", "Limit".to_owned())]);
        let go = Go { class: "TokenManager", known };
        let text =
            "`limit` or `messages[3].tokens_used`: `None`, see [`MessageLogger::get_messages`].";
        assert_eq!(
            crate::names::spell(text, &go),
            "Limit or messages[3].TokensUsed: nil, see [MessageLogger.GetMessages]."
        );
    }
}
