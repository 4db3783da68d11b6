//! The call of an operation.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use chatkeep::operation::{Arguments, Field, Operation, arguments_from_json_text};
use chatkeep::{Error, Result};
use serde::Serialize;

use crate::failure::catch_panic;
use crate::{pages, stores};

type Operations = HashMap<String, (&'static Operation, Vec<Field>)>;

/// The operations and their parameters, by names such as `tokens.revoke_token`.
static OPERATIONS: LazyLock<Operations> = LazyLock::new(|| {
    let interfaces = chatkeep_transfer::interfaces();
    let named = interfaces.flat_map(|interface| {
        let entry = move |operation: &'static Operation| {
            (format!("{}.{}", interface.name, operation.name), (operation, operation.fields()))
        };
        interface.operations.iter().map(entry)
    });
    named.collect()
});

/// Runs an operation, and returns its result as JSON.
pub(crate) fn call(handle: u64, name: &str, arguments: &str) -> Result<Vec<u8>> {
    let Some((operation, fields)) = OPERATIONS.get(name) else {
        return Err(Error::invalid_input("operation", "does not exist"));
    };
    catch_panic(operation.name, || {
        let chat = stores::get(handle)?;
        match name {
            "messages.iter_messages" => pages::next(&chat, fields, arguments),
            "store.flush" => {
                let values = arguments_from_json_text(fields, arguments)?;
                encode(&chat.flush(Arguments::new(fields, values).take()?)?)
            }
            _ => {
                let values = arguments_from_json_text(fields, arguments)?;
                encode(&operation.prepare(fields, values)?(&chat)?)
            }
        }
    })
    .map_err(|error| operation.rename(fields, error))
}

/// Converts a number of seconds to a timeout.
pub(crate) fn seconds(timeout: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(timeout)
        .map_err(|_| Error::invalid_input("timeout", "must be 0 or more seconds"))
}

/// Encodes a result.
pub(crate) fn encode(result: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(result).map_err(|error| Error::internal(error.to_string()))
}
