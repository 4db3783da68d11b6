//! Statements as text that contains their values, for a server at its limit of prepared statements.
//!
//! All clients of a server share the limit `max_prepared_stmt_count`. A call must not fail because
//! other clients have reached it.

use diesel::QueryResult;
use diesel::mysql::{Mysql, MysqlQueryBuilder};
use diesel::query_builder::{QueryBuilder as _, QueryFragment};
use diesel::result::Error as DieselError;
use mysql_async::{Params, Value};

/// "Can't create more than max_prepared_stmt_count statements".
pub(super) const TOO_MANY_STATEMENTS: u16 = 1461;

/// Returns the statement's text with each `?` replaced by its value.
pub(super) fn with_values<T: QueryFragment<Mysql>>(
    source: &T,
    params: &Params,
) -> QueryResult<String> {
    let mut builder = MysqlQueryBuilder::new();
    source.to_sql(&mut builder, &Mysql)?;
    let values = match params {
        Params::Positional(values) => values.as_slice(),
        _ => &[],
    };
    fill_in(&builder.finish(), values)
}

/// Replaces each `?` outside quotes with its value.
fn fill_in(sql: &str, values: &[Value]) -> QueryResult<String> {
    let mut filled = String::with_capacity(sql.len() + values.len() * 16);
    let mut values = values.iter();
    let mut quote = None;
    let mut is_escaped = false;
    for character in sql.chars() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some('\'' | '"') if character == '\\' => is_escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"' | '`') => quote = Some(character),
            None if character == '?' => {
                let value = values.next().ok_or_else(|| wrong_number("few"))?;
                // The session's sql_mode has backslash escapes.
                filled.push_str(&value.as_sql(false));
                continue;
            }
            None => {}
        }
        filled.push(character);
    }
    if values.next().is_some() { Err(wrong_number("many")) } else { Ok(filled) }
}

fn wrong_number(which: &str) -> DieselError {
    DieselError::QueryBuilderError(format!("a statement has too {which} values").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_placeholders_outside_quotes() {
        let values = [Value::Int(-7), Value::Bytes(b"it's \\ \"\n\0?".to_vec()), Value::NULL];
        let sql = r"SELECT '?\'?', `a?`, ? WHERE b = ? OR c = ?";
        assert_eq!(
            fill_in(sql, &values).expect("one value per placeholder"),
            r#"SELECT '?\'?', `a?`, -7 WHERE b = 'it\'s \\ \"\n\0?' OR c = NULL"#
        );
    }

    #[test]
    fn wrong_number_of_values_is_an_error() {
        assert!(fill_in("SELECT ?, ?", &[Value::Int(1)]).is_err());
        assert!(fill_in("SELECT ?", &[Value::Int(1), Value::Int(2)]).is_err());
    }
}
