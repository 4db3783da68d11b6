//! `chatkeep graph show`: the history of a thread.

use chatkeep::{GraphChannel, GraphCheckpoint, GraphWrite, Timestamp};
use serde::Serialize;

use super::{Pages, no_checkpoints};
use crate::args::graph::ShowOptions;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::bytes;
use crate::style;
use crate::terminal::Terminal;
use crate::text::{minute, visible_line, wrap};

/// Indentation of the lines below an id.
const INDENT: &str = "  ";

/// A checkpoint with the sizes of its values.
#[derive(Serialize)]
struct Summary {
    id: String,
    namespace: String,
    parent_id: Option<String>,
    source: Option<String>,
    step: Option<i64>,
    run_id: Option<String>,
    created_at: Timestamp,
    channels: Vec<Channel>,
    writes: Vec<Write>,
}

#[derive(Serialize)]
struct Channel {
    channel: String,
    version: String,
    format: Option<String>,
    /// Size of the value. `None` if the channel is empty.
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct Write {
    task_id: String,
    index: i64,
    channel: String,
    format: String,
    bytes: u64,
}

pub(super) fn run(options: &ShowOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let terminal = &context.terminal;
    let (thread, namespace) = (options.thread.as_str(), options.namespace.as_deref());
    let mut pages = Pages::new(thread, namespace);
    let (mut left, mut summaries) = (options.limit, Vec::new());
    let mut is_first = true;
    // The library checks the limit at the first page.
    while is_first || left > 0 {
        let page = pages.next(&chatkeep, left)?;
        if page.is_empty() {
            break;
        }
        left -= i64::try_from(page.len()).unwrap_or(left);
        // Pages are printed as they are read, as their values can be large.
        for checkpoint in page {
            let summary = Summary::from(checkpoint);
            if terminal.json {
                summaries.push(summary);
            } else {
                let gap = if is_first { "" } else { "\n" };
                terminal.print(&format!("{gap}{}", render(&summary, terminal)))?;
            }
            is_first = false;
        }
    }
    if is_first {
        return Err(no_checkpoints("thread", thread, namespace));
    }
    if terminal.json {
        return terminal.print_json(&summaries);
    }
    if left == 0 {
        let more = "earlier checkpoints, if any: use a higher --limit";
        terminal.note(&format!("\n{}", style::dim(more)));
    }
    Ok(())
}

fn render(summary: &Summary, terminal: &Terminal) -> String {
    let facts = [
        summary.step.map(|step| format!("step {step}")),
        summary.source.as_deref().map(|source| visible_line(source, 50)),
        Some(minute(summary.created_at)),
    ];
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    let mut out = terminal.heading(&visible_line(&summary.id, 255), &facts) + "\n";
    let channels = summary.channels.iter().map(|channel| {
        let size = channel.bytes.map_or_else(|| "empty".to_owned(), bytes);
        format!("{} ({size})", visible_line(&channel.channel, 255))
    });
    let writes = summary
        .writes
        .iter()
        .map(|write| format!("{} ({})", visible_line(&write.channel, 255), bytes(write.bytes)));
    let lines = [
        ("namespace", Some(summary.namespace.clone()).filter(|namespace| !namespace.is_empty())),
        ("parent", summary.parent_id.clone()),
        ("run", summary.run_id.clone()),
        ("channels", joined(channels)),
        ("writes", joined(writes)),
    ];
    for (name, value) in lines {
        let Some(value) = value else { continue };
        let line = format!("{name}: {}", visible_line(&value, usize::MAX));
        out.push_str(&wrap(&line, terminal.width, INDENT));
    }
    out
}

fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

impl From<GraphCheckpoint> for Summary {
    fn from(checkpoint: GraphCheckpoint) -> Self {
        Self {
            id: checkpoint.id,
            namespace: checkpoint.namespace,
            parent_id: checkpoint.parent_id,
            source: checkpoint.source,
            step: checkpoint.step,
            run_id: checkpoint.run_id,
            created_at: checkpoint.created_at,
            channels: checkpoint.channels.into_iter().map(Channel::from).collect(),
            writes: checkpoint.writes.into_iter().map(Write::from).collect(),
        }
    }
}

impl From<GraphChannel> for Channel {
    fn from(channel: GraphChannel) -> Self {
        let bytes = channel.data.map(|data| data.as_slice().len() as u64);
        Self { channel: channel.channel, version: channel.version, format: channel.format, bytes }
    }
}

impl From<GraphWrite> for Write {
    fn from(write: GraphWrite) -> Self {
        Self {
            task_id: write.task_id,
            index: write.index,
            channel: write.channel,
            format: write.format,
            bytes: write.data.as_slice().len() as u64,
        }
    }
}
