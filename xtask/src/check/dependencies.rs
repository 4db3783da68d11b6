//! Checks that the default build needs no database client library and no OpenSSL: wheels and npm
//! packages must run on systems without them.

use std::collections::BTreeSet;

use xshell::cmd;

use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;

const FORBIDDEN: [&str; 5] =
    ["openssl-sys", "openssl-src", "native-tls", "pq-sys", "mysqlclient-sys"];

/// Searches the dependency tree.
///
/// # Errors
///
/// Fails with the forbidden dependencies and the crates that need them.
pub(super) fn check(project: &Project) -> Result {
    let tree = cmd!(project.sh, "cargo tree --quiet --locked --workspace --target all")
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .text()?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let found: BTreeSet<&str> = names.filter(|name| FORBIDDEN.contains(name)).collect();
    if found.is_empty() {
        return Ok(());
    }
    let mut error = "The default build has forbidden dependencies:".to_owned();
    for name in found {
        let users = cmd!(project.sh, "cargo tree --quiet --locked --workspace --target all")
            .args(["--edges", "normal,build", "--invert", name])
            .text()?;
        error.push('\n');
        error.push_str(&users);
    }
    Err(Failure::new(error))
}
