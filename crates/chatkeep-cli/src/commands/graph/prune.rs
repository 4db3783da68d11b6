//! `chatkeep graph prune`

use chatkeep::{Chatkeep, GraphThread, Timestamp};
use serde_json::{Value, json};

use crate::args::graph::PruneOptions;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;

/// Number of threads that one call counts.
const PAGE: i64 = 10_000;

/// Rows to delete.
enum Selection<'a> {
    /// Checkpoints of threads, except the last ones.
    Checkpoints { threads: &'a [String], keep_last: i64 },
    /// Threads without a new checkpoint for a number of days.
    Inactive(i64),
    /// Threads that have expired.
    Expired,
}

pub(super) fn run(options: &PruneOptions, context: &Context) -> Result<u8, Failure> {
    let selection = match options.inactive {
        Some(days) => Selection::Inactive(days),
        None if options.expired => Selection::Expired,
        None => {
            let (threads, keep_last) = (options.threads.as_slice(), options.keep_last);
            Selection::Checkpoints { threads, keep_last }
        }
    };
    let terminal = &context.terminal;
    let chatkeep = context.open()?;
    if options.dry_run || !options.yes {
        let count = selection.count(&chatkeep)?;
        let described = selection.describe(count);
        if options.dry_run {
            let answer = selection.answer("would_delete", count);
            terminal.answer(&answer, || format!("would delete {described}\n"))?;
            return Ok(0);
        }
        let question = format!("Delete {described}? [y/N] ");
        if !require_confirmation(count == 0, &question, terminal)? {
            return Ok(FAILED);
        }
    }
    let deleted = selection.delete(&chatkeep)?;
    let answer = selection.answer("deleted", deleted);
    terminal.answer(&answer, || format!("deleted {}\n", selection.describe(deleted)))?;
    Ok(0)
}

impl Selection<'_> {
    fn count(&self, chatkeep: &Chatkeep) -> Result<u64, Failure> {
        match *self {
            Self::Checkpoints { threads, keep_last } => prune(chatkeep, threads, keep_last, true),
            Self::Inactive(days) => {
                // The library rejects invalid numbers of days when it deletes; a dry run must do
                // so, too.
                chatkeep.messages().count_old_messages(days)?;
                let Some(cutoff) = Timestamp::now().checked_add_days(-days) else { return Ok(0) };
                count_threads(chatkeep, |thread| thread.updated_at < cutoff)
            }
            Self::Expired => {
                let now = Timestamp::now();
                count_threads(chatkeep, |thread| thread.expires_at.is_some_and(|end| end <= now))
            }
        }
    }

    fn delete(&self, chatkeep: &Chatkeep) -> Result<u64, Failure> {
        match *self {
            Self::Checkpoints { threads, keep_last } => prune(chatkeep, threads, keep_last, false),
            Self::Inactive(days) => Ok(chatkeep.graph().prune_inactive_threads(days)?),
            Self::Expired => Ok(chatkeep.graph().delete_expired_threads()?),
        }
    }

    fn describe(&self, count: u64) -> String {
        match self {
            Self::Checkpoints { threads, .. } => format!(
                "{} of {}",
                amount(count, "checkpoint"),
                amount(threads.len() as u64, "thread")
            ),
            Self::Inactive(days) => format!(
                "{} without a new checkpoint for {}",
                amount(count, "thread"),
                amount(*days, "day")
            ),
            Self::Expired => amount(count, "expired thread"),
        }
    }

    fn answer(&self, verb: &str, count: u64) -> Value {
        let mut answer = match self {
            Self::Checkpoints { keep_last, .. } => json!({ "keep_last": keep_last }),
            Self::Inactive(days) => json!({ "inactive_days": days }),
            Self::Expired => json!({}),
        };
        answer[verb] = count.into();
        answer
    }
}

fn prune(
    chatkeep: &Chatkeep,
    threads: &[String],
    keep_last: i64,
    dry_run: bool,
) -> Result<u64, Failure> {
    Ok(chatkeep.graph().prune_threads(threads, keep_last, dry_run)?)
}

/// Counts the threads that meet a condition.
fn count_threads(
    chatkeep: &Chatkeep,
    is_counted: impl Fn(&GraphThread) -> bool,
) -> Result<u64, Failure> {
    let (mut count, mut before) = (0, None);
    loop {
        let page = chatkeep.graph().list_threads(PAGE, before, None)?;
        let Some(last) = page.last() else { return Ok(count) };
        before = Some(last.id);
        count += page.iter().filter(|thread| is_counted(thread)).count() as u64;
    }
}
