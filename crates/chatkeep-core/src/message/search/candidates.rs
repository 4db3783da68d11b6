//! What the search index is asked for: messages that may match. Whether they do, the condition itself decides.
//!
//! So what is asked must miss nothing. SQLite indexes every run of three characters as it is written, and MySQL of as many
//! as its `ngram_token_size` says: they are asked for all ways to write some of those of the text, and every message is
//! looked at where the index cannot answer ([`ngram`](super::ngram)). PostgreSQL reads the same from the regular expression,
//! unless one of a character's variants lies beyond U+07FF (K, whose variants are k and the Kelvin sign, is one of them):
//! its regular expressions do not list such characters. Then it is asked with `ILIKE`, as far as that is sure to find
//! every variant in this database's locale.

use std::cmp::Reverse;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use super::COLUMNS;
use super::folding::variants;
use super::index::{self, SearchIndexState};
use super::ngram::is_token_letter;
use crate::connection::{Connection, Session};
use crate::engine::Engine;
use crate::error::Result;
use crate::schema::messages;

/// The characters that an entry of the index has; PostgreSQL's have as many.
const SQLITE_RUN: usize = 3;
const POSTGRESQL_RUN: usize = 3;
/// Enough runs of a long text to leave few candidates, and ways to write one that are worth asking for.
const MOST_RUNS: usize = 12;
const MOST_WAYS: usize = 64;
const MYSQL_RUNS: usize = 4;
/// Looking up this many takes about as long as looking at ten times as many in their order.
const MANY: i64 = 20_000;
/// The last character that PostgreSQL's regular expressions list in a class (`MAX_SIMPLE_CHR` in its `regcustom.h`).
const LAST_LISTED: char = '\u{7ff}';

/// What the index is asked.
#[derive(Clone)]
pub(super) enum Candidates {
    /// SQLite and MySQL, each in the language of its full-text search.
    FullText(String),
    /// PostgreSQL: the condition itself uses the index.
    Pattern,
    /// PostgreSQL: a pattern for `ILIKE`.
    Alike(String),
}

impl Candidates {
    /// `None` when there is no index, or it is of no help for this text.
    pub(super) fn of(connection: &mut Connection, text: &str) -> Result<Option<Self>> {
        if connection.engine() == Engine::MariaDb {
            return Ok(None);
        }
        let index = index::look(connection)?;
        if index.state != SearchIndexState::Ready {
            return Ok(None);
        }
        let characters: Vec<Vec<char>> = text.chars().map(variants).collect();
        Ok(match connection.engine() {
            Engine::Sqlite => sqlite(&characters).map(Self::FullText),
            Engine::MySql => mysql(&characters, index.run).map(Self::FullText),
            Engine::PostgreSql if has_listed_run(&characters) => Some(Self::Pattern),
            Engine::PostgreSql => alike(connection, text, &characters)?.map(Self::Alike),
            Engine::MariaDb => None,
        })
    }

