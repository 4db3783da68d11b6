//! New messages.

use chatkeep::NewMessage;

use super::metadata::optional_metadata;
use super::{
    ArgError, ArgResult, JsArg, optional_integer, optional_text, optional_timestamp, text,
};

/// The arguments that describe a message.
pub(crate) struct MessageArgs<'a, 'env> {
    pub(crate) message: &'a JsArg<'env>,
    pub(crate) response: &'a JsArg<'env>,
    pub(crate) provider: &'a JsArg<'env>,
    pub(crate) model: &'a JsArg<'env>,
    pub(crate) tokens_used: &'a JsArg<'env>,
    /// JSON text.
    pub(crate) metadata: &'a JsArg<'env>,
    pub(crate) timestamp: &'a JsArg<'env>,
}

/// Number of arguments per message: the fields of [`MessageArgs`].
const ARGS_PER_MESSAGE: usize = 7;

/// Converts the arguments of a message.
pub(crate) fn new_message(args: &MessageArgs<'_, '_>) -> ArgResult<NewMessage> {
    Ok(NewMessage {
        user_message: text("message", args.message)?,
        bot_response: optional_text("response", args.response)?,
        provider: optional_text("provider", args.provider)?,
        model: optional_text("model", args.model)?,
        tokens_used: optional_integer("tokens_used", args.tokens_used)?,
        metadata: optional_metadata(args.metadata)?,
        timestamp: optional_timestamp("timestamp", args.timestamp)?,
    })
}

/// Converts several messages. `args` contains the arguments of the first message, in the order of
/// [`MessageArgs`], then those of the second, and so on.
pub(crate) fn new_messages(args: &[JsArg<'_>]) -> ArgResult<Vec<NewMessage>> {
    let (messages, rest) = args.as_chunks::<ARGS_PER_MESSAGE>();
    if !rest.is_empty() {
        let expected = format!("must hold {ARGS_PER_MESSAGE} arguments per message");
        return Err(ArgError::input("messages", expected));
    }
    let messages = messages.iter().enumerate().map(|(index, args)| {
        let [message, response, provider, model, tokens_used, metadata, timestamp] = args;
        new_message(&MessageArgs {
            message,
            response,
            provider,
            model,
            tokens_used,
            metadata,
            timestamp,
        })
        .map_err(|error| error.map_field(|field| format!("messages[{index}].{field}")))
    });
    messages.collect()
}
