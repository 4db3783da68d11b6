//! Tests of legacy tables with columns that chatkeep does not have.
//!
//! They prevent an import, unless it is forced. A token with a value in such a column is never
//! imported.

use std::fs;

use chatkeep::ErrorKind;
use chatkeep_transfer::{ImportOptions, ImportReport, LegacyImport, import_legacy};

use crate::every_engine::on_every_engine;
use crate::files::{LOG, SECRET, SECRET_HASH, SESSIONS, TOKENS, make};
use crate::store::Store;

on_every_engine![
    unknown_columns_prevent_an_import,
    forced_imports_keep_the_values_of_unknown_columns,
    unknown_columns_may_have_any_name_and_number,
    older_formats_keep_unknown_columns,
    tokens_with_values_in_unknown_columns_are_not_imported,
    forced_imports_omit_empty_columns_of_tokens,
];

/// Adds two unknown columns, and messages with values of every SQLite type in them.
const MORE: &str = "ALTER TABLE messages ADD COLUMN mood; ALTER TABLE messages ADD COLUMN score;
    INSERT INTO messages (id, timestamp, user_message, metadata, mood, score) VALUES
        (1, '2024-01-01 00:00:00', 'a', NULL, 'glad 👩🏽‍🚀', 9007199254740993),
        (2, '2024-01-01 00:00:00', 'b', '{\"legacy\": 1, \"x\": 2}', NULL, 0.1 + 0.2),
        (3, '2024-01-01 00:00:00', 'c', '{}', x'6869', NULL),
        (4, '2024-01-01 00:00:00', 'd', NULL, CAST(x'61ff' AS TEXT), -9e999),
        (5, '2024-01-01 00:00:00', 'e', NULL, NULL, NULL),
        (6, '2024-01-01 00:00:00', 'f', '{', '', 1e300)";

fn import(store: &Store, dry_run: bool, force: bool) -> ImportReport {
    let files = [store.path("chatbot.db")];
    import_legacy(store, &files, ImportOptions { dry_run, force }, &mut |_| {}).expect("checked")
}

/// Returns the table, the name, the number of values and `can_be_forced` of each unknown column.
fn found(report: &ImportReport) -> Vec<(&str, &str, u64, bool)> {
    let columns = report.unknown_columns();
    columns
        .map(|column| (column.table, column.column.as_str(), column.rows, column.can_be_forced))
        .collect()
}

fn metadata(store: &Store) -> Vec<Option<String>> {
    let all = store.all();
    all.iter()
        .map(|message| message.metadata.as_ref().map(|metadata| metadata.as_json().to_owned()))
        .collect()
}

fn unknown_columns_prevent_an_import(store: &Store) {
    let path = make(store.path("chatbot.db"), &[LOG, MORE, "DELETE FROM messages WHERE id = 6"]);
    let before = fs::read(&path).expect("read");
    for dry_run in [true, false] {
        let report = import(store, dry_run, false);
        assert!(!report.stored && report.is_refused(false) && !report.is_refused(true));
        assert_eq!(found(&report), [("messages", "mood", 3, true), ("messages", "score", 3, true)]);
        assert_eq!(
            (report.problems.len(), report.bad_rows, report.files[0].messages.found),
            (0, 0, 5)
        );
    }
    let error = store.migrate_from_old_sqlite(&path).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    for expected in
        ["chatbot.db: table messages, column mood: ", "column score: ", "--force stores the rows"]
    {
        assert!(error.message().contains(expected), "{error}");
    }
    assert_eq!(store.count(), 0);
    assert_eq!(fs::read(&path).expect("read"), before);
}

fn forced_imports_keep_the_values_of_unknown_columns(store: &Store) {
    make(store.path("chatbot.db"), &[LOG, MORE]);
    let dry = import(store, true, true);
    assert!(!dry.stored && !dry.is_refused(true));
    assert_eq!(found(&dry), [("messages", "mood", 4, true), ("messages", "score", 4, true)]);
    assert_eq!((dry.bad_rows, dry.messages_stored()), (1, 6));
    let counts = import(store, false, true).files[0].messages;
    assert_eq!((counts.stored, counts.forced), (6, 6));
    let expected = [
        r#"{"legacy":{"mood":"glad 👩🏽‍🚀","score":9007199254740993}}"#,
        r#"{"legacy":{"legacy":1,"mood":null,"score":0.30000000000000004},"x":2}"#,
        r#"{"legacy":{"mood":{"base64":"aGk="},"score":null}}"#,
        r#"{"legacy":{"mood":{"base64":"Yf8="},"score":"-inf"}}"#,
        r#"{"legacy":{"mood":null,"score":null}}"#,
        r#"{"legacy":{"metadata":"{","mood":"","score":1e+300}}"#,
    ];
    assert_eq!(metadata(store), expected.map(|text| Some(text.to_owned())));
    let all = store.all();
    let counts = import(store, false, true).files[0].messages;
    assert_eq!((counts.stored, counts.already_there), (0, 6));
    assert_eq!(store.all(), all);
    store.assert_totals();
}

