//! Messages to be logged.

use chatkeep::NewMessage;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::metadata::optional_metadata;
use super::{Given, optional_integer, optional_moment, optional_text, text};
use crate::errors::Refusal;

const KEYS: &str = "message, response, provider, model, tokens_used, metadata, timestamp";

/// The parts of a message as they are given.
pub(crate) struct Parts<'a, 'py> {
    pub(crate) message: Given<'a, 'py>,
    pub(crate) response: Option<Given<'a, 'py>>,
    pub(crate) provider: Option<Given<'a, 'py>>,
    pub(crate) model: Option<Given<'a, 'py>>,
    pub(crate) tokens_used: Option<Given<'a, 'py>>,
    pub(crate) metadata: Option<Given<'a, 'py>>,
    pub(crate) timestamp: Option<Given<'a, 'py>>,
}

/// The message of these parts.
pub(crate) fn one(parts: &Parts<'_, '_>) -> Result<NewMessage, Refusal> {
    let optional = |field, given: Option<Given<'_, '_>>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, Refusal>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    Ok(NewMessage {
        user_message: text("message", parts.message)?.to_owned(),
        bot_response: optional("response", parts.response)?,
        provider: optional("provider", parts.provider)?,
        model: optional("model", parts.model)?,
        tokens_used: parts
            .tokens_used
            .map_or(Ok(None), |given| optional_integer("tokens_used", given))?,
        metadata: parts.metadata.map_or(Ok(None), optional_metadata)?,
        timestamp: parts.timestamp.map_or(Ok(None), |given| optional_moment("timestamp", given))?,
    })
}

/// The messages of an iterable of `dict`s, as `get_messages` gives them, or with the names of `log_message`'s arguments.
pub(crate) fn many(given: Given<'_, '_>) -> Result<Vec<NewMessage>, Refusal> {
    // A dict and a text can be iterated over as well, but nobody means that.
    let is_one = given.is_instance_of::<PyDict>() || given.is_instance_of::<PyString>();
    let entries = given.try_iter().ok().filter(|_| !is_one);
    let entries =
        entries.ok_or_else(|| Refusal::wrong_type("messages", "an iterable of dicts", given))?;
    let mut messages = Vec::new();
    for (place, entry) in entries.enumerate() {
        let message = of_dict(&entry?).map_err(|refusal| {
            let dot = |field: &str| if field.is_empty() { "" } else { "." };
            refusal.about(|field| format!("messages[{place}]{}{field}", dot(field)))
        });
        messages.push(message?);
    }
    Ok(messages)
}

fn of_dict(given: Given<'_, '_>) -> Result<NewMessage, Refusal> {
    let entry = given.cast::<PyDict>().map_err(|_| Refusal::wrong_type("", "a dict", given))?;
    // A message that was read has the stored names as keys; errors name what the caller wrote.
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
        let place = match name {
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
            // A message that was read has one; the database gives another.
            "id" => continue,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Refusal::input(
                    &shown,
                    format!("is no key of a message; known are {KEYS}"),
                ));
            }
        };
        if place.replace(value).is_some() {
            return Err(Refusal::input(name, "is given under two names"));
        }
    }
    let message = message.ok_or_else(|| Refusal::input("message", "is missing"))?;
    let written = |refusal: Refusal| {
        refusal.about(|field| match field {
            "message" => message_key.to_owned(),
            "response" => response_key.to_owned(),
            other => other.to_owned(),
        })
    };
    let taken = one(&Parts {
        message: &message,
        response: response.as_ref(),
        provider: provider.as_ref(),
        model: model.as_ref(),
        tokens_used: tokens_used.as_ref(),
        metadata: metadata.as_ref(),
        timestamp: timestamp.as_ref(),
    });
    let taken = taken.map_err(written)?;
    if (message_key, response_key) != ("message", "response") {
        // Later nobody knows any more how this one was written.
        taken.check().map_err(|error| written(error.into()))?;
    }
    Ok(taken)
}
