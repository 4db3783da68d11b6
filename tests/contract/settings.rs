//! Every environment variable has a constructor argument.
//!
//! The list is `tests/vectors/settings/constructor.json`, which the tests of every language read.
//! These tests prove that it is complete by comparing it with the variables in the sources and in
//! the guide's table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, ErrorKind, PoolSettings};
use serde_json::Value;

const MEMORY: &str = "sqlite:///:memory:";

/// The variables that locate the database. Together they are one argument, the URL.
const LOCATION: [&str; 7] =
    ["DATABASE_URL", "DB_TYPE", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS"];

/// The sources that read the other variables.
const SOURCES: [&str; 3] = [
    "crates/chatkeep-pool/src/limits.rs",
    "crates/chatkeep-pool/src/settings.rs",
    "crates/chatkeep/src/environment.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings() -> Vec<Value> {
    let text = read("tests/vectors/settings/constructor.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    file["settings"].as_array().expect("a list").clone()
}

fn name<'a>(setting: &'a Value, key: &str) -> &'a str {
    setting[key].as_str().expect("a name")
}

fn listed() -> BTreeSet<String> {
    settings().iter().map(|setting| name(setting, "variable").to_owned()).collect()
}

/// The names of variables between two such marks, except those of the location.
fn named(text: &str, mark: char) -> BTreeSet<String> {
    let is_variable = |name: &&str| {
        ["DB_", "TOKEN_", "STREAM_", "CHATKEEP_KEYS"].iter().any(|start| name.starts_with(start))
            && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
            && !LOCATION.contains(name)
    };
    text.split(mark).filter(is_variable).map(str::to_owned).collect()
}

/// Returns a builder with this setting, as a caller would write it.
fn with(argument: &str, value: &Value) -> ChatkeepBuilder {
    let count = || u32::try_from(value.as_u64().expect("a number")).expect("32 bits");
    let seconds = || Duration::from_secs_f64(value.as_f64().expect("a number"));
    let switch = || value.as_bool().expect("a boolean");
    let builder = Chatkeep::builder().url(MEMORY);
    match argument {
        "pool_size" => builder.pool_size(count()),
        "max_overflow" => builder.max_overflow(count()),
        "pool_timeout" => builder.pool_timeout(seconds()),
        "pool_recycle" => builder.pool_recycle(seconds()),
        "pool_pre_ping" => builder.pool_pre_ping(switch()),
        "connect_timeout" => builder.connect_timeout(seconds()),
        "query_timeout" => builder.query_timeout(seconds()),
        "max_retries" => builder.max_retries(count()),
        "retry_delay" => builder.retry_delay(seconds()),
        "writers" => builder.writers(count()),
        "token_cache" => builder.token_cache(seconds()),
        "stream_flush" => builder.stream_flush(seconds()),
        "stream_buffer" => builder.stream_buffer(count()),
        "keys" => builder.keys(value.as_str().expect("a string")),
        "auto_migrate" => builder.auto_migrate(switch()),
        other => panic!("{other} has no method of the builder"),
    }
}

#[test]
fn the_list_has_every_variable_in_the_sources() {
    let sources: String = SOURCES.into_iter().map(read).collect();
    assert_eq!(named(&sources, '"'), listed());
}

#[test]
fn the_list_has_every_variable_read_by_the_pool() {
    let read = std::cell::RefCell::new(BTreeSet::new());
    let settings = PoolSettings::from_variables(|variable| {
        read.borrow_mut().insert(variable.to_owned());
        None
    });
    assert!(settings.is_ok());
    let read = read.into_inner();
    assert!(read.len() > 5 && read.is_subset(&listed()), "{read:?}");
}

#[test]
fn the_table_of_the_guide_has_every_variable() {
    let page = read("docs/src/configuration.md");
    let (_, table) = page.split_once("\n## Settings\n").expect("the section");
    let (table, _) = table.split_once("\n## ").expect("a following section");
    let cells: String = table.lines().filter_map(|line| line.split('|').nth(1)).collect();
    assert_eq!(named(&cells, '`'), listed());
}

#[test]
fn every_setting_is_validated_by_the_builder() {
    for setting in settings() {
        let argument = name(&setting, "argument");
        let opened = with(argument, &setting["right"]).open();
        assert!(opened.is_ok(), "{argument}: {opened:?}");
        for wrong in setting["wrong"].as_array().expect("a list") {
            let error = with(argument, wrong).open().expect_err(argument);
            assert_eq!(
                (error.kind(), error.field()),
                (ErrorKind::Configuration, Some(argument)),
                "{error}"
            );
        }
    }
}
