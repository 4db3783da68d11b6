//! `chatkeep tokens …`

use std::io::{self, IsTerminal as _, Read as _};

use chatkeep::{CreatedToken, Timestamp, TokenInfo};
use serde_json::json;

use crate::args::tokens::{CreateOptions, TokensCommand};
use crate::argument_names::TOKENS;
use crate::commands::reclaim;
use crate::context::Context;
use crate::failure::{FAILED, Failure, UNAVAILABLE};
use crate::numbers::amount;
use crate::progress::Progress;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::visible_line;

/// No token is as long; more than this is not read.
const MOST_BYTES: u64 = 2 << 20;

pub(super) fn run(command: TokensCommand, context: &Context) -> Result<u8, Failure> {
    answer(command, context).map_err(|failure| failure.naming(TOKENS))
}

fn answer(command: TokensCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        TokensCommand::Create(options) => create(&options, context)?,
        TokensCommand::List => list(context)?,
        // Scripts take 1 for the verdict, so that no failure may end with it.
        TokensCommand::Verify { token } => {
            return verify(token, context)
                .map_err(|failure| failure.with_code_instead_of(FAILED, UNAVAILABLE));
        }
        TokensCommand::Revoke { id } => revoke(id, context)?,
        TokensCommand::Prune { dry_run, reclaim } => prune(dry_run, reclaim, context)?,
    }
    Ok(0)
}

fn prune(dry_run: bool, reclaims: bool, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    if reclaims {
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
    let reclaimed = if reclaims { Some(reclaim::run(&chatkeep, context)?) } else { None };
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
    let created =
        context.open()?.tokens().create_token(&options.description, options.expires_days)?;
    let terminal = &context.terminal;
    terminal.answer(&created, || format!("{}\n", created.token.expose()))?;
    terminal.note(&about(&created));
    Ok(())
}

fn about(created: &CreatedToken) -> String {
    let expiry = created.expires_at.map_or_else(
        || "never expires".to_owned(),
        |at| format!("expires on {} (UTC)", minute(at)),
    );
    format!(
        "Token {} ({}) {expiry}.\n{}",
        created.id,
        visible_line(&created.description, 255),
        style::strong("Keep it now: it is shown this once, and only its hash is stored.")
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
        Column::fixed("Begins"),
        Column::text("Description", 11),
        Column::fixed("Created"),
        Column::fixed("Expires"),
        Column::fixed("Last used"),
        Column::fixed("State"),
    ]);
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| terminal.nothing().to_owned());
    for token in tokens {
        let state = state(token, now);
        table.add([
            token.id.to_string(),
            or_nothing(token.token_start.as_deref().map(|start| visible_line(start, 16))),
            visible_line(&token.description, 255),
            token.created_at.date(),
            token.expires_at.map_or_else(|| "never".to_owned(), Timestamp::date),
            or_nothing(token.last_used_at.map(Timestamp::date)),
            if state == "active" { state.to_owned() } else { style::dim(state) },
        ]);
    }
    table.render(terminal)
}

/// Whether a token is neither revoked nor expired.
pub(super) fn is_active(token: &TokenInfo) -> bool {
    state(token, Timestamp::now()) == "active"
}

fn state(token: &TokenInfo, now: Timestamp) -> &'static str {
    if !token.is_active {
        "revoked"
    } else if token.expires_at.is_some_and(|at| at <= now) {
        "expired"
    } else {
        "active"
    }
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

fn explained(reason: &str) -> &str {
    match reason {
        "malformed" => "malformed (mistyped, or no token at all)",
        "unknown" => "unknown (no such token is stored)",
        other => other,
    }
}

/// The token on standard input, without the line break that files and `echo` end with.
fn read_token(terminal: &Terminal) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        terminal.note("Type or paste the token, then Enter and Ctrl-D:");
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("standard input", &error))?;
    // What is not UTF-8 becomes a character that no token has: malformed, like any other nonsense.
    let text = String::from_utf8_lossy(&bytes);
    // Some editors, and PowerShell, put a byte order mark at the beginning.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn revoke(id: i64, context: &Context) -> Result<(), Failure> {
    if !context.open()?.tokens().revoke_token(id)? {
        return Err(Failure::not_found("id", format!("there is no active token {id}")));
    }
    context
        .terminal
        .answer(&json!({ "id": id, "revoked": true }), || format!("revoked token {id}\n"))
}

/// `2023-09-23 21:02`
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
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
    fn a_token_is_expired_at_its_very_end() {
        let tokens = tokens();
        let end = tokens[0].expires_at.expect("an end");
        let just_before = Timestamp::from_microsecond(end.as_microsecond() - 1).expect("in range");
        assert_eq!(state(&tokens[0], just_before), "active");
        assert_eq!(state(&tokens[0], end), "expired");
        assert_eq!(state(&tokens[1], end), "revoked");
    }

    #[test]
    fn the_list_fits_eighty_columns() {
        let text = style::paint(&render(&tokens(), Timestamp::now(), &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(
            text.contains("active") && text.contains("revoked") && text.contains("never"),
            "\n{text}"
        );
    }
}
