//! `chatkeep conversations …`

mod export;
mod import;
mod list;
mod prune;
mod show;
mod transcript;

use chatkeep::{Chatkeep, Conversation};
use serde_json::json;

pub(in crate::commands) use self::transcript::entry;
use super::lookup::not_found;
use crate::args::conversations::ConversationsCommand;
use crate::argument_names::CONVERSATIONS;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::text::visible_line;

pub(super) fn run(command: ConversationsCommand, context: &Context) -> Result<u8, Failure> {
    // In the errors of an import, fields are keys of the file.
    let is_import = matches!(command, ConversationsCommand::Import(_));
    dispatch(command, context).map_err(|failure| match is_import {
        true => failure,
        false => failure.with_argument_name(CONVERSATIONS),
    })
}

fn dispatch(command: ConversationsCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        ConversationsCommand::List(options) => list::run(&options, context)?,
        ConversationsCommand::Show { conversation, last } => {
            show::run(&conversation.id, last, context)?;
        }
        ConversationsCommand::Export(options) => export::run(&options, context)?,
        ConversationsCommand::Import(options) => return import::run(&options, context),
        ConversationsCommand::Rename { conversation, title, .. } => {
            let title = title.as_deref();
            let renamed =
                context.open()?.conversations().rename_conversation(&conversation.id, title)?;
            changed(renamed, &conversation.id)?;
            let answer = json!({ "public_id": conversation.id, "title": title });
            let done = if title.is_some() { "renamed" } else { "removed the title of" };
            report(&answer, done, &conversation.id, context)?;
        }
        ConversationsCommand::Archive { conversation, undo } => {
            archive(&conversation.id, undo, context)?;
        }
        ConversationsCommand::Delete { conversation, yes } => {
            return delete(&conversation.id, yes, context);
        }
        ConversationsCommand::Prune(options) => return prune::run(&options, context),
    }
    Ok(0)
}

/// Returns the conversation with this id.
fn find(chatkeep: &Chatkeep, id: &str) -> Result<Conversation, Failure> {
    let found = chatkeep.conversations().get_conversation(id)?;
    found.ok_or_else(|| not_found("conversation_id", "conversation", id))
}

fn archive(id: &str, undo: bool, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let conversations = chatkeep.conversations();
    let (done, changed) = if undo {
        ("unarchived", conversations.unarchive_conversation(id)?)
    } else {
        ("archived", conversations.archive_conversation(id)?)
    };
    if !changed {
        find(&chatkeep, id)?;
        context.terminal.note(&format!("it was already {done}"));
    }
    report(&json!({ "public_id": id, "archived": !undo, "changed": changed }), done, id, context)
}

fn delete(id: &str, yes: bool, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let conversation = find(&chatkeep, id)?;
    let title = conversation.title.as_deref().unwrap_or("without a title");
    let question = format!(
        "Delete the conversation {} ({}) with its messages? [y/N] ",
        visible_line(title, 60),
        visible_line(id, 64)
    );
    if !require_confirmation(yes, &question, &context.terminal)? {
        return Ok(FAILED);
    }
    changed(chatkeep.conversations().delete_conversation(id)?, id)?;
    report(&json!({ "public_id": id, "deleted": true }), "deleted", id, context).map(|()| 0)
}

fn changed(is_changed: bool, id: &str) -> Result<(), Failure> {
    if is_changed { Ok(()) } else { Err(not_found("conversation_id", "conversation", id)) }
}

fn report(
    answer: &serde_json::Value,
    done: &str,
    id: &str,
    context: &Context,
) -> Result<(), Failure> {
    let text = || format!("{done} conversation {}\n", visible_line(id, 64));
    context.terminal.answer(answer, text)
}
