//! Text about the users and conversations that `chatkeep db import-legacy` imports.

use chatkeep_transfer::{LegacyChatsReport, LegacyCounts};

use crate::numbers::{amount, thousands};
use crate::text::visible_line;
use crate::{problem_list, style};

pub(super) fn describe(file: &str, report: &LegacyChatsReport, force: bool) -> String {
    let name = visible_line(file, usize::MAX);
    let mut out = problem_list::list(&report.problems, |problem| {
        let id = match problem.id.as_str() {
            "" => String::new(),
            id => format!(", id {id}"),
        };
        let at = format!("{name}, {}{id}:", problem.table);
        let field = problem.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        let reason = visible_line(&format!("{field}{}", problem.message), 400);
        format!("{} {reason}\n", style::alarm(&visible_line(&at, 400)))
    });
    let is_refused = report.is_refused(force);
    let verb = match (is_refused, report.stored) {
        (true, _) => None,
        (false, true) => Some("stored"),
        (false, false) => Some("to be stored"),
    };
    let mut users = line(&report.users, "user", verb);
    if report.without_password > 0 && !is_refused {
        users.push_str(&format!(", {} without a password", thousands(report.without_password)));
    }
    if report.users.found > 0 {
        out.push_str(&format!("{name}: {users}\n"));
    }
    if report.conversations.found > 0 {
        let mut conversations = line(&report.conversations, "conversation", verb);
        if !is_refused {
            let (turns, items) = (amount(report.turns, "turn"), amount(report.items, "item"));
            conversations.push_str(&format!(" with {turns} and {items}"));
        }
        out.push_str(&format!("{name}: {conversations}\n"));
    }
    if is_refused {
        out.push_str(&format!(
            "{name}: {} with the address or username of another user, {}: no user or conversation \
             of this file is stored; --force merges these users and omits invalid rows\n",
            amount(report.duplicates, "user"),
            amount(report.invalid, "invalid row"),
        ));
    }
    out
}

fn line(counts: &LegacyCounts, noun: &str, verb: Option<&str>) -> String {
    let found = amount(counts.found, noun);
    let Some(verb) = verb else { return found };
    let already = match counts.already_there {
        0 => String::new(),
        count => format!(", {} already stored", thousands(count)),
    };
    format!("{found}{already}, {} {verb}", thousands(counts.stored))
}
