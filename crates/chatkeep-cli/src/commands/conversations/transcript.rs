//! A conversation as text: roles, times, wrapped messages, and usage.

use chatkeep::{ConversationItem, Message, MessageStatus, OpenTurn, Timestamp};
use serde_json::Value;

use crate::numbers::{amount, thousands};
use crate::style;
use crate::terminal::Terminal;
use crate::text::{minute, visible_block, visible_line, wrap};

/// Indentation of texts below their headings.
const INDENT: &str = "  ";

/// Formats the turns of a conversation in order, with the items between them.
pub(super) struct Transcript<'a> {
    items: std::iter::Peekable<std::vec::IntoIter<ConversationItem>>,
    terminal: &'a Terminal,
}

impl<'a> Transcript<'a> {
    pub(super) fn new(items: Vec<ConversationItem>, terminal: &'a Terminal) -> Self {
        Self { items: items.into_iter().peekable(), terminal }
    }

    /// Formats a turn after the items before it. The items of the turn are between the question and
    /// the response.
    pub(super) fn turn(&mut self, turn: &Message) -> String {
        let mut out = String::new();
        while let Some(item) = self.items.next_if(|item| match item.message_id {
            Some(id) => id < turn.id,
            None => item.created_at < turn.timestamp,
        }) {
            out.push_str(&self.item(&item));
        }
        out.push_str(&self.message("user", Some(turn.timestamp), &[], &turn.user_message));
        while let Some(item) = self.items.next_if(|item| item.message_id == Some(turn.id)) {
            // Role-based programs store the messages of a turn as items, too.
            let text = text_of(&item).0;
            let is_of_turn = text == turn.user_message || Some(&text) == turn.bot_response.as_ref();
            if item.kind != "message" || !is_of_turn {
                out.push_str(&self.item(&item));
            }
        }
        let usage = usage(turn);
        if let Some(response) = &turn.bot_response {
            out.push_str(&self.message("assistant", None, &usage, response));
        } else if !usage.is_empty() {
            out.push_str(&self.message("assistant", None, &usage, ""));
        }
        if let Some(error) = &turn.error {
            let error = wrap(&visible_block(error), self.terminal.width, INDENT);
            out.push_str(&style::alarm(error.trim_end()));
            out.push('\n');
        }
        out
    }

    /// Formats the items after the last turn, and the turns that are not finished.
    pub(super) fn rest(mut self, open: &[OpenTurn]) -> String {
        let mut out = String::new();
        while let Some(item) = self.items.next() {
            out.push_str(&self.item(&item));
        }
        for turn in open {
            let waits = [style::dim("waits for a response")];
            out.push_str(&self.message("user", Some(turn.started_at), &waits, &turn.user_message));
        }
        out
    }

    fn item(&self, item: &ConversationItem) -> String {
        let kind = (item.kind != "message").then(|| visible_line(&item.kind, 50));
        let (text, is_text) = text_of(item);
        let facts: Vec<_> = kind.into_iter().collect();
        if is_text {
            return self.message(&item.role, Some(item.created_at), &facts, &text);
        }
        self.message(&item.role, Some(item.created_at), &facts, &visible_line(&text, 2_000))
    }

    fn message(&self, role: &str, at: Option<Timestamp>, facts: &[String], text: &str) -> String {
        entry(self.terminal, role, at, facts, text)
    }
}

/// Formats a heading and a text below it.
pub(in crate::commands) fn entry(
    terminal: &Terminal,
    role: &str,
    at: Option<Timestamp>,
    facts: &[String],
    text: &str,
) -> String {
    let facts: Vec<_> = at.map(minute).into_iter().chain(facts.iter().cloned()).collect();
    let heading = terminal.heading(&visible_line(role, 50), &facts);
    let text = wrap(&visible_block(text), terminal.width, INDENT);
    format!("\n{heading}\n{text}")
}

/// Returns the text of an item, or its content as JSON. The second value is whether it is text.
fn text_of(item: &ConversationItem) -> (String, bool) {
    let content = item.content.to_map();
    match content.get("text") {
        Some(Value::String(text)) => (text.clone(), true),
        _ => (item.content.as_json().to_owned(), false),
    }
}

