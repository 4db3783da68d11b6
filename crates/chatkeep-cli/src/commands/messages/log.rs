//! `chatkeep messages log`

use std::io::{self, Read as _};

use chatkeep::{Error, Metadata, NewMessage};
use serde_json::json;

use crate::args::messages::LogOptions;
use crate::context::Context;
use crate::failure::Failure;

/// Maximum number of bytes read: slightly more than the row limit, so that the library rejects the
/// row.
const MAX_BYTES: u64 = (16 << 20) + (64 << 10);

pub(super) fn run(options: LogOptions, context: &Context) -> Result<(), Failure> {
    let metadata = options.metadata.as_deref().map(Metadata::parse).transpose()?;
    let text = if options.text == "-" { read_text()? } else { options.text };
    let message = NewMessage {
        user_message: text,
        bot_response: options.response,
        provider: options.provider,
        model: options.model,
        tokens_used: options.tokens,
        metadata,
        timestamp: options.timestamp,
        conversation_id: options.conversation_id,
        user_id: options.user_id,
        is_turn: false,
        usage: None,
    };
    let message = message.with_usage(options.usage.usage()?);
    let id = context.open()?.messages().log_message(&message)?;
    context.terminal.answer(&json!({ "id": id }), || format!("{id}\n"))
}

/// Reads standard input without its final line break, like the shell's `$(…)`.
fn read_text() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("standard input", &error))?;
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Error::invalid_input(
            "user_message",
            format!("must be UTF-8; standard input is invalid from byte {at} on"),
        )
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
