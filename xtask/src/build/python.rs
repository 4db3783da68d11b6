//! The Python package, assembled outside the sources as it would be installed.

use std::path::{Path, PathBuf};

use super::{Profile, compile, library};
use crate::failure::Result;
use crate::files::copy_folder;
use crate::project::Project;

/// Returns the folder that contains the package.
pub(crate) fn package(project: &Project, profile: Profile) -> PathBuf {
    let name = match profile {
        Profile::Dev => "python",
        Profile::Release => "python-release",
    };
    project.target.join(name)
}

/// Builds the module and assembles the package.
pub(crate) fn build(project: &Project, profile: Profile) -> Result {
    let sh = &project.sh;
    compile(project, "chatkeep-python", profile)?;
    let library = library(&project.target.join(profile.folder()), "_native")?;
    let package = package(project, profile);
    sh.remove_path(&package)?;
    copy_folder(Path::new("python/src/chatkeep"), &package.join("chatkeep"))?;
    Ok(sh.copy_file(library, package.join("chatkeep/_native.abi3.so"))?)
}
