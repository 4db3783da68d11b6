//! Whether an event loop of Python's still does other things in time while 64 of its tasks log.

use std::process::Command;
use std::time::Duration;

use chatkeep_contest::{Engine, Path, Result};

use super::{Figure, Unit};
use crate::place::Place;
use crate::process::Process;
use crate::run::Programs;

const PATIENCE: Duration = Duration::from_secs(120);
const CALLERS: usize = 64;
/// Behind the name of whom the tick waits for.
const LATE: &str = ": a tick is late, p99";

/// Nothing where there is no Python.
pub(super) fn study(
    place: &Place,
    engine: Engine,
    round: Duration,
    programs: &Programs,
) -> Result<Option<Vec<Figure>>> {
    let mut figures = Vec::new();
    let driver = match engine {
        Engine::Sqlite => "sqlite3",
        Engine::PostgreSql => "psycopg",
        Engine::MariaDb | Engine::MySql => "PyMySQL",
    };
    let blocking = format!("{driver}, not awaited");
    for (who, label) in
        [("chatkeep", "chatkeep"), ("sqlalchemy", "SQLAlchemy ORM"), ("driver", &blocking)]
    {
        let Some(mut command) = programs.package.as_ref().and_then(|_| programs.python("study.py"))
        else {
            return Ok(None);
        };
        command.args(["event-loop", who, &(3 * round).as_secs_f64().to_string()]);
        figures.extend(observed(place, engine, command, label)?);
    }
    Ok(Some(figures))
}

/// What a program says of its event loop, without and with 64 callers that log.
pub(super) fn observed(
    place: &Place,
    engine: Engine,
    command: Command,
    label: &str,
) -> Result<[Figure; 3]> {
    let room = place.furnish(engine, Path::Log, CALLERS)?;
    let told = Process::start(command, &room.setup)?.figures(PATIENCE)?;
    let value = |name: &str| told.get(name).copied().ok_or(format!("{name} is missing"));
    let figure = |what: &str, unit, without, with| Figure {
        what: format!("{label}{what}"),
        unit,
        without,
        with,
    };
    let longest = (value("idle_longest")?, value("busy_longest")?);
    Ok([
        figure(LATE, Unit::Microseconds, value("idle_p99")?, value("busy_p99")?),
        figure(": a tick is late, at most", Unit::Microseconds, longest.0, longest.1),
        figure(": messages logged", Unit::MessagesASecond, 0.0, value("rate")?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::TICK_WITH_CHATKEEP;

    #[test]
    fn the_goal_is_about_a_figure_that_there_is() {
        assert_eq!(format!("chatkeep{LATE}"), TICK_WITH_CHATKEEP);
    }
}
