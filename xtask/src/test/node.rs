//! `cargo xtask node-test`: tests the Node package that `cargo xtask build node` built.

use std::ffi::{OsStr, OsString};

use xshell::cmd;

use crate::build::{self, Profile};
use crate::failure::Result;
use crate::files::glob;
use crate::process::Run;
use crate::project::Project;
use crate::setup;

/// Runs `node --test` with `arguments`: options, and files relative to the caller's directory. All
/// files are the default. Outside of `chatkeep-testkit run` it tests SQLite only.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    let is_option = |argument: &OsStr| argument.to_string_lossy().starts_with('-');
    let mut all = Vec::new();
    for argument in arguments {
        let path = project.caller.join(argument);
        all.push(if path.exists() { path.into() } else { argument.clone() });
    }
    if arguments.iter().all(|argument| is_option(argument)) {
        all.extend(glob("node/test/*.test.mjs").into_iter().map(OsString::from));
    }
    // The Python package and the command, for tests that share a database with them. A test that
    // hangs fails after 20 minutes, and the run continues. Most tests wait for a server.
    cmd!(project.sh, "node --test --test-timeout=1200000 --test-concurrency=3 {all...}")
        .env("CHATKEEP_TEST_PYTHON", setup::python_venv(project)?.python())
        .env("CHATKEEP_TEST_PYTHON_PACKAGE", build::python_package(project, Profile::Dev))
        .env("CHATKEEP_TEST_COMMAND", project.target.join("debug/chatkeep"))
        .replace()
}
