//! The overhead of the queries over the raw driver: one durable insert of a row, and one select by
//! id.
//!
//! Both sides write the same row to the same schema on the same disk, and verify first that commits
//! are durable. `make bench` starts the server. The last lines of the output compare the medians;
//! 1.00 is the speed of the raw driver.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::path::Path;
use std::time::Duration;

use chatkeep_core::{
    ConnectOptions, Connection, DatabaseUrl, Metadata, NewMessage, Role, Timestamp, messages,
    migrations,
};
use chatkeep_testkit::{Engine, TestDatabase};
use criterion::{Criterion, criterion_group};

const INSERT: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
     model, tokens_used, metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
const SELECT: &str = "SELECT id, timestamp, user_message, bot_response, provider, model, \
     tokens_used, metadata FROM messages WHERE id = ?1";
const METADATA: &str = r#"{"session":"a1","turn":3}"#;

/// Returns a message of typical size: a question of one line, and a response of one paragraph.
fn message() -> NewMessage {
    NewMessage::new("What does write-ahead logging buy me, and what does it cost?")
        .with_response(
            "Readers do not block the writer, and a commit is one sequential write. ".repeat(8),
        )
        .with_provider("openai")
        .with_model("gpt-4o-mini")
        .with_tokens_used(230)
        .with_metadata(Metadata::parse(METADATA).expect("is an object"))
}

/// Opens a connection to a database with one message, which the selects read.
fn open(url: &str) -> Connection {
    let url = DatabaseUrl::parse(url).expect("a valid URL");
    let mut connection =
        Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("opens");
    migrations::upgrade(&mut connection, Duration::from_secs(30)).expect("migrates");
    assert_eq!(messages::insert(&mut connection, &message()).expect("inserts"), 1);
    connection
}

fn sqlite(criterion: &mut Criterion) {
    let ours = TestDatabase::create(Engine::Sqlite);
    let theirs = TestDatabase::create(Engine::Sqlite);
    let mut connection = open(ours.url());
    drop(open(theirs.url()));
    let raw = raw_sqlite(theirs.path().expect("a file"));
    let message = message();
    let response = message.bot_response.clone();

    let without_returning = INSERT.trim_end_matches(" RETURNING id");
    let mut group = criterion.benchmark_group("sqlite_insert");
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            // Without RETURNING: `query_row` would leave the statement open and prevent
            // checkpoints.
            let mut statement = raw.prepare_cached(without_returning).expect("prepares");
            let timestamp = Timestamp::now().to_string();
            let values = rusqlite::params![
                timestamp[..26].replace('T', " "),
                message.user_message,
                response,
                message.provider,
                message.model,
                message.tokens_used,
                METADATA
            ];
            statement.execute(values).expect("inserts");
            raw.last_insert_rowid()
        });
    });
    group.bench_function("chatkeep", |bencher| {
        bencher.iter(|| messages::insert(&mut connection, &message).expect("inserts"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("sqlite_select");
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            let mut statement = raw.prepare_cached(SELECT).expect("prepares");
            statement.query_row([1_i64], raw_sqlite_row).expect("is there")
        });
    });
    group.bench_function("chatkeep", |bencher| {
        bencher.iter(|| messages::get(&mut connection, 1).expect("answers").expect("is there"));
    });
    group.finish();
}

fn raw_sqlite(path: &Path) -> rusqlite::Connection {
    let raw = rusqlite::Connection::open(path).expect("opens");
    raw.pragma_update(None, "synchronous", "FULL").expect("sets");
    let journal: String =
        raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("answers");
    let synchronous: i64 =
        raw.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("answers");
    assert_eq!((journal.as_str(), synchronous), ("wal", 2), "both sides must be durable");
    raw
}

type RawRow = (
    i64,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<serde_json::Value>,
);

fn raw_sqlite_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawRow> {
    let metadata: Option<String> = row.get(7)?;
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        metadata.map(|text| serde_json::from_str(&text).expect("is JSON")),
    ))
}

fn postgresql(criterion: &mut Criterion) {
    let ours = TestDatabase::create(Engine::PostgreSql);
    let theirs = TestDatabase::create(Engine::PostgreSql);
    assert_eq!(ours.scalar("SHOW fsync").as_deref(), Some("on"), "both sides must be durable");
    assert_eq!(
        ours.scalar("SHOW synchronous_commit").as_deref(),
        Some("on"),
        "both sides must be durable"
    );
    // Without TLS on both sides; by default, chatkeep would use TLS with this server.
    let plain = |url: &str| format!("{url}?sslmode=disable");
    let mut connection = open(&plain(ours.url()));
    drop(open(&plain(theirs.url())));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let (client, driver) = runtime
        .block_on(tokio_postgres::connect(theirs.url(), tokio_postgres::NoTls))
        .expect("connects");
    runtime.spawn(driver);
    let message = message();
    let text = |sql: &str| sql.replace('?', "$");
    // The timestamp and the metadata are text, because the raw driver has no types for them.
    let insert = text(INSERT).replace("$1", "$1::text::timestamp").replace("$7", "$7::text::jsonb");
    let insert = runtime.block_on(client.prepare(&insert)).expect("prepares");
    let select = text(SELECT)
        .replace("timestamp,", "timestamp::text,")
        .replace("metadata ", "metadata::text ");
    let select = runtime.block_on(client.prepare(&select)).expect("prepares");

    let mut group = criterion.benchmark_group("postgresql_insert");
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            let timestamp = Timestamp::now().to_string();
            let row = runtime
                .block_on(client.query_one(
                    &insert,
                    &[
                        &timestamp,
                        &message.user_message,
                        &message.bot_response,
                        &message.provider,
                        &message.model,
                        &message.tokens_used,
                        &METADATA,
                    ],
                ))
                .expect("inserts");
            row.get::<_, i64>(0)
        });
    });
    group.bench_function("chatkeep", |bencher| {
        bencher.iter(|| messages::insert(&mut connection, &message).expect("inserts"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("postgresql_select");
    group.bench_function("raw", |bencher| {
        bencher.iter(|| {
            let row = runtime.block_on(client.query_one(&select, &[&1_i64])).expect("is there");
            let metadata: Option<String> = row.get(7);
            let raw: RawRow = (
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
                row.get(6),
                metadata.map(|text| serde_json::from_str(&text).expect("is JSON")),
            );
            raw
        });
    });
    group.bench_function("chatkeep", |bencher| {
        bencher.iter(|| messages::get(&mut connection, 1).expect("answers").expect("is there"));
    });
    group.finish();
}

criterion_group!(benches, sqlite, postgresql);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    compare();
}

/// Prints the medians, read from criterion's result files.
fn compare() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        std::path::PathBuf::from,
    );
    let median = |group: &str, name: &str| -> Option<f64> {
        let path = target.join("criterion").join(group).join(name).join("new/estimates.json");
        let estimates: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    };
    println!("{:<20} {:>12} {:>12} {:>8}", "", "raw", "chatkeep", "speed");
    for group in ["sqlite_insert", "sqlite_select", "postgresql_insert", "postgresql_select"] {
        if let (Some(raw), Some(ours)) = (median(group, "raw"), median(group, "chatkeep")) {
            println!(
                "{group:<20} {:>9.1} us {:>9.1} us {:>8.2}",
                raw / 1000.0,
                ours / 1000.0,
                raw / ours
            );
        }
    }
}
