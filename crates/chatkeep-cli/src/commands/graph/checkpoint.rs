//! `chatkeep graph show --checkpoint`: the values of a checkpoint.

use chatkeep::{Bytes, Chatkeep, GraphCheckpoint};

use super::messages::transcript;
use super::no_checkpoints;
use super::value::{decode, describe};
use crate::args::graph::ShowOptions;
use crate::commands::lookup::not_found;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::bytes;
use crate::table;
use crate::terminal::Terminal;
use crate::text::{minute, visible_block, visible_line, wrap};

/// Indentation of values below their headings.
const INDENT: &str = "  ";
/// Channel whose messages are shown as a transcript.
const MESSAGES: &str = "messages";

pub(super) fn run(id: &str, options: &ShowOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let checkpoint = find(&chatkeep, id, options)?;
    let terminal = &context.terminal;
    terminal.answer(&checkpoint, || render(&checkpoint, terminal))
}

/// Returns the checkpoint with this id, in the only namespace that has it.
fn find(chatkeep: &Chatkeep, id: &str, options: &ShowOptions) -> Result<GraphCheckpoint, Failure> {
    let (thread, namespace) = (options.thread.as_str(), options.namespace.as_deref());
    let graph = chatkeep.graph();
    let list = |id| graph.list_checkpoints(Some(thread), namespace, id, None, None, 2);
    let mut found = list(Some(id))?;
    if found.len() > 1 {
        let message = "several namespaces have a checkpoint with this id";
        return Err(Failure::usage(message).with_hint("pass --namespace"));
    }
    match found.pop() {
        Some(checkpoint) => Ok(checkpoint),
        None if list(None)?.is_empty() => Err(no_checkpoints("thread", thread, namespace)),
        None => Err(not_found("checkpoint_id", "checkpoint", id)),
    }
}

fn render(checkpoint: &GraphCheckpoint, terminal: &Terminal) -> String {
    let line = |text: &str| visible_line(text, 255);
    let mut rows = vec![("ID", line(&checkpoint.id)), ("Thread", line(&checkpoint.thread))];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let namespace = checkpoint.namespace.as_str();
    add("Namespace", Some(namespace).filter(|name| !name.is_empty()).map(line));
    add("Step", checkpoint.step.map(|step| step.to_string()));
    add("Source", checkpoint.source.as_deref().map(line));
    add("Parent", checkpoint.parent_id.as_deref().map(line));
    add("Run", checkpoint.run_id.as_deref().map(line));
    add("Created", Some(minute(checkpoint.created_at)));
    let mut out = table::facts(&rows);

    let (format, data) = (&checkpoint.metadata_format, &checkpoint.metadata);
    out.push_str(&section("Metadata", &[], None, format, data, terminal));
    for channel in &checkpoint.channels {
        let name = channel.channel.as_str();
        match (&channel.format, &channel.data) {
            (Some(format), Some(data)) => {
                out.push_str(&section(name, &[], Some(name), format, data, terminal));
            }
            _ => out.push_str(&heading(name, &["empty".to_owned()], terminal)),
        }
    }
    for write in &checkpoint.writes {
        let name = write.channel.as_str();
        let title = format!("write to {name}");
        let facts = [format!("task {}", line(&write.task_id))];
        out.push_str(&section(&title, &facts, Some(name), &write.format, &write.data, terminal));
    }
    out
}

/// Formats a value below its heading.
fn section(
    title: &str,
    facts: &[String],
    channel: Option<&str>,
    format: &str,
    data: &Bytes,
    terminal: &Terminal,
) -> String {
    let data = data.as_slice();
    let facts = [&[bytes(data.len() as u64)], facts].concat();
    let messages = (channel == Some(MESSAGES)).then(|| decode(format, data)).flatten();
    let text = messages.and_then(|messages| transcript(&messages, terminal));
    let text = text.unwrap_or_else(|| {
        let columns = terminal.width.saturating_sub(INDENT.len());
        wrap(&visible_block(&describe(format, data, columns)), terminal.width, INDENT)
    });
    heading(title, &facts, terminal) + &text
}

fn heading(title: &str, facts: &[String], terminal: &Terminal) -> String {
    format!("\n{}\n", terminal.heading(&visible_line(title, 255), facts))
}
