//! Servers with unusual values of every setting that a session can override.

use chatkeep::NewMessage;
use chatkeep_testkit::{Engine, Server, TestDatabase};

use super::workload;
use crate::store::open;

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
    sql_auto_is_null = 1, sql_big_selects = 0, max_join_size = 3, unique_checks = 0";

/// A trigger that stores the settings of the session that inserts a message.
const TRIGGER: &str = "CREATE TRIGGER seen BEFORE INSERT ON messages FOR EACH ROW \
    SET NEW.bot_response = CONCAT_WS('; ', @@autocommit + 0, @@completion_type, \
    @@sql_select_limit, @@group_concat_max_len, @@sql_auto_is_null + 0, @@sql_safe_updates + 0, \
    @@sql_big_selects + 0, @@unique_checks + 0, @@time_zone)";
const SEEN: &str = "1; NO_CHAIN; 18446744073709551615; 1048576; 0; 0; 1; 1; +00:00";

const POSTGRESQL_TRIGGER: &str = "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN NEW.bot_response := concat_ws('; ', current_setting('transaction_isolation'), \
    current_setting('standard_conforming_strings'), current_setting('transform_null_equals'), \
    current_setting('array_nulls'), current_setting('quote_all_identifiers'), \
    current_setting('DateStyle'), current_setting('TimeZone')); RETURN NEW; END $$; \
    CREATE TRIGGER seen BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION seen()";
const POSTGRESQL_SEEN: &str = "read committed; on; off; on; off; ISO, MDY; UTC";

/// Asserts that a session has its own values. Few of the settings change a result of the workload,
/// but any of them can change one of a later release.
fn assert_session_settings(database: &TestDatabase, trigger: &str, expected: &str) {
    database.execute(trigger);
    let chat = open(database.url());
    let id = chat.messages().log_message(&NewMessage::new("a")).expect("the message is logged");
    let message = chat.messages().get_message_by_id(id).expect("the query succeeds");
    let seen = message.and_then(|message| message.bot_response);
    assert_eq!(seen.as_deref(), Some(expected));
}

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
    assert_session_settings(&database, TRIGGER, SEEN);
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
    assert_session_settings(&database, POSTGRESQL_TRIGGER, POSTGRESQL_SEEN);
}
