//! The condition that a message matches, as each engine is asked it.

use diesel::QueryResult;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::folding::pattern;
use super::{COLUMNS, MAX_QUERY};
use crate::engine::Engine;
use crate::message::new::MAX_ROW_BYTES;
use crate::schema::messages;

/// Whether the text contains the other one, case aside.
#[derive(Clone)]
pub(super) struct Matches {
    text: String,
    pattern: String,
    /// What is different for long texts.
    long: Option<LongTexts>,
    /// Whether PostgreSQL must not use its index for this.
    in_order: bool,
}

/// How an engine searches texts that are too long for its usual way.
#[derive(Clone)]
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
    pub(super) fn new(text: &str, engine: Engine) -> Self {
        let pattern = pattern(text);
        let long = match engine {
            Engine::MySql => {
                let starts = (0..=MAX_ROW_BYTES / PART).map(|part| (part * PART + 1).to_string());
                Some(LongTexts::InParts(format!("[{}]", starts.collect::<Vec<_>>().join(","))))
            }
            Engine::MariaDb => Some(LongTexts::WithPattern(format!("{pattern}|(?!)"))),
            Engine::Sqlite | Engine::PostgreSql => None,
        };
        Self { text: text.to_owned(), pattern, long, in_order: false }
    }

    /// The same, for looking at messages in their order. PostgreSQL would often take to its index all the same, because it
    /// takes every text for a rare one.
    pub(super) fn in_order(&self) -> Self {
        Self { in_order: true, ..self.clone() }
    }
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
            // An index is on the column, not on an expression.
            out.push_sql(if self.in_order { " || '' ~ " } else { " ~ " });
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
