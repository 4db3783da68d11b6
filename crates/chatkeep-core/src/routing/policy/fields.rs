//! Reading the fields of a configuration, with errors that name them.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::value::Metadata;

/// Maximum length of a shown key or value, in characters.
const MAX_SHOWN: usize = 64;

/// The fields of a JSON object that are not read yet.
pub(super) struct Fields {
    rest: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    pub(super) fn of(config: &Metadata) -> Self {
        Self { rest: config.to_map(), known: Vec::new() }
    }

    /// Returns an integer, or the default if it is not given.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64> {
        let Some(value) = self.take(name) else { return Ok(default) };
        match value.as_i64().filter(|number| range.contains(number)) {
            Some(number) => Ok(number),
            None => {
                let (start, end) = range.into_inner();
                let message = format!(
                    "must be an integer between {start} and {end}, not {}",
                    shown(&value.to_string())
                );
                Err(invalid(name, message))
            }
        }
    }

    /// Returns one of these texts, which must be given.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<T> {
        let value = self.take(name);
        let given = value.as_ref().and_then(Value::as_str);
        match choices.iter().find(|(choice, _)| Some(*choice) == given) {
            Some((_, value)) => Ok(*value),
            None => {
                let choices: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
                let mut message = format!("must be one of {}", choices.join(", "));
                if let Some(value) = value {
                    message = format!("{message}, not {}", shown(&value.to_string()));
                }
                Err(invalid(name, message))
            }
        }
    }

    /// Returns a list of texts, which must be given.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<String>> {
        let texts = match self.take(name) {
            Some(Value::Array(values)) => {
                let text = |value: Value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                };
                values.into_iter().map(text).collect::<Option<Vec<_>>>()
            }
            _ => None,
        };
        texts.ok_or_else(|| invalid(name, "must be a list of texts"))
    }

    /// Refuses fields that were not read.
    pub(super) fn refuse_others(&self) -> Result<()> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(key) => {
                let message = format!(
                    "has the unknown field {}; the fields of this kind are {}",
                    shown(&format!("{key:?}")),
                    self.known.join(", ")
                );
                Err(Error::invalid_input("config", message))
            }
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.rest.remove(name)
    }
}

/// Returns the error about a field of the configuration.
pub(super) fn invalid(name: &str, message: impl Into<Cow<'static, str>>) -> Error {
    Error::invalid_input(format!("config.{name}"), message)
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
