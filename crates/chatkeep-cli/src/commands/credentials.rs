//! `chatkeep credentials …`

use chatkeep::{
    Credential, CredentialCheck, CredentialKeys, CredentialStatus, NewCredential, Timestamp,
};
use serde_json::json;

use super::lookup::{answer_pruned, find_user_id, not_found, note_next_page};
use crate::args::credentials::{AddOptions, CredentialsCommand, ListOptions};
use crate::argument_names::CREDENTIALS;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;
use crate::secret_input::read_secret;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(command: CredentialsCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(CREDENTIALS))
}

fn dispatch(command: CredentialsCommand, context: &Context) -> Result<u8, Failure> {
    use CredentialStatus::{Active, Disabled, Revoked};
    match command {
        CredentialsCommand::GenerateKey { id } => generate_key(id.as_deref(), context)?,
        CredentialsCommand::Add(options) => add(options, context)?,
        CredentialsCommand::List(options) => list(&options, context)?,
        CredentialsCommand::Show { credential } => show(&credential.id, context)?,
        CredentialsCommand::Reveal { credential } => reveal(&credential.id, context)?,
        CredentialsCommand::Enable { credential } => set_status(&credential.id, Active, context)?,
        CredentialsCommand::Disable { credential } => {
            set_status(&credential.id, Disabled, context)?;
        }
        CredentialsCommand::Revoke { credential } => set_status(&credential.id, Revoked, context)?,
        CredentialsCommand::Delete { credential, yes } => {
            return delete(&credential.id, yes, context);
        }
        CredentialsCommand::Rotate => return rotate(context),
        CredentialsCommand::Status => return status(context),
        CredentialsCommand::Prune { age } => prune(age.older_than, context)?,
    }
    Ok(0)
}

fn generate_key(id: Option<&str>, context: &Context) -> Result<(), Failure> {
    let key = CredentialKeys::generate(id)?;
    let terminal = &context.terminal;
    let (id, _) = key.expose().split_once(':').unwrap_or_default();
    let answer = json!({ "id": id, "key": key.expose() });
    terminal.answer(&answer, || format!("{}\n", key.expose()))?;
    terminal.note(&style::strong("Save it now: it is shown only once, and is not stored."));
    Ok(())
}

fn add(options: AddOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.owner.user.as_deref())?;
    let secret = read_secret(&context.interrupts)?;
    let new = NewCredential {
        provider: options.owner.provider,
        user_id: user,
        scopes: (!options.scopes.is_empty()).then_some(options.scopes),
        expires_at: options.expires,
        created_by: options.created_by,
        ..NewCredential::new(options.name, secret)
    };
    let added = chatkeep.credentials().add_credential(&new)?;
    let terminal = &context.terminal;
    terminal.answer(&added, || format!("{}\n", added.id))?;
    let hint = added.hint.as_deref().map(|hint| format!(", which ends in {hint}"));
    terminal.note(&format!(
        "Stored version {} of {}{}.",
        added.version,
        visible_line(&added.name, 100),
        visible_line(&hint.unwrap_or_default(), 40)
    ));
    Ok(())
}

fn list(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let ListOptions { name, owner, page } = options;
    let user = find_user_id(&chatkeep, owner.user.as_deref())?;
    let found = chatkeep.credentials().list_credentials(
        owner.provider.as_deref(),
        user.as_deref(),
        name.as_deref(),
        page.limit,
        page.cursor.as_deref(),
    )?;
    let terminal = &context.terminal;
    let table = || render(&found.credentials, Timestamp::now(), terminal);
    terminal.answer_list(&found, found.credentials.is_empty(), "no credentials", table)?;
    note_next_page(found.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(credentials: &[Credential], now: Timestamp, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("ID"),
        Column::text("Credential", 12),
        Column::fixed("Last used"),
        Column::fixed("State"),
    ]);
    for credential in credentials {
        let name = format!("{} v{}", visible_line(&credential.name, 100), credential.version);
        let last_used = credential.last_used_at.map(Timestamp::date);
        let mut id = vec![visible_line(&credential.id, 64)];
        let hint = credential.hint.as_deref().map(|hint| visible_line(hint, 8));
        id.extend(hint.map(|hint| style::dim(&format!("ends in {hint}"))));
        table.add_lines([
            id,
            vec![name, style::dim(&owner(credential))],
            vec![last_used.unwrap_or_else(|| terminal.placeholder().to_owned())],
            vec![state(credential, now)],
        ]);
    }
    table.render(terminal)
}

