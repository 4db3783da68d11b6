//! The delay of the Node event loop while 64 promises log.

use std::time::Duration;

use chatkeep_bench_protocol::{Engine, Result};

use super::Figure;
use super::event_loop::measure;
use crate::host::Host;
use crate::run::Programs;

/// Runs the study; returns `None` without Node.
pub(super) fn study(
    host: &Host,
    engine: Engine,
    round: Duration,
    programs: &Programs,
) -> Result<Option<Vec<Figure>>> {
    let driver = match engine {
        Engine::Sqlite => "better-sqlite3",
        Engine::PostgreSql => "pg",
        Engine::MariaDb | Engine::MySql => "mysql2",
    };
    let mut figures = Vec::new();
    for library in ["chatkeep", driver] {
        let Some(mut command) = programs.node("study.mjs") else { return Ok(None) };
        command.args(["event-loop", library, &(3 * round).as_secs_f64().to_string()]);
        figures.extend(measure(host, engine, command, library)?);
    }
    Ok(Some(figures))
}
