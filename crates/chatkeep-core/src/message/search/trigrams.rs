//! PostgreSQL's extension `pg_trgm`: finding its schema, and creating it if it is missing.

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session};
use crate::db_error::Effect;
use crate::error::{Error, ErrorKind, Result};

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Returns the schema of the extension as a quoted SQL identifier. Creates the extension if it is
/// missing.
///
/// # Errors
/// `Configuration` if the server does not have the extension or the account may not create it;
/// `ReadOnly` on a standby.
pub(super) fn schema(connection: &mut Connection) -> Result<String> {
    if let Some(schema) = find(connection)? {
        return Ok(schema);
    }
    add(connection)?;
    find(connection)?
        .ok_or_else(|| Error::internal("the extension pg_trgm was created but is not found"))
}

fn find(connection: &mut Connection) -> Result<Option<String>> {
    name(
        connection,
        "SELECT quote_ident(nspname) AS name FROM pg_extension \
         JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'",
    )
}

/// Creates the extension, in `public` if that is allowed. Dropping a tenant's schema would
/// otherwise drop the extension and the indexes of all tenants.
fn add(connection: &mut Connection) -> Result<()> {
    let public = name(
        connection,
        "SELECT 'public' AS name FROM pg_namespace \
         WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE')",
    )?;
    let schema = public.map_or("", |_| " WITH SCHEMA public");
    let sql = format!("CREATE EXTENSION IF NOT EXISTS pg_trgm{schema}");
    connection.batch(&sql, Effect::None).map_err(|error| match error.kind() {
        // Not allowed, or not installed on the server.
        ErrorKind::Configuration | ErrorKind::Internal => Error::configuration(
            "the search index requires the extension pg_trgm, which could not be created; \
             ask an administrator to run CREATE EXTENSION pg_trgm",
        )
        .with_source(error),
        _ => error,
    })
}

fn name(connection: &mut Connection, sql: &str) -> Result<Option<String>> {
    let Session::PostgreSql(session) = &mut connection.session else { return Ok(None) };
    let rows = sql_query(sql).load::<Name>(session.as_mut());
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().next().map(|row| row.name))
}
