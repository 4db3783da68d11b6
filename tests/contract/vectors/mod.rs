//! Runs the cases of `tests/vectors/*.json`, which all languages share. The README of that folder
//! describes their format. [`scenarios`] runs those of `tests/vectors/operations`.

mod calls;
mod compare;
mod format;
mod scenarios;

use std::path::{Path, PathBuf};

use crate::every_engine::on_every_engine;
use crate::store::Store;
use calls::perform;
use format::{Case, Expected, VectorFile};

on_every_engine![
    log_message_vectors_pass,
    timestamp_vectors_pass,
    metadata_vectors_pass,
    filter_vectors_pass,
    search_vectors_pass,
    analytics_vectors_pass,
    token_vectors_pass,
];

fn log_message_vectors_pass(store: &Store) {
    run(store, "log_message.json");
}

fn timestamp_vectors_pass(store: &Store) {
    run(store, "timestamps.json");
}

fn metadata_vectors_pass(store: &Store) {
    run(store, "metadata.json");
}

fn filter_vectors_pass(store: &Store) {
    run(store, "filters.json");
}

fn search_vectors_pass(store: &Store) {
    run(store, "search.json");
}

fn analytics_vectors_pass(store: &Store) {
    run(store, "analytics.json");
}

fn token_vectors_pass(store: &Store) {
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
fn every_vector_file_is_run() {
    let entries = std::fs::read_dir(folder()).expect("the vectors' folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").file_name().into_string().expect("UTF-8"))
        .collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    assert_eq!(names, FILES);
}

#[test]
fn case_names_are_unique() {
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

/// Runs every case of a file and reports all failures together.
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
    let failure = |reason: String| format!("{:?}: {}", case.name, shortened(&reason));
    match (outcome, &case.expected) {
        (Ok(result), Expected::Answer(expected)) => {
            compare::compare(&case.call, &result, expected).map_err(failure)
        }
        (Err(error), Expected::Error { kind, field }) => {
            let field = calls::field(field);
            if (error.kind().name(), error.field()) != (kind.as_str(), Some(field)) {
                return Err(failure(format!("expected {kind} of {field}, got {error:?}")));
            }
            if rows() == before { Ok(()) } else { Err(failure("something was stored".to_owned())) }
        }
        (Ok(result), Expected::Error { kind, field }) => {
            Err(failure(format!("expected {kind} of {field}, got {result}")))
        }
        (Err(error), Expected::Answer(expected)) => {
            Err(failure(format!("expected {expected}, got {error:?}")))
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(400).collect()
}
