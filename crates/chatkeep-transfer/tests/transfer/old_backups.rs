//! Tests of backups that earlier versions wrote. `tests/data` has one small backup of each format;
//! both hold the same rows. Never replace them: they stand for the backups of users.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chatkeep::{ErrorKind, Message, SchemaState, TokenReason};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{check_backup, restore};

use crate::every_engine::on_every_engine;
use crate::files::make;
use crate::store::{Store, other, url};

on_every_engine![
    archives_of_format_1_are_restored,
    sqlite_files_of_an_earlier_schema_are_restored,
    sqlite_files_of_other_programs_are_rejected,
];

const TIMEOUT: Duration = Duration::from_secs(10);
/// Written with `chatkeep db backup`.
pub(crate) const FORMAT_1: &[u8] = include_bytes!("../data/format-1.tar.zst");
/// Written with `chatkeep db backup --format sqlite` and compressed. Its last migration is
/// `number_revisions_of_uncounted_messages`.
const SCHEMA_20261126: &[u8] = include_bytes!("../data/schema-20261126.db.zst");
/// The token with id 1. That with id 2 was revoked.
const TOKEN: &str = "ck_5kSzOBbLQNeEU7f4pNVSICDneo2cyewUtdBooeQE8bu30jqzG";

fn archives_of_format_1_are_restored(store: &Store) {
    let file = store.path("chat.tar.zst");
    fs::write(&file, FORMAT_1).expect("written");
    let content = check_backup(&file, &mut |_| {}).expect("sound");
    assert_eq!((content.rows_of("messages"), content.rows_of("api_tokens")), (3, 2));
    restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("restored");
    assert_restored(store);
}

fn sqlite_files_of_an_earlier_schema_are_restored(store: &Store) {
    let file = store.path("backup.db");
    let bytes = zstd::decode_all(SCHEMA_20261126).expect("a compressed file");
    fs::write(&file, &bytes).expect("written");
    restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("restored");
    assert_restored(store);
    assert!(fs::read(&file).expect("read") == bytes, "the backup is unchanged");

    let source = other(Engine::Sqlite);
    source.log("of an even earlier schema");
    let path: PathBuf = source.raw.path().expect("a file").into();
    source.database().migrations().downgrade("create_message_totals").expect("downgraded");
    let target = other(store.engine());
    restore(&url(target.raw.url()), &path, TIMEOUT, &mut |_| {}).expect("restored");
    assert_eq!(target.all()[0].user_message, "of an even earlier schema");
    target.assert_totals();
}

fn assert_restored(store: &Store) {
    let metadata =
        |message: &Message| message.metadata.as_ref().map(|metadata| metadata.as_json().to_owned());
    let all = store.all();
    let [first, second, third] = &all[..] else { panic!("{} messages", all.len()) };
    assert_eq!(first.timestamp.to_string(), "2024-02-29T12:00:00.000001+00:00");
    assert_eq!((first.id, first.user_message.as_str()), (1, "What is WAL?"));
    assert_eq!(first.bot_response.as_deref(), Some("Write-ahead logging."));
    assert_eq!(
        (first.provider.as_deref(), first.model.as_deref()),
        (Some("openai"), Some("gpt-4o"))
    );
    assert_eq!(first.tokens_used, Some(41));
    let expected = r#"{"l":[1,{"a":null}],"n":18446744073709551615,"x":1e+300}"#;
    assert_eq!(metadata(first).as_deref(), Some(expected));
    assert_eq!(second.timestamp.to_string(), "1969-12-31T23:59:59.000000+00:00");
    assert_eq!(second.user_message, "tab\t, quote \" and emoji 👩🏽‍🚀 שלום");
    assert_eq!((second.bot_response.as_deref(), second.tokens_used), (Some(""), None));
    assert_eq!((third.user_message.as_str(), third.tokens_used), ("", Some(i64::MAX)));
    assert_eq!((third.bot_response.as_deref(), metadata(third).as_deref()), (None, Some("{}")));
    let tokens = store.tokens().list_tokens().expect("a list");
    let mut described: Vec<_> =
        tokens.iter().map(|token| (token.id, token.description.as_str())).collect();
    described.sort_unstable();
    assert_eq!(described, [(1, "web"), (2, "old \u{1f512}")]);
    let check = store.tokens().check_token(TOKEN).expect("the database answers");
    assert_eq!(check.reason, TokenReason::Valid);
    store.assert_totals();
    // The message with id 4 was deleted before the backup. Its id is not reused.
    assert_eq!(store.log("new"), 5);
    assert_eq!(store.tokens().create_token("new", None).expect("a token").id, 3);
}

fn sqlite_files_of_other_programs_are_rejected(store: &Store) {
    let path = make(store.path("songs.db"), &["CREATE TABLE songs (a TEXT)"]);
    let error = restore(&url(store.raw.url()), &path, TIMEOUT, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Behind), "{error}");
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "no tables are created");
}
