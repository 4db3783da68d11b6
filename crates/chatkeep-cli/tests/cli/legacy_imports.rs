//! Tests of `db import-legacy`.

use serde_json::json;

use crate::command::Home;

const TABLE: &str = "CREATE TABLE messages (id INTEGER PRIMARY KEY, timestamp DATETIME, \
     user_message TEXT NOT NULL, \
    bot_response TEXT, provider TEXT, model TEXT, tokens_used INTEGER, metadata TEXT);
    INSERT INTO messages VALUES (1, '2024-01-01 10:00:00', 'good', NULL, NULL, NULL, NULL, '{}');";
const BAD: &str =
    "INSERT INTO messages VALUES (2, '2024-01-01 10:00:00', 'bad', NULL, NULL, NULL, NULL, '{');";

fn old_file(home: &Home, name: &str, sql: &str) -> String {
    let path = home.path(name);
    rusqlite::Connection::open(&path).expect("a file").execute_batch(sql).expect(sql);
    path.to_string_lossy().into_owned()
}

#[test]
fn default_files_are_imported_once() {
    let home = Home::new();
    let answer = home.run(&["db", "import-legacy"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("name the files"), "{answer:?}");
    old_file(&home, "chatbot.db", TABLE);
    let text = home.run_ok(&["db", "import-legacy", "--dry-run"]);
    assert_eq!(text, "chatbot.db: 1 message, 1 to be stored\n");
    assert_eq!(home.files(), ["chatbot.db"]);
    assert_eq!(home.run_ok(&["db", "import-legacy"]), "chatbot.db: 1 message, 1 stored\n");
    assert_eq!(
        home.run_ok(&["db", "import-legacy"]),
        "chatbot.db: 1 message, 0 stored, 1 already stored\n"
    );
    assert_eq!(home.count(), 1);
}

#[test]
fn invalid_rows_are_listed_and_stored_with_force() {
    let home = Home::new();
    let file = old_file(&home, "old.db", &format!("{TABLE}{BAD}"));
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--dry-run"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.out.contains("messages, row 2: metadata: "), "{answer:?}");
        assert!(answer.out.contains("1 row is invalid"), "{answer:?}");
        assert!(answer.err.contains("--force stores these rows"), "{answer:?}");
    }
    assert_eq!(home.count(), 0);
    let forced = home.run_json(&["db", "import-legacy", &file, "--force"]);
    assert_eq!(
        (&forced["stored"], &forced["files"][0]["messages"]["forced"]),
        (&json!(true), &json!(1))
    );
    let message = home.run_json(&["messages", "get", "2"]);
    assert_eq!(message["metadata"], json!({ "legacy": { "metadata": "{" } }));
}

#[test]
fn unknown_columns_are_named_and_kept_with_force() {
    let home = Home::new();
    let more = "ALTER TABLE messages ADD COLUMN mood; UPDATE messages SET mood = 'glad';";
    let file = old_file(&home, "old.db", &format!("{TABLE}{more}"));
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--dry-run"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        let named = "table messages, column mood: is unknown to chatkeep; --force stores the rows";
        assert!(
            answer.out.contains(named) && answer.out.contains("(1 row has a value)"),
            "{answer:?}"
        );
        assert!(answer.out.contains("nothing w"), "{answer:?}");
    }
    assert_eq!(home.count(), 0);
    let text = home.run_ok(&["db", "import-legacy", &file, "--force", "--dry-run"]);
    assert!(text.contains("1 to be stored, 1 modified"), "{text}");
    let forced = home.run_json(&["db", "import-legacy", &file, "--force"]);
    let column = json!({ "table": "messages", "column": "mood", "rows": 1, "can_be_forced": true });
    assert_eq!(forced["files"][0]["unknown_columns"], json!([column]));
    assert_eq!(
        home.run_json(&["messages", "get", "1"])["metadata"],
        json!({ "legacy": { "mood": "glad" } })
    );
    let text = home.run_ok(&["db", "import-legacy", &file, "--force"]);
    assert!(
        text.contains("mood: is unknown to chatkeep, and is kept under \"legacy\" in the metadata"),
        "{text}"
    );
}

#[test]
fn unknown_columns_of_tokens_are_rejected_even_with_force() {
    let home = Home::new();
    let tokens = "CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT, description TEXT, \
                  created_at TEXT, \
        expires_at TEXT, is_active INTEGER, last_used_at TEXT, scopes TEXT);
        INSERT INTO tokens VALUES (1, \
        '122abf2ef84afca4c7e2344f443fd7a0c7636b8fde78b5bc155b4575f5014aa3', 'a', \
        '2024-01-01T00:00:00', NULL, 1, NULL, 'read');";
    let file = old_file(&home, "tokens.db", tokens);
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--force"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.out.contains("ALTER TABLE tokens DROP COLUMN \"scopes\""), "{answer:?}");
    }
    assert_eq!(home.run_json(&["tokens", "list"]), json!([]));
    old_file(&home, "tokens.db", "ALTER TABLE tokens DROP COLUMN scopes");
    home.run_ok(&["db", "import-legacy", &file]);
}

