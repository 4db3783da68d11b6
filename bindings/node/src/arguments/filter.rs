//! Filters and pages.

use chatkeep::{Cursor, MessageFilter, Page, Timestamp};

use super::metadata::optional_object;
use super::{
    ArgError, ArgResult, JsArg, integer, is_given, optional_integer, optional_text,
    optional_timestamp, text,
};

/// The optional arguments that filter messages.
pub(crate) struct FilterArgs<'a, 'env> {
    pub(crate) provider: &'a JsArg<'env>,
    pub(crate) model: &'a JsArg<'env>,
    pub(crate) start_date: &'a JsArg<'env>,
    pub(crate) end_date: &'a JsArg<'env>,
    /// JSON text.
    pub(crate) metadata: &'a JsArg<'env>,
}

/// The optional arguments that select a page.
pub(crate) struct PageArgs<'a, 'env> {
    pub(crate) limit: &'a JsArg<'env>,
    pub(crate) offset: &'a JsArg<'env>,
    pub(crate) cursor: &'a JsArg<'env>,
}

/// Converts the arguments of a filter.
pub(crate) fn message_filter(args: &FilterArgs<'_, '_>) -> ArgResult<MessageFilter> {
    let filter = MessageFilter {
        provider: optional_text("provider", args.provider)?,
        model: optional_text("model", args.model)?,
        start: optional_timestamp("start_date", args.start_date)?,
        end: optional_timestamp("end_date", args.end_date)?,
        metadata: Vec::new(),
    };
    Ok(optional_object(args.metadata)?
        .into_iter()
        .try_fold(filter, |filter, (key, value)| filter.with_metadata(key, value))?)
}

/// Converts the arguments of a page. `default_limit` applies if there is no limit.
pub(crate) fn page(args: &PageArgs<'_, '_>, default_limit: i64) -> ArgResult<Page> {
    let cursor = is_given(args.cursor)?.then(|| text("cursor", args.cursor)).transpose()?;
    Ok(Page {
        limit: optional_integer("limit", args.limit)?.unwrap_or(default_limit),
        offset: optional_integer("offset", args.offset)?.unwrap_or(0),
        cursor: cursor.map(|cursor| cursor.parse()).transpose()?,
    })
}

/// Returns the cursor after the message with this timestamp and id.
///
/// The timestamp is text with microseconds. Errors name `field`, the argument for the message.
pub(crate) fn cursor_after_message(
    field: &str,
    timestamp: &JsArg<'_>,
    id: &JsArg<'_>,
) -> ArgResult<Cursor> {
    let parse =
        || Ok(Cursor::after(Timestamp::parse(&text(field, timestamp)?)?, integer(field, id)?));
    parse().map_err(|error: ArgError| error.map_field(|_| field.to_owned()))
}