/// Describes the model, the usage and the outcome of a turn.
fn usage(turn: &Message) -> Vec<String> {
    let model = match (&turn.provider, &turn.model) {
        (Some(provider), Some(model)) => Some(format!("{provider}/{model}")),
        (provider, model) => provider.clone().or_else(|| model.clone()),
    };
    let tokens = match (turn.input_tokens, turn.output_tokens) {
        (Some(input), Some(output)) => {
            Some(format!("{} + {} tokens", thousands(input), thousands(output)))
        }
        _ => turn.tokens_used.map(|tokens| amount(tokens, "token")),
    };
    let status = turn.status.filter(|status| *status != MessageStatus::Completed);
    let facts = [
        model.map(|model| visible_line(&model, 160)),
        tokens,
        turn.cost.map(|cost| format!("${cost}")),
        turn.latency_ms.map(|time| format!("{} ms", thousands(time))),
        status.map(|status| status.to_string()),
    ];
    facts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::{Chatkeep, MessageFilter, Metadata, NewItem, NewTurn, Page, Usage};

    #[test]
    fn transcripts_have_turns_items_and_usage_in_order() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let conversations = chat.conversations();
        let id = conversations
            .create_conversation(None, None, None, None)
            .expect("a conversation")
            .public_id;
        let item =
            |role: &str, json: &str| NewItem::new(role, Metadata::parse(json).expect("an object"));
        let system = item("system", r#"{"text": "Be brief."}"#);
        conversations.append_items(&id, &[system], None).expect("appended");
        let usage = Usage {
            input_tokens: Some(1_200),
            output_tokens: Some(34),
            cost: Some("0.00125".parse().expect("a cost")),
            status: Some(MessageStatus::Failed),
            error: Some("cut off".to_owned()),
            ..Usage::default()
        };
        let turn = NewTurn::new("预写日志是一种数据库技术吗？")
            .with_response("是的。\n```\n    code\n```")
            .with_provider("openai")
            .with_model("gpt-4o");
        let turn = conversations.append_turn(&id, &turn.with_usage(usage)).expect("appended");
        let call = item("assistant", r#"{"name": "search", "query": "WAL"}"#);
        let response = item("assistant", r#"{"text": "是的。\n```\n    code\n```"}"#);
        let result = item("tool", r#"{"text": "预写日志是一种数据库技术吗？"}"#);
        let items = [call.with_kind("tool_call"), response, result.with_kind("tool_result")];
        let items = items.map(|item| item.with_message_id(turn));
        conversations.append_items(&id, &items, None).expect("appended");
        conversations.begin_turn(&id, &chatkeep::TurnStart::new("And?")).expect("begun");

        let terminal = Terminal::plain(40);
        let items = conversations.get_items(&id, 10, None, None).expect("items");
        let mut transcript = Transcript::new(items, &terminal);
        let turns = chat.messages().get_messages(&MessageFilter::default(), &Page::first(1));
        let mut text = transcript.turn(&turns.expect("turns")[0]);
        text.push_str(&transcript.rest(&conversations.list_open_turns(&id, 1).expect("open")));
        let text = style::paint(&text, false);
        let today = Timestamp::now().date();
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        let at =
            |line: &str| line.split(&format!(" · {today}")).next().unwrap_or_default().to_owned();
        assert_eq!(at(lines[0]), "system", "\n{text}");
        assert_eq!(lines[1], "  Be brief.");
        assert_eq!(at(lines[2]), "user");
        assert_eq!(lines[3], "  预写日志是一种数据库技术吗？");
        assert!(
            lines[4].starts_with("assistant · ") && lines[4].ends_with(" · tool_call"),
            "\n{text}"
        );
        assert_eq!(lines[5], r#"  {"name":"search","query":"WAL"}"#);
        assert!(lines[6].starts_with("tool · ") && lines[6].ends_with(" · tool_result"), "{text}");
        assert_eq!(lines[7], "  预写日志是一种数据库技术吗？");
        assert_eq!(lines[8], "assistant · openai/gpt-4o · 1,200 + 34 tokens · $0.00125 · failed");
        assert_eq!(lines[9..13], ["  是的。", "  ```", "      code", "  ```"]);
        assert_eq!(lines[13], "  cut off");
        assert!(lines[14].ends_with("waits for a response"), "\n{text}");
    }
}
