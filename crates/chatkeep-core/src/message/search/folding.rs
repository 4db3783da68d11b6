//! Which characters are alike, whatever their case: Unicode's simple case folding (`CaseFolding.txt`, statuses C and S).

use std::sync::{Mutex, PoisonError};

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryResult, SqliteConnection};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// A regular expression in the common ground of PostgreSQL, ICU (MySQL) and PCRE (MariaDB): plain characters, escaped
/// punctuation, and a class for each character that has variants.
pub(super) fn pattern(text: &str) -> String {
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

/// The character and all that are like it. None of those is special in a class: they are letters and their kin.
pub(super) fn variants(character: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    if class.try_case_fold_simple().is_err() {
        return vec![character];
    }
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

diesel::define_sql_function! {
    /// Whether the text contains the other one, case aside. Ours: [`register`] makes it known to SQLite.
    fn chatkeep_contains(text: Nullable<Text>, part: Text) -> Bool;
}

/// Makes the search function known to a SQLite connection.
pub(crate) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    // A query asks for the same text in every row. Nobody else holds the lock: a connection belongs to one thread.
    let last: Mutex<Option<(String, Regex)>> = Mutex::new(None);
    chatkeep_contains_utils::register_impl(connection, move |text: Option<String>, part: String| {
        let Some(text) = text else { return false };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().is_some_and(|(searched, _)| *searched == part);
        if !known {
            *last = folded(&part).map(|regex| (part, regex));
        }
        last.as_ref().is_some_and(|(_, regex)| regex.is_match(&text))
    })
}

/// `regex` folds case by the same table as [`variants`]. A thousand characters stay far under the size limit.
fn folded(part: &str) -> Option<Regex> {
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
    fn a_pattern_spells_variants_out_and_escapes_the_rest() {
        assert_eq!(pattern("aß%_\\"), r"[Aa][ßẞ]\%\_\\");
        assert_eq!(pattern("1 é😀"), "1 [Éé]😀");
    }

    #[test]
    fn the_pattern_and_the_function_agree() {
        for (text, part) in [
            ("STRASSE", "straße"),
            ("Straẞe", "STRAßE"),
            ("\u{212a}elvin", "K"),
            ("ΟΔΟΣ", "οδος"),
            ("İ", "i"),
        ] {
            let spelled = Regex::new(&pattern(part)).unwrap().is_match(text);
            assert_eq!(folded(part).unwrap().is_match(text), spelled, "{part} in {text}");
        }
    }
}
