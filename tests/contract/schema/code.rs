//! The tables as the code sees them, beside those that are in a database.

use chatkeep_testkit::Engine;

use super::live::{TABLES, columns};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![the_code_and_the_live_schema_have_the_same_columns];

/// Its own text is the only place that lists their columns.
const CODE: &str = include_str!("../../../crates/chatkeep-core/src/schema/tables.rs");

/// Each column's name, its SQL type, and whether it may be null.
fn columns_in_code(table: &str) -> Vec<(String, String, bool)> {
    let (_, block) =
        CODE.split_once(&format!("\n    {table} (")).expect("the table stands in the code");
    let (_, block) = block.split_once(") {\n").expect("the table has columns");
    let (columns, _) = block.split_once("\n    }\n").expect("the table has an end");
    let column = |line: &str| {
        let (name, sql_type) =
            line.trim().trim_end_matches(',').split_once(" -> ").expect("a column");
        let nullable = sql_type.strip_prefix("Nullable<").and_then(|inner| inner.strip_suffix('>'));
        (name.to_owned(), nullable.unwrap_or(sql_type).to_owned(), nullable.is_some())
    };
    columns.lines().map(column).collect()
}

/// How the type of a column may begin whose values the code binds and reads as this SQL type. With any other an engine may
/// convert every row before it compares, past the index, and say nothing of it: PostgreSQL does so with `character` and text.
fn columns_of(engine: Engine, sql_type: &str) -> &'static [&'static str] {
    match (engine, sql_type) {
        (Engine::Sqlite, "BigInt") => &["INTEGER", "BIGINT"],
        (Engine::Sqlite, "Integer") => &["INTEGER"],
        (Engine::Sqlite, "Bool") => &["BOOLEAN"],
        (Engine::Sqlite, "Text") => &["TEXT", "VARCHAR("],
        (Engine::Sqlite, "Character") => &["CHAR("],
        (Engine::Sqlite, "Moment" | "Json") => &["TEXT"],
        (Engine::PostgreSql, "BigInt") => &["bigint"],
        (Engine::PostgreSql, "Integer") => &["integer"],
        (Engine::PostgreSql, "Bool") => &["boolean"],
        (Engine::PostgreSql, "Text") => &["text", "character varying("],
        (Engine::PostgreSql, "Character") => &["character("],
        (Engine::PostgreSql, "Moment") => &["timestamp(6) without time zone"],
        (Engine::PostgreSql, "Json") => &["jsonb"],
        (Engine::MariaDb | Engine::MySql, "BigInt") => &["bigint"],
        (Engine::MariaDb | Engine::MySql, "Integer") => &["int"],
        (Engine::MariaDb | Engine::MySql, "Bool") => &["tinyint(1)"],
        (Engine::MariaDb | Engine::MySql, "Text") => &["longtext", "varchar("],
        (Engine::MariaDb | Engine::MySql, "Character") => &["char("],
        (Engine::MariaDb | Engine::MySql, "Moment") => &["datetime(6)"],
        (Engine::MariaDb, "Json") => &["longtext"],
        (Engine::MySql, "Json") => &["json"],
        _ => &[],
    }
}

fn the_code_and_the_live_schema_have_the_same_columns(store: &Store) {
    store.database().upgrade().expect("the schema is made");
    for table in TABLES {
        let (lines, code) = (columns(store, table), columns_in_code(table));
        assert_eq!(lines.len(), code.len(), "{table}");
        for (line, (name, sql_type, nullable)) in lines.iter().zip(code) {
            let (live_name, live_type) = line.split_once(' ').expect("a column has a type");
            assert_eq!(live_name, name, "{table}");
            assert_eq!(!line.contains(" not null"), nullable, "{table}: {line}");
            let allowed = columns_of(store.engine(), &sql_type);
            assert!(
                allowed.iter().any(|allowed| live_type.starts_with(allowed)),
                "{table}: {line}: the code has {sql_type}, so this should be one of {allowed:?}"
            );
        }
    }
}
