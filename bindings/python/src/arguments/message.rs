//! Messages to log.

use chatkeep::NewMessage;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::metadata::optional_metadata;
use super::{PyArg, optional_integer, optional_text, optional_timestamp, text};
use crate::errors::{ArgError, ArgResult};

const KEYS: &str = "message, response, provider, model, tokens_used, metadata, timestamp";

/// Arguments of `log_message`.
pub(crate) struct MessageArgs<'a, 'py> {
    pub(crate) message: PyArg<'a, 'py>,
    pub(crate) response: Option<PyArg<'a, 'py>>,
    pub(crate) provider: Option<PyArg<'a, 'py>>,
    pub(crate) model: Option<PyArg<'a, 'py>>,
    pub(crate) tokens_used: Option<PyArg<'a, 'py>>,
    pub(crate) metadata: Option<PyArg<'a, 'py>>,
    pub(crate) timestamp: Option<PyArg<'a, 'py>>,
}

/// Converts the arguments of `log_message` to a message.
pub(crate) fn new_message(given: &MessageArgs<'_, '_>) -> ArgResult<NewMessage> {
    let optional = |field, given: Option<PyArg<'_, '_>>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, ArgError>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    Ok(NewMessage {
        user_message: text("message", given.message)?.to_owned(),
        bot_response: optional("response", given.response)?,
        provider: optional("provider", given.provider)?,
        model: optional("model", given.model)?,
        tokens_used: given
            .tokens_used
            .map_or(Ok(None), |given| optional_integer("tokens_used", given))?,
        metadata: given.metadata.map_or(Ok(None), optional_metadata)?,
        timestamp: given
            .timestamp
            .map_or(Ok(None), |given| optional_timestamp("timestamp", given))?,
    })
}

/// Converts an iterable of `dict`s to messages.
///
/// Their keys are the arguments of `log_message`, or the keys that `get_messages` returns.
pub(crate) fn new_messages(given: PyArg<'_, '_>) -> ArgResult<Vec<NewMessage>> {
    // A dict and a str are iterable too, but passing one is a mistake.
    let is_single = given.is_instance_of::<PyDict>() || given.is_instance_of::<PyString>();
    let entries = given.try_iter().ok().filter(|_| !is_single);
    let entries =
        entries.ok_or_else(|| ArgError::wrong_type("messages", "an iterable of dicts", given))?;
    let mut messages = Vec::new();
    for (index, entry) in entries.enumerate() {
        let message = from_dict(&entry?).map_err(|error| {
            let dot = |field: &str| if field.is_empty() { "" } else { "." };
            error.map_field(|field| format!("messages[{index}]{}{field}", dot(field)))
        });
        messages.push(message?);
    }
    Ok(messages)
}

fn from_dict(given: PyArg<'_, '_>) -> ArgResult<NewMessage> {
    let entry = given.cast::<PyDict>().map_err(|_| ArgError::wrong_type("", "a dict", given))?;
    // A message returned by a query has the stored names as keys. Errors use the caller's names.
    let (mut message_key, mut response_key) = ("message", "response");
    let [
        mut message,
        mut response,
        mut provider,
        mut model,
        mut tokens_used,
        mut metadata,
        mut timestamp,
    ] = [const { None }; 7];
    for (key, value) in entry {
        let name = text("", &key)?;
        let target = match name {
            "message" => &mut message,
            "response" => &mut response,
            "user_message" => {
                message_key = "user_message";
                &mut message
            }
            "bot_response" => {
                response_key = "bot_response";
                &mut response
            }
            "provider" => &mut provider,
            "model" => &mut model,
            "tokens_used" => &mut tokens_used,
            "metadata" => &mut metadata,
            "timestamp" => &mut timestamp,
            // A message returned by a query has an id; the database assigns a new one.
            "id" => continue,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(ArgError::invalid(
                    &shown,
                    format!("is not a message key; valid keys are {KEYS}"),
                ));
            }
        };
        if target.replace(value).is_some() {
            return Err(ArgError::invalid(name, "is given twice, under two names"));
        }
    }
    let message = message.ok_or_else(|| ArgError::invalid("message", "is missing"))?;
    let with_callers_key = |error: ArgError| {
        error.map_field(|field| match field {
            "message" => message_key.to_owned(),
            "response" => response_key.to_owned(),
            other => other.to_owned(),
        })
    };
    let parsed = new_message(&MessageArgs {
        message: &message,
        response: response.as_ref(),
        provider: provider.as_ref(),
        model: model.as_ref(),
        tokens_used: tokens_used.as_ref(),
        metadata: metadata.as_ref(),
        timestamp: timestamp.as_ref(),
    });
    let parsed = parsed.map_err(with_callers_key)?;
    if (message_key, response_key) != ("message", "response") {
        // Validated here, because the caller's keys are not known later.
        parsed.check().map_err(|error| with_callers_key(error.into()))?;
    }
    Ok(parsed)
}