    /// Whether there are more than it pays to look up. SQLite can tell without finding all of them; PostgreSQL estimates by
    /// itself.
    pub(super) fn are_many(&self, connection: &mut Connection) -> Result<bool> {
        let (Self::FullText(asked), Session::Sqlite(session)) = (self, &mut connection.session)
        else {
            return Ok(false);
        };
        let counted = sql_query(
            "SELECT count(*) AS count FROM (SELECT 1 FROM messages_search WHERE messages_search MATCH ? LIMIT ?)",
        )
        .bind::<Text, _>(asked)
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

/// `("abc" OR "abC" …) AND (…)`
fn sqlite(characters: &[Vec<char>]) -> Option<String> {
    let runs = runs(characters, SQLITE_RUN, |_| true);
    let asked = runs.iter().map(|ways| {
        let ways: Vec<_> =
            ways.iter().map(|way| format!("\"{}\"", way.replace('"', "\"\""))).collect();
        format!("({})", ways.join(" OR "))
    });
    (!runs.is_empty()).then(|| asked.collect::<Vec<_>>().join(" AND "))
}

/// `+(ab aB …) +(…)`, in runs of so many: letters and digits only, because the others mean something in this language, or are
/// passed over.
pub(super) fn mysql(characters: &[Vec<char>], length: usize) -> Option<String> {
    let mut runs = runs(characters, length, is_token_letter);
    // It reads all messages of every run that is asked for, so the few that are likely to be in few messages are best.
    runs.sort_by_key(|ways| Reverse(ways.first().map_or(0, |way| rarity(way))));
    runs.truncate(MYSQL_RUNS);
    let asked = runs.iter().map(|ways| format!("+({})", ways.join(" ")));
    (!runs.is_empty()).then(|| asked.collect::<Vec<_>>().join(" "))
}

/// English letters, the most frequent first (P. Norvig, "English Letter Frequency Counts", 2012). What is not among them
/// is taken for rarer.
const LETTERS: &str = "etaoinsrhldcumfpgwybvkxjqz";

/// The higher, the rarer.
fn rarity(run: &str) -> usize {
    run.chars()
        .map(|letter| LETTERS.find(letter.to_ascii_lowercase()).unwrap_or(LETTERS.len()))
        .sum()
}

/// All ways to write some runs of so many characters, spread over the text.
fn runs(characters: &[Vec<char>], length: usize, is_indexed: fn(char) -> bool) -> Vec<Vec<String>> {
    let usable: Vec<&[Vec<char>]> = characters
        .windows(length)
        .filter(|run| run.iter().flatten().copied().all(is_indexed))
        .filter(|run| run.iter().map(Vec::len).product::<usize>() <= MOST_WAYS)
        .collect();
    let step = usable.len().div_ceil(MOST_RUNS).max(1);
    usable.into_iter().step_by(step).map(ways).collect()
}

fn ways(run: &[Vec<char>]) -> Vec<String> {
    run.iter().fold(vec![String::new()], |begun, variants| {
        begun
            .iter()
            .flat_map(|start| variants.iter().map(move |next| format!("{start}{next}")))
            .collect()
    })
}

/// Whether PostgreSQL can tell from the regular expression what to look for in its index.
fn has_listed_run(characters: &[Vec<char>]) -> bool {
    characters.windows(POSTGRESQL_RUN).any(|run| {
        run.iter()
            .flatten()
            .all(|character| character.is_alphanumeric() && *character <= LAST_LISTED)
    })
}

#[derive(QueryableByName)]
struct Lower {
    #[diesel(sql_type = Array<Text>)]
    lower: Vec<String>,
}

/// The longest part of the text whose characters `ILIKE` takes for all of their variants here.
fn alike(
    connection: &mut Connection,
    text: &str,
    characters: &[Vec<char>],
) -> Result<Option<String>> {
    let Session::PostgreSql(session) = &mut connection.session else { return Ok(None) };
    let all: Vec<String> = characters.iter().flatten().map(char::to_string).collect();
    let lower = sql_query(
        "SELECT ARRAY(SELECT lower(each) FROM unnest($1) WITH ORDINALITY AS given (each, place) ORDER BY place) AS lower",
    )
    .bind::<Array<Text>, _>(all)
    .get_result::<Lower>(session.as_mut());
    let lower = lower.map_err(|error| connection.read_error(error))?.lower;
    let mut rest = lower.as_slice();
    let is_alike: Vec<bool> = characters
        .iter()
        .map(|variants| {
            let (these, others) = rest.split_at(variants.len().min(rest.len()));
            rest = others;
            variants.iter().all(|variant| variant.is_alphanumeric())
                && these.windows(2).all(|two| two[0] == two[1])
        })
        .collect();
    let written: Vec<char> = text.chars().collect();
    let longest = written
        .iter()
        .zip(is_alike)
        .collect::<Vec<_>>()
        .split(|(_, is_alike)| !is_alike)
        .max_by_key(|part| part.len())
        .filter(|part| part.len() >= POSTGRESQL_RUN)
        .map(|part| part.iter().map(|(character, _)| **character).collect::<String>());
    // Letters and digits alone: nothing to escape.
    Ok(longest.map(|part| format!("%{part}%")))
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
        let Self::FullText(asked) = self else { return everything(|sql| out.push_sql(sql)) };
        out.push_sql("id IN (SELECT rowid FROM messages_search WHERE messages_search MATCH ");
        out.push_bind_param::<Text, _>(asked)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Mysql> for Candidates {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let Self::FullText(asked) = self else { return everything(|sql| out.push_sql(sql)) };
        out.push_sql("MATCH (user_message, bot_response) AGAINST (");
        out.push_bind_param::<Text, _>(asked)?;
        out.push_sql(" IN BOOLEAN MODE)");
        Ok(())
    }
}

impl QueryFragment<Pg> for Candidates {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self::Alike(asked) = self else { return everything(|sql| out.push_sql(sql)) };
        for (place, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if place == 0 { "(" } else { " OR " });
            out.push_identifier(column)?;
            out.push_sql(" ILIKE ");
            out.push_bind_param::<Text, _>(asked)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

/// Nothing is left out beforehand.
fn everything(mut push: impl FnMut(&str)) -> QueryResult<()> {
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
    fn every_way_to_write_a_run_is_asked_for() {
        assert_eq!(mysql(&characters("ab1"), 2).as_deref(), Some("+(B1 b1) +(AB Ab aB ab)"));
        assert_eq!(mysql(&characters("12ab"), 3).as_deref(), Some("+(12A 12a) +(2AB 2Ab 2aB 2ab)"));
        assert_eq!(sqlite(&characters("1\"é")).as_deref(), Some("(\"1\"\"É\" OR \"1\"\"é\")"));
        assert_eq!(runs(&characters("kiss"), 2, |_| true)[0].len(), 6, "the Kelvin sign is a k");
    }

    #[test]
    fn what_is_too_short_or_not_indexed_asks_for_nothing() {
        assert_eq!(sqlite(&characters("ab")), None);
        assert_eq!(mysql(&characters("a b% c+"), 2), None);
        assert_eq!(mysql(&characters("ab"), 3), None);
        assert_eq!(mysql(&characters("𠮷野"), 2), None);
        // One of its variants is too new for MySQL's table.
        assert_eq!(mysql(&characters("ßß"), 2), None);
    }

    #[test]
    fn long_texts_ask_for_some_of_their_runs() {
        let long = "abcdefghij".repeat(50);
        assert!(runs(&characters(&long), 3, |_| true).len() <= MOST_RUNS);
    }

    #[test]
    fn postgresql_lists_no_characters_beyond_its_limit() {
        assert!(has_listed_run(&characters("quixotic")));
        assert!(!has_listed_run(&characters("kafka")));
        assert!(!has_listed_run(&characters("猫の手")));
    }
}
