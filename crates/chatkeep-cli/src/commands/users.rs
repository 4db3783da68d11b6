//! `chatkeep users …`

use chatkeep::{Metadata, NewUser, Timestamp, User, UserFilter, UserIdentity, UserPage, UserRole};
use serde::Serialize;
use serde_json::json;

use super::lookup::{find_user, note_next_page, shown};
use crate::args::users::{CreateOptions, ListOptions, RolesOptions, UsersCommand};
use crate::argument_names::USERS;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::secret_input::read_new_password;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(command: UsersCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(USERS))
}

fn dispatch(command: UsersCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        UsersCommand::List(options) => list(options, context)?,
        UsersCommand::Show { user } => show(&user.user, context)?,
        UsersCommand::Create(options) => create(*options, context)?,
        UsersCommand::SetPassword { user, keep_sessions } => {
            set_password(&user.user, keep_sessions, context)?;
        }
        UsersCommand::Activate { user } => set_active(&user.user, true, context)?,
        UsersCommand::Deactivate { user } => set_active(&user.user, false, context)?,
        UsersCommand::Roles(options) => roles(&options, context)?,
        UsersCommand::Delete { user, yes } => return delete(&user.user, yes, context),
    }
    Ok(0)
}

fn list(options: ListOptions, context: &Context) -> Result<(), Failure> {
    let ListOptions { active, inactive, role, page } = options;
    let filter = UserFilter { active: (active || inactive).then_some(active), role };
    let users = context.open()?.users().list_users(&filter, page.limit, page.cursor.as_deref())?;
    let terminal = &context.terminal;
    if terminal.json {
        return terminal.print_json(&users);
    }
    if users.users.is_empty() {
        terminal.note("no users");
    } else {
        terminal.print(&render(&users, terminal))?;
    }
    note_next_page(users.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(page: &UserPage, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("ID"),
        Column::text("User", 12),
        Column::fixed("Created"),
        Column::fixed("Last login"),
    ]);
    for user in &page.users {
        let last_login = user.last_login_at.map(Timestamp::date);
        let mut names = vec![sign_in_name(user, terminal)];
        names.extend(user.name.as_deref().map(|name| style::dim(&visible_line(name, 255))));
        if !user.active {
            names[0] = format!("{} {}", names[0], style::alarm("inactive"));
        }
        table.add_lines([
            vec![visible_line(&user.public_id, 64)],
            names,
            vec![user.created_at.date()],
            vec![last_login.unwrap_or_else(|| terminal.placeholder().to_owned())],
        ]);
    }
    table.render(terminal)
}

/// Returns the e-mail address, or the username.
fn sign_in_name(user: &User, terminal: &Terminal) -> String {
    shown(user.email.as_deref().or(user.username.as_deref()), terminal)
}

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    user: User,
    has_password: bool,
    roles: Vec<UserRole>,
    identities: Vec<UserIdentity>,
}

fn show(user: &str, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let users = chatkeep.users();
    let user = find_user(&chatkeep, user)?;
    let id = user.public_id.clone();
    let details = Details {
        user,
        has_password: users.has_password(&id)?,
        roles: users.list_roles(&id)?,
        identities: users.list_identities(&id)?,
    };
    context.terminal.answer(&details, || describe(&details))
}

fn describe(details: &Details) -> String {
    let user = &details.user;
    let mut rows = vec![("ID", user.public_id.clone())];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let line = |text: &Option<String>| text.as_deref().map(|text| visible_line(text, usize::MAX));
    let email = line(&user.email).map(|email| {
        format!("{email}{}", if user.confirmed_at.is_some() { "" } else { " (not confirmed)" })
    });
    add("E-mail", email);
    add("Username", line(&user.username));
    add("Name", line(&user.name));
    add("State", Some(if user.active { "active" } else { "inactive" }.to_owned()));
    add("Password", Some(if details.has_password { "set" } else { "none" }.to_owned()));
    let identities = details.identities.iter().map(|identity| {
        format!(
            "{} ({})",
            visible_line(&identity.provider, 50),
            visible_line(&identity.subject, 255)
        )
    });
    add("Identities", joined(identities));
    add("Roles", joined(details.roles.iter().map(role_text)));
    add("Created", Some(minute(user.created_at)));
    add("Last login", user.last_login_at.map(minute));
    add("Picture", line(&user.avatar_url));
    let metadata = user.metadata.as_ref();
    add("Metadata", metadata.map(|metadata| visible_line(metadata.as_json(), usize::MAX)));
    facts(&rows)
}

fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn role_text(role: &UserRole) -> String {
    let until = role.expires_at.map(|at| format!(" until {}", minute(at)));
    format!("{}{}", visible_line(&role.role, 100), until.unwrap_or_default())
}

