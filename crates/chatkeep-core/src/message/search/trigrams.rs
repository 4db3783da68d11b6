//! PostgreSQL's extension `pg_trgm`: which schema it is in, and adding it where it is missing.

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Effect;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The schema that the extension is in, as it is written in SQL. Where the extension is missing, it is added.
///
/// # Errors
/// `Configuration` where the server has no such extension, or the account may not add it; `ReadOnly` on a standby.
pub(super) fn schema(connection: &mut Connection) -> Result<String> {
    if let Some(schema) = find(connection)? {
        return Ok(schema);
    }
    add(connection)?;
    find(connection)?
        .ok_or_else(|| Error::internal("the extension pg_trgm was added and is not there"))
}

fn find(connection: &mut Connection) -> Result<Option<String>> {
    name(
        connection,
        "SELECT quote_ident(nspname) AS name FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace \
         WHERE extname = 'pg_trgm'",
    )
}

/// In `public` where that is allowed: a tenant's schema that goes would take along the extension, and everybody's index.
fn add(connection: &mut Connection) -> Result<()> {
    let public = name(
        connection,
        "SELECT 'public' AS name FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE')",
    )?;
    let place = public.map_or("", |_| " WITH SCHEMA public");
    let sql = format!("CREATE EXTENSION IF NOT EXISTS pg_trgm{place}");
    connection.batch(&sql, Effect::None).map_err(|error| match error.kind() {
        // Not allowed, or not installed beside the server.
        ErrorKind::Configuration | ErrorKind::Internal => Error::configuration(
            "the index needs the extension pg_trgm; have it added with CREATE EXTENSION pg_trgm",
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
