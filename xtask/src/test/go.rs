//! `cargo xtask go-test`: builds the C library, and tests the Go package and its example.

use std::ffi::OsString;

use xshell::{Cmd, cmd};

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

/// The folders of the Go modules, with their time limits. A hanging test fails after it.
const MODULES: [(&str, &str); 2] = [("go", "20m"), ("examples/go", "5m")];

/// Runs `go test` with `arguments`. Outside of `chatkeep-testkit run` it tests SQLite only.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    build(project)?;
    for (folder, limit) in MODULES {
        let _folder = project.sh.push_dir(folder);
        // Go does not see a changed library, so its cached test results are not used.
        go(project, "test")
            .args(["-count=1", "-timeout", limit])
            .args(arguments)
            .arg("./...")
            .shown()?;
    }
    Ok(())
}

/// Builds the C library that the package is linked with.
pub(crate) fn build(project: &Project) -> Result {
    build::compile(project, "chatkeep-c", Profile::Dev)
}

/// Checks the format, and runs `go vet`.
pub(crate) fn check_style(project: &Project) -> Result {
    let unformatted = cmd!(project.sh, "gofmt -l go examples").text()?;
    if !unformatted.is_empty() {
        return Err(Failure::new(format!("Not formatted; run `gofmt -w` on:\n{unformatted}")));
    }
    build(project)?;
    for (folder, _) in MODULES {
        let _folder = project.sh.push_dir(folder);
        go(project, "vet").arg("./...").quietly()?;
    }
    Ok(())
}

/// Returns a command of Go that links with the library. No module is fetched: the package and its
/// example use the standard library only.
fn go<'a>(project: &'a Project, command: &str) -> Cmd<'a> {
    let folder = project.target.join("debug");
    cmd!(project.sh, "go {command}")
        .env("CGO_LDFLAGS", format!("-L{}", folder.display()))
        .env("CGO_ENABLED", "1")
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOCACHE", project.cache.join("go"))
}
