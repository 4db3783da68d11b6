//! Which messages are meant, and which part of them.

use chatkeep::{Cursor, MessageFilter, Page, Timestamp};

use super::metadata::optional_object;
use super::{
    Given, Taken, integer, is_given, optional_integer, optional_moment, optional_text, text,
};

/// The arguments that narrow messages down, where they are given.
pub(crate) struct Conditions<'a, 'env> {
    pub(crate) provider: &'a Given<'env>,
    pub(crate) model: &'a Given<'env>,
    pub(crate) start_date: &'a Given<'env>,
    pub(crate) end_date: &'a Given<'env>,
    /// As JSON text.
    pub(crate) metadata: &'a Given<'env>,
}

/// The arguments that choose a page, where they are given.
pub(crate) struct Pages<'a, 'env> {
    pub(crate) limit: &'a Given<'env>,
    pub(crate) offset: &'a Given<'env>,
    pub(crate) cursor: &'a Given<'env>,
}

/// The filter of these conditions.
pub(crate) fn conditions(given: &Conditions<'_, '_>) -> Taken<MessageFilter> {
    let filter = MessageFilter {
        provider: optional_text("provider", given.provider)?,
        model: optional_text("model", given.model)?,
        start: optional_moment("start_date", given.start_date)?,
        end: optional_moment("end_date", given.end_date)?,
        metadata: Vec::new(),
    };
    let wanted = optional_object(given.metadata)?.into_iter();
    Ok(wanted
        .into_iter()
        .try_fold(filter, |filter, (key, value)| filter.with_metadata(key, value))?)
}

/// The page of these arguments; `limit` messages when they do not say how many.
pub(crate) fn page(given: &Pages<'_, '_>, limit: i64) -> Taken<Page> {
    let cursor = is_given(given.cursor)?.then(|| text("cursor", given.cursor)).transpose()?;
    Ok(Page {
        limit: optional_integer("limit", given.limit)?.unwrap_or(limit),
        offset: optional_integer("offset", given.offset)?.unwrap_or(0),
        cursor: cursor.map(|cursor| cursor.parse()).transpose()?,
    })
}

/// The place behind the message with this moment, in whole text, and this id.
pub(crate) fn cursor_behind(field: &str, timestamp: &Given<'_>, id: &Given<'_>) -> Taken<Cursor> {
    let read =
        || Ok(Cursor::behind(Timestamp::parse(&text(field, timestamp)?)?, integer(field, id)?));
    read().map_err(|refusal: super::Refusal| refusal.about(|_| field.to_owned()))
}
