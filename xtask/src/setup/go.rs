//! Go and a C compiler, for the Go package.

use super::system::System;
use crate::failure::Result;

/// Installs missing packages.
pub(super) fn install(system: &System<'_>) -> Result {
    let mut missing = Vec::new();
    if !system.project.has("go") {
        missing.push("golang-go");
    }
    if !system.project.has("cc") {
        missing.extend(["gcc", "libc6-dev"]);
    }
    system.require(&missing)
}
