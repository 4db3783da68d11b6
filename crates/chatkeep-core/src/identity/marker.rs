//! A random marker row that is written to one database and looked up in another.

use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::sql_types::{Bool, Text};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, RunQueryDsl, sql_query,
};

use crate::connection::{Connection, Session, on_engine};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::unfinished_transfer;
use crate::transfer::UnfinishedRow;

/// Kind of a marker row. Its id is never that of a transfer, so no program mistakes it for one.
const KIND: &str = "mark";
/// Maximum delay between the nodes of a cluster, or between a primary and its replica.
const REPLICATION: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Returns whether two connections lead to the same database or to replicated copies of it: a
/// primary and its replica, or two nodes of a cluster. Both must have this program's schema.
///
/// A row with a random text is written through `one`, looked up through `other`, and deleted
/// again, also after an error. If `one` is read-only, the row is written through `other`.
///
/// # Errors
/// `ReadOnly` when both are read-only; `Unavailable` or another error of either database.
pub fn is_same_database(one: &mut Connection, other: &mut Connection) -> Result<bool> {
    if one.engine().is_server() != other.engine().is_server() {
        return Ok(false);
    }
    match write_and_find(one, other) {
        Err(error) if is_not_writable(&error) => write_and_find(other, one),
        result => result,
    }
}

/// Returns whether the database is read-only, or the account lacks write permission.
fn is_not_writable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ReadOnly | ErrorKind::Configuration)
}

fn write_and_find(written: &mut Connection, read: &mut Connection) -> Result<bool> {
    let mut marker = Marker::write(written)?;
    let found = marker.is_found(read);
    let removed = marker.remove();
    let found = found?;
    removed?;
    Ok(found)
}

/// A marker row, deleted when dropped.
struct Marker<'a> {
    connection: &'a mut Connection,
    id: i32,
    text: String,
    is_stored: bool,
}

impl<'a> Marker<'a> {
    fn write(connection: &'a mut Connection) -> Result<Self> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::internal("the operating system returned no random bytes").with_source(error)
        })?;
        let [a, b, c, d, text @ ..] = bytes;
        // Negative, because transfers have ids from 0.
        let id = i32::from_ne_bytes([a, b, c, d]) | i32::MIN;
        let text: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
        let row = UnfinishedRow::mark(id, KIND, &text);
        // Set before the insert: the row may be stored although the connection was lost.
        let marker = Self { connection, id, text, is_stored: true };
        let written = on_engine!(marker.connection, c =>
            diesel::insert_into(unfinished_transfer::table).values(row).execute(c));
        match written {
            Ok(_) => Ok(marker),
            Err(error) => Err(marker.connection.write_error(error)),
        }
    }

    fn is_found(&self, connection: &mut Connection) -> Result<bool> {
        // Only a replica can receive the row later.
        let timeout = if is_replica(connection)? { REPLICATION } else { Duration::ZERO };
        let start = Instant::now();
        loop {
            let found = on_engine!(connection, c => unfinished_transfer::table
                .find(self.id)
                .select(unfinished_transfer::source)
                .get_result::<String>(c)
                .optional());
            if found.map_err(|error| connection.read_error(error))?.as_ref() == Some(&self.text) {
                return Ok(true);
            }
            if start.elapsed() >= timeout {
                return Ok(false);
            }
            sleep(PAUSE);
        }
    }

    fn remove(&mut self) -> Result<()> {
        use unfinished_transfer::dsl;
        self.is_stored = false;
        let removed = on_engine!(self.connection, c =>
            diesel::delete(dsl::unfinished_transfer.find(self.id).filter(dsl::kind.eq(KIND)))
                .execute(c));
        removed.map(drop).map_err(|error| self.connection.write_error(error))
    }
}

#[derive(QueryableByName)]
struct Recovery {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Returns whether the server applies another server's changes: it is a replica, or a node of a
/// Galera cluster.
fn is_replica(connection: &mut Connection) -> Result<bool> {
    let result = match &mut connection.session {
        Session::Sqlite(_) => return Ok(false),
        Session::PostgreSql(c) => sql_query("SELECT pg_is_in_recovery() AS yes")
            .load::<Recovery>(c.as_mut())
            .map(|rows| rows.iter().any(|row| row.yes)),
        Session::MySql(c) => {
            sql_query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_on')")
                .load::<Variable>(c.as_mut())
                .map(|variables| {
                    variables.iter().any(|variable| matches!(&*variable.value, "ON" | "1"))
                })
        }
    };
    result.map_err(|error| connection.read_error(error))
}

#[derive(QueryableByName)]
struct Variable {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

impl Drop for Marker<'_> {
    fn drop(&mut self) {
        if self.is_stored {
            let _ = self.remove();
        }
    }
}
