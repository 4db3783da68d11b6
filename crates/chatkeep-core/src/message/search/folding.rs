//! How PostgreSQL's search index and `ILIKE` fold each letter. This depends on the locale of the
//! database and on the server's version, so the server is queried.
//!
//! `pg_trgm` stores words in lowercase. From a regular expression it derives entries with those
//! listed characters that are their own lowercase letters. It assumes that these include the
//! lowercase letter of every character that matches. In Turkish, I is stored as ı, and `[Ii]` does
//! not list it. With the Unicode rules of PostgreSQL 18, İ is stored as i with a combining dot.
//!
//! A letter may also be stored as a separator, because PostgreSQL takes letters and lowercase
//! letters from different libraries. An example is the Kelvin sign, whose lowercase letter is k, if
//! `LC_CTYPE` is C.

use std::collections::HashMap;

use diesel::sql_types::{Array, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session};
use crate::error::Result;

/// Folding of one letter.
#[derive(QueryableByName)]
struct Folded {
    #[diesel(sql_type = Text)]
    letter: String,
    /// Result of the server's `lower`, which `ILIKE` applies to both sides.
    #[diesel(sql_type = Text)]
    lower: String,
    /// Entries of the index for this letter between two digits.
    #[diesel(sql_type = Text)]
    entries: String,
    /// Lowercase letter that the index stores.
    #[diesel(sql_type = Nullable<Text>)]
    stored: Option<String>,
}

/// Folding of the letters of a search text.
pub(super) struct Folding(HashMap<String, Folded>);

impl Folding {
    /// Reads the folding of these letters. `schema` is the schema of `pg_trgm`, quoted.
    ///
    /// The dictionary `simple` has the same function for lowercase letters as `pg_trgm`. Its result
    /// is only used if the index has the same entries for it.
    pub(super) fn read(
        connection: &mut Connection,
        schema: &str,
        letters: impl Iterator<Item = char>,
    ) -> Result<Self> {
        let Session::PostgreSql(session) = &mut connection.session else {
            return Ok(Self(HashMap::new()));
        };
        let mut letters: Vec<String> = letters.map(String::from).collect();
        letters.sort_unstable();
        letters.dedup();
        let sql = format!(
            "SELECT letter, lower(letter), entries::text, \
             CASE WHEN entries = {schema}.show_trgm('1' || stored || '2') THEN stored END AS stored \
             FROM (SELECT letter, {schema}.show_trgm('1' || letter || '2') AS entries, \
             (ts_lexize('pg_catalog.simple', letter))[1] AS stored \
             FROM unnest($1) AS letter) AS folded"
        );
        let folded =
            sql_query(sql).bind::<Array<Text>, _>(letters).load::<Folded>(session.as_mut());
        let folded = folded.map_err(|error| connection.read_error(error))?;
        Ok(Self(folded.into_iter().map(|folded| (folded.letter.clone(), folded)).collect()))
    }

    fn of(&self, letter: char) -> Option<&Folded> {
        self.0.get(letter.encode_utf8(&mut [0; 4]) as &str)
    }

    /// Returns whether a regular expression that lists these variants finds all of them in the
    /// index.
    pub(super) fn lists_stored(&self, variants: &[char]) -> bool {
        variants.iter().all(|variant| {
            let stored = self.of(*variant).and_then(|folded| folded.stored.as_deref());
            // The listed letter must be its own lowercase letter.
            stored.and_then(single).is_some_and(|stored| {
                variants.contains(&stored)
                    && self.of(stored).is_some_and(|it| it.stored.as_deref() == Some(&it.letter))
            })
        })
    }

    /// Returns whether `ILIKE` and the index do not distinguish these variants.
    pub(super) fn are_equal(&self, variants: &[char]) -> bool {
        let mut folded = variants.iter().map(|variant| self.of(*variant));
        let Some(Some(first)) = folded.next() else { return false };
        folded.all(|other| {
            other.is_some_and(|other| other.lower == first.lower && other.entries == first.entries)
        })
    }
}

/// Returns the character of a text that has only one.
fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}
