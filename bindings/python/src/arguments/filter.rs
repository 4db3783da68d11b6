//! Arguments that select messages and pages of them.

use chatkeep::{Cursor, MessageFilter, Page, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::metadata::{FIELD, object};
use super::{PyArg, integer, optional_text, optional_timestamp, text};
use crate::errors::{ArgError, ArgResult};

/// Filter arguments of a call.
pub(crate) struct FilterArgs<'a, 'py> {
    pub(crate) provider: Option<PyArg<'a, 'py>>,
    pub(crate) model: Option<PyArg<'a, 'py>>,
    pub(crate) start_date: Option<PyArg<'a, 'py>>,
    pub(crate) end_date: Option<PyArg<'a, 'py>>,
    pub(crate) metadata: Option<PyArg<'a, 'py>>,
}

/// Paging arguments of a call.
pub(crate) struct PageArgs<'a, 'py> {
    pub(crate) limit: Option<PyArg<'a, 'py>>,
    pub(crate) offset: Option<PyArg<'a, 'py>>,
    pub(crate) cursor: Option<PyArg<'a, 'py>>,
}

/// Converts filter arguments to a filter.
pub(crate) fn message_filter(given: &FilterArgs<'_, '_>) -> ArgResult<MessageFilter> {
    let name = |field, given: Option<PyArg<'_, '_>>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, ArgError>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    let timestamp = |field, given: Option<PyArg<'_, '_>>| {
        given.map_or(Ok(None), |given| optional_timestamp(field, given))
    };
    let mut filter = MessageFilter {
        provider: name("provider", given.provider)?,
        model: name("model", given.model)?,
        start: timestamp("start_date", given.start_date)?,
        end: timestamp("end_date", given.end_date)?,
        metadata: Vec::new(),
    };
    if let Some(metadata) = given.metadata.filter(|given| !given.is_none()) {
        let metadata_filter = metadata.cast::<PyDict>();
        let metadata_filter =
            metadata_filter.map_err(|_| ArgError::wrong_type(FIELD, "a dict or None", metadata))?;
        for (key, value) in object(metadata_filter)? {
            filter = filter.with_metadata(key, value)?;
        }
    }
    Ok(filter)
}

/// Converts paging arguments to a page; `limit` is the default page size.
pub(crate) fn page(given: &PageArgs<'_, '_>, limit: i64) -> ArgResult<Page> {
    let number = |field, given: Option<PyArg<'_, '_>>, default| {
        given.map_or(Ok(default), |given| integer(field, given))
    };
    Ok(Page {
        limit: number("limit", given.limit, limit)?,
        offset: number("offset", given.offset, 0)?,
        cursor: given.cursor.filter(|given| !given.is_none()).map(cursor).transpose()?,
    })
}

/// Converts a cursor string, or the message before the page.
fn cursor(given: PyArg<'_, '_>) -> ArgResult<Cursor> {
    if given.is_instance_of::<PyString>() {
        return Ok(text("cursor", given)?.parse()?);
    }
    cursor_after_message("cursor", given)
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