fn create(options: CreateOptions, context: &Context) -> Result<(), Failure> {
    let metadata = options.metadata.as_deref().map(Metadata::parse).transpose()?;
    let password =
        if options.password { Some(read_new_password(&context.interrupts)?) } else { None };
    let new = NewUser {
        email: options.email,
        username: options.username,
        name: options.name,
        password,
        confirmed: options.confirmed,
        metadata,
        public_id: options.id,
        ..NewUser::default()
    };
    let users = context.open()?.users().clone();
    let user = users.create_user(&new)?;
    for role in &options.role {
        users.grant_role(&user.public_id, role, None, None).map_err(|error| {
            let hint = format!("the user {} was created", user.public_id);
            Failure::from(error).with_hint(hint)
        })?;
    }
    context.terminal.answer(&user, || format!("{}\n", user.public_id))
}

fn set_password(user: &str, keep_sessions: bool, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user(&chatkeep, user)?;
    // The password is not an argument of this command.
    let unnamed = |failure: Failure| match failure.field() {
        Some("password") => failure.with_field(None),
        _ => failure,
    };
    let password = read_new_password(&context.interrupts).map_err(unnamed)?;
    let set = chatkeep.users().set_password(&user.public_id, &password, !keep_sessions);
    changed(set.map_err(|error| unnamed(error.into()))?, &user)?;
    let answer = json!({ "public_id": user.public_id, "sessions_ended": !keep_sessions });
    let sessions = if keep_sessions { "" } else { " and ended all sessions" };
    report(&answer, &format!("set the password{sessions}"), &user, context)
}

fn set_active(user: &str, active: bool, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user(&chatkeep, user)?;
    changed(chatkeep.users().set_active(&user.public_id, active)?, &user)?;
    let answer = json!({ "public_id": user.public_id, "active": active });
    report(&answer, if active { "activated" } else { "deactivated" }, &user, context)
}

fn roles(options: &RolesOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let users = chatkeep.users();
    let user = find_user(&chatkeep, &options.user.user)?;
    let id = &user.public_id;
    let rename = |failure: Failure, argument: &str| match failure.field() {
        Some("role") => failure.with_field(Some(argument.to_owned())),
        _ => failure,
    };
    if let Some(role) = &options.grant {
        let granted = users.grant_role(id, role, options.expires, None);
        granted.map_err(|error| rename(error.into(), "--grant"))?;
    }
    if let Some(role) = &options.revoke
        && !users.revoke_role(id, role)?
    {
        let message = format!("{:?} is not a role of the user", visible_line(role, 100));
        return Err(Failure::not_found("--revoke", message));
    }
    let roles = users.list_roles(id)?;
    if roles.is_empty() && !context.terminal.json {
        context.terminal.note("no roles");
        return Ok(());
    }
    context
        .terminal
        .answer(&roles, || roles.iter().map(|role| format!("{}\n", role_text(role))).collect())
}

fn delete(user: &str, yes: bool, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let user = find_user(&chatkeep, user)?;
    let name = described(&user, &context.terminal);
    if !require_confirmation(yes, &format!("Delete the user {name}? [y/N] "), &context.terminal)? {
        return Ok(FAILED);
    }
    let deleted = chatkeep.users().delete_user(&user.public_id).map_err(|error| {
        let has_conversations = error.field() == Some("user_id");
        let failure = Failure::from(error);
        if has_conversations {
            failure.with_hint("delete the conversations first, or deactivate the user")
        } else {
            failure
        }
    })?;
    changed(deleted, &user)?;
    let answer = json!({ "public_id": user.public_id, "deleted": true });
    report(&answer, "deleted", &user, context).map(|()| 0)
}

/// Returns an error if the user was deleted since the look-up.
fn changed(is_changed: bool, user: &User) -> Result<(), Failure> {
    if is_changed {
        return Ok(());
    }
    Err(super::lookup::not_found("user_id", "user", &user.public_id))
}

/// Describes a user as `ada@example.org (019d…)`.
fn described(user: &User, terminal: &Terminal) -> String {
    format!("{} ({})", sign_in_name(user, terminal), user.public_id)
}

fn report(
    answer: &impl Serialize,
    done: &str,
    user: &User,
    context: &Context,
) -> Result<(), Failure> {
    let terminal = &context.terminal;
    terminal.answer(answer, || format!("{done}: {}\n", described(user, terminal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::Chatkeep;

    #[test]
    fn lists_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let long = format!("{}@example.org", "a-very-long-address".repeat(3));
        let mut new = NewUser::with_email(long);
        new.name = Some("王小明".to_owned());
        let user = chat.users().create_user(&new).expect("a user");
        chat.users().set_active(&user.public_id, false).expect("deactivated");
        chat.users().create_user(&NewUser::with_username("ada")).expect("a user");
        let page = chat.users().list_users(&UserFilter::default(), 10, None).expect("a page");
        let text = style::paint(&render(&page, &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(text.contains("王小明") && text.contains("ada"), "\n{text}");
    }
}
