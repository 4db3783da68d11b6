//! The wheel and the source distribution.

use std::path::PathBuf;

use xshell::cmd;

use super::Profile;
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup;

/// Builds both, and returns the folder that contains them. With optimisation they are as published,
/// for Linux systems that are not older than this one.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    let sh = &project.sh;
    let name = if profile == Profile::Dev { "wheel-dev" } else { "wheel" };
    let folder = project.target.join(name);
    sh.remove_path(&folder)?;
    sh.create_dir(&folder)?;
    let maturin = setup::python_venv(project)?.program("maturin");
    let profile = profile.name();
    let _folder = sh.push_dir("python");
    cmd!(sh, "{maturin} build --locked --profile {profile} --out {folder}").quietly()?;
    cmd!(sh, "{maturin} sdist --out {folder}").quietly()?;
    Ok(folder)
}
