//! `chatkeep messages list`, `search` and `count`

use chatkeep::{Message, Page};
use serde_json::json;

use crate::args::messages::{FilterOptions, ListOptions, SearchOptions};
use crate::commands::lookup::note_page_after;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{excerpt, minute, shorten, visible_line};

/// Fraction of the width for providers and models, which have up to 100 characters: one fifth.
const SOURCE_FRACTION: usize = 5;

pub(super) fn list(options: ListOptions, context: &Context) -> Result<(), Failure> {
    let page =
        Page { limit: options.limit, offset: options.offset.unwrap_or(0), cursor: options.cursor };
    let messages = context.open()?.messages().get_messages(&options.filter.filter(), &page)?;
    let terminal = &context.terminal;
    if terminal.json {
        terminal.print_json(&messages)?;
    } else if messages.is_empty() {
        terminal.note("no messages");
    } else {
        terminal.print(&render(&messages, None, terminal))?;
    }
    note_page_after(&messages, options.limit, "cursor", |last| last.cursor().to_string(), terminal);
    Ok(())
}

pub(super) fn search(options: &SearchOptions, context: &Context) -> Result<(), Failure> {
    let page = Page { limit: options.limit, offset: options.offset, cursor: None };
    let messages = context.open()?.messages().search_messages(
        &options.query,
        &options.filter.filter(),
        &page,
    )?;
    let terminal = &context.terminal;
    if terminal.json {
        return terminal.print_json(&messages);
    }
    if messages.is_empty() {
        terminal.note(&format!("no message contains {:?}", visible_line(&options.query, 60)));
        return Ok(());
    }
    terminal.print(&render(&messages, Some(&options.query), terminal))?;
    if i64::try_from(messages.len()) == Ok(options.limit) {
        let next = options.offset.saturating_add(options.limit);
        terminal.note(&format!("\n{}", style::dim(&format!("next page: --offset {next}"))));
    }
    Ok(())
}

pub(super) fn count(options: &FilterOptions, context: &Context) -> Result<(), Failure> {
    let count = context.open()?.messages().get_message_count(&options.filter())?;
    context.terminal.answer(&json!({ "count": count }), || format!("{count}\n"))
}

/// Renders messages in two lines each: the message and its response.
fn render(messages: &[Message], query: Option<&str>, terminal: &Terminal) -> String {
    let columns = vec![
        Column::number("ID"),
        Column::fixed("Time (UTC)"),
        Column::text("From", 8),
        Column::text("Message", 20),
    ];
    let mut table = Table::new(columns);
    for message in messages {
        table.add_lines([
            vec![message.id.to_string()],
            with_second_line(
                minute(message.timestamp),
                message.tokens_used.map(|tokens| amount(tokens, "token")),
            ),
            source(message, terminal),
            Vec::new(),
        ]);
    }
    let available = table.available_width(3, terminal).max(20);
    for (row, message) in messages.iter().enumerate() {
        let line = |text: &str, columns: usize| {
            let found = query.and_then(|query| excerpt(text, query, columns, terminal.ellipsis()));
            found.unwrap_or_else(|| visible_line(text, columns))
        };
        let answer = message.bot_response.as_deref().map(|answer| {
            let answer = line(answer, available - 2);
            format!("{}{answer}", terminal.reply())
        });
        table.set(row, 3, with_second_line(line(&message.user_message, available), answer));
    }
    table.render(terminal)
}

fn with_second_line(first: String, second: Option<String>) -> Vec<String> {
    std::iter::once(first).chain(second.map(|second| style::dim(&second))).collect()
}

fn source(message: &Message, terminal: &Terminal) -> Vec<String> {
    let widest = terminal.width / SOURCE_FRACTION;
    let short =
        |text: &str| shorten(&visible_line(text, widest), widest, terminal.ellipsis()).into_owned();
    let provider =
        message.provider.as_deref().map_or_else(|| terminal.placeholder().to_owned(), short);
    with_second_line(provider, message.model.as_deref().map(short))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::{Chatkeep, MessageFilter, NewMessage, Timestamp};

    fn stored(messages: &[NewMessage]) -> Vec<Message> {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        chat.messages().log_messages(messages).expect("stored");
        chat.messages().get_messages(&MessageFilter::default(), &Page::first(10)).expect("read")
    }

    fn message(text: &str) -> NewMessage {
        NewMessage::new(text)
            .with_timestamp(Timestamp::parse("2023-09-23T21:02:11.539144Z").expect("a time"))
    }

    #[test]
    fn lists_fit_eighty_columns() {
        let long = message("Act as a professor grading proofs on a test,\ndid this proof pass?")
            .with_response("This proof is correct. Well done!")
            .with_provider("openai")
            .with_model("gpt-3.5-turbo")
            .with_tokens_used(1_234);
        let messages = stored(&[message("Hello?"), long]);
        let text = style::paint(&render(&messages, None, &Terminal::plain(80)), false);
        let expected = "
ID  Time (UTC)        From           Message
────────────────────────────────────────────────────────────────────────────────
 2  2023-09-23 21:02  openai         Act as a professor grading proofs on a tes…
    1,234 tokens      gpt-3.5-turbo  ↳ This proof is correct. Well done!
 1  2023-09-23 21:02  –              Hello?
";
        assert_eq!(text, expected.trim_start_matches('\n'), "\n{text}");
    }

    #[test]
    fn matches_in_long_responses_are_shown_and_highlighted() {
        let answer = format!("{}the write-ahead log {}", "words ".repeat(200), "more ".repeat(200));
        let messages = stored(&[message("What is WAL?").with_response(answer)]);
        let text = render(&messages, Some("WRITE-AHEAD"), &Terminal::plain(80));
        assert!(style::paint(&text, false).contains("the write-ahead log"), "{text}");
        assert!(
            style::paint(&text, true).contains("\u{1b}[1m\u{1b}[33mwrite-ahead\u{1b}[0m"),
            "{text}"
        );
    }

    #[test]
    fn control_characters_of_messages_are_escaped() {
        let messages = stored(&[message("\u{1b}]0;title\u{7}\u{9b}2J")]);
        let text = style::paint(&render(&messages, None, &Terminal::plain(80)), false);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
    }
}
