//! `db …`, `migrate …`, and databases that are not there.

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::json;

use crate::command::Home;

const NOWHERE: &str = "postgresql://bot:hush-hush@127.0.0.1:1/chat";
const IMPATIENT: &[(&str, &str)] = &[("DB_MAX_RETRIES", "1"), ("DB_RETRY_DELAY", "0.2")];

#[test]
fn a_url_is_shown_without_its_password_and_opens_nothing() {
    let home = Home::at(NOWHERE);
    let text = home.do_it(&["db", "url"]);
    assert!(
        text.starts_with("URL     postgresql://bot:")
            && text.contains("@127.0.0.1:1/chat\nEngine  postgresql\n"),
        "{text}"
    );
    assert!(!text.contains("hush-hush"), "{text}");

    let home = Home::new();
    let json = home.ask(&["db", "url"]);
    assert_eq!(
        (&json["engine"], &json["file"]),
        (&json!("sqlite"), &json!(home.path("chat.db").to_string_lossy()))
    );
    assert!(!home.path("chat.db").exists());
}

#[test]
fn the_option_comes_before_the_environment() {
    let home = Home::at(NOWHERE);
    let other = home.path("other.db");
    let url = format!("sqlite:///{}", other.display());
    home.do_it(&["--database-url", &url, "messages", "log", "hi"]);
    home.do_it(&["messages", "count", "--database-url", &url]);
    assert!(other.exists());
}

#[test]
fn a_url_that_cannot_be_is_a_usage_error_and_creates_nothing() {
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
fn an_unreachable_server_is_exit_code_5_with_a_hint() {
    let home = Home::at(NOWHERE);
    for arguments in
        [&["messages", "count"][..], &["db", "health"], &["db", "status"], &["migrate", "current"]]
    {
        let answer = home.run_with(arguments, IMPATIENT);
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
fn a_new_database_is_brought_up_to_date_step_by_step() {
    let home = Home::new();
    let before = home.run(&["migrate", "current", "--json"]);
    assert_eq!(before.code, Some(3), "{before:?}");
    assert!(before.out.contains("\"state\": \"behind\""), "{before:?}");

    let ran = home.ask(&["migrate", "upgrade"]);
    assert!(!ran["applied"].as_array().expect("an array").is_empty());
    assert_eq!(home.do_it(&["migrate", "upgrade"]), "the schema is up to date, nothing to do\n");
    assert!(home.do_it(&["migrate", "current"]).starts_with("Schema   up to date\n"));

    let history = home.ask(&["migrate", "history"]);
    let states: Vec<_> =
        history.as_array().expect("an array").iter().map(|row| &row["state"]).collect();
    assert!(!states.is_empty() && states.iter().all(|state| *state == "applied"), "{history}");
    assert!(home.do_it(&["migrate", "history"]).starts_with("Version "));
}

#[test]
fn a_schema_that_is_behind_is_exit_code_3_and_names_the_command() {
    let home = Home::new();
    let answer = home.run_with(&["messages", "list"], &[("DB_AUTO_MIGRATE", "off")]);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert_eq!(answer.err.matches("chatkeep migrate upgrade").count(), 1, "{}", answer.err);
    home.do_it(&["migrate", "upgrade"]);
    assert_eq!(home.run_with(&["messages", "list"], &[("DB_AUTO_MIGRATE", "off")]).code, Some(0));
}

#[test]
fn status_health_and_wait_describe_a_database_that_is_well() {
    let home = Home::new();
    home.do_it(&["messages", "log", "hi"]);
    home.do_it(&["tokens", "create"]);
    let status = home.ask(&["db", "status"]);
    assert_eq!((&status["engine"], &status["schema"]), (&json!("sqlite"), &json!("head")));
    assert_eq!(
        (&status["messages"], &status["tokens"], &status["active_tokens"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(status["pool"]["pool_size"], 10);
    let text = home.do_it(&["db", "status"]);
    assert!(text.contains("\nSchema      up to date\nMessages    1\n"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80
            || line.starts_with("URL")
            || line.starts_with("File")),
        "{text}"
    );

    let health = home.ask(&["db", "health"]);
    assert_eq!((&health["ok"], &health["schema"]), (&json!(true), &json!("head")));
    assert!(home.do_it(&["db", "health"]).starts_with("Health   well\n"));
    assert_eq!(home.ask(&["db", "wait", "--timeout", "5"])["ready"], true);
}

#[test]
fn looking_at_a_database_does_not_change_its_schema() {
    let home = Home::new();
    home.run(&["db", "status"]);
    home.run(&["db", "health"]);
    home.run(&["migrate", "history"]);
    assert_eq!(home.run(&["migrate", "current"]).code, Some(3));
}

#[test]
fn a_file_that_is_no_database_is_said_so_and_left_alone() {
    let home = Home::new();
    let nonsense = "this is no database, but long enough to be taken for one".repeat(100);
    home.write("chat.db", &nonsense);
    let answer = home.run(&["messages", "list", "--json"]);
    assert_eq!((answer.code, &answer.error()["kind"]), (Some(1), &json!("Corrupt")), "{answer:?}");
    assert_eq!(home.read("chat.db"), nonsense);
}

#[test]
fn a_search_index_is_made_and_dropped_on_request() {
    let home = Home::new();
    home.do_it(&["messages", "log", "What is WAL?"]);
    let state = || home.ask(&["search-index", "status"])["state"].clone();
    assert_eq!(state(), "absent");
    assert_eq!(home.do_it(&["search-index", "create"]), "the search index is ready\n");
    assert_eq!(home.ask(&["search-index", "create"]), json!({ "created": false }));
    assert_eq!(state(), "ready");
    assert!(home.do_it(&["messages", "search", "wal"]).contains("What is WAL?"));
    assert_eq!(home.ask(&["search-index", "drop"]), json!({ "dropped": true }));
    assert_eq!(home.do_it(&["search-index", "drop"]), "there is no search index\n");
    assert_eq!(state(), "absent");
}

#[test]
fn status_says_that_the_tables_are_another_schemas() {
    let database = TestDatabase::create(Engine::PostgreSql);
    Home::at(database.url()).do_it(&["migrate", "upgrade"]);
    assert_eq!(Home::at(database.url()).ask(&["db", "status"])["found_in"], "public");
    database.execute("CREATE SCHEMA tenant2");
    let home = Home::at(&format!("{}?options=-c%20search_path%3Dtenant2%2Cpublic", database.url()));
    for call in [&["db", "status"][..], &["migrate", "current"], &["migrate", "upgrade"]] {
        let answer = home.run(call);
        let says = "found in the schema public, though search_path begins with tenant2";
        assert!(answer.code == Some(0) && answer.err.contains(says), "{call:?}: {answer:?}");
    }
    assert!(home.do_it(&["db", "status"]).contains("up to date, in public"));
}
