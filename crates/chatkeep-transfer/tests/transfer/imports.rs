//! Tests of imports of every supported file format.

use chatkeep::{AnalyticsFilter, NewMessage, Timestamp};
use chatkeep_transfer::{ImportOptions, LegacyImport, import_legacy};
use rusqlite::params;

use crate::every_engine::on_every_engine;
use crate::files::{LOG, SECRET, SECRET_HASH, SESSIONS, SQLALCHEMY, TEXTS, TOKENS, make, snapshot};
use crate::store::Store;

on_every_engine![
    logs_are_imported_once_with_their_ids,
    sqlalchemy_databases_are_imported,
    older_formats_keep_sessions_and_report_unknown_times,
    imported_tokens_keep_their_state,
    rows_with_taken_ids_get_new_ids_once,
    ids_below_the_watermark_of_the_totals_are_counted,
    rows_in_the_write_ahead_log_are_imported_without_changing_the_files,
    dry_runs_count_rows_without_storing_them,
    several_files_are_imported_together,
    large_files_are_imported_in_order,
];

const DRY: ImportOptions = ImportOptions { dry_run: true, force: false };

fn import(store: &Store, path: &std::path::Path) -> chatkeep_transfer::ImportReport {
    let report = import_legacy(store, &[path.to_owned()], ImportOptions::default(), &mut |_| {});
    let report = report.expect("the import runs");
    assert_eq!(report.problems, [], "no problems");
    report
}

const ROWS: &str = "INSERT INTO messages VALUES
    (3, '2024-02-29 12:00:00', 'What is WAL?', 'A log ✍️', 'openai', 'gpt-4', 12, '{\"b\": \
    1, \"a\": [1, 2]}'),
    (7, '2024-02-29T12:00:01.250000', 'naïve', NULL, NULL, NULL, NULL, NULL),
    (9, '2024-03-01 00:00:00+02:00', '', '', 'x', 'y', 0, 'null')";

