//! `cargo xtask wheel`: builds the wheel and the source distribution, and tests their contents,
//! their dependencies, and that they work in an empty environment. Needs no servers.

use std::ffi::OsString;

use xshell::cmd;

use super::pytest::pytest;
use crate::build::{self, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Builds the packages, and tests them with pytest and its `arguments`.
pub(crate) fn run(project: &Project, profile: Profile, arguments: &[OsString]) -> Result {
    setup::run(project, &[Part::Python])?;
    let folder = build::wheel(project, profile)?;
    pytest(project)?
        .args(arguments)
        .arg("python/tests-wheel")
        .env("CHATKEEP_WHEELS", &folder)
        .shown()?;
    if profile == Profile::Release {
        cmd!(project.sh, "ls -sh {folder}").shown()?;
    }
    Ok(())
}
