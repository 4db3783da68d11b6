//! What a call of Python's costs the event loop that awaits it: the time of the loop's thread, which the disk has no part in.

use std::time::Duration;

use chatkeep_contest::{Engine, Path, Result};

use super::{Figure, LOGGED_AT_ONCE, Unit};
use crate::place::Place;
use crate::process::Process;
use crate::run::Programs;

const PATIENCE: Duration = Duration::from_secs(120);
/// As many as are gathered at a time.
const CALLERS: usize = 100;

/// Nothing where there is no Python.
pub(super) fn study(
    place: &Place,
    engine: Engine,
    gathers: usize,
    programs: &Programs,
) -> Result<Option<Vec<Figure>>> {
    let Some(mut command) = programs.package.as_ref().and_then(|_| programs.python("study.py"))
    else {
        return Ok(None);
    };
    command.args(["asyncio-calls", &gathers.to_string()]);
    let room = place.furnish(engine, Path::Log, CALLERS)?;
    let told = Process::start(command, &room.setup)?.figures(PATIENCE)?;
    let figure = |what: &str, name: &str| -> Result<Figure> {
        let (alone, with) = told.get("alone").zip(told.get(name)).ok_or("a figure is missing")?;
        Ok(Figure { what: what.to_owned(), unit: Unit::Microseconds, without: *alone, with: *with })
    };
    Ok(Some(vec![
        figure(LOGGED_AT_ONCE, "log")?,
        figure("get_message_by_id, 100 at a time", "read")?,
    ]))
}