/// Describes the owner, such as `openai, 019d…`.
fn owner(credential: &Credential) -> String {
    let parts = [&credential.provider, &credential.user_id].into_iter().flatten();
    let parts: Vec<_> = parts.map(|part| visible_line(part, 100)).collect();
    if parts.is_empty() { "application".to_owned() } else { parts.join(", ") }
}

fn state(credential: &Credential, now: Timestamp) -> String {
    match credential.status {
        CredentialStatus::Active if credential.expires_at.is_some_and(|end| now >= end) => {
            style::dim("expired")
        }
        CredentialStatus::Active if credential.cooldown_until.is_some_and(|end| now < end) => {
            style::alarm("cooling down")
        }
        CredentialStatus::Active => "active".to_owned(),
        CredentialStatus::Disabled | CredentialStatus::Revoked => {
            style::dim(credential.status.name())
        }
    }
}

fn show(id: &str, context: &Context) -> Result<(), Failure> {
    let found = context.open()?.credentials().get_credential(id)?;
    let credential = found.ok_or_else(|| unknown(id))?;
    context.terminal.answer(&credential, || describe(&credential))
}

fn describe(credential: &Credential) -> String {
    let mut rows = vec![("ID", credential.id.clone())];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let line = |text: &Option<String>| text.as_deref().map(|text| visible_line(text, 255));
    add("Name", Some(visible_line(&credential.name, 100)));
    add("Version", Some(credential.version.to_string()));
    add("Provider", line(&credential.provider));
    add("User", line(&credential.user_id));
    add("State", Some(state(credential, Timestamp::now())));
    add("Ends in", line(&credential.hint));
    add("Scopes", (!credential.scopes.is_empty()).then(|| credential.scopes.join(" ")));
    add("Key", Some(visible_line(&credential.key_id, 64)));
    add("Created", Some(minute(credential.created_at)));
    add("Created by", line(&credential.created_by));
    add("Expires", credential.expires_at.map(minute));
    add("Cools down until", credential.cooldown_until.map(minute));
    add("Revoked", credential.revoked_at.map(minute));
    add("Last used", credential.last_used_at.map(minute));
    facts(&rows)
}

fn reveal(id: &str, context: &Context) -> Result<(), Failure> {
    let found = context.open()?.credentials().reveal_credential(id)?;
    let revealed = found.ok_or_else(|| unknown(id))?;
    let terminal = &context.terminal;
    if terminal.json {
        return terminal.print_json(&revealed);
    }
    terminal.print_unchanged(&format!("{}\n", revealed.secret.expose()))
}

fn set_status(id: &str, status: CredentialStatus, context: &Context) -> Result<(), Failure> {
    if !context.open()?.credentials().set_credential_status(id, status)? {
        return Err(unknown(id));
    }
    let answer = json!({ "id": id, "status": status });
    let done = match status {
        CredentialStatus::Active => "enabled",
        CredentialStatus::Disabled => "disabled",
        CredentialStatus::Revoked => "revoked",
    };
    context.terminal.answer(&answer, || format!("{done} credential {}\n", visible_line(id, 64)))
}

fn delete(id: &str, yes: bool, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let terminal = &context.terminal;
    let credential = chatkeep.credentials().get_credential(id)?.ok_or_else(|| unknown(id))?;
    let (name, owner) = (visible_line(&credential.name, 100), owner(&credential));
    let question = format!("Delete version {} of {name} ({owner})? [y/N] ", credential.version);
    if !require_confirmation(yes, &question, terminal)? {
        return Ok(FAILED);
    }
    if !chatkeep.credentials().delete_credential(id)? {
        return Err(unknown(id));
    }
    let answer = json!({ "id": id, "deleted": true });
    terminal.answer(&answer, || format!("deleted credential {}\n", visible_line(id, 64)))?;
    Ok(0)
}

