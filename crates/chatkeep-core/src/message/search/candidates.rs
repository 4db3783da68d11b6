//! Index queries for candidates: messages that may match. The search condition itself then decides.
//!
//! An index query must not miss a match. SQLite indexes every run of three characters
//! case-sensitively, and MySQL runs of `ngram_token_size` characters. For some runs of the text,
//! the query lists all case variants. If the index does not support the characters, messages are
//! scanned ([`ngram`](super::ngram)).
//!
//! PostgreSQL derives the runs from the regular expression, unless a character has a variant above
//! U+07FF, which its regular expressions do not list. An example is K, with the variants k and
//! Kelvin sign. Nor is this used if the index stores a character of the text as one that is not
//! listed ([`folding`](super::folding)). Then `ILIKE` is used for characters whose variants it all
//! finds in the database's locale.

use std::cmp::Reverse;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::COLUMNS;
use super::folding::Folding;
use super::index::{Index, SearchIndexState};
use super::ngram::is_token_letter;
use crate::case_folding::variants;
use crate::connection::{Connection, Session};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::messages;

/// Number of characters in an index entry on SQLite.
const SQLITE_RUN: usize = 3;
/// Number of characters in an index entry on PostgreSQL.
const POSTGRESQL_RUN: usize = 3;
/// Maximum number of runs in a query; enough to leave few candidates for a long text.
const MAX_RUNS: usize = 12;
/// Maximum number of case variants of a run. Runs with more are not queried.
const MAX_VARIANTS: usize = 64;
/// Maximum number of runs in a query on MySQL.
const MYSQL_RUNS: usize = 4;
/// Number of candidates above which scanning is faster: fetching them takes about as long as
/// scanning ten times as many messages.
const MANY: i64 = 20_000;
/// Last character that PostgreSQL's regular expressions list in a class (`MAX_SIMPLE_CHR` in
/// its `regcustom.h`).
const LAST_LISTED: char = '\u{7ff}';

/// The index query.
#[derive(Clone)]
pub(super) enum Candidates {
    /// Query in the full-text syntax of SQLite or MySQL.
    FullText(String),
    /// No additional query: on PostgreSQL the search condition itself uses the index.
    Pattern,
    /// Pattern for `ILIKE` on PostgreSQL.
    Ilike(String),
}

impl Candidates {
    /// Returns the index query for this text. `None` if there is no index or it does not support
    /// the text.
    pub(super) fn of(
        connection: &mut Connection,
        index: &Index,
        text: &str,
    ) -> Result<Option<Self>> {
        if index.state != SearchIndexState::Ready {
            return Ok(None);
        }
        let characters: Vec<Vec<char>> = text.chars().map(variants).collect();
        match connection.engine() {
            Engine::Sqlite => Ok(sqlite(&characters).map(Self::FullText)),
            Engine::MySql => Ok(mysql(&characters, index.run).map(Self::FullText)),
            Engine::PostgreSql => postgresql(connection, index, text, &characters),
            Engine::MariaDb => Ok(None),
        }
    }

