//! Argument names for the fields that errors name.

/// Field names of the library, each with the argument that sets it.
pub(crate) type Arguments = &'static [(&'static str, &'static str)];

/// Arguments of `chatkeep messages`.
///
/// Errors of an import keep the field names, because they are keys of the file.
pub(crate) const MESSAGES: Arguments = &[
    ("user_message", "TEXT"),
    ("bot_response", "--response"),
    ("provider", "--provider"),
    ("model", "--model"),
    ("tokens_used", "--tokens"),
    ("metadata", "--metadata"),
    ("timestamp", "--timestamp"),
    ("start", "--since"),
    ("end", "--until"),
    ("limit", "--limit"),
    ("offset", "--offset"),
    ("cursor", "--cursor"),
    ("query", "QUERY"),
    ("days", "--older-than"),
    ("id", "ID"),
    ("conversation_id", "--conversation-id"),
    ("user_id", "--user-id"),
    ("input_tokens", "--input-tokens"),
    ("output_tokens", "--output-tokens"),
    ("cached_tokens", "--cached-tokens"),
    ("reasoning_tokens", "--reasoning-tokens"),
    ("cost", "--cost"),
    ("latency_ms", "--latency-ms"),
    ("ttft_ms", "--ttft-ms"),
    ("status", "--status"),
    ("error", "--error"),
];

/// Arguments of `chatkeep tokens`.
pub(crate) const TOKENS: Arguments = &[
    ("description", "--description"),
    ("expires_days", "--expires-days"),
    ("scopes", "--scope"),
    ("user_id", "--user"),
    ("id", "ID"),
];

