//! Tests of `db …`, `migrate …` and `search-index …`, and of missing databases.

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::Home;

const NOWHERE: &str = "postgresql://bot:hush-hush@127.0.0.1:1/chat";
const FEW_RETRIES: &[(&str, &str)] = &[("DB_MAX_RETRIES", "1"), ("DB_RETRY_DELAY", "0.2")];

#[test]
fn db_url_hides_the_password_and_opens_nothing() {
    let home = Home::at(NOWHERE);
    let text = home.run_ok(&["db", "url"]);
    assert!(
        text.starts_with("URL     postgresql://bot:")
            && text.contains("@127.0.0.1:1/chat\nEngine  postgresql\n"),
        "{text}"
    );
    assert!(!text.contains("hush-hush"), "{text}");

    let home = Home::new();
    let json = home.run_json(&["db", "url"]);
    assert_eq!(
        (&json["engine"], &json["file"]),
        (&json!("sqlite"), &json!(home.path("chat.db").to_string_lossy()))
    );
    assert!(!home.path("chat.db").exists());
}

#[test]
fn the_option_overrides_the_environment() {
    let home = Home::at(NOWHERE);
    let other = home.path("other.db");
    let url = format!("sqlite:///{}", other.display());
    home.run_ok(&["--database-url", &url, "messages", "log", "hi"]);
    home.run_ok(&["messages", "count", "--database-url", &url]);
    assert!(other.exists());
}

#[test]
fn invalid_urls_are_usage_errors_and_create_nothing() {
    for url in [
        "postgres//db",
        "sqlit:///x.db",
        "sqlite:///x.db?colour=red",
        "postgresql://bot:hush-hush@db/chat?colour=red",
    ] {
        let home = Home::at(url);
        for arguments in [&["messages", "list"][..], &["db", "url"], &["migrate", "upgrade"]] {
            let answer = home.run(&[arguments, &["--json"]].concat());
            assert_eq!(answer.code, Some(2), "{url}: {answer:?}");
            assert_eq!(answer.error()["kind"], "Configuration", "{url}: {answer:?}");
            assert!(!answer.err.contains("hush-hush"), "{answer:?}");
        }
        assert_eq!(home.files(), <[String; 0]>::default(), "{url}");
    }
}

#[test]
fn unreachable_servers_exit_with_5_and_a_hint() {
    let home = Home::at(NOWHERE);
    for arguments in
        [&["messages", "count"][..], &["db", "health"], &["db", "status"], &["migrate", "current"]]
    {
        let answer = home.run_with(arguments, FEW_RETRIES);
        assert_eq!(answer.code, Some(5), "{arguments:?}: {answer:?}");
        assert!(
            answer.err.starts_with("error: ") && answer.err.contains("chatkeep db wait"),
            "{answer:?}"
        );
        assert!(!answer.err.contains("hush-hush"), "{answer:?}");
    }
    let start = std::time::Instant::now();
    assert_eq!(home.run(&["db", "wait", "--timeout", "1"]).code, Some(5));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn new_databases_are_behind_until_they_are_upgraded() {
    let home = Home::new();
    let before = home.run(&["migrate", "current", "--json"]);
    assert_eq!(before.code, Some(3), "{before:?}");
    assert!(before.out.contains("\"state\": \"behind\""), "{before:?}");

    let ran = home.run_json(&["migrate", "upgrade"]);
    assert!(!ran["applied"].as_array().expect("an array").is_empty());
    assert_eq!(home.run_ok(&["migrate", "upgrade"]), "the schema is up to date\n");
    assert!(home.run_ok(&["migrate", "current"]).starts_with("Schema   up to date\n"));

    let history = home.run_json(&["migrate", "history"]);
    let states: Vec<_> =
        history.as_array().expect("an array").iter().map(|row| &row["state"]).collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "applied"), "{history}");
    assert!(home.run_ok(&["migrate", "history"]).starts_with("Version "));
}

