//! Numbers of the last changes of subjects that programs keep in memory: the table
//! `chat_revisions`.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    chat_revisions (id) {
        id -> BigInt,
        name -> Text,
        revision -> BigInt,
    }
}

/// A subject that programs keep in memory. The migrations create its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisedSubject {
    /// Settings of the application.
    AppSettings,
    /// Providers, models, defaults and policies.
    Providers,
}

impl RevisedSubject {
    /// Returns the id of its row, which is stored and never changes.
    fn id(self) -> i64 {
        match self {
            Self::AppSettings => 1,
            Self::Providers => 2,
        }
    }

    /// Returns the name of its row, which is stored and never changes.
    fn name(self) -> &'static str {
        match self {
            Self::AppSettings => "app_settings",
            Self::Providers => "providers",
        }
    }
}

/// Increments the revision of a subject.
///
/// It is the first statement of each transaction that changes the subject. It locks the row until
/// the end of the transaction, so changes are committed in the order of their revisions. On Galera,
/// changes that two nodes make concurrently conflict in this row.
///
/// # Errors
/// `Conflict`, `Unavailable` or another error of the database.
pub fn advance(connection: &mut Connection, subject: RevisedSubject) -> Result<()> {
    use chat_revisions::dsl;
    let row = dsl::chat_revisions.find(subject.id());
    let updated = on_engine!(connection, c => diesel::update(row)
        .set(dsl::revision.eq(dsl::revision + 1_i64))
        .execute(c));
    if updated.map_err(|error| connection.write_error(error))? == 0 {
        insert(connection, subject)?;
    }
    Ok(())
}

/// Inserts a row that another program deleted. Two concurrent inserts conflict, and one is retried.
fn insert(connection: &mut Connection, subject: RevisedSubject) -> Result<()> {
    use chat_revisions::dsl;
    let row = (
        dsl::id.eq(subject.id()),
        dsl::name.eq(subject.name()),
        // A time in microseconds, which is greater than the revision of the deleted row.
        dsl::revision.eq(crate::value::Timestamp::now().as_microsecond()),
    );
    let inserted = on_engine!(connection, c =>
        diesel::insert_into(chat_revisions::table).values(row).execute(c));
    inserted.map(drop).map_err(|error| {
        crate::db_error::constraint::explain_duplicate(connection.insert_error(error), &[])
    })
}

/// Returns the revision of a subject: 0 before its first change.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn current(connection: &mut Connection, subject: RevisedSubject) -> Result<i64> {
    let found = on_engine!(connection, c => chat_revisions::table
        .find(subject.id())
        .select(chat_revisions::revision)
        .get_result::<i64>(c)
        .optional());
    found.map(Option::unwrap_or_default).map_err(|error| connection.read_error(error))
}
