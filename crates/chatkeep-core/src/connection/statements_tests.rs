//! How many statements a connection keeps prepared when it is asked in thousands of ways.

use chatkeep_testkit::{Engine, TestDatabase};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::*;
use crate::connection::{ConnectOptions, Connection, Role, Session};
use crate::message::{MessageFilter, MetadataFilter, Order, after, count};
use crate::migrations;
use crate::url::DatabaseUrl;
use crate::value::Timestamp;

/// Statements beside those of the cache: the one that asks, and one that is still to be closed.
const BESIDE: i64 = 2;

/// Four times as many as are kept.
fn filters() -> impl Iterator<Item = MessageFilter> {
    let wanted = |keys: usize| {
        (0..keys)
            .map(|key| MetadataFilter::new(format!("key {key}"), key as i64).expect("a filter"))
            .collect()
    };
    (0..4 * MAX_STATEMENTS / 16).flat_map(move |keys| {
        (0..16_u8).map(move |which| MessageFilter {
            provider: (which & 1 > 0).then(|| "a".to_owned()),
            model: (which & 2 > 0).then(|| "b".to_owned()),
            start: (which & 4 > 0).then_some(Timestamp::MIN),
            end: (which & 8 > 0).then_some(Timestamp::MAX),
            metadata: wanted(keys),
        })
    })
}

fn open(database: &TestDatabase) -> Connection {
    let url = DatabaseUrl::parse(database.url()).expect("the URL is right");
    let options = ConnectOptions::default();
    let mut connection =
        Connection::open(&url, Role::Writer, &options).expect("the database is there");
    migrations::upgrade(&mut connection, options.query_timeout).expect("the schema is made");
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

/// The statements that the server has prepared for this connection.
fn prepared(connection: &mut Connection) -> i64 {
    match &mut connection.session {
        Session::Sqlite(_) => unreachable!("SQLite is asked for its memory"),
        Session::PostgreSql(session) => {
            let count = sql_query("SELECT count(*) AS count FROM pg_prepared_statements");
            count.get_result::<Count>(session.as_mut()).expect("the server answers").count
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
            let rows = status.expect("the server answers");
            of(&rows, "Com_stmt_prepare") - of(&rows, "Com_stmt_close")
        }
    }
}

#[test]
fn the_statement_that_was_not_used_for_longest_is_removed() {
    let mut statements = Statements::<Sqlite, usize>::new();
    let key = |number: usize| StatementCacheKey::Sql {
        sql: format!("SELECT {number}"),
        bind_types: Vec::new(),
    };
    for number in 0..MAX_STATEMENTS {
        assert_eq!(statements.keep(key(number), number), None);
    }
    let first = statements.find(&sql_query("SELECT 0"), &[], &Sqlite).expect("it has a text");
    assert!(matches!(first, Lookup::Prepared(0)));
    assert_eq!(statements.keep(key(MAX_STATEMENTS), MAX_STATEMENTS), Some(1));
    assert_eq!(statements.kept.len(), MAX_STATEMENTS);
}

#[test]
fn thousands_of_different_filters_leave_a_bounded_number_of_prepared_statements() {
    for engine in Engine::servers().into_iter().filter(|engine| engine.is_available()) {
        let database = TestDatabase::create(engine);
        let mut connection = open(&database);
        for filter in filters() {
            assert_eq!(count(&mut connection, &filter).expect("the log answers"), 0);
        }
        let after_all = prepared(&mut connection);
        assert!(after_all <= MAX_STATEMENTS as i64 + BESIDE, "{engine}: {after_all}");
        assert!(after_all >= MAX_STATEMENTS as i64 / 2, "{engine} keeps none: {after_all}");
    }
}

#[test]
#[expect(unsafe_code, reason = "SQLite's memory is asked for by a C function")]
fn sqlite_keeps_a_bounded_amount_of_memory_for_different_filters_and_numbers() {
    // SAFETY: it takes nothing, and reads a counter.
    let used = || unsafe { libsqlite3_sys::sqlite3_memory_used() };
    let database = TestDatabase::create(Engine::Sqlite);
    let mut connection = open(&database);
    count(&mut connection, &MessageFilter::default()).expect("the log answers");
    let before = used();
    for number in 0..10_000_i64 {
        let wanted = MetadataFilter::new("number", number).expect("a filter");
        let filter = MessageFilter { metadata: vec![wanted], ..MessageFilter::default() };
        after(&mut connection, &filter, None, Order::OldestFirst, 1).expect("the log answers");
    }
    let numbers = used() - before;
    assert!(numbers < 256 << 10, "one statement for all numbers: {numbers} bytes");
    for filter in filters().chain(filters()) {
        count(&mut connection, &filter).expect("the log answers");
    }
    let filters = used() - before;
    // The longest of these statements has 63 subqueries and takes 100 kB.
    assert!(filters < (MAX_STATEMENTS as i64 * 128) << 10, "{filters} bytes");
}
