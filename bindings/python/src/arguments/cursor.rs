//! Positions in the message log.

use chatkeep::{Cursor, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::integer::integer;
use super::{PyArg, text};
use crate::errors::{ArgError, ArgResult};

/// Converts a cursor string, or the message before the page.
pub(super) fn cursor(field: &str, given: PyArg<'_, '_>) -> ArgResult<Cursor> {
    if given.is_instance_of::<PyString>() {
        let parsed = text(field, given)?.parse().map_err(ArgError::Input);
        return parsed.map_err(|error| error.map_field(|_| field.to_owned()));
    }
    cursor_after_message(field, given)
}

/// Returns the cursor after a message.
pub(crate) fn cursor_after_message(field: &str, given: PyArg<'_, '_>) -> ArgResult<Cursor> {
    let message = given.cast::<PyDict>();
    let message =
        message.map_err(|_| ArgError::wrong_type(field, "a message from get_messages", given))?;
    let value = |name: &str| {
        let missing = || ArgError::invalid(field, format!("message has no {name}"));
        message.get_item(name)?.ok_or_else(missing)
    };
    let (timestamp, id) = (value("timestamp")?, value("id")?);
    let parse =
        || Ok(Cursor::after(Timestamp::parse(text(field, &timestamp)?)?, integer(field, &id)?));
    parse().map_err(|error: ArgError| error.map_field(|_| field.to_owned()))
}
