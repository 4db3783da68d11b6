//! `chatkeep settings …`

use std::collections::BTreeMap;

use chatkeep::{AppSetting, AppSettingManager, AppSettingVersion, JsonValue, SettingSource};
use serde_json::{Value, json};

use super::lookup::{not_found, note_page_after, shown};
use crate::args::settings::{ListOptions, SettingArgument, SettingsCommand};
use crate::argument_names::SETTINGS;
use crate::argument_text::read_argument;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::amount;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_block, visible_line};

/// Maximum length of a value in a table, in columns.
const MAX_VALUE: usize = 1_000;

pub(super) fn run(command: SettingsCommand, context: &Context) -> Result<u8, Failure> {
    let done = dispatch(command, context);
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(SETTINGS))
}

fn dispatch(command: SettingsCommand, context: &Context) -> Result<(), Failure> {
    let terminal = &context.terminal;
    let chatkeep = context.open()?;
    let settings = chatkeep.app_settings();
    match command {
        SettingsCommand::Get { setting } => {
            let found = settings.get_setting(&setting.key, &setting.scope, None)?;
            let found = found.ok_or_else(|| not_found("key", "setting", &setting.key))?;
            if found.source == SettingSource::Environment {
                terminal.note(&style::dim("from the environment"));
            }
            terminal.answer(&found, || printed(&found.value))
        }
        SettingsCommand::List(options) if options.scopes => scopes(&options, settings, terminal),
        SettingsCommand::List(options) => {
            let found = settings.get_settings(&options.scope)?;
            let table = || render(&found, terminal);
            terminal.answer_list(&found, found.is_empty(), "no settings", table)
        }
        SettingsCommand::Set { setting, value, text, change } => {
            let value = read_value(&value, text)?;
            let (key, scope, by) = (&setting.key, &setting.scope, change.by.as_deref());
            let stored = settings.set_setting(key, &value, scope, change.expect_version, by)?;
            report(&stored, terminal)
        }
        SettingsCommand::Delete { setting, change } => {
            let (key, scope, by) = (&setting.key, &setting.scope, change.by.as_deref());
            if !settings.delete_setting(key, scope, change.expect_version, by)? {
                return Err(not_found("key", "setting", key));
            }
            let answer = json!({ "scope": scope, "key": key, "deleted": true });
            terminal.answer(&answer, || format!("deleted {}\n", visible_line(key, 255)))
        }
        SettingsCommand::History { setting, limit, before } => {
            let versions = read_history(settings, &setting, limit, before)?;
            history(&versions, limit, terminal)
        }
        SettingsCommand::Rollback { setting, version, change } => {
            let (key, scope, by) = (&setting.key, &setting.scope, change.by.as_deref());
            let expected = change.expect_version;
            report(&settings.rollback_setting(key, version, scope, expected, by)?, terminal)
        }
        SettingsCommand::Prune { older_than } => {
            let deleted = settings.delete_old_setting_versions(older_than)?;
            let answer = json!({ "deleted": deleted, "older_than_days": older_than });
            terminal.answer(&answer, || {
                let (versions, days) = (amount(deleted, "version"), amount(older_than, "day"));
                format!("deleted {versions} older than {days}\n")
            })
        }
    }
}

/// Reads the value of an argument, or of standard input.
fn read_value(argument: &str, is_text: bool) -> Result<JsonValue, Failure> {
    let read = read_argument(argument)?;
    let text = match argument {
        "-" => read.trim_end_matches(['\r', '\n']),
        _ => argument,
    };
    if is_text {
        return Ok(JsonValue::text(text)?);
    }
    match JsonValue::parse(text) {
        // A mistake in such a text would otherwise be stored as a string.
        Err(error) if text.trim_start().starts_with(['{', '[', '"']) => Err(error.into()),
        Err(_) => Ok(JsonValue::text(text)?),
        Ok(value) => Ok(value),
    }
}

/// Returns a value for people: a string without quotation marks, or JSON.
fn printed(value: &JsonValue) -> String {
    match value.to_value() {
        Value::String(text) => format!("{}\n", visible_block(&text)),
        _ => format!("{}\n", visible_line(value.as_json(), usize::MAX)),
    }
}

fn report(setting: &AppSetting, terminal: &Terminal) -> Result<(), Failure> {
    terminal.answer(setting, || {
        let key = visible_line(&setting.key, 255);
        format!("{key} has version {}\n", setting.version)
    })
}

fn scopes(
    options: &ListOptions,
    settings: &AppSettingManager,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let scopes = settings.list_setting_scopes(options.limit, options.after.as_deref())?;
    let name = |scope: &String| match scope.as_str() {
        "" => format!("{}\n", style::dim("(the whole application)")),
        scope => format!("{}\n", visible_line(scope, 100)),
    };
    let names = || scopes.iter().map(name).collect::<String>();
    terminal.answer_list(&scopes, scopes.is_empty(), "no settings", names)?;
    let position = |scope: &String| match terminal.json {
        true => scope.clone(),
        false => visible_line(scope, 100),
    };
    note_page_after(&scopes, options.limit, "after", position, terminal);
    Ok(())
}

