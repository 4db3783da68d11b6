//! `chatkeep migrate …`

mod history;
mod state;

use std::path::Path;

use chatkeep::{Migrator, migrations};
use serde_json::json;

pub(super) use state::{code_of, described, state};

use crate::args::migrate::{MigrateArguments, MigrateCommand};
use crate::argument_names::MIGRATE;
use crate::context::Context;
use crate::failure::{DIFFERS, FAILED, Failure};
use crate::numbers::amount;
use crate::question::{agrees, may_ask};
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Where a new migration goes when nothing else is said.
const USUAL_FOLDER: &str = "migrations";

pub(super) fn run(arguments: MigrateArguments, context: &Context) -> Result<u8, Failure> {
    verb(arguments, context).map_err(|failure| failure.naming(MIGRATE))
}

fn verb(arguments: MigrateArguments, context: &Context) -> Result<u8, Failure> {
    let terminal = &context.terminal;
    if let MigrateCommand::New { description, per_engine } = &arguments.command {
        let folder = arguments.dir.as_deref().unwrap_or(Path::new(USUAL_FOLDER));
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
            let nothing = "the schema is up to date, nothing to do\n";
            terminal.answer(&json!({ "applied": applied }), || listed("ran", &applied, nothing))?;
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
                    return "the history says so already, nothing to do\n".to_owned();
                }
                let lines: String =
                    changed.iter().map(|line| format!("  {}\n", visible_line(line, 200))).collect();
                format!("the history now says:\n{lines}")
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

/// Says when a search path finds the tables of another schema than its first one.
pub(super) fn note_other_schema(migrations: &Migrator, terminal: &Terminal) -> Result<(), Failure> {
    if let Some(warning) = migrations.schemas()?.and_then(|schemas| schemas.warning()) {
        terminal.note(&visible_line(&warning, usize::MAX));
    }
    Ok(())
}

fn listed(what: &str, titles: &[String], nothing: &str) -> String {
    if titles.is_empty() {
        return nothing.to_owned();
    }
    let lines: String =
        titles.iter().map(|name| format!("  {}\n", visible_line(name, 200))).collect();
    format!("{what} {}:\n{lines}", amount(titles.len() as u64, "migration"))
}

fn downgrade(
    migrations: &Migrator,
    revision: &str,
    yes: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    if !yes && !may_ask(terminal) {
        let refusal = Failure::usage("nobody can be asked whether migrations may be taken back");
        return Err(refusal.with_hint("--yes takes them back without asking"));
    }
    let question = format!("Take back {revision}, with all that its tables hold? [y/N] ");
    if !yes && !agrees(&question)? {
        terminal.note("nothing was taken back");
        return Ok(FAILED);
    }
    let reverted = migrations.downgrade(revision)?;
    terminal.answer(&json!({ "reverted": reverted }), || {
        listed("took back", &reverted, "there is nothing to take back\n")
    })?;
    Ok(0)
}

fn check(migrations: &Migrator, terminal: &Terminal) -> Result<u8, Failure> {
    let check = migrations.check()?;
    let state_code = code_of(state(&check.status));
    let words: Vec<_> = check.differences.iter().map(ToString::to_string).collect();
    let answer = json!({
        "state": state(&check.status),
        "matches": words.is_empty(),
        "differences": check.differences.iter().zip(&words).map(|(difference, words)| json!({
            "table": difference.table,
            "kind": difference.kind,
            "name": difference.name,
            "expected": difference.expected,
            "found": difference.found,
            "message": words,
        })).collect::<Vec<_>>(),
    });
    terminal.answer(&answer, || {
        if words.is_empty() {
            return format!(
                "the schema is what its migrations make; it is {}\n",
                described(&check.status)
            );
        }
        let lines: String =
            words.iter().map(|line| format!("  {}\n", visible_line(line, 500))).collect();
        format!("{}:\n{lines}", amount(words.len() as u64, "difference"))
    })?;
    Ok(if words.is_empty() { state_code } else { DIFFERS })
}

fn adopt(migrations: &Migrator, dry_run: bool, terminal: &Terminal) -> Result<u8, Failure> {
    let (adoption, copy) = migrations.adopt(dry_run)?;
    let copy = copy.map(|path| path.display().to_string());
    let answer = json!({
        "dry_run": dry_run,
        "changes": adoption.changes,
        "rows": adoption.rows.iter().map(|(table, rows)| json!({ "table": table, "rows": rows })).collect::<Vec<_>>(),
        "applied": adoption.applied,
        "copy": copy,
    });
    terminal.answer(&answer, || {
        let mut text = String::new();
        for (table, rows) in &adoption.rows {
            let verb = if dry_run { "would take over" } else { "took over" };
            text.push_str(&format!("{verb} {table} with {}\n", amount(rows.unsigned_abs(), "row")));
        }
        for change in &adoption.changes {
            text.push_str(&format!("  {}\n", visible_line(change, 300)));
        }
        if !dry_run {
            text.push_str(&listed("then ran", &adoption.applied, ""));
        }
        text
    })?;
    if let Some(copy) = copy {
        terminal.note(&format!("the file as it was is {}", visible_line(&copy, usize::MAX)));
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
    terminal.note(&format!("fill them in, then `chatkeep migrate --dir {folder} upgrade`"));
    Ok(0)
}
