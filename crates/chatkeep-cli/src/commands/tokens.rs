//! `chatkeep tokens …`

use chatkeep::{CreatedToken, NewToken, Timestamp, TokenInfo, TokenReason};
use serde_json::json;

use crate::args::tokens::{CreateOptions, TokensCommand};
use crate::argument_names::TOKENS;
use crate::commands::lookup::find_user_id;
use crate::commands::reclaim;
use crate::context::Context;
use crate::failure::{FAILED, Failure, UNAVAILABLE};
use crate::numbers::amount;
use crate::progress::Progress;
use crate::secret_input::read_token;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(command: TokensCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(TOKENS))
}

fn dispatch(command: TokensCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        TokensCommand::Create(options) => create(&options, context)?,
        TokensCommand::List => list(context)?,
        // Here exit code 1 means only that the token is invalid, so failures get another code.
        TokensCommand::Verify { token } => {
            return verify(token, context)
                .map_err(|failure| failure.replace_code(FAILED, UNAVAILABLE));
        }
        TokensCommand::Revoke { id } => revoke(id, context)?,
        TokensCommand::Prune { dry_run, reclaim } => prune(dry_run, reclaim, context)?,
    }
    Ok(0)
}

fn prune(dry_run: bool, reclaim: bool, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    if reclaim {
        reclaim::refuse_server(&chatkeep)?;
    }
    let terminal = &context.terminal;
    let expired = chatkeep.tokens().count_expired_tokens()?;
    if dry_run {
        return terminal.answer(&json!({ "would_delete": expired }), || {
            format!("would delete {}\n", amount(expired, "expired token"))
        });
    }
    let deleted = {
        let progress = Progress::rows(terminal, expired.unsigned_abs());
        chatkeep.tokens().delete_expired_tokens_with(&mut |deleted| progress.set(deleted))?
    };
    let reclaimed = if reclaim { Some(reclaim::run(&chatkeep, context)?) } else { None };
    let mut answer = json!({ "deleted": deleted });
    if let Some(bytes) = reclaimed {
        answer["reclaimed_bytes"] = bytes.into();
    }
    terminal.answer(&answer, || {
        let reclaimed = reclaimed.map_or_else(String::new, reclaim::described);
        format!("deleted {}\n{reclaimed}", amount(deleted, "expired token"))
    })
}

fn create(options: &CreateOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let owner = find_user_id(&chatkeep, options.user.as_deref())?;
    let token = NewToken {
        expires_days: options.expires_days,
        scopes: (!options.scopes.is_empty()).then(|| options.scopes.clone()),
        user_id: owner,
        ..NewToken::new(options.description.as_str())
    };
    let created = chatkeep.tokens().create_token_with(&token)?;
    let terminal = &context.terminal;
    terminal.answer(&created, || format!("{}\n", created.token.expose()))?;
    terminal.note(&about(&created));
    Ok(())
}

/// Describes a new token to its creator.
fn about(created: &CreatedToken) -> String {
    let expiry = created.expires_at.map_or_else(
        || "never expires".to_owned(),
        |at| format!("expires on {} (UTC)", minute(at)),
    );
    format!(
        "Token {} ({}) {expiry}.\n{}",
        created.id,
        visible_line(&created.description, 255),
        style::strong("Save it now: it is shown only once. Only its hash is stored.")
    )
}

fn list(context: &Context) -> Result<(), Failure> {
    let tokens = context.open()?.tokens().list_tokens()?;
    let terminal = &context.terminal;
    if terminal.json {
        return terminal.print_json(&tokens);
    }
    if tokens.is_empty() {
        terminal.note("no tokens");
        return Ok(());
    }
    terminal.print(&render(&tokens, Timestamp::now(), terminal))
}

fn render(tokens: &[TokenInfo], now: Timestamp, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::number("ID"),
        Column::fixed("Prefix"),
        Column::text("Description", 11),
        Column::fixed("Created"),
        Column::fixed("Expires"),
        Column::fixed("Last used"),
        Column::fixed("State"),
    ]);
    let or_placeholder =
        |text: Option<String>| text.unwrap_or_else(|| terminal.placeholder().to_owned());
    for token in tokens {
        let reason = TokenReason::of(token, now);
        table.add([
            token.id.to_string(),
            or_placeholder(token.token_start.as_deref().map(|start| visible_line(start, 16))),
            visible_line(&token.description, 255),
            token.created_at.date(),
            token.expires_at.map_or_else(|| "never".to_owned(), Timestamp::date),
            or_placeholder(token.last_used_at.map(Timestamp::date)),
            match reason {
                TokenReason::Valid => "active".to_owned(),
                _ => style::dim(reason.name()),
            },
        ]);
    }
    table.render(terminal)
}

/// Returns whether a token is neither revoked nor expired.
pub(super) fn is_active(token: &TokenInfo) -> bool {
    TokenReason::of(token, Timestamp::now()) == TokenReason::Valid
}

fn verify(token: Option<String>, context: &Context) -> Result<u8, Failure> {
    let token = match token {
        Some(token) if token != "-" => token,
        _ => read_token(&context.terminal)?,
    };
    let check = context.open()?.tokens().check_token(&token)?;
    let reason = check.reason.name();
    context.terminal.answer(&check, || match &check.token {
        Some(token) if check.valid => {
            format!(
                "{}: token {} ({})\n",
                style::hit("valid"),
                token.id,
                visible_line(&token.description, 255)
            )
        }
        _ if check.valid => format!("{}\n", style::hit("valid")),
        _ => format!("{}: {}\n", style::alarm("invalid"), explained(reason)),
    })?;
    Ok(if check.valid { 0 } else { FAILED })
}

/// Adds an explanation to the reason why a token is invalid.
fn explained(reason: &str) -> &str {
    match reason {
        "malformed" => "malformed (mistyped, or not a token)",
        "unknown" => "unknown (no such token is stored)",
        other => other,
    }
}

fn revoke(id: i64, context: &Context) -> Result<(), Failure> {
    if !context.open()?.tokens().revoke_token(id)? {
        return Err(Failure::not_found("id", format!("active token {id} not found")));
    }
    context
        .terminal
        .answer(&json!({ "id": id, "revoked": true }), || format!("revoked token {id}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::Chatkeep;

    fn tokens() -> Vec<TokenInfo> {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let create = |days| {
            let description = "the mobile app of the customer with the very long name";
            chat.tokens().create_token(description, days).expect("a token")
        };
        create(None);
        create(Some(30));
        chat.tokens().revoke_token(1).expect("revoked");
        chat.tokens().list_tokens().expect("a list")
    }

    #[test]
    fn the_list_shows_the_state_of_each_token() {
        let tokens = tokens();
        let end = tokens[0].expires_at.expect("an end");
        let just_before = Timestamp::from_microsecond(end.as_microsecond() - 1).expect("in range");
        let states = |now| {
            let text = style::paint(&render(&tokens, now, &Terminal::plain(80)), false);
            let rows = text.lines().skip(2);
            rows.map(|row| row.rsplit(' ').next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(states(just_before), ["active", "revoked"]);
        assert_eq!(states(end), ["expired", "revoked"]);
    }

    #[test]
    fn lists_fit_eighty_columns() {
        let text = style::paint(&render(&tokens(), Timestamp::now(), &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(
            text.contains("active") && text.contains("revoked") && text.contains("never"),
            "\n{text}"
        );
    }
}
