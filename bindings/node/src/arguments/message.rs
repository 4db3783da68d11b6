//! Messages to be logged.

use chatkeep::NewMessage;

use super::metadata::optional_metadata;
use super::{Given, Refusal, Taken, optional_integer, optional_moment, optional_text, text};

/// The parts of a message as they are given.
pub(crate) struct Parts<'a, 'env> {
    pub(crate) message: &'a Given<'env>,
    pub(crate) response: &'a Given<'env>,
    pub(crate) provider: &'a Given<'env>,
    pub(crate) model: &'a Given<'env>,
    pub(crate) tokens_used: &'a Given<'env>,
    /// As JSON text.
    pub(crate) metadata: &'a Given<'env>,
    pub(crate) timestamp: &'a Given<'env>,
}

/// How many parts there are.
const PARTS: usize = 7;

/// The message of these parts.
pub(crate) fn one(parts: &Parts<'_, '_>) -> Taken<NewMessage> {
    Ok(NewMessage {
        user_message: text("message", parts.message)?,
        bot_response: optional_text("response", parts.response)?,
        provider: optional_text("provider", parts.provider)?,
        model: optional_text("model", parts.model)?,
        tokens_used: optional_integer("tokens_used", parts.tokens_used)?,
        metadata: optional_metadata(parts.metadata)?,
        timestamp: optional_moment("timestamp", parts.timestamp)?,
    })
}

/// Messages whose parts lie one behind the other.
pub(crate) fn many(given: &[Given<'_>]) -> Taken<Vec<NewMessage>> {
    let (messages, rest) = given.as_chunks::<PARTS>();
    if !rest.is_empty() {
        return Err(Refusal::input("messages", "are not made of whole messages"));
    }
    let messages = messages.iter().enumerate().map(|(place, parts)| {
        let [message, response, provider, model, tokens_used, metadata, timestamp] = parts;
        one(&Parts { message, response, provider, model, tokens_used, metadata, timestamp })
            .map_err(|refusal| refusal.about(|field| format!("messages[{place}].{field}")))
    });
    messages.collect()
}
