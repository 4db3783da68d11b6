//! Tests of legacy rows with invalid values.
//!
//! They prevent an import, unless it is forced. Tokens whose validity is unclear are never
//! imported.

use chatkeep::ErrorKind;
use chatkeep_transfer::{ImportOptions, ImportReport, LegacyImport, import_legacy};

use crate::every_engine::on_every_engine;
use crate::files::{LOG, SECRET_HASH, TOKENS, make};
use crate::store::Store;

on_every_engine![
    invalid_rows_prevent_an_import_and_are_listed,
    forced_imports_keep_the_original_values,
    values_that_decide_token_validity_are_required,
];

/// One valid message and seven with invalid values.
const BAD: &str = "INSERT INTO messages VALUES
    (1, '2024-01-01 00:00:00', 'good', NULL, NULL, NULL, NULL, NULL),
    (2, '2024-01-01 00:00:00', 'broken', NULL, NULL, NULL, NULL, '{\"a\": '),
    (3, '2024-01-01 00:00:00', CAST(x'61ff62' AS TEXT), NULL, NULL, NULL, NULL, NULL),
    (4, '2024-01-01 00:00:00', CAST(x'610062' AS TEXT), NULL, NULL, NULL, NULL, NULL),
    (5, '2024-01-01 00:00:00', x'0102', NULL, NULL, NULL, NULL, NULL),
    (6, '2024-01-01 00:00:00', 'long', NULL, printf('%.60c', 'p'), NULL, NULL, '{\"legacy\": 1}'),
    (7, 'yesterday', 'when', NULL, NULL, NULL, -5, '[1, 2]'),
    (8, NULL, 'never', NULL, NULL, NULL, 'many', '{\"a\": NaN}')";

const FORCE: ImportOptions = ImportOptions { dry_run: false, force: true };

fn import(store: &Store, options: ImportOptions) -> ImportReport {
    import_legacy(store, &[store.path("chatbot.db")], options, &mut |_| {}).expect("checked")
}

fn invalid_rows_prevent_an_import_and_are_listed(store: &Store) {
    let path = make(store.path("chatbot.db"), &[LOG, BAD]);
    for dry_run in [true, false] {
        let report = import(store, ImportOptions { dry_run, force: false });
        assert!(!report.stored);
        let listed: Vec<_> =
            report.problems.iter().map(|problem| (problem.row, problem.field)).collect();
        let expected = [
            (2, "metadata"),
            (3, "user_message"),
            (4, "user_message"),
            (5, "user_message"),
            (6, "provider"),
            (7, "tokens_used"),
            (7, "metadata"),
            (7, "timestamp"),
            (8, "tokens_used"),
            (8, "metadata"),
            (8, "timestamp"),
        ];
        assert_eq!(listed, expected);
        assert_eq!((report.bad_rows, report.hopeless_rows), (7, 0));
        assert!(report.problems[1].message.contains("byte 2"), "{:?}", report.problems[1]);
    }
    let error = store.migrate_from_old_sqlite(&path).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.message().contains("row 2: metadata: ") && error.message().contains("6 more"),
        "{error}"
    );
    assert_eq!(store.count(), 0);
}

fn forced_imports_keep_the_original_values(store: &Store) {
    make(store.path("chatbot.db"), &[LOG, BAD]);
    let counts = import(store, FORCE).files[0].messages;
    assert_eq!((counts.stored, counts.forced), (8, 7));
    let all = store.all();
    let metadata =
        |index: usize| all[index].metadata.as_ref().map(|metadata| metadata.as_json().to_owned());
    let expected = [
        None,
        Some(r#"{"legacy":{"metadata":"{\"a\": "}}"#.to_owned()),
        Some(r#"{"legacy":{"user_message":{"base64":"Yf9i"}}}"#.to_owned()),
        Some(r#"{"legacy":{"user_message":{"base64":"YQBi"}}}"#.to_owned()),
        Some(r#"{"legacy":{"user_message":{"base64":"AQI="}}}"#.to_owned()),
        Some(format!(r#"{{"legacy":{{"legacy":1,"provider":"{}"}}}}"#, "p".repeat(60))),
        Some(
            r#"{"legacy":{"id":7,"metadata":"[1, 2]","timestamp":"yesterday","tokens_used":-5}}"#
                .to_owned(),
        ),
        Some(
            r#"{"legacy":{"id":8,"metadata":"{\"a\": NaN}","timestamp":null,"tokens_used":"many"}}"#
                .to_owned(),
        ),
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        assert_eq!(metadata(index), expected, "row {}", index + 1);
    }
    assert_eq!(
        (all[2].user_message.as_str(), all[3].user_message.as_str()),
        ("a\u{fffd}b", "a\u{fffd}b")
    );
    assert_eq!(all[5].provider, Some("p".repeat(50)));
    let counts = import(store, FORCE).files[0].messages;
    assert_eq!((counts.stored, counts.already_there), (0, 8));
    assert_eq!(store.all(), all);
    store.assert_totals();
}

fn values_that_decide_token_validity_are_required(store: &Store) {
    let hash = |digit: &str| digit.repeat(64);
    let rows = format!(
        "INSERT INTO tokens VALUES
            (1, '{SECRET_HASH}', 'good', '2024-01-01T00:00:00', NULL, 1, NULL),
            (2, '{}', 'end', '2024-01-01T00:00:00', 'soon', 1, NULL),
            (3, '{}', 'active', '2024-01-01T00:00:00', NULL, NULL, NULL),
            (4, 'plain text', 'hash', '2024-01-01T00:00:00', NULL, 1, NULL)",
        hash("2"),
        hash("3")
    );
    make(store.path("chatbot.db"), &[TOKENS, &rows]);
    let report = import(store, FORCE);
    assert_eq!((report.stored, report.bad_rows, report.hopeless_rows), (false, 3, 3));
    let fields: Vec<_> =
        report.problems.iter().map(|problem| (problem.row, problem.field)).collect();
    assert_eq!(fields, [(2, "expires_at"), (3, "is_active"), (4, "token_hash")]);
    assert_eq!(store.tokens().list_tokens().expect("a list"), []);
}
