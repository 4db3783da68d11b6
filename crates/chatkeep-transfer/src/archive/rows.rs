//! Conversion between rows and lines of JSON.

use chatkeep_core::tokens::{StoredToken, check_description};
use chatkeep_core::{Error, Message, Metadata, NewMessage, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::batch::Batch;

#[derive(Serialize)]
struct MessageLine<'a> {
    id: i64,
    timestamp: Timestamp,
    user_message: &'a str,
    bot_response: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    tokens_used: Option<i64>,
    /// Raw JSON text. A parsed value would change how numbers are written.
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadMessage<'a> {
    id: i64,
    timestamp: Timestamp,
    user_message: String,
    bot_response: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    tokens_used: Option<i64>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenLine {
    id: i64,
    token_hash: String,
    description: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    is_active: bool,
    last_used_at: Option<Timestamp>,
    token_start: Option<String>,
}

/// Appends the rows of a batch to `out`, one line each.
pub(super) fn to_lines(batch: &Batch, out: &mut Vec<u8>) -> Result<()> {
    match batch {
        Batch::Tokens(tokens) => tokens.iter().try_for_each(|token| {
            let line = TokenLine {
                id: token.id,
                token_hash: token.token_hash.clone(),
                description: token.description.clone(),
                created_at: token.created_at,
                expires_at: token.expires_at,
                is_active: token.is_active,
                last_used_at: token.last_used_at,
                token_start: token.token_start.clone(),
            };
            write_line(out, &line)
        }),
        Batch::Messages(messages) => messages.iter().try_for_each(|message| {
            let metadata =
                message.metadata.as_ref().map(|metadata| serde_json::from_str(metadata.as_json()));
            let line = MessageLine {
                id: message.id,
                timestamp: message.timestamp,
                user_message: &message.user_message,
                bot_response: message.bot_response.as_deref(),
                provider: message.provider.as_deref(),
                model: message.model.as_deref(),
                tokens_used: message.tokens_used,
                metadata: metadata.transpose().map_err(cannot_write)?,
            };
            write_line(out, &line)
        }),
    }
}

fn write_line(out: &mut Vec<u8>, line: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, line).map_err(cannot_write)?;
    out.push(b'\n');
    Ok(())
}

fn cannot_write(error: serde_json::Error) -> Error {
    Error::internal("cannot serialize a row as JSON").with_source(error)
}

/// Parses a line as a message and validates it as for logging.
pub(super) fn to_message(line: &str) -> Result<Message, String> {
    let read: ReadMessage<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let metadata = read.metadata.map(|text| Metadata::parse(text.get())).transpose();
    let message = NewMessage {
        user_message: read.user_message,
        bot_response: read.bot_response,
        provider: read.provider,
        model: read.model,
        tokens_used: read.tokens_used,
        metadata: metadata.map_err(|error| error.to_string())?,
        timestamp: Some(read.timestamp),
    };
    message.check().map_err(|error| error.to_string())?;
    Ok(Message::with_id(read.id, message))
}

/// Parses a line as a token.
pub(super) fn to_token(line: &str) -> Result<StoredToken, String> {
    let read: TokenLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    check_description(&read.description).map_err(|error| error.to_string())?;
    let is_hash =
        read.token_hash.len() == 64 && read.token_hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash || read.token_start.as_ref().is_some_and(|start| start.chars().count() > 16) {
        return Err("token_hash or token_start is invalid".to_owned());
    }
    Ok(StoredToken {
        id: read.id,
        token_hash: read.token_hash,
        description: read.description,
        created_at: read.created_at,
        expires_at: read.expires_at,
        is_active: read.is_active,
        last_used_at: read.last_used_at,
        token_start: read.token_start,
    })
}
