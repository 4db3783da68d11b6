//! `chatkeep messages log`

use std::io::{self, Read as _};

use chatkeep::{Error, Metadata, NewMessage};
use serde_json::json;

use crate::args::messages::LogOptions;
use crate::context::Context;
use crate::failure::Failure;

/// A little more than a row may hold: enough to be refused, not enough to fill the memory.
const MOST_BYTES: u64 = (16 << 20) + (64 << 10);

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
    };
    let id = context.open()?.messages().log_message(&message)?;
    context.terminal.answer(&json!({ "id": id }), || format!("{id}\n"))
}

/// Standard input without its last line break, as the shell's `$(…)` would take it.
fn read_text() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("standard input", &error))?;
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Error::invalid_input(
            "user_message",
            format!("must be UTF-8, which standard input is not from byte {at} on"),
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
