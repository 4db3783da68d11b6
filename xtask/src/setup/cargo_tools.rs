//! Cargo commands, compiled once into the cache folder. Newer versions that are installed work too.

use xshell::cmd;

use super::report;
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

const NEXTEST: &str = "0.9.143";
const DENY: &str = "0.20.2";
const FUZZ: &str = "0.13.2";
const MDBOOK: &str = "0.5.4";

/// Installs cargo-nextest.
pub(super) fn nextest(project: &Project) -> Result {
    install(project, "cargo-nextest", NEXTEST, &[])
}

/// Installs cargo-deny.
pub(super) fn deny(project: &Project) -> Result {
    install(project, "cargo-deny", DENY, &[])
}

/// Installs cargo-fuzz.
pub(super) fn fuzz(project: &Project) -> Result {
    // libFuzzer is compiled from C++ sources.
    if !project.has("c++") {
        return Err(Failure::new(
            "setup: please install a C++ compiler (Debian's name: g++), then try again",
        ));
    }
    install(project, "cargo-fuzz", FUZZ, &[])
}

/// Installs mdBook without its web server and file watcher.
pub(super) fn mdbook(project: &Project) -> Result {
    install(project, "mdbook", MDBOOK, &["--no-default-features", "--features", "search"])
}

fn install(project: &Project, name: &str, version: &str, options: &[&str]) -> Result {
    if project.has(name) {
        return Ok(());
    }
    report(format_args!("compiling {name} {version}, once (some minutes)"));
    let root = project.cache.join("tools");
    cmd!(project.sh, "cargo install --quiet --locked --root {root} {options...} {name}@{version}")
        // Not into the build folder of the project.
        .env_remove("CARGO_TARGET_DIR")
        .quietly()
}
