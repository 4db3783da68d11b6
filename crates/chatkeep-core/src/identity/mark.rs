//! A random mark that is written to one database and looked for in another.

use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::sql_types::{Bool, Text};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, RunQueryDsl, sql_query,
};

use crate::connection::{Connection, Session, on_engine};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::unfinished_transfer;
use crate::transfer::Unfinished;

/// What the mark's row says it is. Its id is never that of a transfer, so that no program takes it for one.
const KIND: &str = "mark";
/// How long a change may take from one node of a cluster to another, or from a primary to its replica.
const REPLICATION: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether two connections lead to the same database, or to two copies of it that follow each other: a primary and its
/// replica, or two nodes of a cluster. Both must have this program's schema.
///
/// A row with a random text is written through `one`, looked for through `other`, and deleted again, also after an
/// error. Where `one` accepts no changes, it is written through `other`.
///
/// # Errors
/// `ReadOnly` when neither accepts changes; and the errors of the databases.
pub fn is_same_database(one: &mut Connection, other: &mut Connection) -> Result<bool> {
    if one.engine().is_server() != other.engine().is_server() {
        return Ok(false);
    }
    match mark_and_look(one, other) {
        Err(error) if accepts_no_changes(&error) => mark_and_look(other, one),
        answer => answer,
    }
}

/// The database is read-only, or the account may not write.
fn accepts_no_changes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ReadOnly | ErrorKind::Configuration)
}

fn mark_and_look(written: &mut Connection, read: &mut Connection) -> Result<bool> {
    let mut mark = Mark::write(written)?;
    let found = mark.is_found(read);
    let removed = mark.remove();
    let found = found?;
    removed?;
    Ok(found)
}

/// A row that is there until it is removed.
struct Mark<'a> {
    connection: &'a mut Connection,
    id: i32,
    text: String,
    is_there: bool,
}

impl<'a> Mark<'a> {
    fn write(connection: &'a mut Connection) -> Result<Self> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::internal("the system gives no random bytes").with_source(error)
        })?;
        let [a, b, c, d, text @ ..] = bytes;
        // Negative: transfers have ids from 0.
        let id = i32::from_ne_bytes([a, b, c, d]) | i32::MIN;
        let text: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
        let row = Unfinished::with_id(id, KIND, &text);
        // Set before the insert: after a broken connection the row may be there all the same.
        let mark = Self { connection, id, text, is_there: true };
        let written = on_engine!(mark.connection, c => diesel::insert_into(unfinished_transfer::table).values(row).execute(c));
        match written {
            Ok(_) => Ok(mark),
            Err(error) => Err(mark.connection.write_error(error)),
        }
    }

    fn is_found(&self, connection: &mut Connection) -> Result<bool> {
        // Only where changes come late is it worth waiting for one.
        let patience = if follows_another(connection)? { REPLICATION } else { Duration::ZERO };
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
            if start.elapsed() >= patience {
                return Ok(false);
            }
            sleep(PAUSE);
        }
    }

    fn remove(&mut self) -> Result<()> {
        use unfinished_transfer::dsl;
        self.is_there = false;
        let removed = on_engine!(self.connection, c =>
            diesel::delete(dsl::unfinished_transfer.find(self.id).filter(dsl::kind.eq(KIND))).execute(c));
        removed.map(drop).map_err(|error| self.connection.write_error(error))
    }
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Whether the server applies changes of another one: it is a replica, or a node of a Galera cluster.
fn follows_another(connection: &mut Connection) -> Result<bool> {
    let answers = match &mut connection.session {
        Session::Sqlite(_) => return Ok(false),
        Session::PostgreSql(c) => {
            sql_query("SELECT pg_is_in_recovery() AS yes").load::<Answer>(c.as_mut()).map(any)
        }
        Session::MySql(c) => {
            sql_query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_on')")
                .load::<Variable>(c.as_mut())
                .map(|variables| {
                    variables.iter().any(|variable| matches!(&*variable.value, "ON" | "1"))
                })
        }
    };
    answers.map_err(|error| connection.read_error(error))
}

fn any(answers: Vec<Answer>) -> bool {
    answers.iter().any(|answer| answer.yes)
}

#[derive(QueryableByName)]
struct Variable {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        if self.is_there {
            let _ = self.remove();
        }
    }
}
