//! Settings of a user, which processes keep in memory. A change advances their revision, so that they
//! are read again.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::person::Person;
use crate::app_setting::app_settings;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::revision::{self, RevisedSubject};

/// Deletes up to `limit` settings whose scope is the user. Returns their number; `None` if there is
/// none.
pub(super) fn delete_settings(
    connection: &mut Connection,
    person: &Person,
    limit: u32,
) -> Result<Option<u64>> {
    let ids = on_engine!(connection, c => app_settings::table
        .filter(app_settings::scope.eq_any(person.objects()))
        .select(app_settings::id)
        .limit(i64::from(limit))
        .load::<i64>(c));
    let ids = ids.map_err(|error| connection.read_error(error))?;
    change(connection, &ids, |connection| {
        let deleted = on_engine!(connection, c =>
            diesel::delete(app_settings::table.filter(app_settings::id.eq_any(&ids))).execute(c));
        deleted.map_err(|error| connection.write_error(error))
    })
}

/// Removes the user from up to `limit` settings that the user changed last. Returns their number;
/// `None` if there is none.
pub(super) fn anonymise_settings(
    connection: &mut Connection,
    person: &Person,
    limit: u32,
) -> Result<Option<u64>> {
    let ids = on_engine!(connection, c => app_settings::table
        .filter(app_settings::updated_by.eq_any(&person.names))
        .select(app_settings::id)
        .limit(i64::from(limit))
        .load::<i64>(c));
    let ids = ids.map_err(|error| connection.read_error(error))?;
    change(connection, &ids, |connection| {
        let row = app_settings::table
            .filter(app_settings::id.eq_any(&ids))
            .filter(app_settings::updated_by.eq_any(&person.names));
        let changed = on_engine!(connection, c => diesel::update(row)
            .set(app_settings::updated_by.eq(None::<&str>))
            .execute(c));
        changed.map_err(|error| connection.write_error(error))
    })
}

fn change(
    connection: &mut Connection,
    ids: &[i64],
    change: impl FnOnce(&mut Connection) -> Result<usize>,
) -> Result<Option<u64>> {
    if ids.is_empty() {
        return Ok(None);
    }
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::AppSettings)?;
        change(connection).map(|count| Some(count as u64))
    })
}
