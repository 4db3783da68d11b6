//! Runs the scenarios of `tests/vectors/operations/*.json` through the described operations, as
//! language bindings do.

use std::collections::BTreeSet;

use chatkeep::operation::{
    Arguments, Field, Operation, Value as Argument, arguments_from_json_text,
};
use chatkeep::{Chatkeep, ChatkeepBuilder, Error, MessageFilter, Result};
use chatkeep_testkit::scenarios::{CallError, Scenario, run_scenarios, scenarios};
use chatkeep_transfer::{interfaces, operation};
use serde_json::{Map, Value, to_value};

use crate::every_engine::on_every_engine;
use crate::store::{Store, with_schema};

on_every_engine![every_scenario_passes];

fn every_scenario_passes(store: &Store) {
    run_scenarios(store.engine(), with_schema, |url, settings| {
        let chat = open(url, settings);
        move |call, arguments| perform(&chat, call, arguments)
    });
}

/// Opens a handle on this URL with these settings.
fn open(url: &str, settings: &Map<String, Value>) -> Chatkeep {
    let builder = Chatkeep::builder().url(url).pool_size(4).max_overflow(4);
    let opened = settings.iter().try_fold(builder, |builder, (name, value)| {
        let value = match value {
            Value::Bool(value) => Argument::Bool(*value),
            Value::String(text) => Argument::Text(text.clone()),
            number => Argument::Integer(number.as_i64().expect("a text, a boolean or an integer")),
        };
        builder.setting(name, value)
    });
    opened.and_then(ChatkeepBuilder::open).expect("the settings are valid")
}

/// Makes a call such as `tokens.revoke_token`.
fn perform(
    chat: &Chatkeep,
    call: &str,
    arguments: Map<String, Value>,
) -> std::result::Result<Value, CallError> {
    let named = call.split_once('.').and_then(|(interface, name)| operation(interface, name));
    let operation = named.unwrap_or_else(|| panic!("{call} does not exist"));
    let fields = operation.fields();
    let outcome = arguments_from_json_text(&fields, &Value::Object(arguments).to_string())
        .and_then(|values| perform_checked(chat, call, operation, &fields, values));
    outcome.map_err(|error| {
        let error = operation.rename(&fields, error);
        CallError {
            kind: error.kind().name().to_owned(),
            field: error.field().map(str::to_owned),
            message: error.to_string(),
        }
    })
}

fn perform_checked(
    chat: &Chatkeep,
    call: &str,
    operation: &Operation,
    fields: &[Field],
    values: Vec<Argument>,
) -> Result<Value> {
    let result = match call {
        "messages.iter_messages" => {
            let mut arguments = Arguments::new(fields, values);
            let filter: MessageFilter = arguments.group(fields.len() - 1)?;
            let messages = chat.messages().iter_messages(&filter, arguments.take()?);
            to_value(messages.collect::<Result<Vec<_>>>()?)
        }
        "store.flush" => to_value(chat.flush(Arguments::new(fields, values).take()?)?),
        _ => to_value(operation.prepare(fields, values)?(chat)?),
    };
    result.map_err(|error| Error::internal(error.to_string()))
}

/// Operations that no scenario calls, with the reason.
const NOT_CALLED: &[(&str, &str)] = &[
    ("database.migrate_from_old_sqlite", "it needs a file of another program"),
    ("store.close", "a language closes the store after each scenario"),
];

#[test]
fn every_operation_occurs_in_a_scenario() {
    let scenarios = scenarios();
    let mut covered: BTreeSet<_> = scenarios.iter().flat_map(Scenario::calls).collect();
    for (name, reason) in NOT_CALLED {
        assert!(covered.insert(name), "{name} is called, although {reason}");
    }
    let described: BTreeSet<_> = interfaces()
        .flat_map(|interface| {
            let operations = interface.operations.iter();
            operations.map(move |operation| format!("{}.{}", interface.name, operation.name))
        })
        .collect();
    let described = described.iter().map(String::as_str).collect();
    let missing: Vec<_> = covered.symmetric_difference(&described).collect();
    assert!(missing.is_empty(), "without a scenario, or not operations: {missing:?}");
}
