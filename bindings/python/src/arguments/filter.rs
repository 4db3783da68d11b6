//! Which messages are meant, and which part of them.

use chatkeep::{Cursor, MessageFilter, Page, Timestamp};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::metadata::{FIELD, object};
use super::{Given, integer, optional_moment, optional_text, text};
use crate::errors::Refusal;

/// The arguments that narrow messages down, where they are given.
pub(crate) struct Conditions<'a, 'py> {
    pub(crate) provider: Option<Given<'a, 'py>>,
    pub(crate) model: Option<Given<'a, 'py>>,
    pub(crate) start_date: Option<Given<'a, 'py>>,
    pub(crate) end_date: Option<Given<'a, 'py>>,
    pub(crate) metadata: Option<Given<'a, 'py>>,
}

/// The arguments that choose a page, where they are given.
pub(crate) struct Pages<'a, 'py> {
    pub(crate) limit: Option<Given<'a, 'py>>,
    pub(crate) offset: Option<Given<'a, 'py>>,
    pub(crate) cursor: Option<Given<'a, 'py>>,
}

/// The filter of these conditions.
pub(crate) fn conditions(given: &Conditions<'_, '_>) -> Result<MessageFilter, Refusal> {
    let name = |field, given: Option<Given<'_, '_>>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, Refusal>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    let moment = |field, given: Option<Given<'_, '_>>| {
        given.map_or(Ok(None), |given| optional_moment(field, given))
    };
    let mut filter = MessageFilter {
        provider: name("provider", given.provider)?,
        model: name("model", given.model)?,
        start: moment("start_date", given.start_date)?,
        end: moment("end_date", given.end_date)?,
        metadata: Vec::new(),
    };
    if let Some(metadata) = given.metadata.filter(|given| !given.is_none()) {
        let wanted = metadata.cast::<PyDict>();
        let wanted = wanted.map_err(|_| Refusal::wrong_type(FIELD, "a dict or None", metadata))?;
        for (key, value) in object(wanted)? {
            filter = filter.with_metadata(key, value)?;
        }
    }
    Ok(filter)
}

/// The page of these arguments; `limit` messages when they do not say how many.
pub(crate) fn page(given: &Pages<'_, '_>, limit: i64) -> Result<Page, Refusal> {
    let number = |field, given: Option<Given<'_, '_>>, otherwise| {
        given.map_or(Ok(otherwise), |given| integer(field, given))
    };
    Ok(Page {
        limit: number("limit", given.limit, limit)?,
        offset: number("offset", given.offset, 0)?,
        cursor: given.cursor.filter(|given| !given.is_none()).map(cursor).transpose()?,
    })
}

/// A cursor as it was given out, or the message that it is behind.
fn cursor(given: Given<'_, '_>) -> Result<Cursor, Refusal> {
    if given.is_instance_of::<PyString>() {
        return Ok(text("cursor", given)?.parse()?);
    }
    cursor_behind("cursor", given)
}

/// The place behind a message.
pub(crate) fn cursor_behind(field: &str, given: Given<'_, '_>) -> Result<Cursor, Refusal> {
    let message = given.cast::<PyDict>();
    let message = message
        .map_err(|_| Refusal::wrong_type(field, "a message as get_messages returns it", given))?;
    let part = |name: &str| {
        let missing = || Refusal::input(field, format!("is a message without {name}"));
        message.get_item(name)?.ok_or_else(missing)
    };
    let (timestamp, id) = (part("timestamp")?, part("id")?);
    let read =
        || Ok(Cursor::behind(Timestamp::parse(text(field, &timestamp)?)?, integer(field, &id)?));
    read().map_err(|refusal: Refusal| refusal.about(|_| field.to_owned()))
}
