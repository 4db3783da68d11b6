//! `chatkeep conversations show`

use chatkeep::{Chatkeep, Conversation, ConversationItem, Message, MessageFilter, Order, Page};
use serde_json::json;

use super::find;
use super::transcript::Transcript;
use crate::context::Context;
use crate::failure::Failure;
use crate::text::{minute, visible_line, wrap};
use crate::{style, table};

/// Number of items that one call reads.
const PAGE: i64 = 500;

pub(super) fn run(id: &str, last: Option<i64>, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let conversation = find(&chatkeep, id)?;
    let filter = MessageFilter::default().with_conversation_id(conversation.id);
    let mut items = items(&chatkeep, id)?;
    let newest = match last {
        Some(last) => {
            let mut newest = chatkeep.messages().get_messages(&filter, &Page::first(last))?;
            newest.reverse();
            items.retain(|item| newest.first().is_none_or(|first| is_since(item, first)));
            Some(newest)
        }
        None => None,
    };
    let open = chatkeep.conversations().list_open_turns(id, 100)?;
    let terminal = &context.terminal;
    if terminal.json {
        let turns = match newest {
            Some(turns) => turns,
            None => chatkeep
                .messages()
                .iter_messages(&filter, Order::OldestFirst)
                .collect::<chatkeep::Result<Vec<Message>>>()?,
        };
        return terminal.print_json(&json!({
            "conversation": conversation,
            "turns": turns,
            "items": items,
            "open_turns": open,
        }));
    }
    terminal.print(&heading(&conversation, terminal.width))?;
    let mut transcript = Transcript::new(items, terminal);
    // Turns are printed page by page, so that a pager shows the first ones of a long conversation
    // before the last ones are read.
    let turns: Box<dyn Iterator<Item = chatkeep::Result<Message>>> = match newest {
        Some(turns) => Box::new(turns.into_iter().map(Ok)),
        None => Box::new(chatkeep.messages().iter_messages(&filter, Order::OldestFirst)),
    };
    let mut is_empty = true;
    for turn in turns {
        terminal.print(&transcript.turn(&turn?))?;
        is_empty = false;
    }
    let rest = transcript.rest(&open);
    if is_empty && rest.is_empty() {
        terminal.note("\nno messages");
    }
    terminal.print(&rest)
}

/// Returns all items of a conversation.
fn items(chatkeep: &Chatkeep, id: &str) -> Result<Vec<ConversationItem>, Failure> {
    let mut items: Vec<ConversationItem> = Vec::new();
    loop {
        let after = items.last().map_or(0, |item| item.position);
        let page = chatkeep.conversations().get_items(id, PAGE, None, Some(after))?;
        if page.is_empty() {
            return Ok(items);
        }
        items.extend(page);
    }
}

fn is_since(item: &ConversationItem, first: &Message) -> bool {
    match item.message_id {
        Some(id) => id >= first.id,
        None => item.created_at >= first.timestamp,
    }
}

fn heading(conversation: &Conversation, columns: usize) -> String {
    let mut rows = vec![("ID", visible_line(&conversation.public_id, 64))];
    rows.extend(conversation.user_id.as_deref().map(|user| ("User", visible_line(user, 64))));
    rows.push(("Created", minute(conversation.created_at)));
    rows.extend(conversation.archived_at.map(|at| ("Archived", minute(at))));
    let metadata = conversation.metadata.as_ref();
    rows.extend(metadata.map(|json| ("Metadata", visible_line(json.as_json(), 400))));
    let title = conversation.title.as_deref().map(|title| visible_line(title, 255));
    let title = title.map(|title| style::strong(wrap(&title, columns, "").trim_end()) + "\n");
    title.unwrap_or_default() + &table::facts(&rows)
}
