//! Tests of files with text in UTF-16.

use chatkeep_transfer::{ImportOptions, ImportReport, import_legacy};

use crate::every_engine::on_every_engine;
use crate::files::{LOG, SECRET, SECRET_HASH, TOKENS, make};
use crate::store::Store;

on_every_engine![utf16_files_are_imported_like_utf8_files, invalid_utf16_is_listed_by_row,];

const ENCODINGS: [&str; 2] = ["UTF-16le", "UTF-16be"];

const ROWS: &str = "INSERT INTO messages VALUES
    (3, '2024-02-29 12:00:00', 'What is WAL? 👩🏽‍🚀', 'naïve שלום', 'openai', 'gpt-4', 12, \
    '{\"b\": \"é\", \"a\": 1}'),
    (4, '2024-02-29 12:00:01', 17, 2.5, NULL, NULL, NULL, NULL)";

fn import(store: &Store, name: &str, force: bool) -> ImportReport {
    let options = ImportOptions { dry_run: false, force };
    import_legacy(store, &[store.path(name)], options, &mut |_| {}).expect("checked")
}

fn utf16_files_are_imported_like_utf8_files(store: &Store) {
    let token = format!(
        "INSERT INTO tokens (token_hash, created_at) VALUES ('{SECRET_HASH}', \
         '2024-01-01T00:00:00')"
    );
    for encoding in ["UTF-8"].into_iter().chain(ENCODINGS) {
        let own = Store::create(store.engine());
        let pragma = format!("PRAGMA encoding = '{encoding}'");
        make(own.path("chatbot.db"), &[&pragma, LOG, ROWS, TOKENS, &token]);
        let report = import(&own, "chatbot.db", false);
        assert_eq!((report.stored, report.problems.as_slice()), (true, &[][..]), "{encoding}");
        let all = own.all();
        assert_eq!(all[0].user_message, "What is WAL? 👩🏽‍🚀");
        assert_eq!(all[0].bot_response.as_deref(), Some("naïve שלום"));
        assert_eq!((all[0].provider.as_deref(), all[0].tokens_used), (Some("openai"), Some(12)));
        assert_eq!(all[0].timestamp.to_string(), "2024-02-29T12:00:00.000000+00:00");
        assert_eq!(all[0].metadata.as_ref().expect("some").as_json(), r#"{"a":1,"b":"é"}"#);
        assert_eq!(
            (all[1].user_message.as_str(), all[1].bot_response.as_deref()),
            ("17", Some("2.5"))
        );
        assert!(own.tokens().verify_token(SECRET).expect("the database answers"));
        assert_eq!(import(&own, "chatbot.db", false).files[0].messages.already_there, 2);
        own.assert_totals();
    }
}

fn invalid_utf16_is_listed_by_row(store: &Store) {
    for (encoding, half, base64) in
        [("UTF-16le", "61003dd86200", "YQA92GIA"), ("UTF-16be", "0061d83d0062", "AGHYPQBi")]
    {
        let own = Store::create(store.engine());
        let pragma = format!("PRAGMA encoding = '{encoding}'");
        let rows = format!(
            "ALTER TABLE messages ADD COLUMN mood;
             INSERT INTO messages (id, timestamp, user_message, metadata, mood) VALUES
                (1, '2024-01-01 00:00:00', 'good', NULL, 0.1 + 0.2),
                (2, '2024-01-01 00:00:00', CAST(x'{half}' AS TEXT), NULL, 'é'),
                (3, '2024-01-01 00:00:00', 'm', CAST(x'{half}' AS TEXT), CAST(x'{half}' AS TEXT)),
                (4, CAST(x'{half}' AS TEXT), 't', NULL, x'6869'),
                (5, '2024-01-01 00:00:00', 'a' || char(0) || 'b', NULL, 5)"
        );
        make(own.path("chatbot.db"), &[&pragma, LOG, &rows]);
        let report = import(&own, "chatbot.db", false);
        let listed: Vec<_> =
            report.problems.iter().map(|problem| (problem.row, problem.field)).collect();
        assert_eq!(
            listed,
            [(2, "user_message"), (3, "metadata"), (4, "timestamp"), (5, "user_message")]
        );
        assert_eq!(report.problems[0].message, "is not valid UTF-16 from byte 3 on");
        assert_eq!((report.stored, own.count()), (false, 0));

        assert!(import(&own, "chatbot.db", true).stored);
        let all = own.all();
        assert_eq!(all[1].user_message, "a\u{fffd}b");
        assert_eq!(all[4].user_message, "a\u{fffd}b");
        let metadata: Vec<_> = all
            .iter()
            .map(|message| message.metadata.as_ref().expect("some").as_json().to_owned())
            .collect();
        let encoded = format!(r#"{{"base64":"{base64}"}}"#);
        let expected = [
            r#"{"legacy":{"mood":0.30000000000000004}}"#.to_owned(),
            format!(r#"{{"legacy":{{"mood":"é","user_message":{{"base64":"{base64}"}}}}}}"#),
            format!(r#"{{"legacy":{{"metadata":{encoded},"mood":{encoded}}}}}"#),
            format!(r#"{{"legacy":{{"id":4,"mood":{{"base64":"aGk="}},"timestamp":{encoded}}}}}"#),
            r#"{"legacy":{"mood":5,"user_message":{"base64":"YQBi"}}}"#.to_owned(),
        ];
        assert_eq!(metadata, expected, "{encoding}");
        assert_eq!(import(&own, "chatbot.db", true).files[0].messages.already_there, 5);
    }
}
