//! Whether an event loop of Node's still does other things in time while 64 promises log.

use std::time::Duration;

use chatkeep_contest::{Engine, Result};

use super::Figure;
use super::event_loop::observed;
use crate::place::Place;
use crate::run::Programs;

/// Nothing where there is no Node.
pub(super) fn study(
    place: &Place,
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
    for who in ["chatkeep", driver] {
        let Some(mut command) = programs.node("study.mjs") else { return Ok(None) };
        command.args(["event-loop", who, &(3 * round).as_secs_f64().to_string()]);
        figures.extend(observed(place, engine, command, who)?);
    }
    Ok(Some(figures))
}
