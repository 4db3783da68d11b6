//! The delay of a Python event loop while 64 of its tasks log.

use std::process::Command;
use std::time::Duration;

use chatkeep_bench_protocol::{Engine, Path, Result};

use super::{Figure, Unit};
use crate::host::Host;
use crate::process::Process;
use crate::run::Programs;

const TIMEOUT: Duration = Duration::from_secs(120);
const CALLERS: usize = 64;
/// Suffix of a label, after the name of the logging library.
const LATE: &str = ": a tick is late, p99";

/// Runs the study; returns `None` without Python.
pub(super) fn study(
    host: &Host,
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
    for (library, label) in
        [("chatkeep", "chatkeep"), ("sqlalchemy", "SQLAlchemy ORM"), ("driver", &blocking)]
    {
        let Some(mut command) = programs.package.as_ref().and_then(|_| programs.python("study.py"))
        else {
            return Ok(None);
        };
        command.args(["event-loop", library, &(3 * round).as_secs_f64().to_string()]);
        figures.extend(measure(host, engine, command, label)?);
    }
    Ok(Some(figures))
}

/// Runs a program and returns the delay of its event loop without and with 64 callers that log.
pub(super) fn measure(
    host: &Host,
    engine: Engine,
    command: Command,
    label: &str,
) -> Result<[Figure; 3]> {
    let prepared = host.prepare(engine, Path::Log, CALLERS)?;
    let results = Process::start(command, &prepared.setup)?.figures(TIMEOUT)?;
    let value = |name: &str| results.get(name).copied().ok_or(format!("{name} is missing"));
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
    fn the_figure_of_the_goal_exists() {
        assert_eq!(format!("chatkeep{LATE}"), TICK_WITH_CHATKEEP);
    }
}
