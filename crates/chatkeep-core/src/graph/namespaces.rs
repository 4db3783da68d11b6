//! The rows of threads and namespaces, which a write locks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use sha2::{Digest as _, Sha256};

use crate::connection::{Connection, Session, on_engine};
use crate::db_error::constraint::{is_duplicate, is_reference};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Characters, graph_namespaces, graph_threads};
use crate::token::hex;
use crate::value::Timestamp;

/// Minimum time between two changes of a thread's `updated_at`, in microseconds. The column is in an
/// index, so changing it with each checkpoint would cost an index entry each.
const TOUCH_INTERVAL: i64 = 60_000_000;

/// The hashes of a thread's key and of a namespace, by which it is found.
type Hashes = (String, String);

/// A namespace of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamespaceKey<'a> {
    thread: &'a str,
    name: &'a str,
    hashes: Hashes,
}

/// A namespace whose row, and that of its thread, is locked until the end of the transaction.
#[derive(Debug, Clone, Copy)]
struct LockedNamespace {
    id: i64,
    thread_id: i64,
    updated_at: Timestamp,
}

/// Locked namespaces, by the hashes of their keys.
#[derive(Debug)]
pub(super) struct LockedNamespaces(HashMap<Hashes, LockedNamespace>);

impl LockedNamespaces {
    /// Returns the internal id of a namespace that was locked.
    pub(super) fn id(&self, key: &NamespaceKey<'_>) -> Result<i64> {
        self.get(key).map(|namespace| namespace.id)
    }

    fn get(&self, key: &NamespaceKey<'_>) -> Result<LockedNamespace> {
        self.0.get(&key.hashes).copied().ok_or_else(deleted)
    }
}

impl<'a> NamespaceKey<'a> {
    pub(super) fn new(thread: &'a str, name: &'a str) -> Self {
        Self { thread, name, hashes: (key_hash(thread), key_hash(name)) }
    }
}

/// Returns the hash by which a key of any length is found.
pub(super) fn key_hash(key: &str) -> String {
    hex(&Sha256::digest(key))
}

