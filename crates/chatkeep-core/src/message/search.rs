//! Search: a substring, whatever its case, the same on every engine.
//!
//! No two engines fold case alike: SQLite's `LIKE` knows ASCII, PostgreSQL's depends on the locale, MySQL's collations
//! also drop accents. So "alike" is defined here, once: two characters are alike when Unicode's simple case folding
//! (`CaseFolding.txt`, statuses C and S) makes them the same. Servers are sent a regular expression that spells every
//! character's variants out; SQLite calls back into this file.

use std::sync::{Mutex, PoisonError};

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::filter::Page;
use super::new::{MAX_ROW_BYTES, refuse_nul};
use super::record::Message;
use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::schema::messages;

/// The longest text that can be searched for, in characters.
pub const MAX_QUERY: usize = 1_000;

/// Messages whose text or answer contains this text, newest first.
///
/// # Errors
/// `InvalidInput` with the field `query` for an empty text or one of more than 1,000 characters, or when the page cannot
/// be asked for.
pub fn search(connection: &mut Connection, query: &str, page: &Page) -> Result<Vec<Message>> {
    page.check()?;
    check(query)?;
    let matches = Matches::new(query, connection.engine());
    let rows = on_engine!(connection, c => {
        let mut query = messages::table
            .filter(matches)
            .select(messages::all_columns)
            .order((messages::timestamp.desc(), messages::id.desc()))
            .limit(page.limit)
            .into_boxed();
        if page.offset > 0 {
            query = query.offset(page.offset);
        }
        if let Some(behind) = page.cursor {
            use diesel::BoolExpressionMethods;
            query = query.filter(
                messages::timestamp.le(behind.timestamp())
                    .and(messages::timestamp.lt(behind.timestamp()).or(messages::id.lt(behind.id()))),
            );
        }
        query.load::<Message>(c)
    });
    rows.map_err(|error| connection.read_error(error))
}

fn check(query: &str) -> Result<()> {
    let length = query.chars().take(MAX_QUERY + 1).count();
    if length == 0 {
        return Err(Error::invalid_input("query", "must not be empty"));
    }
    if length > MAX_QUERY {
        return Err(Error::invalid_input("query", format!("must have at most {MAX_QUERY} characters")));
    }
    refuse_nul("query", query)
}

/// Whether the text contains the other one, case aside.
struct Matches {
    text: String,
    pattern: String,
    /// What is different for long texts.
    long: Option<LongTexts>,
}

/// How an engine searches texts that are too long for its usual way.
enum LongTexts {
    /// MySQL: in parts, which start at these characters (a JSON list).
    InParts(String),
    /// MariaDB: with this pattern.
    WithPattern(String),
}

/// MySQL gives a match up when it has begun at 320,000 places (`regexp_time_limit`, which no session can change). So a
/// longer text is searched in parts of so many characters, each reaching into the next by the length of a query.
const PART: u64 = 250_000;

/// From so many bytes on, MariaDB gets the pattern with an alternative that never matches. Without it PCRE looks ahead,
/// at every place where the pattern begins, for a letter that must come in either case: to the end of the text when it
/// comes in one case only. With it, short texts would be searched many times slower.
const LOOKING_AHEAD: u64 = 65_536;

impl Matches {
    fn new(text: &str, engine: Engine) -> Self {
        let pattern = pattern(text);
        let long = match engine {
            Engine::MySql => {
                let starts = (0..=MAX_ROW_BYTES / PART).map(|part| (part * PART + 1).to_string());
                Some(LongTexts::InParts(format!("[{}]", starts.collect::<Vec<_>>().join(","))))
            }
            Engine::MariaDb => Some(LongTexts::WithPattern(format!("{pattern}|(?!)"))),
            Engine::Sqlite | Engine::PostgreSql => None,
        };
        Self { text: text.to_owned(), pattern, long }
    }
}

/// A regular expression in the common ground of PostgreSQL, ICU (MySQL) and PCRE (MariaDB): plain characters, escaped
/// punctuation, and a class for each character that has variants.
fn pattern(text: &str) -> String {
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
fn variants(character: char) -> Vec<char> {
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
    RegexBuilder::new(&regex::escape(part)).case_insensitive(true).size_limit(64 * 1024 * 1024).build().ok()
}

impl Expression for Matches {
    type SqlType = Nullable<Bool>;
}

impl SelectableExpression<messages::table> for Matches {}
impl AppearsOnTable<messages::table> for Matches {}

impl ValidGrouping<()> for Matches {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for Matches {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

const COLUMNS: [&str; 2] = ["user_message", "bot_response"];

impl QueryFragment<Sqlite> for Matches {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for (place, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if place == 0 { "(chatkeep_contains(" } else { " OR chatkeep_contains(" });
            out.push_identifier(column)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&self.text)?;
            out.push_sql(")");
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Pg> for Matches {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { " OR " });
            out.push_identifier(column)?;
            out.push_sql(" ~ ");
            out.push_bind_param::<Text, _>(&self.pattern)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Mysql> for Matches {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        for (place, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { " OR " });
            match &self.long {
                Some(LongTexts::InParts(starts)) => {
                    let reach = PART + MAX_QUERY as u64;
                    out.push_sql(&format!(
                        "CASE WHEN LENGTH({column}) > {PART} THEN EXISTS (SELECT 1 FROM JSON_TABLE('{starts}', '$[*]' \
                         COLUMNS (start INT PATH '$')) AS part WHERE start <= CHAR_LENGTH({column}) \
                         AND SUBSTRING({column}, start, {reach}) REGEXP "
                    ));
                    out.push_bind_param::<Text, _>(&self.pattern)?;
                    out.push_sql(") ELSE ");
                }
                Some(LongTexts::WithPattern(pattern)) => {
                    out.push_sql(&format!(
                        "CASE WHEN LENGTH({column}) > {LOOKING_AHEAD} THEN {column} REGEXP "
                    ));
                    out.push_bind_param::<Text, _>(pattern)?;
                    out.push_sql(" ELSE ");
                }
                None => {}
            }
            out.push_identifier(column)?;
            // The column's collation is binary, so the match is exact on both servers.
            out.push_sql(" REGEXP ");
            out.push_bind_param::<Text, _>(&self.pattern)?;
            if self.long.is_some() {
                out.push_sql(" END");
            }
        }
        out.push_sql(")");
        Ok(())
    }
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
