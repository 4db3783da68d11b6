//! The files.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::CallError;
use crate::Engine;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    engines: Option<Vec<String>>,
    #[serde(default)]
    settings: Map<String, Value>,
    steps: Vec<Step>,
}

/// A case: calls on an empty database, in order.
pub struct Scenario {
    file: String,
    name: String,
    engines: Option<Vec<String>>,
    pub(super) settings: Map<String, Value>,
    pub(super) steps: Vec<Step>,
}

/// A call and its expected outcome.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) call: String,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    // Distinguishes an expected null from a missing key.
    #[serde(default, deserialize_with = "present")]
    pub(super) expect: Option<Value>,
    #[serde(default)]
    pub(super) error: Option<ExpectedError>,
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedError {
    kind: String,
    #[serde(default)]
    field: Option<String>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl ExpectedError {
    pub(super) fn matches(&self, error: &CallError) -> bool {
        self.kind == error.kind && self.field == error.field
    }
}

/// Reads all scenarios, in the order of their files' names.
///
/// # Panics
///
/// If a file is malformed.
#[track_caller]
pub fn scenarios() -> Vec<Scenario> {
    let entries = std::fs::read_dir(folder()).expect("tests/vectors/operations is readable");
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| read(path)).collect()
}

/// Returns the folder of the scenarios: that of the repository whose test runs. The folder at
/// compile time could be another clone's, because build output may be shared between clones.
fn folder() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("tests are run by cargo");
    let mut folders = Path::new(&package).ancestors().map(|f| f.join("tests/vectors/operations"));
    folders.find(|folder| folder.is_dir()).expect("the repository has tests/vectors/operations")
}

fn read(path: &Path) -> Vec<Scenario> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    file.cases.into_iter().map(|case| Scenario::of(&name, case)).collect()
}

impl Scenario {
    fn of(file: &str, case: Case) -> Self {
        let Case { name, engines, settings, steps } = case;
        let scenario = Self { file: file.to_owned(), name, engines, settings, steps };
        for engine in scenario.engines.iter().flatten() {
            assert!(Engine::from_name(engine).is_some(), "{scenario}: no engine {engine:?}");
        }
        for step in &scenario.steps {
            let has_result = step.expect.is_some() || !step.save.is_empty();
            assert!(
                !has_result || step.error.is_none(),
                "{scenario}: {} has both a result and an error",
                step.call
            );
        }
        scenario
    }

    #[cfg(test)]
    pub(super) fn new(file: &str, case: Value) -> Self {
        Self::of(file, serde_json::from_value(case).expect("a case"))
    }

    /// Returns whether the scenario is for this engine.
    pub fn runs_on(&self, engine: Engine) -> bool {
        let Some(engines) = &self.engines else { return true };
        engines.iter().any(|name| name == engine.name())
    }

    /// Returns the names of the operations that it calls.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.call.as_str())
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:?}", self.file, self.name)
    }
}
