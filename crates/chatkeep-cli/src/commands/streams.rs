//! `chatkeep streams …`

use chatkeep::{StreamInfo, StreamStatus};
use serde_json::json;

use super::lookup::{find_user_id, not_found, note_next_page};
use crate::args::streams::{ListOptions, StreamsCommand};
use crate::argument_names::STREAMS;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::thousands;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_block, visible_line, wrap};

pub(super) fn run(command: StreamsCommand, context: &Context) -> Result<u8, Failure> {
    let done = match command {
        StreamsCommand::List(options) => list(&options, context),
        StreamsCommand::Show { stream } => show(&stream.id, context),
        StreamsCommand::Cancel { stream } => cancel(&stream.id, context),
    };
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(STREAMS))
}

fn list(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let page = chatkeep.streams().list_streams(
        options.conversation.as_deref(),
        user.as_deref(),
        options.running,
        options.page.limit,
        options.page.cursor.as_deref(),
    )?;
    let terminal = &context.terminal;
    let table = || render(&page.streams, terminal);
    terminal.answer_list(&page, page.streams.is_empty(), "no streams", table)?;
    note_next_page(page.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(streams: &[StreamInfo], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("ID"),
        Column::text("Model", 6),
        Column::fixed("Created (UTC)"),
        Column::fixed("State"),
    ]);
    for stream in streams {
        let model = stream.model.as_deref().or(stream.provider.as_deref());
        table.add([
            visible_line(&stream.public_id, 64),
            super::lookup::shown(model, terminal),
            minute(stream.created_at),
            state(stream),
        ]);
    }
    table.render(terminal)
}

fn state(stream: &StreamInfo) -> String {
    match stream.status {
        StreamStatus::Running => style::hit("running"),
        StreamStatus::Failed | StreamStatus::Interrupted => style::alarm(stream.status.name()),
        _ => stream.status.name().to_owned(),
    }
}

fn show(id: &str, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let streams = chatkeep.streams();
    let stream = streams.get_stream(id)?;
    let stream = stream.ok_or_else(|| not_found("stream_id", "stream", id))?;
    let text = streams.get_stream_text(id)?;
    let answer = json!({ "stream": stream, "text": text });
    let terminal = &context.terminal;
    terminal.answer(&answer, || describe(&stream, text.as_deref(), terminal))
}

fn describe(stream: &StreamInfo, text: Option<&str>, terminal: &Terminal) -> String {
    let mut rows = vec![("ID", stream.public_id.clone()), ("State", state(stream))];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let line = |text: &Option<String>| text.as_deref().map(|text| visible_line(text, usize::MAX));
    add("Error", line(&stream.error));
    add("Conversation", line(&stream.conversation_id));
    add("User", line(&stream.user_id));
    add("Provider", line(&stream.provider));
    add("Model", line(&stream.model));
    add("Tokens", stream.tokens.map(thousands));
    add("Cost", stream.cost.map(|cost| format!("${cost}")));
    add("Chunks", Some(thousands(stream.last_seq)));
    add("Created", Some(minute(stream.created_at)));
    add("Cancelled", stream.cancel_requested_at.map(minute));
    add("Finished", stream.finished_at.map(minute));
    let mut out = facts(&rows);
    match text {
        Some(text) if !text.is_empty() => {
            out.push('\n');
            out.push_str(&wrap(&visible_block(text), terminal.width, ""));
        }
        Some(_) => {}
        None => out.push_str(&format!("\n{}\n", style::dim("the text was deleted"))),
    }
    out
}

fn cancel(id: &str, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let streams = chatkeep.streams();
    if !streams.cancel_stream(id)? {
        return Err(match streams.get_stream(id)? {
            Some(stream) => {
                let state = match stream.cancel_requested_at {
                    Some(_) if stream.status == StreamStatus::Running => "is already cancelled",
                    _ => "has ended",
                };
                Failure::not_found("stream_id", format!("the stream {state}"))
            }
            None => not_found("stream_id", "stream", id),
        });
    }
    let answer = json!({ "public_id": id, "cancel_requested": true });
    context.terminal.answer(&answer, || {
        format!("requested the cancellation of stream {}\n", visible_line(id, 64))
    })
}
