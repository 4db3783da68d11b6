//! Servers with unusual values of every setting that a session can override.

use chatkeep_testkit::{Engine, Server};

use super::workload;

/// Settings shared by MySQL and MariaDB. Each of them once changed a result or made a call fail.
const SHARED: [(&str, &str); 9] = [
    ("autocommit", "0"),
    ("completion_type", "CHAIN"),
    (
        "sql_mode",
        "ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY",
    ),
    ("transaction_isolation", "SERIALIZABLE"),
    ("character_set_server", "latin1"),
    ("collation_server", "latin1_swedish_ci"),
    ("group_concat_max_len", "16"),
    ("default_time_zone", "+05:30"),
    // Fewer than one program needs.
    ("max_prepared_stmt_count", "5"),
];

/// Settings without a command-line option.
const SHARED_AT_RUN_TIME: &str = "SET GLOBAL sql_select_limit = 5, sql_safe_updates = 1, \
    sql_auto_is_null = 1, sql_big_selects = 0, max_join_size = 3";

fn assert_same_results(engine: Engine, more: &[(&str, &str)]) {
    if !engine.is_available() {
        return;
    }
    let mut builder = Server::builder(engine);
    for (name, value) in SHARED.iter().chain(more) {
        builder = builder.setting(name, value);
    }
    let server = builder.start();
    let database = server.create_database();
    database.execute(SHARED_AT_RUN_TIME);
    workload::assert_usual_results(database.url());
}

#[test]
fn results_are_independent_of_mariadb_settings() {
    let more = [("log-bin", "binlog"), ("binlog_format", "ROW"), ("innodb_autoinc_lock_mode", "2")];
    assert_same_results(Engine::MariaDb, &more);
}

#[test]
fn results_are_independent_of_mysql_settings() {
    assert_same_results(
        Engine::MySql,
        &[("sql_generate_invisible_primary_key", "ON"), ("sql_require_primary_key", "ON")],
    );
}

#[test]
fn results_are_independent_of_postgresql_settings() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let settings = [
        ("default_transaction_isolation", "serializable"),
        ("standard_conforming_strings", "off"),
        ("backslash_quote", "off"),
        ("transform_null_equals", "on"),
        ("array_nulls", "off"),
        ("quote_all_identifiers", "on"),
        ("DateStyle", "SQL, DMY"),
        ("IntervalStyle", "sql_standard"),
        ("TimeZone", "Asia/Kolkata"),
        ("bytea_output", "escape"),
        ("extra_float_digits", "-15"),
        ("default_transaction_deferrable", "on"),
        ("client_min_messages", "debug5"),
        ("lc_messages", "C"),
    ];
    let mut builder = Server::builder(Engine::PostgreSql);
    for (name, value) in settings {
        builder = builder.setting(name, value);
    }
    let server = builder.start();
    let database = server.create_database();
    workload::assert_usual_results(database.url());
}
