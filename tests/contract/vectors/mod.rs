//! The cases of `tests/vectors/*.json`, which every language must agree on. That folder's README describes their form.

mod answers;
mod calls;
mod format;

use std::path::{Path, PathBuf};

use crate::every_engine::on_every_engine;
use crate::store::Store;
use calls::perform;
use format::{Case, Expected, VectorFile};

on_every_engine![
    messages_are_logged_as_the_vectors_say,
    times_are_read_as_the_vectors_say,
    metadata_is_kept_as_the_vectors_say,
    filters_find_what_the_vectors_say,
    searches_find_what_the_vectors_say,
    totals_are_what_the_vectors_say,
    tokens_are_judged_as_the_vectors_say,
];

fn messages_are_logged_as_the_vectors_say(store: &Store) {
    run(store, "log_message.json");
}

fn times_are_read_as_the_vectors_say(store: &Store) {
    run(store, "timestamps.json");
}

fn metadata_is_kept_as_the_vectors_say(store: &Store) {
    run(store, "metadata.json");
}

fn filters_find_what_the_vectors_say(store: &Store) {
    run(store, "filters.json");
}

fn searches_find_what_the_vectors_say(store: &Store) {
    run(store, "search.json");
}

fn totals_are_what_the_vectors_say(store: &Store) {
    run(store, "analytics.json");
}

fn tokens_are_judged_as_the_vectors_say(store: &Store) {
    run(store, "tokens.json");
}

const FILES: [&str; 7] = [
    "analytics.json",
    "filters.json",
    "log_message.json",
    "metadata.json",
    "search.json",
    "timestamps.json",
    "tokens.json",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

#[test]
fn every_file_of_vectors_is_run() {
    let entries = std::fs::read_dir(folder()).expect("the vectors' folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").file_name().into_string().expect("UTF-8"))
        .collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    assert_eq!(names, FILES);
}

#[test]
fn every_case_has_a_name_of_its_own() {
    for name in FILES {
        let mut names: Vec<_> = VectorFile::read(&folder().join(name))
            .cases
            .into_iter()
            .map(|case| case.name)
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{name}");
    }
}

/// Runs every case of a file, and then tells of all that came out differently.
fn run(store: &Store, name: &str) {
    let file = VectorFile::read(&folder().join(name));
    for message in &file.messages {
        perform(store, "log_message", message).expect("the messages before the cases are logged");
    }
    let failures: Vec<_> =
        file.cases.iter().filter_map(|case| try_case(store, case).err()).collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases:\n{}",
        failures.len(),
        file.cases.len(),
        failures.join("\n")
    );
}

fn try_case(store: &Store, case: &Case) -> Result<(), String> {
    let rows = || (store.count(), store.tokens().list_tokens().map_or(0, |tokens| tokens.len()));
    let before = rows();
    let outcome = perform(store, &case.call, &case.arguments);
    let told = |what: String| format!("{:?}: {}", case.name, shortened(&what));
    match (outcome, &case.expected) {
        (Ok(answer), Expected::Answer(expected)) => {
            answers::compare(&case.call, &answer, expected).map_err(told)
        }
        (Err(error), Expected::Error { kind, field }) => {
            let field = calls::field(field);
            if (error.kind().name(), error.field()) != (kind.as_str(), Some(field)) {
                return Err(told(format!("{kind} of {field} was expected, and {error:?} came")));
            }
            if rows() == before { Ok(()) } else { Err(told("something was stored".to_owned())) }
        }
        (Ok(answer), Expected::Error { kind, field }) => {
            Err(told(format!("{kind} of {field} was expected, and {answer} came")))
        }
        (Err(error), Expected::Answer(expected)) => {
            Err(told(format!("{expected} was expected, and {error:?} came")))
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(400).collect()
}
