//! Storing items.

use std::collections::BTreeMap;

use diesel::dsl::case_when;
use diesel::upsert::excluded;
use diesel::{ExpressionMethods, Insertable, IntoSql, OptionalExtension, QueryDsl, RunQueryDsl};

use super::delete::delete_keys;
use super::record::{Memory, NewMemory, check_key, check_value, expiry};
use super::rows::graph_memories;
use crate::connection::{Connection, Session, all_stored, groups, max_insert_bytes, skipped};
use crate::error::{Error, Result};
use crate::schema::UtcTimestamp;
use crate::value::{Metadata, Timestamp};

#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = graph_memories)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    namespace: &'a str,
    item_key: &'a str,
    value: &'a Metadata,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
    ttl_seconds: Option<i64>,
}

impl<'a> NewRow<'a> {
    /// Validates the value and the time to live. The limit of the server may be lower than that of
    /// a value.
    fn new(
        connection: &Connection,
        namespace: &'a str,
        item_key: &'a str,
        value: &'a Metadata,
        ttl_seconds: Option<i64>,
        now: Timestamp,
    ) -> Result<Self> {
        check_value(value)?;
        connection.check_bytes("value", value.as_json())?;
        Ok(Self {
            namespace,
            item_key,
            value,
            created_at: now,
            updated_at: now,
            expires_at: expiry(now, ttl_seconds)?,
            ttl_seconds,
        })
    }
}

/// The statement that stores one row, or several on PostgreSQL and SQLite, and replaces those with
/// the same keys. A row that has expired does not exist, so it is created again.
macro_rules! upsert {
    ($values:expr, $now:expr) => {{
        use graph_memories::dsl;
        let new = (
            excluded(dsl::value),
            excluded(dsl::updated_at),
            excluded(dsl::expires_at),
            excluded(dsl::ttl_seconds),
        );
        upsert!($values, (dsl::namespace, dsl::item_key), new, $now)
    }};
    ($values:expr, $key:expr, $new:expr, $now:expr) => {{
        use graph_memories::dsl;
        let (value, updated_at, expires_at, ttl_seconds) = $new;
        let has_expired = dsl::expires_at.le($now);
        diesel::insert_into(graph_memories::table)
            .values($values)
            .on_conflict($key)
            .do_update()
            .set((
                dsl::created_at.eq(case_when(has_expired, $now.into_sql::<UtcTimestamp>())
                    .otherwise(dsl::created_at)),
                dsl::value.eq(value),
                dsl::updated_at.eq(updated_at),
                dsl::expires_at.eq(expires_at),
                dsl::ttl_seconds.eq(ttl_seconds),
            ))
    }};
}

/// The same for one row on MySQL and MariaDB, where Diesel has no `VALUES(…)`. Assignments are made
/// in their order, so `created_at` is determined by the previous `expires_at`.
macro_rules! upsert_on_mysql {
    ($row:expr, $now:expr) => {{
        let new = ($row.value, $row.updated_at, $row.expires_at, $row.ttl_seconds);
        upsert!($row, diesel::dsl::DuplicatedKeys, new, $now)
    }};
}

/// Stores an item, and replaces one with the same key.
///
/// # Errors
/// `InvalidInput` with the invalid field; `OutcomeUnknown` or another error of the database.
pub fn put(
    connection: &mut Connection,
    namespace: &[String],
    key: &str,
    value: &Metadata,
    ttl_seconds: Option<i64>,
) -> Result<Memory> {
    let encoded = check_key(namespace, key)?;
    let now = Timestamp::now();
    let row = NewRow::new(connection, &encoded, key, value, ttl_seconds, now)?;
    Ok(Memory {
        namespace: namespace.to_vec(),
        key: key.to_owned(),
        value: value.clone(),
        created_at: put_row(connection, row, now)?,
        updated_at: now,
        expires_at: row.expires_at,
        ttl_seconds,
    })
}

