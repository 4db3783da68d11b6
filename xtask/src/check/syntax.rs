//! The syntax of scripts in languages that are not compiled.

use xshell::cmd;

use super::shell_scripts;
use crate::failure::Result;
use crate::files::glob;
use crate::process::Run;
use crate::project::Project;

const PARSE_PYTHON: &str =
    "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)";

/// Parses every script.
pub(super) fn check(project: &Project) -> Result {
    let sh = &project.sh;
    for script in shell_scripts() {
        cmd!(sh, "bash -n {script}").quietly()?;
    }
    // The benchmark's competitors, if their languages are installed.
    if project.has("python3") {
        let scripts = glob("bench/*/*.py");
        cmd!(sh, "python3 -c {PARSE_PYTHON} {scripts...}").quietly()?;
    }
    if project.has("node") {
        for script in glob("bench/node/*.mjs").iter().chain(&glob("scripts/*.mjs")) {
            cmd!(sh, "node --check {script}").quietly()?;
        }
    }
    Ok(())
}
