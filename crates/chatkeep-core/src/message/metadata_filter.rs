//! The condition "metadata has this key with this value", in each engine's SQL.

use diesel::QueryResult;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use serde_json::{Map, Number, Value};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::schema::{Json, messages};
use crate::value::{Metadata, canonical_text};

/// A top-level metadata key and its required value: a string, number, boolean or null.
/// `1` and `1.0` are equal.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataFilter {
    key: String,
    value: Value,
    /// Object with only this key, for engines that compare objects.
    object: Metadata,
    /// JSON text of the value. An integer has two: as an integer and as a double.
    texts: Vec<String>,
    /// JSON path of the key.
    path: String,
}

impl MetadataFilter {
    /// Creates a filter for this key and value.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata` if the key is not storable, or the value is a list,
    /// an object or a number from 2^63 to 2^64.
    pub fn new(key: impl Into<String>, value: impl Into<Value>) -> Result<Self> {
        let (key, value) = (key.into(), value.into());
        match &value {
            Value::Array(_) | Value::Object(_) => {
                return Err(Error::invalid_input(
                    "metadata",
                    format!("the filter for {key:?} must be a string, a number, a boolean or null"),
                ));
            }
            Value::Number(number) if is_beyond_signed(number) => {
                return Err(Error::invalid_input(
                    "metadata",
                    "filtering by numbers from 2^63 to 2^64 is not supported",
                ));
            }
            _ => {}
        }
        let object = Metadata::from_map(Map::from_iter([(key.clone(), value.clone())]))?;
        // Normalized as in storage: negative zero becomes zero.
        let value = object.to_map().remove(&key).unwrap_or(Value::Null);
        let path = format!("$.{}", Value::String(key.clone()));
        Ok(Self { texts: texts(&value), key, value, object, path })
    }

    /// Returns the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the value.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Returns whether the number is, or rounds to, an integer that fits `u64` but not `i64`. SQLite
/// reads such an integer as a double.
fn is_beyond_signed(number: &Number) -> bool {
    !number.is_i64()
        && number.as_f64().is_some_and(|double| (TWO_TO_63..=2.0 * TWO_TO_63).contains(&double))
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// Returns the canonical texts of all values that are equal to this one.
fn texts(value: &Value) -> Vec<String> {
    let mut texts = vec![canonical_text(value)];
    if let Value::Number(number) = value {
        let twin = if let Some(integer) = number.as_i64() {
            // The double must be exactly equal, not just the nearest one.
            let double = integer as f64;
            (double as i128 == i128::from(integer)).then(|| Number::from_f64(double)).flatten()
        } else {
            let double = number.as_f64().unwrap_or(f64::NAN);
            let is_integer = double.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(&double);
            is_integer.then(|| Number::from_i128(double as i128)).flatten()
        };
        texts.extend(twin.map(|twin| canonical_text(&Value::Number(twin))));
    }
    texts
}

/// SQL expression for a [`MetadataFilter`].
#[derive(Debug, Clone)]
pub(super) struct MetadataHas<'a> {
    filter: &'a MetadataFilter,
    engine: Engine,
    /// Path and texts transformed by [`shifted`], if necessary.
    shifted: Option<Shifted>,
}

#[derive(Debug, Clone)]
struct Shifted {
    path: String,
    texts: Vec<String>,
}

impl<'a> MetadataHas<'a> {
    pub(super) fn new(filter: &'a MetadataFilter, engine: Engine) -> Self {
        // MariaDB parses a minus after the quote as the start of a negative index, even if escaped.
        let needs_shift = engine == Engine::MariaDb && filter.key.starts_with('-');
        let shifted = needs_shift.then(|| Shifted {
            path: shifted(&filter.path),
            texts: filter.texts.iter().map(|text| shifted(text)).collect(),
        });
        Self { filter, engine, shifted }
    }
}

/// Prefixes an underscore to every JSON string that begins with a minus or an underscore.
///
/// No string begins with a minus then, and different texts stay different. Escaped quotes inside
/// strings are treated like opening quotes; this is harmless because both sides are transformed.
fn shifted(json: &str) -> String {
    json.replace("\"_", "\"__").replace("\"-", "\"_-")
}

impl Expression for MetadataHas<'_> {
    type SqlType = Nullable<Bool>;
}

impl SelectableExpression<messages::table> for MetadataHas<'_> {}
impl AppearsOnTable<messages::table> for MetadataHas<'_> {}

impl ValidGrouping<()> for MetadataHas<'_> {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for MetadataHas<'_> {
    type QueryId = ();
    // The SQL depends on the value, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for MetadataHas<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_identifier("metadata")?;
        out.push_sql(" @> ");
        out.push_bind_param::<Json, Metadata>(&self.filter.object)
    }
}

impl QueryFragment<Sqlite> for MetadataHas<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("EXISTS (SELECT 1 FROM json_each(");
        out.push_identifier("metadata")?;
        out.push_sql(") AS entry WHERE entry.key = ");
        out.push_bind_param::<Text, _>(&self.filter.key)?;
        match &self.filter.value {
            Value::Null => out.push_sql(" AND entry.type = 'null'"),
            Value::Bool(true) => out.push_sql(" AND entry.type = 'true'"),
            Value::Bool(false) => out.push_sql(" AND entry.type = 'false'"),
            Value::String(text) => {
                out.push_sql(" AND entry.type = 'text' AND entry.value = ");
                out.push_bind_param::<Text, String>(text)?;
            }
            _ => {
                // SQLite compares integers and doubles exactly. The double is parsed from its text,
                // as doubles in the metadata are.
                out.push_sql(" AND entry.type IN ('integer', 'real') AND entry.atom = CAST(");
                out.push_bind_param::<Text, String>(&self.filter.texts[0])?;
                out.push_sql(" AS NUMERIC)");
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Mysql> for MetadataHas<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        if self.engine == Engine::MariaDb { self.walk_mariadb(out) } else { self.walk_mysql(out) }
    }
}

impl MetadataHas<'_> {
    /// Compares JSON texts: MariaDB has no JSON type, and stores the canonical text unchanged.
    /// Without CONCAT it would compare the content of a JSON string instead of its JSON text.
    fn walk_mariadb<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("CONCAT(JSON_EXTRACT(");
        let (path, texts) = match &self.shifted {
            Some(shifted) => {
                out.push_sql("REPLACE(REPLACE(");
                out.push_identifier("metadata")?;
                out.push_sql(r#", '"_', '"__'), '"-', '"_-')"#);
                (&shifted.path, &shifted.texts)
            }
            None => {
                out.push_identifier("metadata")?;
                (&self.filter.path, &self.filter.texts)
            }
        };
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(path)?;
        out.push_sql(")) IN (");
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// Compares with both texts of an integer: for MySQL the integer -2^63 and the same double
    /// differ.
    fn walk_mysql<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        for (index, text) in self.filter.texts.iter().enumerate() {
            out.push_sql(if index == 0 { "(JSON_EXTRACT(" } else { " OR JSON_EXTRACT(" });
            out.push_identifier("metadata")?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&self.filter.path)?;
            out.push_sql(") = CAST(");
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(" AS JSON)");
        }
        out.push_sql(")");
        Ok(())
    }
}