fn unknown_columns_may_have_any_name_and_number(store: &Store) {
    let many: String =
        (0..250).map(|n| format!("ALTER TABLE messages ADD COLUMN c{n} DEFAULT {n};")).collect();
    // The import itself uses the names `rowid`, `legacy`, `v0` and `number`.
    let odd = "ALTER TABLE messages ADD COLUMN \"a \"\"b'; --\" DEFAULT 'odd';
        ALTER TABLE messages ADD COLUMN rowid DEFAULT 'taken'; \
        ALTER TABLE messages ADD COLUMN legacy DEFAULT 'taken';
        ALTER TABLE messages ADD COLUMN v0 DEFAULT 'v'; ALTER TABLE messages ADD COLUMN number;
        INSERT INTO messages (id, timestamp, user_message, metadata) VALUES
            (7, '2024-01-01 00:00:00', 'a', '{\"legacy\": {\"deep\": true}}'), (8, \
            '2024-01-01 00:00:00', 'b', NULL)";
    make(store.path("chatbot.db"), &[LOG, &many, odd]);
    let report = import(store, false, true);
    assert!(report.stored);
    assert_eq!(report.unknown_columns().count(), 255);
    let all = store.all();
    assert_eq!(all.iter().map(|message| message.id).collect::<Vec<_>>(), [7, 8]);
    let legacy = all[0].metadata.as_ref().expect("some").to_map()["legacy"].clone();
    assert_eq!(legacy["a \"b'; --"], "odd");
    assert_eq!(
        (&legacy["legacy"], &legacy["rowid"], &legacy["v0"]),
        (&"taken".into(), &"taken".into(), &"v".into())
    );
    // The message's own `legacy` value gets another key, because a column has that name.
    assert_eq!(
        (&legacy["legacy_"]["deep"], &legacy["number"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert!((0..250).all(|n| legacy[format!("c{n}")] == n));
    assert_eq!(import(store, false, true).files[0].messages.already_there, 2);
}

fn older_formats_keep_unknown_columns(store: &Store) {
    let more = "ALTER TABLE messages ADD COLUMN created_at TEXT;
        INSERT INTO messages VALUES (5, 's-17', 'who are you?', '2023-05-06')";
    make(store.path("chatbot.db"), &[SESSIONS, more]);
    assert!(!import(store, false, false).stored);
    assert!(import(store, false, true).stored);
    let expected = r#"{"legacy":{"created_at":"2023-05-06","id":5},"session_id":"s-17"}"#;
    assert_eq!(metadata(store), [Some(expected.to_owned())]);
    assert_eq!(import(store, false, true).files[0].messages.already_there, 1);
}

/// Creates a file with one token, the value `scopes` in an unknown column, and NULL in another.
fn tokens(store: &Store, scopes: &str) {
    let rows = format!(
        "ALTER TABLE tokens ADD COLUMN scopes; ALTER TABLE tokens ADD COLUMN note;
         INSERT INTO tokens VALUES (1, '{SECRET_HASH}', 'a', '2024-01-01T00:00:00', NULL, 1, NULL, \
         {scopes}, NULL)"
    );
    make(store.path("chatbot.db"), &[TOKENS, &rows]);
}

fn tokens_with_values_in_unknown_columns_are_not_imported(store: &Store) {
    tokens(store, "'read'");
    for (dry_run, force) in [(true, true), (false, true), (false, false)] {
        let report = import(store, dry_run, force);
        assert!(!report.stored && report.is_refused(force));
        assert_eq!(found(&report), [("tokens", "scopes", 1, false), ("tokens", "note", 0, true)]);
    }
    let error = store.migrate_from_old_sqlite(store.path("chatbot.db")).expect_err("refused");
    assert!(error.message().contains("ALTER TABLE tokens DROP COLUMN \"scopes\""), "{error}");
    assert_eq!(store.tokens().list_tokens().expect("a list"), []);
}

fn forced_imports_omit_empty_columns_of_tokens(store: &Store) {
    tokens(store, "NULL");
    assert!(!import(store, false, false).stored);
    let report = import(store, false, true);
    let counts = report.files[0].tokens;
    assert_eq!((report.stored, counts.stored, counts.forced), (true, 1, 0));
    assert!(store.tokens().verify_token(SECRET).expect("the database answers"));
    assert_eq!(import(store, false, true).files[0].tokens.already_there, 1);
}
