//! `chatkeep conversations export`: writes conversations as JSON Lines.

use std::io::Write as _;

use chatkeep::{Chatkeep, Conversation, Error, MessageFilter, Metadata, Order, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::find;
use crate::args::conversations::ExportOptions;
use crate::commands::lookup::find_user_id;
use crate::context::Context;
use crate::export::destination::{Destination, Output};
use crate::export::row::Row;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::text::safe_json;

/// Number of items that one call reads.
const PAGE: i64 = 500;

/// Numbers of the written rows.
#[derive(Default)]
struct Written {
    conversations: u64,
    turns: u64,
    items: u64,
}

pub(super) fn run(options: &ExportOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let url = context.url()?;
    let output = Output::new(&options.file, &options.output_file, &url);
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let mut destination = Destination::open(&output, &context.interrupts, None)?;
    let written = match write_all(options, user.as_deref(), &chatkeep, &mut destination) {
        Ok(written) => written,
        Err(failure) => return Err(destination.failure().unwrap_or(failure)),
    };
    destination.finish()?;

    let Written { conversations, turns, items } = written;
    let summary = || {
        format!(
            "exported {} with {} and {}",
            amount(conversations, "conversation"),
            amount(turns, "turn"),
            amount(items, "item")
        )
    };
    let terminal = &context.terminal;
    if output.is_standard() {
        terminal.note(&if conversations == 0 { "no conversations".to_owned() } else { summary() });
        return Ok(());
    }
    if terminal.json {
        return terminal.print_json(&json!({
            "exported": conversations,
            "turns": turns,
            "items": items,
            "file": options.file.display().to_string(),
        }));
    }
    if !terminal.quiet {
        terminal.print(&format!("{} to {}\n", summary(), options.file.display()))?;
    }
    Ok(())
}

fn write_all(
    options: &ExportOptions,
    user: Option<&str>,
    chatkeep: &Chatkeep,
    out: &mut Destination<'_>,
) -> Result<Written, Failure> {
    let mut written = Written::default();
    if !options.id.is_empty() {
        for id in &options.id {
            write(&find(chatkeep, id)?, chatkeep, out, &mut written)?;
        }
        return Ok(written);
    }
    let mut last_id = 0;
    loop {
        let page = chatkeep.conversations().list_created_after(last_id)?;
        let Some(last) = page.last() else { return Ok(written) };
        last_id = last.id;
        let selected =
            page.iter().filter(|found| user.is_none() || found.user_id.as_deref() == user);
        for conversation in selected {
            write(conversation, chatkeep, out, &mut written)?;
        }
    }
}

/// The start of a line. Internal ids are omitted: an import assigns new ones.
#[derive(Serialize)]
struct Head<'a> {
    public_id: &'a str,
    user_id: Option<&'a str>,
    title: Option<&'a str>,
    created_at: Timestamp,
    last_message_at: Timestamp,
    archived_at: Option<Timestamp>,
    metadata: Option<&'a Metadata>,
}

impl<'a> Head<'a> {
    fn new(conversation: &'a Conversation) -> Self {
        Self {
            public_id: &conversation.public_id,
            user_id: conversation.user_id.as_deref(),
            title: conversation.title.as_deref(),
            created_at: conversation.created_at,
            last_message_at: conversation.last_message_at,
            archived_at: conversation.archived_at,
            metadata: conversation.metadata.as_ref(),
        }
    }
}

/// Writes the line of a conversation. Its turns and items are read in pages.
fn write(
    conversation: &Conversation,
    chatkeep: &Chatkeep,
    out: &mut Destination<'_>,
    written: &mut Written,
) -> Result<(), Failure> {
    let head = to_json(&Head::new(conversation))?;
    put(out, head.strip_suffix('}').unwrap_or(&head))?;
    put(out, ",\"turns\":[")?;
    let filter = MessageFilter::default().with_conversation_id(conversation.id);
    let mut separator = "";
    for turn in chatkeep.messages().iter_messages(&filter, Order::OldestFirst) {
        let mut turn = turn?;
        // The line is of its conversation and user.
        (turn.conversation_id, turn.user_id) = (None, None);
        put(out, separator)?;
        put(out, Row::new(&turn, true).to_line()?.trim_end())?;
        separator = ",";
        written.turns += 1;
    }
    put(out, "],\"items\":[")?;
    let (mut separator, mut position) = ("", 0);
    loop {
        let items = chatkeep.conversations().get_items(
            &conversation.public_id,
            PAGE,
            None,
            Some(position),
        )?;
        let Some(last) = items.last() else { break };
        position = last.position;
        for item in &items {
            put(out, separator)?;
            put(out, &to_json(item)?)?;
            separator = ",";
            written.items += 1;
        }
    }
    put(out, "]}\n")?;
    written.conversations += 1;
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(|error| {
        Error::internal("cannot serialize a conversation as JSON").with_source(error)
    })?;
    Ok(safe_json(json))
}

fn put(out: &mut Destination<'_>, json: &str) -> Result<(), Failure> {
    // The destination remembers the error.
    out.write_all(json.as_bytes()).map_err(|error| Failure::file("output", &error))
}
