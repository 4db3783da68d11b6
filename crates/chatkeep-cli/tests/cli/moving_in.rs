//! `db import-legacy`

use serde_json::json;

use crate::command::Home;

const TABLE: &str =
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, timestamp DATETIME, user_message TEXT NOT NULL, \
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
fn a_file_is_found_by_its_usual_name_and_comes_over_once() {
    let home = Home::new();
    let answer = home.run(&["db", "import-legacy"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains("name the files"), "{answer:?}");
    old_file(&home, "chatbot.db", TABLE);
    let text = home.do_it(&["db", "import-legacy", "--dry-run"]);
    assert_eq!(text, "chatbot.db: 1 message, 1 to be stored\n");
    assert_eq!(home.files(), ["chatbot.db"]);
    assert_eq!(home.do_it(&["db", "import-legacy"]), "chatbot.db: 1 message, 1 stored\n");
    assert_eq!(
        home.do_it(&["db", "import-legacy"]),
        "chatbot.db: 1 message, 0 stored, 1 there already\n"
    );
    assert_eq!(home.count(), 1);
}

#[test]
fn rows_that_cannot_be_stored_are_listed_and_can_be_forced() {
    let home = Home::new();
    let file = old_file(&home, "old.db", &format!("{TABLE}{BAD}"));
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--dry-run"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.out.contains("messages, row 2: metadata: "), "{answer:?}");
        assert!(answer.out.contains("1 row cannot be stored as it is"), "{answer:?}");
        assert!(answer.err.contains("--force stores such rows"), "{answer:?}");
    }
    assert_eq!(home.count(), 0);
    let forced = home.ask(&["db", "import-legacy", &file, "--force"]);
    assert_eq!(
        (&forced["stored"], &forced["files"][0]["messages"]["forced"]),
        (&json!(true), &json!(1))
    );
    let message = home.ask(&["messages", "get", "2"]);
    assert_eq!(message["metadata"], json!({ "legacy": { "metadata": "{" } }));
}

#[test]
fn columns_without_a_place_are_named_and_what_they_hold_can_be_kept() {
    let home = Home::new();
    let more = "ALTER TABLE messages ADD COLUMN mood; UPDATE messages SET mood = 'glad';";
    let file = old_file(&home, "old.db", &format!("{TABLE}{more}"));
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--dry-run"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        let named = "table messages, column mood: has no place here; --force stores the rows";
        assert!(
            answer.out.contains(named) && answer.out.contains("(1 row holds something in it)"),
            "{answer:?}"
        );
        assert!(answer.out.contains("nothing w"), "{answer:?}");
    }
    assert_eq!(home.count(), 0);
    let text = home.do_it(&["db", "import-legacy", &file, "--force", "--dry-run"]);
    assert!(text.contains("1 to be stored, 1 not as they were"), "{text}");
    let forced = home.ask(&["db", "import-legacy", &file, "--force"]);
    let column = json!({ "table": "messages", "column": "mood", "rows": 1, "can_be_forced": true });
    assert_eq!(forced["files"][0]["unknown_columns"], json!([column]));
    assert_eq!(
        home.ask(&["messages", "get", "1"])["metadata"],
        json!({ "legacy": { "mood": "glad" } })
    );
    let text = home.do_it(&["db", "import-legacy", &file, "--force"]);
    assert!(
        text.contains("mood: has no place here, and is kept under \"legacy\" in the metadata"),
        "{text}"
    );
}

#[test]
fn a_column_of_tokens_that_holds_something_is_not_even_left_out_by_force() {
    let home = Home::new();
    let tokens = "CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT, description TEXT, created_at TEXT, \
        expires_at TEXT, is_active INTEGER, last_used_at TEXT, scopes TEXT);
        INSERT INTO tokens VALUES (1, '122abf2ef84afca4c7e2344f443fd7a0c7636b8fde78b5bc155b4575f5014aa3', 'a', \
        '2024-01-01T00:00:00', NULL, 1, NULL, 'read');";
    let file = old_file(&home, "tokens.db", tokens);
    for arguments in
        [&["db", "import-legacy", &file][..], &["db", "import-legacy", &file, "--force"]]
    {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.out.contains("ALTER TABLE tokens DROP COLUMN \"scopes\""), "{answer:?}");
    }
    assert_eq!(home.ask(&["tokens", "list"]), json!([]));
    old_file(&home, "tokens.db", "ALTER TABLE tokens DROP COLUMN scopes");
    home.do_it(&["db", "import-legacy", &file]);
}

#[test]
fn a_file_that_is_none_is_an_error_with_its_name() {
    let home = Home::new();
    let file = home.write("chatbot.db", "nothing of the kind");
    let answer = home.run(&["db", "import-legacy", "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.error()["kind"], "Corrupt");
    assert!(answer.error()["message"].as_str().expect("text").contains("chatbot.db"));
    assert_eq!(home.run(&["db", "import-legacy", "none.db"]).code, Some(2));
    assert_eq!(std::fs::read_to_string(file).expect("read"), "nothing of the kind");
}