    /// Returns whether the search condition itself uses the index.
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Self::Pattern)
    }

    /// Returns whether there are too many candidates to fetch.
    ///
    /// SQLite can determine this without finding all candidates. PostgreSQL's planner estimates it.
    pub(super) fn are_many(&self, connection: &mut Connection) -> Result<bool> {
        let (Self::FullText(query), Session::Sqlite(session)) = (self, &mut connection.session)
        else {
            return Ok(false);
        };
        let counted = sql_query(
            "SELECT count(*) AS count FROM \
             (SELECT 1 FROM messages_search WHERE messages_search MATCH ? LIMIT ?)",
        )
        .bind::<Text, _>(query)
        .bind::<BigInt, _>(MANY)
        .get_result::<Counted>(session);
        counted.map(|counted| counted.count == MANY).map_err(|error| connection.read_error(error))
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns a query like `("abc" OR "abC" …) AND (…)`.
fn sqlite(characters: &[Vec<char>]) -> Option<String> {
    let runs = runs(characters, SQLITE_RUN, |_| true);
    let terms = runs.iter().map(|variants| {
        let variants: Vec<_> = variants
            .iter()
            .map(|variant| format!("\"{}\"", variant.replace('"', "\"\"")))
            .collect();
        format!("({})", variants.join(" OR "))
    });
    (!runs.is_empty()).then(|| terms.collect::<Vec<_>>().join(" AND "))
}

/// Returns a query like `+(ab aB …) +(…)`, with runs of `length` characters.
///
/// Runs contain only letters and digits: other characters are operators in this syntax, or are
/// ignored.
pub(super) fn mysql(characters: &[Vec<char>], length: usize) -> Option<String> {
    let mut runs = runs(characters, length, is_token_letter);
    // MySQL reads the entries of every queried run, so only the rarest ones are queried.
    runs.sort_by_key(|variants| Reverse(variants.first().map_or(0, |variant| rarity(variant))));
    runs.truncate(MYSQL_RUNS);
    let terms = runs.iter().map(|variants| format!("+({})", variants.join(" ")));
    (!runs.is_empty()).then(|| terms.collect::<Vec<_>>().join(" "))
}

/// English letters by descending frequency (P. Norvig, "English Letter Frequency Counts", 2012).
/// Other characters are assumed to be rarer.
const LETTERS: &str = "etaoinsrhldcumfpgwybvkxjqz";

/// Returns the estimated rarity of a run; higher is rarer.
fn rarity(run: &str) -> usize {
    run.chars()
        .map(|letter| LETTERS.find(letter.to_ascii_lowercase()).unwrap_or(LETTERS.len()))
        .sum()
}

/// Returns all case variants of some runs of `length` characters, spread evenly over the text.
fn runs(characters: &[Vec<char>], length: usize, is_indexed: fn(char) -> bool) -> Vec<Vec<String>> {
    let usable: Vec<&[Vec<char>]> = characters
        .windows(length)
        .filter(|run| run.iter().flatten().copied().all(is_indexed))
        .filter(|run| run.iter().map(Vec::len).product::<usize>() <= MAX_VARIANTS)
        .collect();
    let step = usable.len().div_ceil(MAX_RUNS).max(1);
    usable.into_iter().step_by(step).map(run_variants).collect()
}

fn run_variants(run: &[Vec<char>]) -> Vec<String> {
    run.iter().fold(vec![String::new()], |prefixes, variants| {
        prefixes
            .iter()
            .flat_map(|prefix| variants.iter().map(move |next| format!("{prefix}{next}")))
            .collect()
    })
}

fn postgresql(
    connection: &mut Connection,
    index: &Index,
    text: &str,
    characters: &[Vec<char>],
) -> Result<Option<Candidates>> {
    let Some(schema) = index.functions.as_deref() else { return Ok(None) };
    if characters.len() < POSTGRESQL_RUN {
        return Ok(None);
    }
    let folding = Folding::read(connection, schema, characters.iter().flatten().copied())?;
    let is_listed = |variants: &[char]| variants.iter().all(|variant| *variant <= LAST_LISTED);
    let lists_stored =
        |variants: &Vec<char>| !is_listed(variants) || folding.lists_stored(variants);
    if has_listed_run(characters) && characters.iter().all(lists_stored) {
        return Ok(Some(Candidates::Pattern));
    }
    Ok(ilike(&folding, text, characters).map(Candidates::Ilike))
}

/// Returns whether PostgreSQL can derive index entries from the regular expression.
fn has_listed_run(characters: &[Vec<char>]) -> bool {
    characters.windows(POSTGRESQL_RUN).any(|run| {
        run.iter()
            .flatten()
            .all(|character| character.is_alphanumeric() && *character <= LAST_LISTED)
    })
}

/// Returns an `ILIKE` pattern for the longest part of the text for which `ILIKE` and the index find
/// all variants of every character.
fn ilike(folding: &Folding, text: &str, characters: &[Vec<char>]) -> Option<String> {
    let is_usable = |variants: &Vec<char>| {
        variants.iter().all(|variant| variant.is_alphanumeric()) && folding.are_equal(variants)
    };
    let longest = text
        .chars()
        .zip(characters.iter().map(is_usable))
        .collect::<Vec<_>>()
        .split(|(_, is_usable)| !is_usable)
        .max_by_key(|part| part.len())
        .filter(|part| part.len() >= POSTGRESQL_RUN)
        .map(|part| part.iter().map(|(character, _)| character).collect::<String>());
    // The part contains only letters and digits, so nothing needs escaping.
    longest.map(|part| format!("%{part}%"))
}

impl Expression for Candidates {
    type SqlType = Nullable<Bool>;
}

impl SelectableExpression<messages::table> for Candidates {}
impl AppearsOnTable<messages::table> for Candidates {}

impl ValidGrouping<()> for Candidates {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for Candidates {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for Candidates {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Self::FullText(query) = self else { return push_true(|sql| out.push_sql(sql)) };
        out.push_sql("id IN (SELECT rowid FROM messages_search WHERE messages_search MATCH ");
        out.push_bind_param::<Text, _>(query)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Mysql> for Candidates {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let Self::FullText(query) = self else { return push_true(|sql| out.push_sql(sql)) };
        out.push_sql("MATCH (user_message, bot_response) AGAINST (");
        out.push_bind_param::<Text, _>(query)?;
        out.push_sql(" IN BOOLEAN MODE)");
        Ok(())
    }
}

impl QueryFragment<Pg> for Candidates {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self::Ilike(pattern) = self else { return push_true(|sql| out.push_sql(sql)) };
        for (index, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { " OR " });
            out.push_identifier(column)?;
            out.push_sql(" ILIKE ");
            out.push_bind_param::<Text, _>(pattern)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// Pushes a condition that excludes no message.
fn push_true(mut push: impl FnMut(&str)) -> QueryResult<()> {
    push("TRUE");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(text: &str) -> Vec<Vec<char>> {
        text.chars().map(variants).collect()
    }

    #[test]
    fn queries_list_every_case_variant_of_a_run() {
        assert_eq!(mysql(&characters("ab1"), 2).as_deref(), Some("+(B1 b1) +(AB Ab aB ab)"));
        assert_eq!(mysql(&characters("12ab"), 3).as_deref(), Some("+(12A 12a) +(2AB 2Ab 2aB 2ab)"));
        assert_eq!(sqlite(&characters("1\"é")).as_deref(), Some("(\"1\"\"É\" OR \"1\"\"é\")"));
        assert_eq!(runs(&characters("kiss"), 2, |_| true)[0].len(), 6, "K, k and Kelvin sign");
    }

    #[test]
    fn short_or_unindexed_texts_have_no_query() {
        assert_eq!(sqlite(&characters("ab")), None);
        assert_eq!(mysql(&characters("a b% c+"), 2), None);
        assert_eq!(mysql(&characters("ab"), 3), None);
        assert_eq!(mysql(&characters("𠮷野"), 2), None);
        // One of its variants is too new for MySQL's table.
        assert_eq!(mysql(&characters("ßß"), 2), None);
    }

    #[test]
    fn queries_of_long_texts_have_a_limited_number_of_runs() {
        let long = "abcdefghij".repeat(50);
        assert!(runs(&characters(&long), 3, |_| true).len() <= MAX_RUNS);
    }

    #[test]
    fn runs_with_characters_above_the_limit_are_not_listed() {
        assert!(has_listed_run(&characters("quixotic")));
        assert!(!has_listed_run(&characters("kafka")));
        assert!(!has_listed_run(&characters("猫の手")));
    }
}