fn rotate(context: &Context) -> Result<u8, Failure> {
    let rotation = context.open()?.credentials().rotate_credential_keys()?;
    let terminal = &context.terminal;
    terminal.answer(&rotation, || {
        let rotated = amount(rotation.rotated, "credential");
        format!("encrypted {rotated} with the key {}\n", visible_line(&rotation.key_id, 64))
    })?;
    Ok(alarm_about(rotation.unreadable, terminal))
}

/// Reports unreadable credentials, and returns the exit code.
fn alarm_about(unreadable: u64, terminal: &Terminal) -> u8 {
    if unreadable == 0 {
        return 0;
    }
    let unreadable = amount(unreadable, "credential");
    terminal.note(&style::alarm(&format!("{unreadable} could not be decrypted")));
    FAILED
}

fn status(context: &Context) -> Result<u8, Failure> {
    let check = context.open()?.credentials().check_credentials()?;
    let terminal = &context.terminal;
    let empty = "no credentials, and no keys: set CHATKEEP_KEYS";
    let table = || render_keys(&check, terminal);
    terminal.answer_list(&check, check.keys.is_empty(), empty, table)?;
    Ok(alarm_about(check.unreadable, terminal))
}

fn render_keys(check: &CredentialCheck, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Key", 10),
        Column::number("Credentials"),
        Column::number("Unreadable"),
        Column::fixed("State"),
    ]);
    for key in &check.keys {
        let unreadable = key.unreadable.to_string();
        table.add([
            visible_line(&key.key_id, 64),
            key.credentials.to_string(),
            if key.unreadable > 0 { style::alarm(&unreadable) } else { unreadable },
            match (key.current, key.present) {
                (true, _) => "encrypts".to_owned(),
                (false, true) => style::dim("decrypts"),
                (false, false) => style::alarm("missing"),
            },
        ]);
    }
    table.render(terminal)
}

fn prune(older_than: i64, context: &Context) -> Result<(), Failure> {
    let deleted = context.open()?.credentials().delete_old_credentials(older_than)?;
    answer_pruned(deleted, "credential", older_than, &context.terminal)
}

fn unknown(id: &str) -> Failure {
    not_found("credential_id", "credential", id)
}

#[cfg(test)]
mod tests {
    use chatkeep::Chatkeep;

    use super::*;

    fn credentials() -> Vec<Credential> {
        let key = CredentialKeys::generate(None).expect("a key");
        let chat = Chatkeep::builder().url("sqlite:///:memory:").keys(key).open();
        let chat = chat.expect("a database in memory");
        let add = |new: NewCredential| chat.credentials().add_credential(&new).expect("stored");
        let id = add(NewCredential::new("a".repeat(100), "0123456789abcdef")).id;
        add(NewCredential::new("api_key", "short"));
        chat.credentials().cool_down_credential(&id, 60).expect("it cools down");
        chat.credentials().list_credentials(None, None, None, 10, None).expect("a page").credentials
    }

    #[test]
    fn lists_fit_eighty_columns() {
        let credentials = credentials();
        let text = render(&credentials, Timestamp::now(), &Terminal::plain(80));
        let text = style::paint(&text, false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        for shown in ["cdef", "api_key v1", "application", "active", "cooling down"] {
            assert!(text.contains(shown), "{shown}\n{text}");
        }
        assert!(!text.contains("short"), "\n{text}");
    }

    #[test]
    fn states_depend_on_the_time() {
        let mut credential = credentials().pop().expect("a credential");
        let now = credential.created_at;
        let shown = |credential: &Credential| style::paint(&state(credential, now), false);
        credential.cooldown_until = Some(now);
        assert_eq!(shown(&credential), "active");
        credential.expires_at = Some(now);
        assert_eq!(shown(&credential), "expired");
        credential.status = CredentialStatus::Revoked;
        assert_eq!(shown(&credential), "revoked");
    }
}