/// Arguments of `chatkeep users`.
pub(crate) const USERS: Arguments = &[
    ("user_id", "USER"),
    ("email", "--email"),
    ("username", "--username"),
    ("name", "--name"),
    ("password", "--password"),
    ("metadata", "--metadata"),
    ("public_id", "--id"),
    ("role", "--role"),
    ("expires_at", "--expires"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep sessions`.
pub(crate) const SESSIONS: Arguments = &[
    ("user_id", "USER"),
    ("session_id", "ID"),
    ("days", "--older-than"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep conversations`.
pub(crate) const CONVERSATIONS: Arguments = &[
    ("user_id", "--user"),
    ("conversation_id", "ID"),
    ("title", "TITLE"),
    ("days", "--older-than"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep streams`.
pub(crate) const STREAMS: Arguments = &[
    ("user_id", "--user"),
    ("conversation_id", "--conversation"),
    ("stream_id", "ID"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep tasks`.
pub(crate) const TASKS: Arguments = &[
    ("kind", "KIND"),
    ("kinds", "KIND"),
    ("lease_seconds", "--lease"),
    ("worker", "--worker"),
    ("input", "INPUT"),
    ("user_id", "--user"),
    ("priority", "--priority"),
    ("run_at", "--run-at"),
    ("delay_seconds", "--delay"),
    ("max_attempts", "--max-attempts"),
    ("idempotency_key", "--key"),
    ("task_id", "ID"),
    ("days", "--older-than"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep credentials`.
pub(crate) const CREDENTIALS: Arguments = &[
    ("name", "NAME"),
    ("provider", "--provider"),
    ("user_id", "--user"),
    ("scopes", "--scope"),
    ("expires_at", "--expires"),
    ("created_by", "--created-by"),
    ("credential_id", "ID"),
    ("id", "--id"),
    ("days", "--older-than"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep providers`.
pub(crate) const PROVIDERS: Arguments = &[
    ("name", "NAME"),
    ("kind", "--kind"),
    ("display_name", "--display-name"),
    ("base_url", "--base-url"),
    ("priority", "--priority"),
    ("weight", "--weight"),
    ("capabilities", "--capability"),
    ("rate_limits", "--rate-limits"),
    ("config", "--config"),
    ("public_id", "--id"),
    ("expected_version", "--expected-version"),
    ("purpose", "PURPOSE"),
    ("provider", "PROVIDER"),
    ("model", "MODEL"),
    ("limit", "--limit"),
    ("after", "--after"),
];

/// Arguments of `chatkeep routing health`, `usage`, `requests` and `prune`.
pub(crate) const ROUTING: Arguments = &[
    ("minutes", "--minutes"),
    ("request_id", "--request-id"),
    ("provider", "--provider"),
    ("model", "--model"),
    ("user_id", "--user"),
    ("start_date", "--since"),
    ("end_date", "--until"),
    ("days", "--older-than"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep routing policies`.
pub(crate) const POLICIES: Arguments = &[
    ("name", "NAME"),
    ("kind", "--kind"),
    ("config", "--config"),
    ("provider", "--provider"),
    ("expected_version", "--expected-version"),
    ("limit", "--limit"),
    ("cursor", "--cursor"),
];

/// Arguments of `chatkeep routing choose`.
pub(crate) const CHOICES: Arguments = &[
    ("purpose", "--purpose"),
    ("capabilities", "--capability"),
    ("min_context_window", "--min-context-window"),
    ("preferred_provider", "--preferred-provider"),
    ("preferred_model", "--preferred-model"),
    ("tried", "--tried"),
];

/// Arguments of `chatkeep models`.
pub(crate) const MODELS: Arguments = &[
    ("provider", "PROVIDER"),
    ("name", "MODEL"),
    ("display_name", "--display-name"),
    ("capabilities", "--capability"),
    ("context_window", "--context-window"),
    ("max_output_tokens", "--max-output-tokens"),
    ("params", "--params"),
    ("input_price", "--input-price"),
    ("output_price", "--output-price"),
    ("cached_input_price", "--cached-input-price"),
    ("limit", "--limit"),
    ("after", "--after"),
];

/// Arguments of `chatkeep settings`.
pub(crate) const SETTINGS: Arguments = &[
    ("key", "KEY"),
    ("value", "VALUE"),
    ("version", "VERSION"),
    ("scope", "--scope"),
    ("expected_version", "--expect-version"),
    ("updated_by", "--by"),
    ("deleted_by", "--by"),
    ("limit", "--limit"),
    ("after", "--after"),
    ("days", "--older-than"),
];

/// Arguments of `chatkeep graph`.
pub(crate) const GRAPH: Arguments = &[
    ("user_id", "--user"),
    ("thread", "THREAD"),
    ("threads", "THREAD"),
    ("source", "SOURCE"),
    ("target", "TARGET"),
    ("namespace", "--namespace"),
    ("checkpoint_id", "--checkpoint"),
    ("before", "--before"),
    ("limit", "--limit"),
    ("keep_last", "--keep-last"),
    ("days", "--inactive"),
];

/// Arguments of `chatkeep migrate`.
pub(crate) const MIGRATE: Arguments = &[
    ("folder", "--dir"),
    ("description", "DESCRIPTION"),
    ("revision", "REV"),
    ("from", "--from"),
    ("to", "--to"),
];

/// Returns the argument that sets this field, if any. Environment variables, for example, have
/// none.
pub(crate) fn argument(arguments: Arguments, field: &str) -> Option<&'static str> {
    // An element of a list is named by the argument of the list: `threads[1]` is `THREAD`.
    let field = field.split('[').next().unwrap_or(field);
    arguments.iter().find(|(name, _)| *name == field).map(|(_, argument)| *argument)
}

/// Strips the value and brackets of an argument as clap shows it: `--limit` for `--limit <N>`.
pub(crate) fn of_usage(shown: &str) -> &str {
    let name = shown.split_whitespace().next().unwrap_or(shown);
    name.trim_matches(['<', '>', '[', ']', '.'])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory as _};

    use super::*;

    /// Returns the arguments that all subcommands of this command have.
    fn arguments_of(command: &Command) -> BTreeSet<String> {
        let own = command.get_arguments().map(|argument| match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => argument.to_string(),
        });
        let own: BTreeSet<String> = own.map(|shown| of_usage(&shown).to_owned()).collect();
        command.get_subcommands().map(arguments_of).fold(own, |all, below| &all | &below)
    }

    #[test]
    fn every_name_in_the_tables_is_an_argument_of_its_commands() {
        let command = crate::args::Arguments::command();
        for (noun, arguments) in [
            ("messages", MESSAGES),
            ("tokens", TOKENS),
            ("users", USERS),
            ("sessions", SESSIONS),
            ("conversations", CONVERSATIONS),
            ("streams", STREAMS),
            ("tasks", TASKS),
            ("credentials", CREDENTIALS),
            ("providers", PROVIDERS),
            ("routing", ROUTING),
            ("routing", POLICIES),
            ("routing", CHOICES),
            ("models", MODELS),
            ("settings", SETTINGS),
            ("graph", GRAPH),
            ("migrate", MIGRATE),
        ] {
            let known = arguments_of(command.find_subcommand(noun).expect(noun));
            for (field, argument) in arguments {
                let is_known = known
                    .iter()
                    .any(|name| name == argument || name.ends_with(&format!("|{argument}")));
                assert!(is_known, "{noun}: {field}: {argument} is not in {known:?}");
            }
        }
    }
}
