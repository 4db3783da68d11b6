//! Scenarios of calls that every language runs: `tests/vectors/operations/*.json`. The README of
//! `tests/vectors` describes their format.

mod file;
mod value;

use serde_json::{Map, Value, json};

use crate::{Engine, TestDatabase};
use file::Step;
pub use file::{Scenario, scenarios};
pub use value::expand;
use value::{difference, select};

/// The error of a call, as callers see it.
#[derive(Debug)]
pub struct CallError {
    /// Name of the kind, such as `InvalidInput`.
    pub kind: String,
    /// The argument that the error names.
    pub field: Option<String>,
    /// The message, for the report of a failed scenario.
    pub message: String,
}

/// Runs every scenario of this engine, each on a database without rows that `create` returns.
///
/// `open` returns the function that makes a call such as `tokens.revoke_token` on the database with
/// this URL, which is opened with these settings. Dropping the function closes the database.
///
/// # Panics
///
/// If a scenario fails. The message has all failures.
#[track_caller]
pub fn run_scenarios<F>(
    engine: Engine,
    create: impl Fn(Engine) -> TestDatabase,
    open: impl Fn(&str, &Map<String, Value>) -> F,
) where
    F: FnMut(&str, Map<String, Value>) -> Result<Value, CallError>,
{
    let scenarios: Vec<_> =
        scenarios().into_iter().filter(|scenario| scenario.runs_on(engine)).collect();
    let run = |scenario: &Scenario| {
        let database = create(engine);
        run(scenario, open(database.url(), &scenario.settings)).err()
    };
    let failures: Vec<_> = scenarios.iter().filter_map(run).collect();
    assert!(
        failures.is_empty(),
        "{} of {} scenarios failed on {engine}:\n{}",
        failures.len(),
        scenarios.len(),
        failures.join("\n")
    );
}

/// Runs the steps up to the first one that fails, and returns its description.
fn run(
    scenario: &Scenario,
    mut call: impl FnMut(&str, Map<String, Value>) -> Result<Value, CallError>,
) -> Result<(), String> {
    let mut saved = Map::new();
    for (number, step) in (1..).zip(&scenario.steps) {
        run_step(step, &mut saved, &mut call).map_err(|problem| {
            format!("{scenario}: step {number}, {} {}: {problem}", step.call, json!(step.arguments))
        })?;
    }
    Ok(())
}

fn run_step(
    step: &Step,
    saved: &mut Map<String, Value>,
    call: &mut impl FnMut(&str, Map<String, Value>) -> Result<Value, CallError>,
) -> Result<(), String> {
    let arguments = expand(Value::Object(step.arguments.clone()), saved)?;
    let Value::Object(arguments) = arguments else {
        return Err("the arguments are not an object".to_owned());
    };
    let result = match (call(&step.call, arguments), &step.error) {
        (Ok(result), None) => result,
        (Err(error), Some(expected)) if expected.matches(&error) => return Ok(()),
        (Ok(result), Some(expected)) => return Err(format!("expected {expected:?}, got {result}")),
        (Err(error), Some(expected)) => {
            return Err(format!("expected {expected:?}, got {error:?}"));
        }
        (Err(error), None) => return Err(format!("got {error:?}")),
    };
    if let Some(expected) = &step.expect {
        let expected = expand(expected.clone(), saved)?;
        difference("the result", &result, &expected).map_or(Ok(()), Err)?;
    }
    for (name, path) in &step.save {
        saved.insert(name.clone(), select(&result, path)?.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_uses_saved_values_and_reports_what_differs() {
        let scenario = |steps: Value| Scenario::new("a.json", json!({"name": "n", "steps": steps}));
        let echo = |_: &str, arguments: Map<String, Value>| Ok(Value::Object(arguments));
        let first =
            json!({"call": "a.b", "arguments": {"list": [{"id": 7}]}, "save": {"id": "list.0.id"}});
        let steps = |expected: Value| {
            let arguments = json!({"id": {"$saved": "id"}, "other": 1});
            json!([first, {"call": "a.c", "arguments": arguments, "expect": expected}])
        };
        assert_eq!(run(&scenario(steps(json!({"id": 7, "other": {"$any": true}}))), echo), Ok(()));
        let failure = run(&scenario(steps(json!({"id": 8}))), echo).unwrap_err();
        assert!(failure.starts_with("a.json, \"n\": step 2, a.c "), "{failure}");
        assert!(failure.ends_with(": the result.id is 7, expected 8"), "{failure}");
    }

    #[test]
    fn errors_are_compared_by_kind_and_field() {
        let error = json!({"kind": "InvalidInput", "field": "id"});
        let steps = json!([{"call": "a.b", "error": error}]);
        let scenario = Scenario::new("a.json", json!({"name": "n", "steps": steps}));
        let fail = |field: &'static str| {
            run(&scenario, |_, _| {
                let (kind, message) = ("InvalidInput".to_owned(), String::new());
                Err(CallError { kind, field: Some(field.to_owned()), message })
            })
        };
        assert_eq!(fail("id"), Ok(()));
        assert!(fail("limit").is_err());
        assert!(run(&scenario, |_, _| Ok(Value::Null)).is_err());
    }
}
