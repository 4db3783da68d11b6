//! Tests of the limit for prepared statements, with thousands of different queries.

use chatkeep_testkit::{Engine, TestDatabase};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::*;
use crate::connection::{ConnectOptions, Connection, Role, Session};
use crate::message::{MessageFilter, MetadataFilter, Order, count, list_after};
use crate::migrations;
use crate::url::DatabaseUrl;
use crate::value::Timestamp;

/// Statements outside the cache: the one that counts, and one that is not closed yet.
const UNCACHED: i64 = 2;

/// Returns four times as many different filters as statements are cached.
fn filters() -> impl Iterator<Item = MessageFilter> {
    let metadata = |keys: usize| {
        (0..keys)
            .map(|key| MetadataFilter::new(format!("key {key}"), key as i64).expect("a filter"))
            .collect()
    };
    (0..4 * MAX_STATEMENTS / 16).flat_map(move |keys| {
        (0..16_u8).map(move |bits| MessageFilter {
            provider: (bits & 1 > 0).then(|| "a".to_owned()),
            model: (bits & 2 > 0).then(|| "b".to_owned()),
            start: (bits & 4 > 0).then_some(Timestamp::MIN),
            end: (bits & 8 > 0).then_some(Timestamp::MAX),
            metadata: metadata(keys),
            ..MessageFilter::default()
        })
    })
}

fn open(database: &TestDatabase) -> Connection {
    let url = DatabaseUrl::parse(database.url()).expect("a valid URL");
    let options = ConnectOptions::default();
    let mut connection =
        Connection::open(&url, Role::Writer, &options).expect("the connection opens");
    migrations::upgrade(&mut connection, options.query_timeout).expect("the schema is created");
    connection
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Status {
    #[diesel(sql_type = Text, column_name = "Variable_name")]
    name: String,
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Returns the number of statements that the server has prepared for this connection.
fn prepared(connection: &mut Connection) -> i64 {
    match &mut connection.session {
        Session::Sqlite(_) => unreachable!("on SQLite, the test measures memory"),
        Session::PostgreSql(session) => {
            let count = sql_query("SELECT count(*) AS count FROM pg_prepared_statements");
            count.get_result::<Count>(session.as_mut()).expect("the server responds").count
        }
        Session::MySql(session) => {
            let status =
                sql_query("SHOW SESSION STATUS LIKE 'Com_stmt_%'").load::<Status>(session.as_mut());
            let of = |rows: &[Status], name: &str| -> i64 {
                let row = rows
                    .iter()
                    .find(|row| row.name.eq_ignore_ascii_case(name))
                    .expect("it is counted");
                row.value.parse().expect("a number")
            };
            let rows = status.expect("the server responds");
            of(&rows, "Com_stmt_prepare") - of(&rows, "Com_stmt_close")
        }
    }
}

#[test]
fn full_cache_evicts_the_least_recently_used_statement() {
    let mut statements = Statements::<Sqlite, usize>::new();
    let key = |number: usize| StatementCacheKey::Sql {
        sql: format!("SELECT {number}"),
        bind_types: Vec::new(),
    };
    for number in 0..MAX_STATEMENTS {
        assert_eq!(statements.insert(key(number), number), None);
    }
    let first = statements.find(&sql_query("SELECT 0"), &[], &Sqlite).expect("a cache key");
    assert!(matches!(first, Lookup::Prepared(0)));
    assert_eq!(statements.insert(key(MAX_STATEMENTS), MAX_STATEMENTS), Some(1));
    assert_eq!(statements.cached.len(), MAX_STATEMENTS);
}

#[test]
fn prepared_statements_are_bounded_with_thousands_of_different_filters() {
    for engine in Engine::servers().into_iter().filter(|engine| engine.is_available()) {
        let database = TestDatabase::create(engine);
        let mut connection = open(&database);
        for filter in filters() {
            assert_eq!(count(&mut connection, &filter).expect("the messages are counted"), 0);
        }
        let after_all = prepared(&mut connection);
        assert!(after_all <= MAX_STATEMENTS as i64 + UNCACHED, "{engine}: {after_all}");
        assert!(after_all >= MAX_STATEMENTS as i64 / 2, "{engine} caches none: {after_all}");
    }
}

#[test]
#[expect(unsafe_code, reason = "SQLite's memory counter is a C function")]
fn sqlite_memory_is_bounded_with_many_different_filters_and_values() {
    // SAFETY: the function has no arguments and reads a counter.
    let used = || unsafe { libsqlite3_sys::sqlite3_memory_used() };
    let database = TestDatabase::create(Engine::Sqlite);
    let mut connection = open(&database);
    count(&mut connection, &MessageFilter::default()).expect("the messages are counted");
    let before = used();
    let mut numbers = 0;
    for number in 0..10_000_i64 {
        let number = MetadataFilter::new("number", number).expect("a filter");
        let filter = MessageFilter { metadata: vec![number], ..MessageFilter::default() };
        list_after(&mut connection, &filter, None, Order::OldestFirst, 1)
            .expect("a page of messages");
        // The cache is cleared when it is full, so it is measured while it fills.
        numbers = numbers.max(used() - before);
    }
    assert!(numbers < 256 << 10, "one statement for all numbers: {numbers} bytes");
    for filter in filters().chain(filters()) {
        count(&mut connection, &filter).expect("the messages are counted");
    }
    let filters = used() - before;
    // The longest of these statements has 63 subqueries and uses 100 kB.
    assert!(filters < (MAX_STATEMENTS as i64 * 128) << 10, "{filters} bytes");
}
