//! `messages.iter_messages`, a page at a time.
//!
//! A result has the `messages` of a page and the `position` after it, which the next call passes.
//! The position is `null` at the end. No iterator is kept, so none can leak.

use chatkeep::operation::{
    Arguments, DefaultValue, Field, Placement, Type, arguments_from_json_text,
};
use chatkeep::{Chatkeep, Error, Message, MessageFilter, Order, Result};
use serde::Serialize;

use crate::call::encode;

/// The parameter that this function has in addition to those of the operation.
const POSITION: Field = Field {
    name: "position",
    source: "position",
    documentation: "",
    ty: Type::Optional(&Type::Text),
    default: DefaultValue::Nothing,
    placement: Placement::Named,
};

#[derive(Serialize)]
struct Page {
    messages: Vec<Message>,
    position: Option<String>,
}

/// Returns the page after `position`, or the first one.
pub(crate) fn next(chat: &Chatkeep, fields: &[Field], arguments: &str) -> Result<Vec<u8>> {
    let filter_fields = fields.len() - 1;
    let fields = [fields, &[POSITION]].concat();
    let mut values = Arguments::new(&fields, arguments_from_json_text(&fields, arguments)?);
    let filter: MessageFilter = values.group(filter_fields)?;
    let order: Order = values.take()?;
    let mut pages = chat.messages().iter_messages(&filter, order);
    if let Some(position) = values.take::<Option<String>>()? {
        let invalid = || Error::invalid_input("position", "is not a position of this iterator");
        let (limit, cursor) = position.split_once('.').ok_or_else(invalid)?;
        let limit = limit.parse().map_err(|_| invalid())?;
        pages = pages.resume(cursor.parse().map_err(|_| invalid())?, limit);
    }
    let messages = pages.next_page()?;
    let position = pages.position().map(|(cursor, limit)| format!("{limit}.{cursor}"));
    encode(&Page { messages, position })
}
