//! Settings of a store. A value out of range is a configuration error, as for the environment
//! variables.

use chatkeep::operation::Value;
use chatkeep::{Chatkeep, ChatkeepBuilder, Error, Range, SETTINGS};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::PyArg;
use super::boolean::optional_boolean;
use super::integer::optional_integer;
use super::text::optional_text;
use super::timeout::number;
use crate::errors::{ArgError, ArgResult};

/// Returns a builder with the given settings. The environment provides the others.
pub(crate) fn builder(
    url: PyArg<'_, '_>,
    settings: &Bound<'_, PyDict>,
) -> ArgResult<ChatkeepBuilder> {
    let mut builder = Chatkeep::builder();
    if let Some(url) = optional_text("url", url)? {
        builder = builder.url(url);
    }
    for setting in SETTINGS {
        let Some(given) = settings.get_item(setting.name)?.filter(|given| !given.is_none()) else {
            continue;
        };
        let value = value(setting.name, setting.range, &given).map_err(|error| match error {
            ArgError::Input(error) => {
                let reason = error.message().to_owned();
                ArgError::Input(Error::configuration(reason).with_field(setting.name))
            }
            error => error,
        });
        builder = builder.setting(setting.name, value?)?;
    }
    Ok(builder)
}

fn value(name: &str, range: Range, given: PyArg<'_, '_>) -> ArgResult<Value> {
    Ok(match range {
        Range::WholeNumber(_) => {
            optional_integer(name, given)?.map_or(Value::Nothing, Value::Integer)
        }
        Range::Seconds(_) => Value::Float(number(name, given)?),
        Range::Secret(_) => {
            optional_text(name, given)?.map_or(Value::Nothing, |text| Value::Text(text.to_owned()))
        }
        _ => optional_boolean(name, given)?.map_or(Value::Nothing, Value::Bool),
    })
}
