//! The npm packages: chatkeep, and that of a platform.

use std::path::PathBuf;

use xshell::cmd;

use super::{NpmOptions, Profile};
use crate::failure::Result;
use crate::process::Run;
use crate::project::Project;

/// The oldest glibc that the official builds of Node 20 support.
pub(crate) const GLIBC: &str = "2.28";

/// The platform of this system, as in `node/platforms.json`.
const THIS_PLATFORM: &str = "
    const { platform, arch, report } = process
    const gnu = platform === 'linux' && report.getReport().header.glibcVersionRuntime
    platform + '-' + arch + ({ linux: gnu ? '-gnu' : '-musl', win32: '-msvc' }[platform] ?? '')";

/// Packs both packages, and returns the folder that contains them.
pub(crate) fn build(project: &Project, options: &NpmOptions) -> Result<PathBuf> {
    let sh = &project.sh;
    let (platform, output) = match &options.platform {
        Some(platform) => (platform.clone(), compile_for(project, platform)?),
        None => {
            let profile = Profile::new(!options.dev);
            super::compile(project, "chatkeep-node", profile)?;
            (cmd!(sh, "node -p {THIS_PLATFORM}").text()?, project.target.join(profile.folder()))
        }
    };
    let folder = project.target.join(if options.dev { "npm-dev" } else { "npm" });
    sh.remove_path(&folder)?;
    sh.create_dir(&folder)?;
    let library = folder.join("library");
    sh.copy_file(super::library(&output, "chatkeep_node")?, &library)?;
    // Debug information is most of its size. On Windows it is a separate file.
    if options.platform.is_none() && !platform.starts_with("win32") {
        cmd!(sh, "strip -S -x {library}").shown()?;
    }
    // The results of npm are not results of this command.
    cmd!(sh, "node node/pack.mjs platform {library} {platform} {folder}").quietly()?;
    sh.remove_path(&library)?;
    cmd!(sh, "node node/pack.mjs package {folder}").quietly()?;
    Ok(folder)
}

/// Builds the addon for another platform, and returns the folder of the library.
fn compile_for(project: &Project, platform: &str) -> Result<PathBuf> {
    let sh = &project.sh;
    let target = format!("require('./node/platforms.json')['{platform}'].target");
    let target = cmd!(sh, "node -p {target}").text()?;
    let is_linux = platform.starts_with("linux-");
    let version = match is_linux && platform.ends_with("-gnu") {
        true => format!(".{GLIBC}"),
        false => String::new(),
    };
    let mut build = cmd!(sh, "cargo zigbuild --quiet --locked --profile release -p chatkeep-node")
        .args(["--target", &format!("{target}{version}")])
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    if is_linux && platform.ends_with("-musl") {
        // Rust would link musl statically, but Node provides it already.
        build = build.env("RUSTFLAGS", "-C target-feature=-crt-static");
    }
    build.quietly()?;
    Ok(project.target.join(target).join("release"))
}
