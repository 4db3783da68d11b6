//! Tests of `migrate …` with an application's migrations.

use std::path::PathBuf;

use chatkeep_testkit::{Engine, TestDatabase};
use serde_json::{Value, json};

use crate::command::Home;

/// Creates a migration with these statements. Returns its folder.
fn new(home: &Home, description: &str, up: &str, down: &str) -> PathBuf {
    let files = home.run_json(&["migrate", "new", description]);
    let files: Vec<_> =
        files["files"].as_array().expect("an array").iter().filter_map(Value::as_str).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for (file, sql) in files.iter().zip([up, down]) {
        let path = home.path(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(text.starts_with("-- "), "{text}");
        std::fs::write(&path, text + sql).expect("the file is written");
    }
    home.path(files[0]).parent().expect("its folder").to_owned()
}

fn with_users(home: &Home) -> PathBuf {
    new(
        home,
        "Add a table of users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n",
        "DROP TABLE users;\n",
    )
}

const DIR: [&str; 3] = ["migrate", "--dir", "migrations"];

fn on_folder<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    DIR.iter().chain(arguments).copied().collect()
}

#[test]
fn application_migrations_are_applied_and_reverted() {
    let home = Home::new();
    with_users(&home);
    let second = new(
        &home,
        "index names",
        "CREATE INDEX users_name ON users (name);\n",
        "DROP INDEX users_name;\n",
    );
    assert!(second.to_string_lossy().ends_with("_index_names"), "{}", second.display());

    let ran = home.run_ok(&on_folder(&["upgrade"]));
    assert!(ran.contains("_add_a_table_of_users\n") && ran.ends_with("_index_names\n"), "{ran}");
    assert_eq!(home.run_ok(&on_folder(&["upgrade"])), "the schema is up to date\n");
    assert_eq!(home.run_json(&on_folder(&["current"]))["name"], "index_names");
    assert!(home.run_ok(&on_folder(&["check"])).starts_with("the schema matches its migrations"));

    let refused = home.run(&on_folder(&["downgrade"]));
    assert!(refused.code == Some(2) && refused.err.contains("--yes"), "{refused:?}");
    let back = home.run_json(&on_folder(&["downgrade", "-1", "--yes"]));
    assert!(
        back["reverted"][0].as_str().is_some_and(|title| title.ends_with("_index_names")),
        "{back}"
    );
    assert_eq!(home.run(&on_folder(&["current"])).code, Some(3));
    // Without the folder, only chatkeep's migrations count, and they are applied.
    assert_eq!(home.run(&["migrate", "current"]).code, Some(0));
    assert_eq!(
        home.run_json(&on_folder(&["downgrade", "base", "--yes"]))["reverted"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        home.run_json(&on_folder(&["upgrade", "add_a_table_of_users"]))["applied"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn new_migrations_may_have_files_per_engine() {
    let home = Home::new();
    let files = home.run_json(&["migrate", "--dir", "db", "new", "one", "--per-engine"]);
    assert_eq!(files["files"].as_array().map(Vec::len), Some(6), "{files}");
    // The next migration also gets a folder per engine, as these folders exist.
    let files = home.run_json(&["migrate", "--dir", "db", "new", "two"]);
    assert_eq!(files["files"].as_array().map(Vec::len), Some(6), "{files}");
    let mut names: Vec<_> = std::fs::read_dir(home.path("db/sqlite"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names[0].ends_with("_one") && names[1].ends_with("_two"), "{names:?}");
    assert!(!home.path("chat.db").exists(), "no database is opened");
    let answer = home.run(&["migrate", "new", " - "]);
    assert_eq!((answer.code, answer.err.contains("DESCRIPTION")), (Some(2), true), "{answer:?}");
}

#[test]
fn unreadable_folders_are_rejected_by_option() {
    let home = Home::new();
    let file = home.write("file", "SELECT 1");
    for (dir, verb) in
        [("nowhere", &["upgrade"][..]), (&file, &["history"]), (&file, &["new", "x"])]
    {
        let arguments: Vec<_> = [&["migrate", "--dir", dir, "--json"], verb].concat();
        let answer = home.run(&arguments);
        assert_eq!(
            (answer.code, &answer.error()["field"]),
            (Some(2), &json!("--dir")),
            "{answer:?}"
        );
    }
    let answer = home.run(&["migrate", "--dir", "nowhere", "upgrade"]);
    assert!(answer.err.starts_with("error: --dir: nowhere: there is no such folder"), "{answer:?}");
}

#[test]
fn history_shows_the_error_of_a_failed_migration() {
    let home = Home::new();
    with_users(&home);
    home.run_ok(&on_folder(&["upgrade"]));
    let bad = new(&home, "fill users", "INSERT INTO missing VALUES (1);\n", "");
    let answer = home.run(&on_folder(&["upgrade", "--json"]));
    assert_eq!((answer.code, &answer.error()["kind"]), (Some(36), &json!("Schema")), "{answer:?}");
    assert_eq!(answer.error()["state"], "failed");
    let message = answer.error()["message"].as_str().unwrap_or_default().to_owned();
    assert!(
        message.contains("_fill_users, statement 1 of 1 (line ") && message.contains("missing"),
        "{message}"
    );
    let history = home.run_json(&on_folder(&["history"]));
    let last = history.as_array().and_then(|rows| rows.last()).expect("a row").clone();
    assert_eq!(
        (&last["state"], &last["recorded"]),
        (&json!("pending"), &json!("failed")),
        "{last}"
    );
    assert!(last["error"].as_str().is_some_and(|text| text.contains("missing")), "{last}");
    let text = home.run_ok(&on_folder(&["history", "--verbose"]));
    assert!(
        text.contains("Checksum")
            && text.contains(" s ")
            && text.contains(
                "no such table: \
            missing"
            ),
        "{text}"
    );
    std::fs::write(bad.join("up.sql"), "INSERT INTO users (name) VALUES ('a');").expect("a file");
    home.run_ok(&on_folder(&["upgrade"]));
}

#[test]
fn mismatched_histories_have_exit_codes() {
    let home = Home::new();
    let users = with_users(&home);
    let later = new(&home, "later", "CREATE TABLE later (id INTEGER);\n", "DROP TABLE later;\n");
    home.run_ok(&on_folder(&["upgrade"]));
    let code = |arguments: &[&str]| home.run(&on_folder(arguments)).code;
    let state = || home.run(&on_folder(&["upgrade", "--json"])).error()["state"].clone();
    let all = |expected: i32| {
        for arguments in [&["upgrade"][..], &["current"], &["sql"]] {
            assert_eq!(code(arguments), Some(expected), "{arguments:?}");
        }
        assert_eq!(code(&["history"]), Some(0));
    };

    let up = std::fs::read_to_string(users.join("up.sql")).expect("a file");
    std::fs::write(users.join("up.sql"), format!("{up}\n-- changed")).expect("a file");
    all(32);
    assert_eq!(state(), "changed");
    std::fs::write(users.join("up.sql"), up).expect("a file");
    all(0);

    let aside = home.path("aside");
    std::fs::rename(&users, &aside).expect("a folder");
    all(33);
    assert_eq!(state(), "missing");
    std::fs::rename(&aside, &users).expect("a folder");
    std::fs::rename(&later, &aside).expect("a folder");
    all(31);
    assert_eq!(state(), "newer");
    assert!(home.run(&on_folder(&["upgrade"])).err.contains("a newer release of the application"));
    std::fs::rename(&aside, &later).expect("a folder");

    let early = home.path("migrations/20200101000000_early");
    std::fs::create_dir(&early).expect("a folder");
    std::fs::write(early.join("up.sql"), "CREATE TABLE early (id INTEGER);").expect("a file");
    all(34);
    assert_eq!(state(), "out_of_order");
    let stamped = home.run_ok(&on_folder(&["stamp", "head"]));
    assert!(stamped.contains("app:20200101000000_early was run"), "{stamped}");
    all(0);
    // The stamped migration was not run, so the schema differs.
    assert_eq!(home.run(&on_folder(&["check"])).code, Some(37));
    let check = home.run(&on_folder(&["check", "--json"]));
    let check: Value = serde_json::from_str(&check.out).expect("JSON");
    assert_eq!(
        (&check["matches"], &check["differences"][0]["message"]),
        (&json!(false), &json!("table early is missing"))
    );
}

#[test]
fn scripts_are_printed_without_a_database() {
    let home = Home::new();
    with_users(&home);
    let script = home.run_ok(&on_folder(&["sql", "--from", "base"]));
    assert!(
        script.contains("CREATE TABLE messages") && script.contains("CREATE TABLE users"),
        "{script}"
    );
    assert!(!home.path("chat.db").exists(), "nothing is opened");
    let nowhere = Home::at("postgresql://bot:hush-hush@127.0.0.1:1/chat");
    let script = nowhere.run_ok(&["migrate", "sql", "--from", "create_messages", "--to", "base"]);
    assert!(
        script.contains("DROP TABLE IF EXISTS messages;") && !script.contains("hush-hush"),
        "{script}"
    );
    assert_eq!(
        home.run_json(&on_folder(&["sql"]))["sql"]
            .as_str()
            .map(|text| text.contains("CREATE TABLE users")),
        Some(true)
    );
}

/// Returns the URL of an account that may use future tables but not create any. SQLite has no
/// accounts.
fn runtime_url(database: &TestDatabase) -> String {
    let (name, runtime) = (database.name(), format!("{}_rt", database.name()));
    let sql = match database.engine() {
        Engine::Sqlite => return database.url().to_owned(),
        Engine::PostgreSql => format!(
            "CREATE ROLE {runtime} LOGIN PASSWORD 'hush-hush'; \
             GRANT USAGE ON SCHEMA public TO {runtime};
             ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {runtime}"
        ),
        Engine::MariaDb | Engine::MySql => format!(
            "CREATE USER '{runtime}'@'%' IDENTIFIED BY 'hush-hush';
             GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO '{runtime}'@'%'"
        ),
    };
    database.execute(&sql);
    format!(
        "{}://{runtime}:hush-hush@127.0.0.1:{}/{name}",
        database.engine().name(),
        database.port()
    )
}

#[test]
fn deployments_wait_upgrade_check_and_run() {
    for engine in Engine::available() {
        let database = TestDatabase::create(engine);
        let url = runtime_url(&database);
        let (admin, runtime) = (Home::at(database.url()), Home::at(&url));
        let off = [("DB_AUTO_MIGRATE", "off")];
        with_users(&admin);
        let answer = runtime.run_with(&["db", "wait", "--timeout", "60", "--json"], &off);
        assert!(
            answer.code == Some(0) && answer.out.contains("\"schema\": \"behind\""),
            "{engine}: {answer:?}"
        );
        assert_eq!(runtime.run_with(&["db", "health"], &off).code, Some(3), "{engine}");
        assert_eq!(runtime.run_with(&["messages", "log", "hi"], &off).code, Some(3), "{engine}");
        if engine != Engine::Sqlite {
            let answer = runtime.run_with(&["migrate", "upgrade"], &off);
            assert!(
                answer.code == Some(2) && answer.err.contains("denied"),
                "{engine}: {answer:?}"
            );
            assert!(!answer.err.contains("hush-hush"), "{answer:?}");
        }
        for verb in ["upgrade", "check", "current"] {
            let answer = admin.run_with(&on_folder(&[verb]), &off);
            assert_eq!(answer.code, Some(0), "{engine}: {verb}: {answer:?}");
        }
        for call in [
            &["db", "wait"][..],
            &["db", "health"],
            &["messages", "log", "hi"],
            &["migrate", "upgrade"],
        ] {
            let answer = runtime.run_with(call, &off);
            assert_eq!(answer.code, Some(0), "{engine}: {call:?}: {answer:?}");
        }
    }
}
