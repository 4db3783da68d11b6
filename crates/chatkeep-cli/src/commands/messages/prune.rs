//! `chatkeep messages prune`

use serde_json::json;

use crate::args::messages::PruneOptions;
use crate::commands::reclaim;
use crate::confirm::{can_confirm, confirm};
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;
use crate::progress::Progress;

pub(super) fn run(options: &PruneOptions, context: &Context) -> Result<u8, Failure> {
    let days = options.older_than;
    let terminal = &context.terminal;
    if !options.yes && !options.dry_run && !can_confirm(terminal) {
        let refusal = Failure::usage("refusing to delete without confirmation");
        return Err(refusal.with_hint("pass --yes to delete, or --dry-run to count"));
    }

    let chatkeep = context.open()?;
    if options.reclaim {
        reclaim::refuse_server(&chatkeep)?;
    }
    let old = chatkeep.messages().count_old_messages(days)?;
    let described = format!("{} older than {}", amount(old, "message"), amount(days, "day"));
    if options.dry_run {
        let answer = json!({ "would_delete": old, "older_than_days": days });
        terminal.answer(&answer, || format!("would delete {described}\n"))?;
        return Ok(0);
    }
    if !options.yes && old > 0 && !confirm(&format!("Delete {described}? [y/N] "))? {
        terminal.note("nothing was deleted");
        return Ok(FAILED);
    }

    let deleted = {
        let progress = Progress::rows(terminal, old.unsigned_abs());
        chatkeep.messages().delete_old_messages_with(days, &mut |deleted| progress.set(deleted))?
    };
    let reclaimed = if options.reclaim { Some(reclaim::run(&chatkeep, context)?) } else { None };
    let mut answer = json!({ "deleted": deleted, "older_than_days": days });
    if let Some(bytes) = reclaimed {
        answer["reclaimed_bytes"] = bytes.into();
    }
    terminal.answer(&answer, || {
        let reclaimed = reclaimed.map_or_else(String::new, reclaim::described);
        format!(
            "deleted {} older than {}\n{reclaimed}",
            amount(deleted, "message"),
            amount(days, "day")
        )
    })?;
    Ok(0)
}