#[test]
fn files_other_than_sqlite_are_named() {
    let home = Home::new();
    let file = home.write("chatbot.db", "not a database");
    let answer = home.run(&["db", "import-legacy", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.error()["kind"], "Corrupt");
    assert!(answer.error()["message"].as_str().expect("text").contains("chatbot.db"));
    assert_eq!(home.run(&["db", "import-legacy", "none.db"]).code, Some(2));
    assert_eq!(std::fs::read_to_string(file).expect("read"), "not a database");
}

#[test]
fn users_and_conversations_are_imported_with_the_tokens_of_the_file() {
    let home = Home::new();
    let sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT);
        INSERT INTO users VALUES (1, 'ada@example.org', 'plain'), (2, 'ADA@example.org', NULL);
        CREATE TABLE conversations (id TEXT PRIMARY KEY, user_id INTEGER, title TEXT);
        INSERT INTO conversations VALUES ('c-1', 2, '预写日志');
        CREATE TABLE history (conversation_id TEXT, human TEXT, bot TEXT);
        INSERT INTO history VALUES ('c-1', 'What is WAL?', 'A log.');
        CREATE TABLE notes (id INTEGER);";
    let file = old_file(&home, "app.db", &format!("{TABLE}{sql}"));
    let answer = home.run(&["db", "import-legacy", &file]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(
        answer.out.contains("users, id 2: email: the user 1 has the same email\n"),
        "{answer:?}"
    );
    let refused = "no user or conversation of this file is stored; --force merges these users";
    assert!(answer.out.contains(refused), "{answer:?}");
    let dry_run = home.run(&["db", "import-legacy", &file, "--dry-run"]);
    for answer in [&answer, &dry_run] {
        assert!(!answer.out.contains("plain") && !answer.err.contains("plain"), "{answer:?}");
    }
    assert_eq!(home.count(), 0);
    let text = home.run_ok(&["db", "import-legacy", &file, "--force"]);
    let expected = [
        ": 2 users, 1 stored, 1 without a password\n",
        ": 1 conversation, 1 stored with 1 turn and 0 items\n",
        ": ignored tables: notes\n",
    ];
    assert!(expected.iter().all(|line| text.contains(line)), "{text}");
    let shown = home.run_json(&["conversations", "show", "c-1"]);
    assert_eq!(shown["conversation"]["user_id"], "1");
    assert_eq!(shown["turns"][0]["bot_response"], "A log.");
    assert_eq!(home.count(), 2);
    let again = home.run_json(&["db", "import-legacy", &file, "--force"]);
    assert_eq!(again["chats"][0]["report"]["conversations"]["already_there"], 1);
    assert!(!home.run(&["db", "import-legacy", &file]).out.contains("plain"));
}

#[test]
fn tokens_beside_messages_with_roles_are_imported() {
    let home = Home::new();
    let sql =
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, chat_id TEXT, role TEXT, content TEXT);
        INSERT INTO messages VALUES (1, 'c-1', 'user', 'What is WAL?');
        CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT, description TEXT,
            created_at TEXT, expires_at TEXT, is_active INTEGER, last_used_at TEXT);
        INSERT INTO tokens VALUES (1,
            '122abf2ef84afca4c7e2344f443fd7a0c7636b8fde78b5bc155b4575f5014aa3', 'a',
            '2024-01-01T00:00:00', NULL, 1, NULL);";
    let file = old_file(&home, "app.db", sql);
    let text = home.run_ok(&["db", "import-legacy", &file]);
    assert!(text.contains(": 1 token, 1 stored\n"), "{text}");
    assert!(!text.contains("ignored tables"), "{text}");
    assert_eq!(home.count(), 1);
    assert_eq!(home.run_json(&["tokens", "list"])[0]["description"], "a");
}

#[test]
fn tables_that_lack_columns_are_errors_beside_users() {
    let home = Home::new();
    let sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
        INSERT INTO users VALUES (1, 'ada@example.org');
        CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT);";
    let file = old_file(&home, "app.db", sql);
    let answer = home.run(&["db", "import-legacy", &file]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("table tokens lacks columns: "), "{answer:?}");
    assert_eq!(home.run_json(&["users", "list"])["users"], json!([]));
}
