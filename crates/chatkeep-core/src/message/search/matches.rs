//! The search condition in each engine's SQL.

use diesel::QueryResult;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::{COLUMNS, MAX_QUERY};
use crate::case_folding::pattern;
use crate::engine::Engine;
use crate::schema::messages;
use crate::value::MAX_ROW_BYTES;

/// SQL condition that a message contains a text, ignoring case.
#[derive(Clone)]
pub(super) struct Matches {
    text: String,
    pattern: String,
    /// Special handling of long messages, if the engine needs it.
    long: Option<LongTexts>,
    /// Whether PostgreSQL is kept from using the search index.
    in_order: bool,
}

/// The way an engine searches messages that are too long for its usual way.
#[derive(Clone)]
enum LongTexts {
    /// In parts, on MySQL: a JSON list of the character positions where parts start.
    InParts(String),
    /// With this pattern, on MariaDB.
    WithPattern(String),
}

/// Size of a part, in characters, in which MySQL searches longer messages. Each part overlaps the
/// next by the maximum length of a search text.
///
/// MySQL aborts a match after 320,000 start positions (`regexp_time_limit`, which sessions cannot
/// change).
const PART: u64 = 250_000;

/// Size of a message, in bytes, above which MariaDB gets the pattern with an alternative that never
/// matches.
///
/// Without it, PCRE looks ahead for a required letter in both cases from each start of the pattern.
/// It scans to the end of the text if one case does not occur. For short messages the alternative
/// would make the search many times slower.
const LOOKAHEAD_BYTES: u64 = 65_536;

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

    /// Returns the condition for scanning messages in order, without the index. PostgreSQL would
    /// often use it, because it assumes that every text is rare.
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
        for (index, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if index == 0 { "(chatkeep_contains(" } else { " OR chatkeep_contains(" });
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
        for (index, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { " OR " });
            out.push_identifier(column)?;
            // The index is on the column, so it is not used for an expression.
            out.push_sql(if self.in_order { " || '' ~ " } else { " ~ " });
            out.push_bind_param::<Text, _>(&self.pattern)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Mysql> for Matches {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        for (index, column) in COLUMNS.iter().enumerate() {
            out.push_sql(if index == 0 { "(" } else { " OR " });
            match &self.long {
                Some(LongTexts::InParts(starts)) => {
                    let reach = PART + MAX_QUERY as u64;
                    out.push_sql(&format!(
                        "CASE WHEN LENGTH({column}) > {PART} THEN EXISTS \
                         (SELECT 1 FROM JSON_TABLE('{starts}', '$[*]' \
                         COLUMNS (start INT PATH '$')) AS part \
                         WHERE start <= CHAR_LENGTH({column}) \
                         AND SUBSTRING({column}, start, {reach}) REGEXP "
                    ));
                    out.push_bind_param::<Text, _>(&self.pattern)?;
                    out.push_sql(") ELSE ");
                }
                Some(LongTexts::WithPattern(pattern)) => {
                    out.push_sql(&format!(
                        "CASE WHEN LENGTH({column}) > {LOOKAHEAD_BYTES} THEN {column} REGEXP "
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
