//! The cost of a call for a Python event loop: the CPU time of the loop's thread, which does not
//! depend on the disk.

use std::time::Duration;

use chatkeep_bench_protocol::{Engine, Path, Result};

use super::{Figure, LOGGED_AT_ONCE, Unit};
use crate::host::Host;
use crate::process::Process;
use crate::run::Programs;

const TIMEOUT: Duration = Duration::from_secs(120);
/// Number of calls per `gather`.
const CALLERS: usize = 100;

/// Runs the study; returns `None` without Python.
pub(super) fn study(
    host: &Host,
    engine: Engine,
    gathers: usize,
    programs: &Programs,
) -> Result<Option<Vec<Figure>>> {
    let Some(mut command) = programs.package.as_ref().and_then(|_| programs.python("study.py"))
    else {
        return Ok(None);
    };
    command.args(["asyncio-calls", &gathers.to_string()]);
    let prepared = host.prepare(engine, Path::Log, CALLERS)?;
    let results = Process::start(command, &prepared.setup)?.figures(TIMEOUT)?;
    let figure = |what: &str, name: &str| -> Result<Figure> {
        let (alone, with) = results
            .get("alone")
            .zip(results.get(name))
            .ok_or("a figure is missing in the output of the study")?;
        Ok(Figure { what: what.to_owned(), unit: Unit::Microseconds, without: *alone, with: *with })
    };
    Ok(Some(vec![
        figure(LOGGED_AT_ONCE, "log")?,
        figure("get_message_by_id, 100 at a time", "read")?,
    ]))
}
