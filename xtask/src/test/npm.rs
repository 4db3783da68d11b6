//! `cargo xtask npm`: packs the npm packages, and tests their contents, their dependencies, and that
//! they work in an empty folder. Needs no servers.

use std::ffi::OsString;

use xshell::cmd;

use crate::build::{self, GLIBC, NpmOptions};
use crate::failure::Result;
use crate::files::glob;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Packs the packages, and tests them by `node --test` with `arguments`.
pub(crate) fn run(project: &Project, options: &NpmOptions, arguments: &[OsString]) -> Result {
    setup::run(project, &[Part::Node])?;
    let folder = build::npm(project, options)?;
    let tests = glob("node/test-package/*.test.mjs");
    let mut command =
        cmd!(project.sh, "node --test {arguments...} {tests...}").env("CHATKEEP_NPM", folder);
    if options.platform.is_some() {
        command = command.env("CHATKEEP_GLIBC", GLIBC);
    }
    command.replace()
}
