//! Shared parts of commands: look-up of users by id, e-mail address or username, the end of a page,
//! and the report of a prune.

use std::fmt::Display;

use chatkeep::{Chatkeep, User};
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::numbers::amount;
use crate::style;
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Returns the user with this id, e-mail address or username.
pub(super) fn find_user(chatkeep: &Chatkeep, user: &str) -> Result<User, Failure> {
    let users = chatkeep.users();
    let found = if user.contains('@') { users.find_by_email(user)? } else { None };
    let found = match found {
        Some(found) => Some(found),
        None => users.get_user(user)?,
    };
    let found = match found {
        Some(found) => Some(found),
        None => users.find_by_username(user)?,
    };
    found.ok_or_else(|| not_found("user_id", "user", user))
}

/// Returns the public id of the user of an option, if it is given.
pub(super) fn find_user_id(
    chatkeep: &Chatkeep,
    user: Option<&str>,
) -> Result<Option<String>, Failure> {
    user.map(|user| Ok(find_user(chatkeep, user)?.public_id)).transpose()
}

/// Creates the error for an id that does not exist.
pub(super) fn not_found(field: &str, noun: &str, id: &str) -> Failure {
    Failure::not_found(field, format!("{noun} {:?} not found", visible_line(id, 64)))
}

/// Prints how to list the page after a list of rows: as an option, or as an object with `--json`.
///
/// A page with fewer rows than the limit is the last one.
pub(super) fn note_page_after<T, P: Display + Serialize>(
    rows: &[T],
    limit: i64,
    option: &str,
    position: impl FnOnce(&T) -> P,
    terminal: &Terminal,
) {
    let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()) == Ok(limit)) else { return };
    let position = position(last);
    if terminal.json && !terminal.quiet {
        terminal.print_error(&json!({ format!("next_{option}"): position }).to_string());
    } else {
        terminal.note(&format!("\n{}", style::dim(&format!("next page: --{option} {position}"))));
    }
}

/// Prints how to list the next page, if there is one.
pub(super) fn note_next_page(next_cursor: Option<&str>, terminal: &Terminal) {
    if let Some(cursor) = next_cursor {
        terminal.note(&format!("\n{}", style::dim(&format!("next page: --cursor {cursor}"))));
    }
}

/// Prints the number of rows that a prune deleted, each of which had ended.
pub(super) fn answer_pruned(
    deleted: u64,
    row: &str,
    older_than: i64,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let answer = json!({ "deleted": deleted, "older_than_days": older_than });
    terminal.answer(&answer, || {
        let (rows, days) = (amount(deleted, row), amount(older_than, "day"));
        format!("deleted {rows} that ended more than {days} ago\n")
    })
}

/// Returns the state of a row that can be disabled.
pub(super) fn enabled_text(enabled: bool) -> String {
    if enabled { "enabled".to_owned() } else { style::alarm("disabled") }
}

/// Formats optional text as one line.
pub(super) fn shown(text: Option<&str>, terminal: &Terminal) -> String {
    match text {
        Some(text) => visible_line(text, usize::MAX),
        None => terminal.placeholder().to_owned(),
    }
}