/// Stores a row, and returns its creation time.
fn put_row(connection: &mut Connection, row: NewRow<'_>, now: Timestamp) -> Result<Timestamp> {
    let created_at = graph_memories::created_at;
    let stored = match &mut connection.session {
        Session::Sqlite(c) => upsert!(row, now).returning(created_at).get_results::<Timestamp>(c),
        Session::PostgreSql(c) => {
            upsert!(row, now).returning(created_at).get_results::<Timestamp>(c.as_mut())
        }
        Session::MySql(c) => upsert_on_mysql!(row, now).execute(c.as_mut()).map(|_| Vec::new()),
    };
    let stored = stored.map_err(|error| connection.insert_error(error))?;
    match (&mut connection.session, stored.first()) {
        (_, Some(created_at)) => Ok(*created_at),
        (Session::MySql(c), None) => {
            let found = graph_memories::table
                .filter(graph_memories::namespace.eq(row.namespace))
                .filter(graph_memories::item_key.eq(row.item_key))
                .select(created_at)
                .get_result::<Timestamp>(c.as_mut())
                .optional();
            // Another call may have deleted it already.
            found.map(|found| found.unwrap_or(now)).map_err(|error| connection.read_error(error))
        }
        (_, None) => Err(connection.insert_error(skipped())),
    }
}

/// Stores and deletes items, all or none. Of several with the same key, the last one counts.
///
/// # Errors
/// `InvalidInput` with the item's index and field (`items[3].key`); `OutcomeUnknown` or another
/// error of the database.
pub fn put_many(connection: &mut Connection, items: &[NewMemory]) -> Result<()> {
    let now = Timestamp::now();
    // In the order of their keys, so that two calls do not wait for each other's rows.
    let mut rows: BTreeMap<(String, &str), Option<NewRow<'_>>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let (encoded, row) = check(connection, item, now).map_err(|error| {
            let field = format!("items[{index}].{}", error.field().unwrap_or("value"));
            error.with_field(field)
        })?;
        rows.insert((encoded, &item.key), row);
    }
    let (mut stored, mut deleted) = (Vec::new(), Vec::new());
    for ((namespace, key), row) in &rows {
        match row {
            Some(row) => stored.push(NewRow { namespace, ..*row }),
            None => deleted.push((namespace.as_str(), *key)),
        }
    }
    match (stored.as_slice(), deleted.as_slice()) {
        ([], []) => Ok(()),
        ([row], []) => put_rows(connection, std::slice::from_ref(row), now),
        ([], [key]) => delete_keys(connection, std::slice::from_ref(key)),
        (stored, deleted) => connection.transaction(|connection| {
            put_rows(connection, stored, now)?;
            delete_keys(connection, deleted)
        }),
    }
}

/// Validates an item. Returns its encoded namespace, and its row without the namespace.
fn check<'a>(
    connection: &Connection,
    item: &'a NewMemory,
    now: Timestamp,
) -> Result<(String, Option<NewRow<'a>>)> {
    let encoded = check_key(&item.namespace, &item.key)?;
    let row = match (&item.value, item.ttl_seconds) {
        (Some(value), ttl) => Some(NewRow::new(connection, "", &item.key, value, ttl, now)?),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(Error::invalid_input("ttl_seconds", "is given for an item to delete"));
        }
    };
    Ok((encoded, row))
}

/// Stores rows whose keys all differ.
fn put_rows(connection: &mut Connection, rows: &[NewRow<'_>], now: Timestamp) -> Result<()> {
    let size =
        |row: &NewRow<'_>| row.namespace.len() + row.item_key.len() + row.value.as_json().len();
    let max_bytes = max_insert_bytes(connection);
    let stored = match &mut connection.session {
        Session::Sqlite(c) => {
            rows.iter().try_for_each(|row| all_stored(upsert!(*row, now).execute(c), 1))
        }
        Session::PostgreSql(c) => groups(rows, max_bytes, size).into_iter().try_for_each(|rows| {
            all_stored(upsert!(rows.to_vec(), now).execute(c.as_mut()), rows.len())
        }),
        Session::MySql(c) => rows
            .iter()
            .try_for_each(|row| upsert_on_mysql!(*row, now).execute(c.as_mut()).map(drop)),
    };
    stored.map_err(|error| connection.insert_error(error))
}