#[test]
fn schemas_that_are_behind_exit_with_3_and_name_the_command() {
    let home = Home::new();
    let answer = home.run_with(&["messages", "list"], &[("DB_AUTO_MIGRATE", "off")]);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert_eq!(answer.err.matches("chatkeep migrate upgrade").count(), 1, "{}", answer.err);
    home.run_ok(&["migrate", "upgrade"]);
    assert_eq!(home.run_with(&["messages", "list"], &[("DB_AUTO_MIGRATE", "off")]).code, Some(0));
}

#[test]
fn status_health_and_wait_describe_a_healthy_database() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "hi"]);
    home.run_ok(&["tokens", "create"]);
    let status = home.run_json(&["db", "status"]);
    assert_eq!((&status["engine"], &status["schema"]), (&json!("sqlite"), &json!("head")));
    assert_eq!(
        (&status["messages"], &status["tokens"], &status["active_tokens"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(status["pool"]["pool_size"], 10);
    let text = home.run_ok(&["db", "status"]);
    assert!(text.contains("\nSchema      up to date\nMessages    1\n"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80
            || line.starts_with("URL")
            || line.starts_with("File")),
        "{text}"
    );

    let health = home.run_json(&["db", "health"]);
    assert_eq!((&health["ok"], &health["schema"]), (&json!(true), &json!("head")));
    assert!(home.run_ok(&["db", "health"]).starts_with("Health   healthy\n"));
    assert_eq!(home.run_json(&["db", "wait", "--timeout", "5"])["ready"], true);
}

#[test]
fn inspecting_a_database_does_not_change_its_schema() {
    let home = Home::new();
    home.run(&["db", "status"]);
    home.run(&["db", "health"]);
    home.run(&["migrate", "history"]);
    assert_eq!(home.run(&["migrate", "current"]).code, Some(3));
}

#[test]
fn files_that_are_not_databases_are_reported_and_unchanged() {
    let home = Home::new();
    let nonsense = "this is not a database, but long enough to be one".repeat(100);
    home.write("chat.db", &nonsense);
    let answer = home.run(&["messages", "list", "--json"]);
    assert_eq!((answer.code, &answer.error()["kind"]), (Some(1), &json!("Corrupt")), "{answer:?}");
    assert_eq!(home.read("chat.db"), nonsense);
}

#[test]
fn search_indexes_are_created_and_dropped() {
    let home = Home::new();
    home.run_ok(&["messages", "log", "What is WAL?"]);
    let state = || home.run_json(&["search-index", "status"])["state"].clone();
    assert_eq!(state(), "absent");
    assert_eq!(home.run_ok(&["search-index", "create"]), "the search index is ready\n");
    assert_eq!(home.run_json(&["search-index", "create"]), json!({ "created": false }));
    assert_eq!(state(), "ready");
    assert!(home.run_ok(&["messages", "search", "wal"]).contains("What is WAL?"));
    assert_eq!(home.run_json(&["search-index", "drop"]), json!({ "dropped": true }));
    assert_eq!(home.run_ok(&["search-index", "drop"]), "there is no search index\n");
    assert_eq!(state(), "absent");
}

#[test]
fn status_names_the_schema_of_the_tables() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    Home::at(database.url()).run_ok(&["migrate", "upgrade"]);
    assert_eq!(Home::at(database.url()).run_json(&["db", "status"])["found_in"], "public");
    database.execute("CREATE SCHEMA tenant2");
    let home = Home::at(&format!("{}?options=-c%20search_path%3Dtenant2%2Cpublic", database.url()));
    for call in [&["db", "status"][..], &["migrate", "current"], &["migrate", "upgrade"]] {
        let answer = home.run(call);
        let warning = "found in the schema public, though search_path begins with tenant2";
        assert!(answer.code == Some(0) && answer.err.contains(warning), "{call:?}: {answer:?}");
    }
    assert!(home.run_ok(&["db", "status"]).contains("up to date, in public"));
}