/// Returns the internal id of a thread, if it exists.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn thread_id(connection: &mut Connection, thread: &str) -> Result<Option<i64>> {
    let hash = key_hash(thread);
    let found = on_engine!(connection, c => graph_threads::table
        .filter(graph_threads::thread_hash.eq(Characters(hash.as_str())))
        .select(graph_threads::id)
        .get_result::<i64>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Returns the internal ids of all namespaces of a thread.
pub(super) fn of_thread(connection: &mut Connection, thread_id: i64) -> Result<Vec<i64>> {
    let found = on_engine!(connection, c => graph_namespaces::table
        .filter(graph_namespaces::thread_id.eq(thread_id))
        .order(graph_namespaces::id.asc())
        .select(graph_namespaces::id)
        .load::<i64>(c));
    found.map_err(|error| connection.read_error(error))
}

/// Locks namespaces, after creating them and their threads if they do not exist. Each is locked
/// once, in the order of their ids, so that two calls do not wait for each other.
///
/// So the checkpoints of a namespace are stored and deleted one after another, and a value that a
/// new checkpoint refers to is not deleted at the same time.
pub(super) fn lock_or_create(
    connection: &mut Connection,
    keys: &[NamespaceKey<'_>],
) -> Result<LockedNamespaces> {
    let locked = lock(connection, keys)?;
    let missing: BTreeMap<_, _> = keys
        .iter()
        .filter(|key| !locked.0.contains_key(&key.hashes))
        .map(|key| (&key.hashes, key))
        .collect();
    if missing.is_empty() {
        return Ok(locked);
    }
    for key in missing.into_values() {
        create(connection, key)?;
    }
    lock(connection, keys)
}

/// Returns the error after another call deleted the thread. The next attempt creates it again.
fn deleted() -> Error {
    Error::new(ErrorKind::Conflict, "the thread was deleted by another call")
}

/// Returns the error of an insert. It is a conflict if the thread was deleted, or if another node of a
/// Galera cluster, which does not see the lock, stored the same row.
pub(super) fn changed(error: Error) -> Error {
    if is_reference(&error) {
        deleted()
    } else if is_duplicate(&error) {
        Error::new(ErrorKind::Conflict, "another call changed the thread at the same time")
    } else {
        error
    }
}

/// Locks the namespaces that exist. It may lock others of their threads, too.
fn lock(connection: &mut Connection, keys: &[NamespaceKey<'_>]) -> Result<LockedNamespaces> {
    let threads: BTreeSet<_> = keys.iter().map(|key| key.hashes.0.as_str()).collect();
    let names: BTreeSet<_> = keys.iter().map(|key| key.hashes.1.as_str()).collect();
    let threads: Vec<_> = threads.into_iter().map(Characters).collect();
    let names: Vec<_> = names.into_iter().map(Characters).collect();
    let query = || {
        graph_namespaces::table
            .inner_join(graph_threads::table)
            .filter(graph_threads::thread_hash.eq_any(&threads))
            .filter(graph_namespaces::name_hash.eq_any(&names))
            .order(graph_namespaces::id.asc())
            .select((
                graph_threads::thread_hash,
                graph_namespaces::name_hash,
                graph_namespaces::id,
                graph_threads::id,
                graph_threads::updated_at,
            ))
    };
    type Row = (Characters<String>, Characters<String>, i64, i64, Timestamp);
    let rows = match &mut connection.session {
        // The transaction is the only writer.
        Session::Sqlite(c) => query().load::<Row>(c),
        Session::PostgreSql(c) => query().for_no_key_update().load::<Row>(c.as_mut()),
        Session::MySql(c) => query().for_update().load::<Row>(c.as_mut()),
    };
    let rows = rows.map_err(|error| connection.write_error(error))?;
    let locked = rows.into_iter().map(|(thread, name, id, thread_id, updated_at)| {
        let hashes = (String::from(thread), String::from(name));
        (hashes, LockedNamespace { id, thread_id, updated_at })
    });
    Ok(LockedNamespaces(locked.collect()))
}

/// Locks a namespace by its id, and increments its generation, so that on a Galera cluster the
/// deletion conflicts with checkpoints that other nodes store. Returns false if it does not exist.
pub(super) fn lock_for_deletion(connection: &mut Connection, id: i64) -> Result<bool> {
    let updated = on_engine!(connection, c => {
        diesel::update(graph_namespaces::table.filter(graph_namespaces::id.eq(id)))
            .set(graph_namespaces::generation.eq(graph_namespaces::generation + 1))
            .execute(c)
    });
    updated.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Records activity of these namespaces' threads, at most once a minute.
pub(super) fn touch<'k>(
    connection: &mut Connection,
    locked: &LockedNamespaces,
    keys: impl Iterator<Item = &'k NamespaceKey<'k>>,
) -> Result<()> {
    let now = Timestamp::now();
    let mut due = BTreeSet::new();
    for key in keys {
        let namespace = locked.get(key)?;
        if now.as_microsecond() - namespace.updated_at.as_microsecond() >= TOUCH_INTERVAL {
            due.insert(namespace.thread_id);
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    let touched = on_engine!(connection, c => {
        diesel::update(graph_threads::table.filter(graph_threads::id.eq_any(&due)))
            .set(graph_threads::updated_at.eq(now))
            .execute(c)
    });
    touched.map(drop).map_err(|error| connection.write_error(error))
}

/// Inserts the row that `$values` returns, unless a row has the same values in the unique columns.
macro_rules! insert_unless_stored {
    ($connection:expr, $table:ident, $values:ident, $key:expr) => {
        match &mut $connection.session {
            Session::Sqlite(c) => $values().on_conflict($key).do_nothing().execute(c),
            Session::PostgreSql(c) => $values().on_conflict($key).do_nothing().execute(c.as_mut()),
            // `INSERT IGNORE` would also hide other errors.
            Session::MySql(c) => $values()
                .on_conflict(diesel::dsl::DuplicatedKeys)
                .do_update()
                .set($table::id.eq($table::id))
                .execute(c.as_mut()),
        }
    };
}

/// Inserts the missing rows. Another call may insert them at the same time.
fn create(connection: &mut Connection, key: &NamespaceKey<'_>) -> Result<()> {
    let now = Timestamp::now();
    let (thread_hash, name_hash) = &key.hashes;
    let (thread_hash, name_hash) =
        (Characters(thread_hash.as_str()), Characters(name_hash.as_str()));
    let thread = || {
        diesel::insert_into(graph_threads::table).values((
            graph_threads::thread.eq(key.thread),
            graph_threads::thread_hash.eq(thread_hash),
            graph_threads::created_at.eq(now),
            graph_threads::updated_at.eq(now),
        ))
    };
    let id = match thread_id(connection, key.thread)? {
        Some(id) => id,
        None => {
            let unique = graph_threads::thread_hash;
            let inserted = insert_unless_stored!(connection, graph_threads, thread, unique);
            inserted.map_err(|error| connection.insert_error(error))?;
            thread_id(connection, key.thread)?.ok_or_else(deleted)?
        }
    };
    let namespace = || {
        diesel::insert_into(graph_namespaces::table).values((
            graph_namespaces::thread_id.eq(id),
            graph_namespaces::name.eq(key.name),
            graph_namespaces::name_hash.eq(name_hash),
            graph_namespaces::generation.eq(0_i64),
        ))
    };
    let unique = (graph_namespaces::thread_id, graph_namespaces::name_hash);
    let inserted = insert_unless_stored!(connection, graph_namespaces, namespace, unique);
    inserted.map(drop).map_err(|error| changed(connection.insert_error(error)))
}