fn render(settings: &BTreeMap<String, AppSetting>, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Key", 12),
        Column::text("Value", 12),
        Column::number("Version"),
        Column::fixed("Updated (UTC)"),
        Column::text("By", 6),
    ]);
    for setting in settings.values() {
        let mut value = vec![visible_line(setting.value.as_json(), MAX_VALUE)];
        if setting.source == SettingSource::Environment {
            value.push(style::dim("from the environment"));
        }
        table.add_lines([
            vec![visible_line(&setting.key, 255)],
            value,
            vec![setting.version.to_string()],
            vec![setting.updated_at.map_or_else(String::new, minute)],
            vec![shown(setting.updated_by.as_deref(), terminal)],
        ]);
    }
    table.render(terminal)
}

/// Returns versions of a setting, newest first. The library returns fewer than `limit` at a time if
/// they are large.
fn read_history(
    settings: &AppSettingManager,
    setting: &SettingArgument,
    limit: i64,
    mut before: Option<i64>,
) -> Result<Vec<AppSettingVersion>, Failure> {
    let (mut versions, mut left) = (Vec::new(), limit);
    loop {
        let page = settings.list_setting_versions(&setting.key, &setting.scope, left, before)?;
        let Some(last) = page.last() else { return Ok(versions) };
        before = Some(last.version);
        left -= page.len() as i64;
        versions.extend(page);
        if left <= 0 {
            return Ok(versions);
        }
    }
}

fn history(versions: &[AppSettingVersion], limit: i64, terminal: &Terminal) -> Result<(), Failure> {
    let table = || render_versions(versions, terminal);
    terminal.answer_list(versions, versions.is_empty(), "no versions", table)?;
    note_page_after(versions, limit, "before", |version| version.version, terminal);
    Ok(())
}

fn render_versions(versions: &[AppSettingVersion], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::number("Version"),
        Column::text("Value", 12),
        Column::fixed("Changed (UTC)"),
        Column::text("By", 6),
    ]);
    for version in versions {
        let value = match version.deleted {
            true => style::dim("deleted"),
            false => visible_line(version.value.as_json(), MAX_VALUE),
        };
        table.add([
            version.version.to_string(),
            value,
            minute(version.changed_at),
            shown(version.changed_by.as_deref(), terminal),
        ]);
    }
    table.render(terminal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::Chatkeep;

    #[test]
    fn lists_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let settings = chat.app_settings();
        let value = JsonValue::text(&"long\n".repeat(100)).expect("a value");
        let by = Some("a-very-long-account@example.org");
        settings.set_setting(&"key.".repeat(20), &value, "", None, by).expect("stored");
        settings.set_setting("theme", &JsonValue::null(), "", None, None).expect("stored");
        settings.delete_setting("theme", "", None, by).expect("deleted");
        let all = settings.get_settings("").expect("settings");
        let versions = settings.list_setting_versions("theme", "", 10, None).expect("versions");
        let terminal = Terminal::plain(80);
        for text in [render(&all, &terminal), render_versions(&versions, &terminal)] {
            let text = style::paint(&text, false);
            assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
            assert!(text.contains("a-ver"), "\n{text}");
        }
    }

    #[test]
    fn a_history_of_large_values_is_read_completely() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let settings = chat.app_settings();
        let large = "x".repeat(1_000_000);
        for number in 0..24 {
            let value = JsonValue::text(&format!("{number}{large}")).expect("a value");
            settings.set_setting("motd", &value, "", None, None).expect("stored");
        }
        let setting = SettingArgument { key: "motd".to_owned(), scope: String::new() };
        for (limit, before, expected) in [(100, None, 24), (22, None, 22), (100, Some(23), 22)] {
            let found = read_history(settings, &setting, limit, before).expect("versions");
            assert_eq!(found.len(), expected, "{limit}");
        }
        assert!(read_history(settings, &setting, 0, None).is_err());
    }

    #[test]
    fn values_are_json_or_strings() {
        let json = |argument, is_text| {
            read_value(argument, is_text).ok().map(|value| value.as_json().to_owned())
        };
        for (argument, value) in [
            ("dark", r#""dark""#),
            ("true", "true"),
            ("-5", "-5"),
            ("1.2.3", r#""1.2.3""#),
            ("", r#""""#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(json(argument, false).as_deref(), Some(value), "{argument}");
        }
        assert_eq!(json("true", true).as_deref(), Some(r#""true""#));
        for argument in [r#"{"a":"#, "[1", r#""dark"#] {
            assert_eq!(json(argument, false), None, "{argument}");
        }
    }
}
