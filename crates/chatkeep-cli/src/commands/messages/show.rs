//! `chatkeep messages get`

use chatkeep::Message;

use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, thousands};
use crate::style;
use crate::table::facts;
use crate::text::{visible_block, visible_line};

pub(super) fn run(id: i64, context: &Context) -> Result<(), Failure> {
    let message = context
        .open()?
        .messages()
        .get_message_by_id(id)?
        .ok_or_else(|| Failure::not_found("id", format!("message {id} not found")))?;
    context.terminal.answer(&message, || render(&message))
}

fn render(message: &Message) -> String {
    let mut rows = vec![("ID", message.id.to_string()), ("Time", message.timestamp.to_string())];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    add("Provider", message.provider.as_deref().map(|text| visible_line(text, usize::MAX)));
    add("Model", message.model.as_deref().map(|text| visible_line(text, usize::MAX)));
    add("Tokens", message.tokens_used.map(thousands));
    add("Input", message.input_tokens.map(|tokens| amount(tokens, "token")));
    add("Cached", message.cached_tokens.map(|tokens| amount(tokens, "token")));
    add("Output", message.output_tokens.map(|tokens| amount(tokens, "token")));
    add("Reasoning", message.reasoning_tokens.map(|tokens| amount(tokens, "token")));
    add("Cost", message.cost.map(|cost| format!("${cost}")));
    add("Latency", message.latency_ms.map(|time| format!("{} ms", thousands(time))));
    add("First token", message.ttft_ms.map(|time| format!("{} ms", thousands(time))));
    add("Status", message.status.map(|status| status.to_string()));
    add("Error", message.error.as_deref().map(|text| visible_line(text, usize::MAX)));
    add("Conversation", message.conversation_id.map(|id| id.to_string()));
    add("User", message.user_id.map(|id| id.to_string()));
    add(
        "Metadata",
        message.metadata.as_ref().map(|metadata| visible_line(metadata.as_json(), usize::MAX)),
    );
    let mut out = facts(&rows);
    let mut section = |title, text: &str| {
        out.push_str(&format!("\n{}\n{}\n", style::strong(title), visible_block(text)));
    };
    section("Message", &message.user_message);
    if let Some(answer) = &message.bot_response {
        section("Response", answer);
    }
    out
}
