//! Case-insensitive matching by Unicode's simple case folding (`CaseFolding.txt`, statuses C
//! and S): the regular expressions for servers, and the SQL function for SQLite.
//!
//! This module depends on no other module of the crate, so that connections can register the
//! function without depending on the message search.

use std::sync::{Mutex, PoisonError};

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryResult, SqliteConnection};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// Returns a regular expression that matches the text in any case.
///
/// It uses only syntax that PostgreSQL, ICU (MySQL) and PCRE (MariaDB) share: plain characters,
/// escaped punctuation, and a class for each character with case variants.
pub(crate) fn pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 4);
    for character in text.chars() {
        let variants = variants(character);
        if variants.len() > 1 {
            out.push('[');
            out.extend(variants);
            out.push(']');
        } else {
            if character.is_ascii_punctuation() {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}

/// Returns the character and its case variants. None of them needs escaping in a class: only
/// letters and similar characters have variants.
pub(crate) fn variants(character: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    if class.try_case_fold_simple().is_err() {
        return vec![character];
    }
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

diesel::define_sql_function! {
    /// Whether `text` contains `part`, ignoring case. [`register`] adds it to a SQLite connection.
    fn chatkeep_contains(text: Nullable<Text>, part: Text) -> Bool;
}

/// Registers the search function with a SQLite connection.
pub(crate) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    // A query passes the same `part` for every row. The lock is uncontended: a connection belongs
    // to one thread at a time.
    let last: Mutex<Option<(String, Regex)>> = Mutex::new(None);
    chatkeep_contains_utils::register_impl(connection, move |text: Option<String>, part: String| {
        let Some(text) = text else { return false };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_cached = last.as_ref().is_some_and(|(searched, _)| *searched == part);
        if !is_cached {
            *last = case_insensitive(&part).map(|regex| (part, regex));
        }
        last.as_ref().is_some_and(|(_, regex)| regex.is_match(&text))
    })
}

/// Compiles a case-insensitive search for `part`. The `regex` crate folds case by the same table
/// as [`variants`]. The longest query, 1,000 characters, stays far below the size limit.
fn case_insensitive(part: &str) -> Option<Regex> {
    RegexBuilder::new(&regex::escape(part))
        .case_insensitive(true)
        .size_limit(64 * 1024 * 1024)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_lists_case_variants_and_escapes_punctuation() {
        assert_eq!(pattern("aß%_\\"), r"[Aa][ßẞ]\%\_\\");
        assert_eq!(pattern("1 é😀"), "1 [Éé]😀");
    }

    #[test]
    fn pattern_and_sql_function_match_the_same_texts() {
        for (text, part) in [
            ("STRASSE", "straße"),
            ("Straẞe", "STRAßE"),
            ("\u{212a}elvin", "K"),
            ("ΟΔΟΣ", "οδος"),
            ("İ", "i"),
        ] {
            let expected = Regex::new(&pattern(part)).unwrap().is_match(text);
            let matched = case_insensitive(part).unwrap().is_match(text);
            assert_eq!(matched, expected, "{part} in {text}");
        }
    }
}
