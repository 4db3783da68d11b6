//! `chatkeep db …`

mod backup;
mod copy;
mod import_legacy;
mod legacy_chats;
mod restore;

use std::time::{Duration, Instant};

use chatkeep::url::{SqliteLocation, SqliteTarget, Target};
use chatkeep::{DatabaseUrl, ErrorKind, PoolSettings};
use chatkeep_transfer::{RowCounts, count_rows};
use serde::Serialize;
use serde_json::{Value, json};

use super::{migrate, tokens};
use crate::args::database::DatabaseCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{optional_amounts, seconds, thousands};
use crate::style;
use crate::table::facts;
use crate::text::visible_line;

pub(super) fn run(command: DatabaseCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        DatabaseCommand::Url => url(context).map(|()| 0),
        DatabaseCommand::Status => status(context).map(|()| 0),
        DatabaseCommand::Wait { timeout } => wait(timeout, context).map(|()| 0),
        DatabaseCommand::Health => health(context),
        DatabaseCommand::ImportLegacy(options) => import_legacy::run(options, context),
        DatabaseCommand::Copy(options) => copy::run(&options, context),
        DatabaseCommand::Backup(options) => backup::run(&options, context).map(|()| 0),
        DatabaseCommand::Restore(options) => restore::run(&options, context).map(|()| 0),
    }
}

/// Returns the absolute path of a SQLite database's file.
pub(super) fn file(url: &DatabaseUrl) -> Option<String> {
    let Target::Sqlite(SqliteTarget { location: SqliteLocation::File(file), .. }) = url.target()
    else {
        return None;
    };
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    Some(whole.display().to_string())
}

fn url(context: &Context) -> Result<(), Failure> {
    let url = context.url()?;
    let (shown, engine, file) = (url.redacted(), url.engine().name(), file(&url));
    context.terminal.answer(&json!({ "url": shown, "engine": engine, "file": file }), || {
        let mut rows =
            vec![("URL", visible_line(&shown, usize::MAX)), ("Engine", engine.to_owned())];
        rows.extend(file.map(|file| ("File", visible_line(&file, usize::MAX))));
        facts(&rows)
    })
}

/// Output of `db status`. Fields that need an up-to-date schema are `None` otherwise.
#[derive(Serialize)]
struct Status {
    url: String,
    engine: &'static str,
    server_version: Option<String>,
    file: Option<String>,
    schema: &'static str,
    /// PostgreSQL schema of the tables.
    found_in: Option<String>,
    messages: Option<u64>,
    tokens: Option<usize>,
    active_tokens: Option<usize>,
    /// Number of rows of each table.
    rows: Option<RowCounts>,
    pool: Value,
}

fn status(context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open_untouched()?;
    let database = chatkeep.database();
    let url = context.url()?;
    let migrations = database.migration_status()?;
    let settings = context.settings()?;
    let mut status = Status {
        url: url.redacted(),
        engine: url.engine().name(),
        server_version: None,
        file: file(&url),
        schema: migrate::state(&migrations),
        found_in: database.migrations().schemas()?.and_then(|schemas| schemas.found),
        messages: None,
        tokens: None,
        active_tokens: None,
        rows: None,
        pool: pool_json(&settings),
    };
    let ready = status.schema == "head";
    if ready {
        let health = database.health()?;
        let tokens = chatkeep.tokens().list_tokens()?;
        status.engine = health.engine;
        status.server_version = Some(health.server_version);
        let rows = count_rows(&chatkeep)?;
        status.messages = Some(rows.of("messages"));
        status.rows = Some(rows);
        status.tokens = Some(tokens.len());
        status.active_tokens = Some(tokens.iter().filter(|token| tokens::is_active(token)).count());
    }
    let terminal = &context.terminal;
    terminal.answer(&status, || describe(&status, &migrate::described(&migrations), &settings))?;
    if status.schema == "behind" {
        terminal.note("run `chatkeep migrate upgrade` to bring the schema up to date");
    }
    migrate::note_other_schema(&database.migrations(), terminal)
}

