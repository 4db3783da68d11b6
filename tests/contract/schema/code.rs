//! Compares the tables declared in the code with those of a live database.

use std::path::{Path, PathBuf};
use std::{env, fs};

use chatkeep_testkit::Engine;

use super::live::{columns, tables};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty => code_and_live_schema_have_the_same_columns];

/// Returns the folder of the source text, which is the only place that lists the columns. The
/// folder at compile time could be another clone's, because build output may be shared between
/// clones.
fn sources() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo");
    Path::new(&package).join("../crates/chatkeep-core/src")
}

/// Returns the declarations of tables in a folder.
fn declarations(folder: &Path) -> String {
    let mut found = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found += &declarations(&path);
        } else if let Ok(text) = fs::read_to_string(&path)
            && text.contains("diesel::table! {")
        {
            found += &text;
        }
    }
    found
}

/// Returns the name, the SQL type and the nullability of each column.
fn columns_in_code(code: &str, table: &str) -> Vec<(String, String, bool)> {
    let (_, block) =
        code.split_once(&format!("\n    {table} (")).expect("the table is declared in the code");
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

/// Returns the column types, as prefixes, that match a Diesel SQL type. With any other type, an
/// engine may silently convert every row before comparing it and ignore the index, as PostgreSQL
/// does for `character` and text.
fn columns_of(engine: Engine, sql_type: &str) -> &'static [&'static str] {
    match (engine, sql_type) {
        (Engine::Sqlite, "BigInt") => &["INTEGER", "BIGINT"],
        (Engine::Sqlite, "Integer") => &["INTEGER"],
        (Engine::Sqlite, "Bool") => &["BOOLEAN"],
        (Engine::Sqlite, "Text") => &["TEXT", "VARCHAR("],
        (Engine::Sqlite, "Character") => &["CHAR("],
        (Engine::Sqlite, "UtcTimestamp" | "Json") => &["TEXT"],
        (Engine::Sqlite, "Binary") => &["BLOB"],
        (Engine::PostgreSql, "BigInt") => &["bigint"],
        (Engine::PostgreSql, "Integer") => &["integer"],
        (Engine::PostgreSql, "Bool") => &["boolean"],
        (Engine::PostgreSql, "Text") => &["text", "character varying("],
        (Engine::PostgreSql, "Character") => &["character("],
        (Engine::PostgreSql, "UtcTimestamp") => &["timestamp(6) without time zone"],
        (Engine::PostgreSql, "Json") => &["jsonb"],
        (Engine::PostgreSql, "Binary") => &["bytea"],
        (Engine::MariaDb | Engine::MySql, "BigInt") => &["bigint"],
        (Engine::MariaDb | Engine::MySql, "Integer") => &["int"],
        (Engine::MariaDb | Engine::MySql, "Bool") => &["tinyint(1)"],
        (Engine::MariaDb | Engine::MySql, "Text") => &["longtext", "varchar("],
        (Engine::MariaDb | Engine::MySql, "Character") => &["char("],
        (Engine::MariaDb | Engine::MySql, "UtcTimestamp") => &["datetime(6)"],
        (Engine::MariaDb | Engine::MySql, "Binary") => &["longblob"],
        (Engine::MariaDb, "Json") => &["longtext"],
        (Engine::MySql, "Json") => &["json"],
        _ => &[],
    }
}

fn code_and_live_schema_have_the_same_columns(store: &Store) {
    store.database().upgrade().expect("the schema is created");
    let declared = declarations(&sources());
    for table in tables(store.engine()) {
        let (lines, code) = (columns(store, table), columns_in_code(&declared, table));
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
