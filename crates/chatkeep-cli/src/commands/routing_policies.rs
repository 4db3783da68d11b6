//! `chatkeep routing policies …`

use chatkeep::{Chatkeep, Error, Metadata, NewPolicy, PolicyKind, ProviderPolicy};
use serde_json::json;

use super::lookup::{enabled_text, not_found, note_next_page, shown};
use super::providers::object;
use crate::args::page::PageOptions;
use crate::args::routing_policies::{PoliciesCommand, PolicyArgument, PolicySetOptions};
use crate::argument_names::POLICIES;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::visible_line;

pub(super) fn run(command: PoliciesCommand, context: &Context) -> Result<u8, Failure> {
    let done = match command {
        PoliciesCommand::List { provider, page } => list(provider.as_deref(), &page, context),
        PoliciesCommand::Set(options) => set(&options, context),
        PoliciesCommand::Delete { policy, expected_version, yes } => {
            return delete(&policy, expected_version, yes, context)
                .map_err(|failure| failure.with_argument_name(POLICIES));
        }
    };
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(POLICIES))
}

fn list(provider: Option<&str>, page: &PageOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let found = chatkeep.routing().list_policies(provider, page.limit, page.cursor.as_deref())?;
    let terminal = &context.terminal;
    let table = || render(&found.policies, terminal);
    terminal.answer_list(&found, found.policies.is_empty(), "no policies", table)?;
    note_next_page(found.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(policies: &[ProviderPolicy], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Name", 8),
        Column::text("Provider", 8),
        Column::fixed("Kind"),
        Column::fixed("State"),
        Column::text("Config", 12),
    ]);
    for policy in policies {
        table.add([
            visible_line(&policy.name, 100),
            shown(policy.provider.as_deref(), terminal),
            policy.kind.name().to_owned(),
            enabled_text(policy.enabled),
            visible_line(policy.config.as_json(), usize::MAX),
        ]);
    }
    table.render(terminal)
}

fn find(chatkeep: &Chatkeep, policy: &PolicyArgument) -> Result<Option<ProviderPolicy>, Failure> {
    Ok(chatkeep.routing().get_policy(&policy.name, policy.provider.as_deref())?)
}

fn set(options: &PolicySetOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let given = object("config", options.config.as_deref())?;
    let present = find(&chatkeep, &options.policy)?;
    let given_kind = options.kind.map(PolicyKind::from);
    let kind = given_kind.or(present.as_ref().map(|present| present.kind));
    let kind = kind.ok_or_else(|| {
        Failure::from(Error::invalid_input("kind", "is needed, because the policy is new"))
    })?;
    let kept: Option<Metadata> = present
        .as_ref()
        .filter(|present| present.kind == kind)
        .map(|present| present.config.clone());
    let new = NewPolicy {
        provider: options.policy.provider.clone(),
        config: given.or(kept),
        enabled: if options.enable || options.disable {
            options.enable
        } else {
            present.as_ref().is_none_or(|present| present.enabled)
        },
        ..NewPolicy::new(&options.policy.name, kind)
    };
    // The values that are kept are those of the version that was read.
    let read = present.as_ref().map_or(0, |present| present.version);
    let expected = options.expected_version.unwrap_or(read);
    let policy = chatkeep.routing().put_policy(&new, Some(expected)).map_err(in_config)?;
    context.terminal.answer(&policy, || {
        let name = visible_line(&policy.name, 100);
        format!("policy {name} has version {}\n", policy.version)
    })
}

/// Makes the option `--config` the field of an error about a field of the configuration.
fn in_config(error: Error) -> Error {
    match error.field().and_then(|field| field.strip_prefix("config.")) {
        Some(name) => {
            let message = format!("{name} {}", error.message());
            Error::invalid_input("config", message)
        }
        None => error,
    }
}

fn delete(
    policy: &PolicyArgument,
    expected_version: Option<i64>,
    yes: bool,
    context: &Context,
) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    if find(&chatkeep, policy)?.is_none() {
        return Err(no_policy(&policy.name));
    }
    let name = visible_line(&policy.name, 100);
    let question = format!("Delete the policy {name}? [y/N] ");
    if !require_confirmation(yes, &question, &context.terminal)? {
        return Ok(FAILED);
    }
    let provider = policy.provider.as_deref();
    if !chatkeep.routing().delete_policy(&policy.name, provider, expected_version)? {
        return Err(no_policy(&policy.name));
    }
    let answer = json!({ "name": policy.name, "provider": policy.provider, "deleted": true });
    context.terminal.answer(&answer, || format!("deleted policy {name}\n")).map(|()| 0)
}

fn no_policy(name: &str) -> Failure {
    not_found("name", "policy", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style;

    #[test]
    fn lists_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let new = NewPolicy::new("模".repeat(100), PolicyKind::CircuitBreaker);
        let policy = chat.routing().put_policy(&new, None).expect("it is stored");
        let text = style::paint(&render(&[policy], &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(text.contains("circuit_breaker"), "{text}");
    }
}
