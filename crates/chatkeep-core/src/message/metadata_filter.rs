//! "Its metadata has this key with this value", in the words of each engine.

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

/// A key at the top of the metadata, and the string, number, boolean or null that it must have. `1` and `1.0` are equal.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataFilter {
    key: String,
    value: Value,
    /// The object of this one key, for engines that compare objects.
    object: Metadata,
    /// The value's JSON text; for a whole number the two texts that it may have.
    texts: Vec<String>,
    /// The key as a JSON path.
    path: String,
}

impl MetadataFilter {
    /// This key with this value.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata` for a list or an object, a number from 2^63 to 2^64, or a key that cannot
    /// be stored.
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
                    "numbers from 2^63 to 2^64 cannot be searched for",
                ));
            }
            _ => {}
        }
        let object = Metadata::from_map(Map::from_iter([(key.clone(), value.clone())]))?;
        // From here on the value is as it is stored: without negative zero.
        let value = object.to_map().remove(&key).unwrap_or(Value::Null);
        let path = format!("$.{}", Value::String(key.clone()));
        Ok(Self { texts: texts(&value), key, value, object, path })
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Whether the number is, or is near, an integer that fits 64 bits without a sign only: SQLite takes it for a double.
fn is_beyond_signed(number: &Number) -> bool {
    !number.is_i64()
        && number.as_f64().is_some_and(|double| (TWO_TO_63..=2.0 * TWO_TO_63).contains(&double))
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// All canonical texts of values that are equal to this one.
fn texts(value: &Value) -> Vec<String> {
    let mut texts = vec![canonical_text(value)];
    if let Value::Number(number) = value {
        let twin = if let Some(integer) = number.as_i64() {
            // The double must be the same number, not the nearest one.
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

/// The SQL expression for a [`MetadataFilter`].
#[derive(Debug, Clone)]
pub(super) struct MetadataHas<'a> {
    wanted: &'a MetadataFilter,
    engine: Engine,
    /// [`shifted`], where that is necessary.
    shifted: Option<Shifted>,
}

#[derive(Debug, Clone)]
struct Shifted {
    path: String,
    texts: Vec<String>,
}

impl<'a> MetadataHas<'a> {
    pub(super) fn new(wanted: &'a MetadataFilter, engine: Engine) -> Self {
        // MariaDB takes a minus behind the quote for the start of a negative index, escaped or not.
        let unspeakable = engine == Engine::MariaDb && wanted.key.starts_with('-');
        let shifted = unspeakable.then(|| Shifted {
            path: shifted(&wanted.path),
            texts: wanted.texts.iter().map(|text| shifted(text)).collect(),
        });
        Self { wanted, engine, shifted }
    }
}

/// The JSON text with one more underscore before every string that begins with a minus or an underscore, so that none
/// begins with a minus and different texts stay different. A quote inside a string counts too; nobody minds.
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
    // Its SQL depends on the value, so the text itself is the key of the statement cache.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for MetadataHas<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_identifier("metadata")?;
        out.push_sql(" @> ");
        out.push_bind_param::<Json, Metadata>(&self.wanted.object)
    }
}

impl QueryFragment<Sqlite> for MetadataHas<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("EXISTS (SELECT 1 FROM json_each(");
        out.push_identifier("metadata")?;
        out.push_sql(") AS entry WHERE entry.key = ");
        out.push_bind_param::<Text, _>(&self.wanted.key)?;
        match &self.wanted.value {
            Value::Null => out.push_sql(" AND entry.type = 'null'"),
            Value::Bool(true) => out.push_sql(" AND entry.type = 'true'"),
            Value::Bool(false) => out.push_sql(" AND entry.type = 'false'"),
            Value::String(text) => {
                out.push_sql(" AND entry.type = 'text' AND entry.value = ");
                out.push_bind_param::<Text, String>(text)?;
            }
            _ => {
                // SQLite compares integers and doubles exactly. A double is read from its text, as those in the metadata are.
                out.push_sql(" AND entry.type IN ('integer', 'real') AND entry.atom = CAST(");
                out.push_bind_param::<Text, String>(&self.wanted.texts[0])?;
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
    /// MariaDB keeps the text as it was stored, which is canonical, and has no JSON value to compare with. Without CONCAT
    /// it would compare a JSON string's content instead of its text.
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
                (&self.wanted.path, &self.wanted.texts)
            }
        };
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(path)?;
        out.push_sql(")) IN (");
        for (place, text) in texts.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_sql(")");
        Ok(())
    }

    /// Both texts of a whole number are asked for: MySQL does not find -2^63 as an integer equal to the same double.
    fn walk_mysql<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        for (place, text) in self.wanted.texts.iter().enumerate() {
            out.push_sql(if place == 0 { "(JSON_EXTRACT(" } else { " OR JSON_EXTRACT(" });
            out.push_identifier("metadata")?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(&self.wanted.path)?;
            out.push_sql(") = CAST(");
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(" AS JSON)");
        }
        out.push_sql(")");
        Ok(())
    }
}
