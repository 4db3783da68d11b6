//! PostgreSQL schemas: where the search path creates tables, where it finds existing ones, and
//! which privilege is missing.

use diesel::sql_types::{Array, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session};
use crate::error::{Error, ErrorKind, Result};

/// The schemas that a PostgreSQL connection uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schemas {
    /// Schema of new tables: the first existing one in the search path. `None` if none exists.
    pub new_tables: Option<String>,
    /// Schema of chatkeep's tables. `None` if they do not exist yet.
    pub found: Option<String>,
}

impl Schemas {
    /// Returns a warning if the existing tables are not in the first schema. They most likely
    /// belong to another tenant.
    pub fn warning(&self) -> Option<String> {
        match (&self.new_tables, &self.found) {
            (Some(first), Some(found)) if first != found => Some(format!(
                "chatkeep's tables are found in the schema {found}, though search_path begins with \
                 {first}; remove {found} from search_path to create tables in {first}, or list \
                 {found} first"
            )),
            _ => None,
        }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Nullable<Text>)]
    new_tables: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    found: Option<String>,
}

const QUERY: &str = "SELECT current_setting('search_path') AS path, current_user::text AS account, \
     current_schema()::text AS new_tables, \
     (SELECT nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace \
     WHERE c.oid = to_regclass('chatkeep_migrations')) AS found";

/// Returns the schemas of this connection; `None` on other engines.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn schemas(connection: &mut Connection) -> Result<Option<Schemas>> {
    let row = query(connection)?;
    Ok(row.map(|row| Schemas { new_tables: row.new_tables, found: row.found }))
}

fn query(connection: &mut Connection) -> Result<Option<Row>> {
    let Session::PostgreSql(session) = &mut connection.session else { return Ok(None) };
    let row = sql_query(QUERY).get_result::<Row>(session.as_mut());
    row.map(Some).map_err(|error| connection.read_error(error))
}

/// Rejects a search path without an existing schema. Called if no history was found, because advice
/// to run migrations would not help then.
pub(super) fn refuse_missing_schema(connection: &mut Connection) -> Result<()> {
    // After an error, PostgreSQL rejects further statements of the same transaction.
    if connection.is_in_transaction() {
        return Ok(());
    }
    match query(connection)? {
        Some(row) if row.new_tables.is_none() => Err(missing(connection, &row)?),
        _ => Ok(()),
    }
}

/// Rejects migrations that would change tables in one schema and create them in another.
pub(super) fn refuse_other_schema(connection: &mut Connection) -> Result<()> {
    match schemas(connection)?.and_then(|schemas| schemas.warning()) {
        Some(warning) => Err(Error::configuration(warning).with_field("DATABASE_URL")),
        None => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn missing(connection: &mut Connection, row: &Row) -> Result<Error> {
    let listed = names(&row.path, &row.account);
    let existing = existing(connection, &listed)?;
    let message = match (existing.first(), listed.last()) {
        // PostgreSQL skips schemas on which the account has no USAGE privilege.
        (Some(schema), _) => format!(
            "the account {} has no privilege on the schema {schema}; its owner grants it with {}",
            row.account,
            grant(schema, &row.account)
        ),
        (None, Some(schema)) => format!(
            "no schema of search_path exists ({}); run CREATE SCHEMA {}, or use another schema",
            row.path,
            quoted(schema)
        ),
        (None, None) => "search_path is empty; set it to the schema of the tables".to_owned(),
    };
    Ok(Error::configuration(message).with_field("DATABASE_URL"))
}

fn existing(connection: &mut Connection, listed: &[String]) -> Result<Vec<String>> {
    let Session::PostgreSql(session) = &mut connection.session else { return Ok(Vec::new()) };
    let rows = sql_query("SELECT nspname::text AS name FROM pg_namespace WHERE nspname = ANY($1)")
        .bind::<Array<Text>, _>(listed)
        .load::<Name>(session.as_mut());
    rows.map(|rows| rows.into_iter().map(|row| row.name).collect())
        .map_err(|error| connection.read_error(error))
}

/// Adds the statement that grants a missing privilege to an error of migrations.
pub(super) fn add_grant_hint(connection: &mut Connection, error: Error) -> Error {
    if error.kind() != ErrorKind::Configuration || error.field().is_some() || connection.is_broken()
    {
        return error;
    }
    let statement = match connection.session {
        Session::Sqlite(_) => None,
        Session::PostgreSql(_) => query(connection).ok().flatten().and_then(|row| {
            let schema = row.new_tables.filter(|_| error.server_code() == Some("42501"))?;
            Some(grant(&schema, &row.account))
        }),
        Session::MySql(_) => {
            // CREATE, ALTER or another command is denied on a table or on the database.
            let denied = matches!(error.server_code(), Some("1142" | "1044"));
            denied.then(|| mysql_grant(connection)).flatten()
        }
    };
    match statement {
        Some(statement) => {
            let message = format!(
                "{}; an administrator grants the privilege with {statement}",
                error.message()
            );
            Error::configuration(message)
        }
        None => error,
    }
}

fn grant(schema: &str, account: &str) -> String {
    format!("GRANT USAGE, CREATE ON SCHEMA {} TO {}", quoted(schema), quoted(account))
}

fn mysql_grant(connection: &mut Connection) -> Option<String> {
    let Session::MySql(session) = &mut connection.session else { return None };
    let name = sql_query(
        "SELECT CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.* TO ''', \
         REPLACE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''', ''''''), '''@''', \
         SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS name",
    );
    let target = name.get_result::<Name>(session.as_mut()).ok()?.name;
    Some(format!(
        "GRANT CREATE, ALTER, DROP, INDEX, REFERENCES, SELECT, INSERT, UPDATE, DELETE ON {target}"
    ))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Parses the names in a search path like PostgreSQL: separated by commas, and converted to
/// lowercase unless quoted.
fn names(path: &str, account: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path.trim_start();
    while !rest.is_empty() {
        let name = if let Some(inside) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut letters = inside.char_indices().peekable();
            let mut end = inside.len();
            while let Some((at, letter)) = letters.next() {
                if letter == '"' && letters.next_if(|(_, next)| *next == '"').is_none() {
                    end = at + 1;
                    break;
                }
                name.push(letter);
            }
            rest = &inside[end..];
            name
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let name = rest[..end].trim_end().to_lowercase();
            rest = &rest[end..];
            name
        };
        names.push(if name == "$user" { account.to_owned() } else { name });
        rest = rest.trim_start().trim_start_matches(',').trim_start();
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_paths_are_parsed_like_postgresql() {
        assert_eq!(names("\"$user\", public", "app"), ["app", "public"]);
        assert_eq!(
            names("\"MyApp\",Chat , \"a \"\"b\"\", c\"", "app"),
            ["MyApp", "chat", "a \"b\", c"]
        );
        assert_eq!(names("\"\"", "app"), <[String; 0]>::default());
        assert_eq!(names("", "app"), <[String; 0]>::default());
    }

    #[test]
    fn tables_in_another_schema_cause_a_warning() {
        let schemas = |new_tables: Option<&str>, found: Option<&str>| {
            let (new_tables, found) = (new_tables.map(str::to_owned), found.map(str::to_owned));
            Schemas { new_tables, found }.warning()
        };
        assert_eq!(schemas(Some("public"), Some("public")), None);
        assert_eq!(schemas(Some("tenant2"), None), None);
        let warning = schemas(Some("tenant2"), Some("public")).expect("two schemas");
        assert!(
            warning.contains("in the schema public, though search_path begins with tenant2"),
            "{warning}"
        );
    }
}
