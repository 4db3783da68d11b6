//! The settings of a new store.

use chatkeep::operation::Value;
use chatkeep::{Chatkeep, Error, Result};
use serde_json::{Map, Value as Json};

/// Opens a store with the settings of a JSON object.
pub(crate) fn open(settings: &str) -> Result<Chatkeep> {
    // The error does not quote the settings, because they may contain a password.
    let settings: Map<String, Json> = serde_json::from_str(settings)
        .map_err(|_| Error::configuration("must be a JSON object").with_field("settings"))?;
    let mut builder = Chatkeep::builder();
    for (name, json) in settings {
        let value = match json {
            Json::Null => continue,
            Json::String(url) if name == "url" => {
                builder = builder.url(url);
                continue;
            }
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Integer(number),
                None => Value::Float(number.as_f64().unwrap_or(f64::INFINITY)),
            },
            Json::String(text) => Value::Text(text),
            // No setting accepts such a value: the builder rejects `Nothing`.
            Json::Array(_) | Json::Object(_) => Value::Nothing,
        };
        if name == "url" {
            return Err(Error::configuration("must be a string").with_field(name));
        }
        builder = builder.setting(&name, value)?;
    }
    builder.open()
}
