//! `chatkeep sessions …`

use chatkeep::{SessionInfo, Timestamp};
use serde_json::json;

use super::lookup::{answer_pruned, find_user, not_found, note_next_page};
use crate::args::sessions::SessionsCommand;
use crate::argument_names::SESSIONS;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(command: SessionsCommand, context: &Context) -> Result<u8, Failure> {
    let done = dispatch(command, context);
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(SESSIONS))
}

fn dispatch(command: SessionsCommand, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let sessions = chatkeep.sessions();
    let terminal = &context.terminal;
    match command {
        SessionsCommand::List { user, all, page } => {
            let user = find_user(&chatkeep, &user.user)?;
            let cursor = page.cursor.as_deref();
            let page = sessions.list_sessions(&user.public_id, all, page.limit, cursor)?;
            let empty = if all { "no sessions" } else { "no active sessions" };
            let table = || render(&page.sessions, Timestamp::now(), terminal);
            terminal.answer_list(&page, page.sessions.is_empty(), empty, table)?;
            note_next_page(page.next_cursor.as_deref(), terminal);
            Ok(())
        }
        SessionsCommand::End { id } => {
            if !sessions.revoke_session(&id)? {
                return Err(not_found("session_id", "active session", &id));
            }
            let answer = json!({ "id": id, "ended": true });
            terminal.answer(&answer, || format!("ended session {}\n", visible_line(&id, 64)))
        }
        SessionsCommand::EndAll { user, except } => {
            let user = find_user(&chatkeep, &user.user)?;
            let ended = sessions.revoke_all_sessions(&user.public_id, except.as_deref())?;
            terminal.answer(&json!({ "ended": ended }), || {
                format!("ended {}\n", amount(ended, "session"))
            })
        }
        SessionsCommand::Prune { age } => {
            let deleted = sessions.prune_sessions(age.older_than)?;
            answer_pruned(deleted, "session", age.older_than, terminal)
        }
    }
}

fn render(sessions: &[SessionInfo], now: Timestamp, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("ID"),
        Column::text("Client", 8),
        Column::fixed("Last seen (UTC)"),
        Column::fixed("State"),
    ]);
    for session in sessions {
        let texts = [&session.label, &session.user_agent, &session.ip].into_iter().flatten();
        let mut client = texts.map(|text| visible_line(text, 255));
        let first = client.next().unwrap_or_else(|| terminal.placeholder().to_owned());
        let client = std::iter::once(first).chain(client.map(|text| style::dim(&text)));
        table.add_lines([
            vec![visible_line(&session.id, 64)],
            client.collect(),
            vec![minute(session.last_seen_at)],
            vec![state(session, now)],
        ]);
    }
    table.render(terminal)
}

fn state(session: &SessionInfo, now: Timestamp) -> String {
    let is_over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
    match session.revoked_reason.as_deref() {
        Some(reason) => style::dim(&visible_line(reason, 20)),
        None if session.revoked_at.is_some() => style::dim("revoked"),
        None if is_over(Some(session.expires_at)) => style::dim("expired"),
        None if is_over(session.idle_expires_at) => style::dim("idle"),
        None => "active".to_owned(),
    }
}
