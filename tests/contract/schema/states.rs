//! In what way a schema does not fit: one word for each, which the error has in every language.

use std::fs;
use std::path::Path;

use chatkeep::{Chatkeep, Error, MessageFilter, Page, SchemaState};
use serde::Deserialize;

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![an_error_says_in_what_way_the_schema_does_not_fit];

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    state: String,
    sql: String,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/schema/states.json");
    let text = fs::read_to_string(path).expect("the vectors are there");
    serde_json::from_str::<Cases>(&text).expect("they have their form").cases
}

#[test]
fn every_state_has_a_case() {
    use SchemaState::{Behind, Changed, Dirty, Failed, Missing, Newer, OutOfOrder, Unfinished};
    let names = [Behind, Newer, Changed, Missing, OutOfOrder, Dirty, Failed, Unfinished]
        .map(SchemaState::name);
    let cases: Vec<_> = cases().into_iter().map(|case| case.state).collect();
    assert_eq!(cases, names);
}

fn an_error_says_in_what_way_the_schema_does_not_fit(store: &Store) {
    for Case { state, sql } in cases() {
        let own = Store::create(store.engine());
        let error = spoiled(&own, &sql);
        assert_eq!(error.schema_state().map(SchemaState::name), Some(state.as_str()), "{error}");
        assert!(!error.is_retryable(), "{state}: {error}");
    }
    let none = store.messages().get_messages(&MessageFilter::default(), &Page::first(0));
    let error = none.expect_err("nobody asks for no message");
    assert_eq!(error.schema_state(), None, "{error}");
}

/// What running the migration says, or, where it can be run, the next who uses the database.
fn spoiled(store: &Store, sql: &str) -> Error {
    let folder = tempfile::tempdir().expect("a folder");
    let migration = folder.path().join("20270101000000_spoil");
    fs::create_dir(&migration).expect("a folder");
    fs::write(migration.join("up.sql"), sql).expect("a file");
    if let Err(error) = store.database().migrations().with_folder(folder.path()).upgrade("head") {
        return error;
    }
    let chat = Chatkeep::builder()
        .url(store.raw.url())
        .auto_migrate(false)
        .open()
        .expect("the URL is right");
    chat.messages().get_message_count(&MessageFilter::default()).expect_err("it is refused")
}