fn logs_are_imported_once_with_their_ids(store: &Store) {
    let path = make(store.path("chatbot.db"), &[LOG, ROWS]);
    let report = import(store, &path);
    assert!(report.stored);
    assert_eq!((report.messages_stored(), report.files[0].messages.with_new_id), (3, 0));
    let all = store.all();
    assert_eq!(all.iter().map(|message| message.id).collect::<Vec<_>>(), [3, 7, 9]);
    let first = &all[0];
    assert_eq!(first.timestamp.to_string(), "2024-02-29T12:00:00.000000+00:00");
    assert_eq!(
        (first.user_message.as_str(), first.bot_response.as_deref()),
        ("What is WAL?", Some("A log ✍️"))
    );
    assert_eq!(
        (first.provider.as_deref(), first.model.as_deref(), first.tokens_used),
        (Some("openai"), Some("gpt-4"), Some(12))
    );
    assert_eq!(first.metadata.as_ref().expect("metadata").as_json(), r#"{"a":[1,2],"b":1}"#);
    assert_eq!(all[1].timestamp.to_string(), "2024-02-29T12:00:01.250000+00:00");
    assert_eq!(all[2].timestamp.to_string(), "2024-02-29T22:00:00.000000+00:00");
    assert_eq!((all[1].metadata.clone(), all[2].metadata.clone()), (None, None));

    let again = import(store, &path);
    assert_eq!((again.messages_stored(), again.files[0].messages.already_there), (0, 3));
    assert_eq!(store.all(), all);
    assert!(store.log("next") > 9, "new ids follow the imported ones");
    store.assert_totals();
}

fn sqlalchemy_databases_are_imported(store: &Store) {
    let tokens = format!(
        "INSERT INTO api_tokens VALUES (4, '{SECRET_HASH}', 'old', '2024-01-01 00:00:00.000000', \
         NULL, 1, NULL)"
    );
    let path = make(store.path("app.db"), &[SQLALCHEMY, ROWS, &tokens]);
    let report = store.migrate_from_old_sqlite(&path).expect("imported");
    assert_eq!((report.messages_stored(), report.tokens_stored()), (3, 1));
    assert!(store.tokens().verify_token(SECRET).expect("the database answers"));
    assert_eq!(store.tokens().list_tokens().expect("a list")[0].id, 4);
    store.assert_totals();
}

fn older_formats_keep_sessions_and_report_unknown_times(store: &Store) {
    let first = make(
        store.path("one.db"),
        &[TEXTS, "INSERT INTO messages VALUES (1, 'hello'), (2, 'hello')"],
    );
    let second = make(
        store.path("two.db"),
        &[SESSIONS, "INSERT INTO messages VALUES (5, 's-17', 'who are you?'), (6, '', 'bye')"],
    );
    let before = Timestamp::now();
    for _ in 0..2 {
        import(store, &first);
        let report = import(store, &second);
        assert!(report.files[0].times_are_unknown);
    }
    let all = store.all();
    let contents: Vec<_> = all
        .iter()
        .map(|message| {
            (
                message.id,
                message.user_message.as_str(),
                message.metadata.as_ref().expect("some").as_json(),
            )
        })
        .collect();
    assert_eq!(
        contents,
        [
            (1, "hello", r#"{"legacy":{"id":1}}"#),
            (2, "hello", r#"{"legacy":{"id":2}}"#),
            (5, "who are you?", r#"{"legacy":{"id":5},"session_id":"s-17"}"#),
            (6, "bye", r#"{"legacy":{"id":6},"session_id":""}"#),
        ]
    );
    assert!(
        all.iter().all(|message| message.timestamp <= before),
        "no message is newer than its file"
    );
    store.assert_totals();
}

fn imported_tokens_keep_their_state(store: &Store) {
    let rows = format!(
        "INSERT INTO tokens VALUES
            (1, '{SECRET_HASH}', 'web', '2024-01-01T00:00:00.123456', '2999-01-01T00:00:00', 1, \
            '2024-05-05T10:00:00'),
            (2, '{}', 'revoked', '2024-01-01T00:00:00', NULL, 0, NULL),
            (3, '{}', 'expired', '2024-01-01T00:00:00', '2024-02-01T00:00:00', 1, NULL)",
        "a".repeat(64),
        "B".repeat(64)
    );
    let path = make(store.path("tokens.db"), &[TOKENS, &rows]);
    for _ in 0..2 {
        import(store, &path);
    }
    assert!(store.tokens().verify_token(SECRET).expect("the database answers"));
    let mut list = store.tokens().list_tokens().expect("a list");
    list.sort_by_key(|token| token.id);
    assert_eq!(list.len(), 3);
    assert_eq!(list[0].created_at.to_string(), "2024-01-01T00:00:00.123456+00:00");
    assert_eq!(list[0].expires_at.expect("an end").to_string(), "2999-01-01T00:00:00.000000+00:00");
    assert!(list[0].last_used_at.is_some() && !list[1].is_active && list[2].expires_at.is_some());
    let hash = store.raw.scalar("SELECT token_hash FROM api_tokens WHERE id = 3");
    assert_eq!(hash, Some("b".repeat(64)), "the hash is in lower case");
    assert!(store.tokens().create_token("new", None).expect("a token").id > 3);
}

fn rows_with_taken_ids_get_new_ids_once(store: &Store) {
    let ids: Vec<_> = ["a", "b", "c"].map(|text| store.log(text)).to_vec();
    let path = make(store.path("chatbot.db"), &[LOG]);
    let connection = rusqlite::Connection::open(&path).expect("a file");
    for (id, text) in [(ids[0], "x"), (ids[1], "x"), (ids[2] + 10, "y")] {
        let sql = "INSERT INTO messages (id, timestamp, user_message) VALUES (?, \
                   '2024-01-01 00:00:00', ?)";
        connection.execute(sql, params![id, text]).expect("a row");
    }
    let report = import(store, &path);
    let counts = report.files[0].messages;
    assert_eq!((counts.stored, counts.with_new_id, counts.already_there), (3, 2, 0));
    let all = store.all();
    let texts: Vec<_> = all.iter().map(|message| message.user_message.as_str()).collect();
    assert_eq!(texts, ["a", "b", "c", "y", "x", "x"]);
    assert_eq!(all[3].id, ids[2] + 10);
    let counts = import(store, &path).files[0].messages;
    assert_eq!((counts.stored, counts.already_there), (0, 3), "both equal messages are recognized");
    assert_eq!(store.all(), all);
    store.assert_totals();
}

fn ids_below_the_watermark_of_the_totals_are_counted(store: &Store) {
    let batch: Vec<_> =
        (0..20).map(|n| NewMessage::new(n.to_string()).with_tokens_used(1)).collect();
    store.messages().log_messages(&batch).expect("logged");
    store.raw.execute("DELETE FROM messages WHERE id <= 10");
    store.messages().rebuild_totals().expect("counted");
    store.assert_totals();
    let path = make(store.path("chatbot.db"), &[LOG, ROWS]);
    import(store, &path);
    store.assert_totals();
    let tokens = store
        .messages()
        .get_analytics(&AnalyticsFilter::default())
        .expect("analytics")
        .total_tokens;
    assert_eq!(tokens, 10 + 12);
}

fn rows_in_the_write_ahead_log_are_imported_without_changing_the_files(store: &Store) {
    let path = store.path("chatbot.db");
    let connection = rusqlite::Connection::open(&path).expect("a file");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
        .expect("set");
    connection.execute_batch(LOG).expect("a table");
    connection.execute_batch(ROWS).expect("rows");
    // As a killed program leaves it: the rows are only in the write-ahead log.
    let left = store.path("left");
    std::fs::create_dir(&left).expect("a folder");
    for ending in ["", "-wal"] {
        let name = format!("chatbot.db{ending}");
        std::fs::copy(store.path(&name), left.join(&name)).expect("a copy");
    }
    drop(connection);
    let before = snapshot(&left);
    assert_eq!(before.len(), 2);
    assert_eq!(import(store, &left.join("chatbot.db")).messages_stored(), 3);
    assert_eq!(snapshot(&left), before);
}

fn dry_runs_count_rows_without_storing_them(store: &Store) {
    let path = make(store.path("chatbot.db"), &[LOG, ROWS]);
    let files = [path.clone()];
    let report = import_legacy(store, &files, DRY, &mut |_| {}).expect("checked");
    assert_eq!((report.stored, report.messages_stored()), (false, 3));
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "no tables are created");
    import(store, &path);
    let counts = import_legacy(store, &files, DRY, &mut |_| {}).expect("checked").files[0].messages;
    assert_eq!((counts.found, counts.stored, counts.already_there), (3, 0, 3));
    assert_eq!(store.count(), 3);
}

fn several_files_are_imported_together(store: &Store) {
    let tokens = format!(
        "INSERT INTO tokens (token_hash, created_at) VALUES ('{SECRET_HASH}', \
         '2024-01-01T00:00:00')"
    );
    let files = [
        make(store.path("chatbot.db"), &[LOG, ROWS]),
        make(store.path("tokens.db"), &[TOKENS, &tokens]),
        make(
            store.path("other.db"),
            &[TEXTS, "INSERT INTO messages VALUES (3, 'three'), (4, 'four')"],
        ),
    ];
    for expected in [(5, 1), (0, 0)] {
        let report =
            import_legacy(store, &files, ImportOptions::default(), &mut |_| {}).expect("imported");
        assert_eq!((report.messages_stored(), report.tokens_stored()), expected);
    }
    assert_eq!(store.count(), 5);
    assert!(store.tokens().verify_token(SECRET).expect("the database answers"));
    store.assert_totals();
}

fn large_files_are_imported_in_order(store: &Store) {
    let path = make(
        store.path("chatbot.db"),
        &[
            LOG,
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
             INSERT INTO messages SELECT n, datetime(1700000000 + n, 'unixepoch'), 'text ' || n, \
             NULL, 'p' || (n % 3), \
             NULL, n, '{\"n\": ' || n || '}' FROM n",
        ],
    );
    let mut steps = Vec::new();
    let report =
        import_legacy(store, &[path], ImportOptions::default(), &mut |step| steps.push(step));
    assert_eq!(report.expect("imported").messages_stored(), 5_000);
    assert!(steps.iter().any(|step| step.done == 5_000 && step.total == 5_000));
    let all = store.all();
    assert_eq!(all.len(), 5_000);
    assert!(
        all.iter()
            .zip(1..)
            .all(|(message, n)| message.id == n && message.user_message == format!("text {n}"))
    );
    store.assert_totals();
}