fn describe(status: &Status, schema: &str, settings: &PoolSettings) -> String {
    let version =
        status.server_version.as_deref().map(|version| format!(" {}", visible_line(version, 200)));
    let mut rows = vec![
        ("URL", visible_line(&status.url, usize::MAX)),
        ("Engine", format!("{}{}", status.engine, version.unwrap_or_default())),
    ];
    rows.extend(status.file.as_deref().map(|file| ("File", visible_line(file, usize::MAX))));
    let found_in =
        status.found_in.as_deref().map(|name| format!(", in {}", visible_line(name, 63)));
    rows.push(("Schema", format!("{schema}{}", found_in.unwrap_or_default())));
    rows.extend(status.messages.map(|messages| ("Messages", thousands(messages))));
    if let (Some(all), Some(active)) = (status.tokens, status.active_tokens) {
        let active = if active < all {
            format!(", {} of them active", thousands(active as u64))
        } else {
            String::new()
        };
        rows.push(("Tokens", format!("{}{active}", thousands(all as u64))));
    }
    let others = status.rows.as_ref().and_then(optional_amounts);
    rows.extend(others.map(|others| ("Other rows", others)));
    rows.extend(pool_facts(settings));
    facts(&rows)
}

fn pool_json(settings: &PoolSettings) -> Value {
    json!({
        "pool_size": settings.pool_size,
        "max_overflow": settings.max_overflow,
        "pool_timeout_seconds": settings.pool_timeout.as_secs_f64(),
        "pool_recycle_seconds": settings.pool_recycle.as_secs_f64(),
        "pre_ping": settings.pre_ping,
        "connect_timeout_seconds": settings.connect_timeout.as_secs_f64(),
        "query_timeout_seconds": settings.query_timeout.as_secs_f64(),
        "max_retries": settings.max_retries,
        "retry_delay_seconds": settings.retry_delay.as_secs_f64(),
        "auto_migrate": settings.auto_migrate,
    })
}

fn pool_facts(settings: &PoolSettings) -> Vec<(&'static str, String)> {
    let whole = |duration: Duration| {
        let text = format!("{:.1}", duration.as_secs_f64());
        format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
    };
    let pool = format!(
        "{} connections, {} more under load, {} checkout timeout",
        settings.pool_size,
        settings.max_overflow,
        whole(settings.pool_timeout)
    );
    let limits = format!(
        "{} to connect, {} per query",
        whole(settings.connect_timeout),
        whole(settings.query_timeout)
    );
    vec![
        ("Pool", pool),
        ("Timeouts", limits),
        (
            "Migrations",
            if settings.auto_migrate {
                "applied at first \
                use"
            } else {
                "applied manually"
            }
            .to_owned(),
        ),
    ]
}

/// Maximum delay between two attempts of `db wait --timeout`.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

fn wait(timeout: Option<u32>, context: &Context) -> Result<(), Failure> {
    let mut settings = context.settings()?;
    settings.auto_migrate = false;
    if let Some(timeout) = timeout {
        let whole = Duration::from_secs(u64::from(timeout));
        settings.max_retries = timeout.div_ceil(MAX_RETRY_DELAY.as_secs() as u32);
        settings.retry_delay = whole / settings.max_retries;
        settings.connect_timeout = settings.connect_timeout.min(whole);
    }
    let chatkeep = context.open_with(settings)?;
    let start = Instant::now();
    let schema = match chatkeep.database().wait_until_ready() {
        Ok(()) => "head",
        // The database is ready. The schema's state is reported, but is not an error here.
        Err(error) if matches!(error.kind(), ErrorKind::Schema(_)) => {
            migrate::state(&chatkeep.database().migration_status()?)
        }
        Err(error) => return Err(error.into()),
    };
    let elapsed = start.elapsed();
    context.terminal.answer(
        &json!({ "ready": true, "schema": schema, "seconds": elapsed.as_secs_f64() }),
        || format!("{} is ready after {}\n", chatkeep.database().engine(), seconds(elapsed)),
    )?;
    if schema == "behind" {
        context.terminal.note("the schema is outdated; run `chatkeep migrate upgrade`");
    }
    Ok(())
}

fn health(context: &Context) -> Result<u8, Failure> {
    let health = context.open_untouched()?.database().health()?;
    context.terminal.answer(&health, || {
        let state = if health.ok { style::hit("healthy") } else { style::alarm("unhealthy") };
        facts(&[
            ("Health", state),
            ("Engine", format!("{} {}", health.engine, visible_line(&health.server_version, 200))),
            ("Latency", format!("{:.1} ms", health.latency_ms)),
            ("Schema", health.schema.to_owned()),
        ])
    })?;
    Ok(migrate::code_of(health.schema))
}
