//! `chatkeep migrate …`

mod history;
mod state;

use std::path::Path;

use chatkeep::{Migrator, migrations};
use serde_json::json;

pub(super) use state::{code_of, described, state};

use crate::args::migrate::{MigrateArguments, MigrateCommand};
use crate::argument_names::MIGRATE;
use crate::confirm::{can_confirm, confirm};
use crate::context::Context;
use crate::failure::{DIFFERS, FAILED, Failure};
use crate::numbers::amount;
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Default folder of new migrations.
const DEFAULT_FOLDER: &str = "migrations";

pub(super) fn run(arguments: MigrateArguments, context: &Context) -> Result<u8, Failure> {
    dispatch(arguments, context).map_err(|failure| failure.with_argument_name(MIGRATE))
}

fn dispatch(arguments: MigrateArguments, context: &Context) -> Result<u8, Failure> {
    let terminal = &context.terminal;
    if let MigrateCommand::New { description, per_engine } = &arguments.command {
        let folder = arguments.dir.as_deref().unwrap_or(Path::new(DEFAULT_FOLDER));
        return new(folder, description, *per_engine, terminal);
    }
    let chatkeep = context.open_untouched()?;
    let mut migrations = chatkeep.database().migrations();
    if let Some(folder) = arguments.dir {
        migrations = migrations.with_folder(folder);
    }
    match arguments.command {
        MigrateCommand::Upgrade { revision } => {
            let applied = migrations.upgrade(&revision)?;
            let nothing = "the schema is up to date\n";
            terminal
                .answer(&json!({ "applied": applied }), || listed("applied", &applied, nothing))?;
            note_other_schema(&migrations, terminal)?;
            Ok(0)
        }
        MigrateCommand::Downgrade { revision, yes } => {
            downgrade(&migrations, &revision, yes, terminal)
        }
        MigrateCommand::Current => {
            let code = state::current(&migrations.status()?, terminal)?;
            note_other_schema(&migrations, terminal)?;
            Ok(code)
        }
        MigrateCommand::History { verbose } => {
            history::history(&migrations.status()?, verbose, terminal)
        }
        MigrateCommand::Stamp { revision } => {
            let changed = migrations.stamp(&revision)?;
            terminal.answer(&json!({ "changed": changed }), || {
                if changed.is_empty() {
                    return "the history is already as requested\n".to_owned();
                }
                let lines: String =
                    changed.iter().map(|line| format!("  {}\n", visible_line(line, 200))).collect();
                format!("changed history entries:\n{lines}")
            })?;
            Ok(0)
        }
        MigrateCommand::Check => check(&migrations, terminal),
        MigrateCommand::Sql { from, to } => {
            let script = migrations.sql(from.as_deref(), &to)?;
            terminal.answer(&json!({ "sql": script }), || script.clone())?;
            Ok(0)
        }
        MigrateCommand::Adopt { dry_run } => adopt(&migrations, dry_run, terminal),
        MigrateCommand::New { .. } => Ok(0),
    }
}

/// Notes if the search path finds the tables in another schema than its first.
pub(super) fn note_other_schema(migrations: &Migrator, terminal: &Terminal) -> Result<(), Failure> {
    if let Some(warning) = migrations.schemas()?.and_then(|schemas| schemas.warning()) {
        terminal.note(&visible_line(&warning, usize::MAX));
    }
    Ok(())
}

fn listed(verb: &str, titles: &[String], nothing: &str) -> String {
    if titles.is_empty() {
        return nothing.to_owned();
    }
    let lines: String =
        titles.iter().map(|name| format!("  {}\n", visible_line(name, 200))).collect();
    format!("{verb} {}:\n{lines}", amount(titles.len() as u64, "migration"))
}

fn downgrade(
    migrations: &Migrator,
    revision: &str,
    yes: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    if !yes && !can_confirm(terminal) {
        let refusal = Failure::usage("refusing to revert migrations without confirmation");
        return Err(refusal.with_hint("pass --yes to revert them"));
    }
    let question = format!("Revert {revision} and delete the data in its tables? [y/N] ");
    if !yes && !confirm(&question)? {
        terminal.note("nothing was reverted");
        return Ok(FAILED);
    }
    let reverted = migrations.downgrade(revision)?;
    terminal.answer(&json!({ "reverted": reverted }), || {
        listed("reverted", &reverted, "nothing to revert\n")
    })?;
    Ok(0)
}

fn check(migrations: &Migrator, terminal: &Terminal) -> Result<u8, Failure> {
    let check = migrations.check()?;
    let state_code = code_of(state(&check.status));
    let messages: Vec<_> = check.differences.iter().map(ToString::to_string).collect();
    let answer = json!({
        "state": state(&check.status),
        "matches": messages.is_empty(),
        "differences": check.differences.iter().zip(&messages).map(|(difference, message)| json!({
            "table": difference.table,
            "kind": difference.kind,
            "name": difference.name,
            "expected": difference.expected,
            "found": difference.found,
            "message": message,
        })).collect::<Vec<_>>(),
    });
    terminal.answer(&answer, || {
        if messages.is_empty() {
            return format!(
                "the schema matches its migrations; it is {}\n",
                described(&check.status)
            );
        }
        let lines: String =
            messages.iter().map(|line| format!("  {}\n", visible_line(line, 500))).collect();
        format!("{}:\n{lines}", amount(messages.len() as u64, "difference"))
    })?;
    Ok(if messages.is_empty() { state_code } else { DIFFERS })
}

fn adopt(migrations: &Migrator, dry_run: bool, terminal: &Terminal) -> Result<u8, Failure> {
    let (adoption, copy) = migrations.adopt(dry_run)?;
    let copy = copy.map(|path| path.display().to_string());
    let rows: Vec<_> =
        adoption.rows.iter().map(|(table, rows)| json!({ "table": table, "rows": rows })).collect();
    let answer = json!({
        "dry_run": dry_run,
        "changes": adoption.changes,
        "rows": rows,
        "applied": adoption.applied,
        "copy": copy,
    });
    terminal.answer(&answer, || {
        let mut text = String::new();
        for (table, rows) in &adoption.rows {
            let verb = if dry_run { "would convert" } else { "converted" };
            text.push_str(&format!("{verb} {table} with {}\n", amount(rows.unsigned_abs(), "row")));
        }
        for change in &adoption.changes {
            text.push_str(&format!("  {}\n", visible_line(change, 300)));
        }
        if !dry_run {
            text.push_str(&listed("applied", &adoption.applied, ""));
        }
        text
    })?;
    if let Some(copy) = copy {
        terminal.note(&format!(
            "the original file was copied to \
            {}",
            visible_line(&copy, usize::MAX)
        ));
    }
    Ok(0)
}

fn new(
    folder: &Path,
    description: &str,
    per_engine: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let files = migrations::new_migration(folder, description, per_engine)?;
    let shown: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    terminal.answer(&json!({ "files": shown }), || {
        shown.iter().map(|file| format!("{}\n", visible_line(file, usize::MAX))).collect()
    })?;
    let folder = visible_line(&folder.display().to_string(), usize::MAX);
    terminal.note(&format!("edit these files, then run `chatkeep migrate --dir {folder} upgrade`"));
    Ok(0)
}
