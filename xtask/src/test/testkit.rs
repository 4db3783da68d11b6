//! `chatkeep-testkit`, which starts private servers for a command.

use xshell::{Cmd, cmd};

use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;

/// Compiles `chatkeep-testkit`.
pub(super) fn build(project: &Project) -> Result {
    cmd!(project.sh, "cargo build --quiet -p chatkeep-testkit").shown()
}

/// Returns `chatkeep-testkit run`, to which the caller adds options and the command to run.
pub(super) fn run(project: &Project) -> Cmd<'_> {
    let testkit = project.target.join("debug/chatkeep-testkit");
    cmd!(project.sh, "{testkit} run --fast")
}
