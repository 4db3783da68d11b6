//! `chatkeep conversations prune`

use chatkeep::{Chatkeep, Cursor, Timestamp};
use serde_json::json;

use crate::args::conversations::PruneOptions;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;

/// Number of conversations that one call counts.
const PAGE: i64 = 10_000;

pub(super) fn run(options: &PruneOptions, context: &Context) -> Result<u8, Failure> {
    let days = options.older_than;
    let terminal = &context.terminal;
    let chatkeep = context.open()?;
    let since = format!("without activity for {}", amount(days, "day"));
    if options.dry_run || !options.yes {
        let inactive = count(&chatkeep, days)?;
        let described = format!("{} {since}", amount(inactive, "conversation"));
        if options.dry_run {
            let answer = json!({ "would_delete": inactive, "older_than_days": days });
            terminal.answer(&answer, || format!("would delete {described}\n"))?;
            return Ok(0);
        }
        let question = format!("Delete {described}, with their messages? [y/N] ");
        if !require_confirmation(inactive == 0, &question, terminal)? {
            return Ok(FAILED);
        }
    }
    let deleted = chatkeep.conversations().prune_conversations(days)?;
    let answer = json!({ "deleted": deleted, "older_than_days": days });
    terminal
        .answer(&answer, || format!("deleted {} {since}\n", amount(deleted, "conversation")))?;
    Ok(0)
}

/// Counts the conversations without activity for this number of days, archived or not.
fn count(chatkeep: &Chatkeep, days: i64) -> Result<u64, Failure> {
    // The library rejects invalid numbers of days when it deletes; a dry run must do so, too.
    chatkeep.messages().count_old_messages(days)?;
    let Some(cutoff) = Timestamp::now().checked_add_days(-days) else { return Ok(0) };
    let mut count = 0;
    for archived in [false, true] {
        // The newest conversations are first, so those after this position are older.
        let mut cursor = Some(Cursor::after(cutoff, i64::MIN).to_string());
        while let Some(after) = cursor {
            let conversations = chatkeep.conversations();
            let page = conversations.list_all_conversations(PAGE, Some(&after), archived)?;
            count += page.conversations.len() as u64;
            cursor = page.next_cursor;
        }
    }
    Ok(count)
}
