//! The Node package in `node/dist`: the addon, and the TypeScript sources compiled by tsc.

use xshell::cmd;

use super::{Profile, compile, library};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;
use crate::setup::{self, Part};

/// Builds the package. The addon is the dynamic library that Cargo builds, under another name.
pub(crate) fn build(project: &Project, profile: Profile) -> Result {
    setup::run(project, &[Part::Node])?;
    let sh = &project.sh;
    compile(project, "chatkeep-node", profile)?;
    let library = library(&project.target.join(profile.folder()), "chatkeep_node")?;
    sh.remove_path("node/dist")?;
    cmd!(sh, "node node/node_modules/typescript/bin/tsc -p node").shown()?;
    sh.copy_file("node/src/addon.ts", "node/dist/addon.d.ts")?;
    let platform = "require('./node/dist/platform.js').platform()";
    let platform = cmd!(sh, "node -p {platform}").text()?;
    // node/dist was removed above, so this does not overwrite a library that a running program has
    // open.
    Ok(sh.copy_file(library, format!("node/dist/chatkeep.{platform}.node"))?)
}
