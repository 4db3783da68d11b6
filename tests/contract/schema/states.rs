//! Schema states: each has one name, which the error carries in every language.

use std::fs;
use std::path::Path;

use chatkeep::{Chatkeep, Error, MessageFilter, Page, SchemaState};
use serde::Deserialize;

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![run_empty => errors_report_the_schema_state];

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
    let text = fs::read_to_string(path).expect("the vectors exist");
    serde_json::from_str::<Cases>(&text).expect("the vectors are valid").cases
}

#[test]
fn every_state_has_a_case() {
    use SchemaState::{Behind, Changed, Dirty, Failed, Missing, Newer, OutOfOrder, Unfinished};
    let names = [Behind, Newer, Changed, Missing, OutOfOrder, Dirty, Failed, Unfinished]
        .map(SchemaState::name);
    let cases: Vec<_> = cases().into_iter().map(|case| case.state).collect();
    assert_eq!(cases, names);
}

fn errors_report_the_schema_state(store: &Store) {
    for Case { state, sql } in cases() {
        let own = Store::empty(store.engine());
        let error = error_after(&own, &sql);
        assert_eq!(error.schema_state().map(SchemaState::name), Some(state.as_str()), "{error}");
        assert!(!error.is_retryable(), "{state}: {error}");
    }
    let none = store.messages().get_messages(&MessageFilter::default(), &Page::first(0));
    let error = none.expect_err("a limit of 0 is invalid");
    assert_eq!(error.schema_state(), None, "{error}");
}

/// Returns the error of running the migration or, if it succeeds, of the next call.
fn error_after(store: &Store, sql: &str) -> Error {
    let folder = tempfile::tempdir().expect("the folder is created");
    let migration = folder.path().join("20270101000000_damage");
    fs::create_dir(&migration).expect("the folder is created");
    fs::write(migration.join("up.sql"), sql).expect("the file is written");
    if let Err(error) = store.database().migrations().with_folder(folder.path()).upgrade("head") {
        return error;
    }
    let chat = Chatkeep::builder()
        .url(store.raw.url())
        .auto_migrate(false)
        .open()
        .expect("the URL is valid");
    chat.messages()
        .get_message_count(&MessageFilter::default())
        .expect_err("the schema is rejected")
}
