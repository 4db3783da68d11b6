//! `cargo xtask suites`: runs the suites on servers that are running. Its last line is
//! `N passed, N failed, N skipped`.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use xshell::{Cmd, cmd};

use super::nextest;
use super::results::{Results, go_failures, node_failures};
use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::{Project, variable};

/// The results so far, and the exit code.
#[derive(Default)]
struct Suites {
    results: Results,
    code: u8,
}

/// Runs every suite, or the Rust tests that `arguments` of `cargo nextest run` select.
///
/// # Errors
///
/// Fails if a suite fails or runs no tests.
pub(crate) fn run(project: &Project, arguments: &[OsString]) -> Result {
    let colour = io::stdout().is_terminal();
    let mut suites = Suites::default();
    if arguments.is_empty() {
        suites.rust(project, &["--workspace".into()], colour)?;
        suites.doctests(project)?;
        let sh = &project.sh;
        // The Node package, imported and packed.
        suites.node(cmd!(sh, "cargo xtask node-test --test-reporter=spec"))?;
        suites.node(cmd!(sh, "cargo xtask npm --dev --test-reporter=spec"))?;
        suites.go(cmd!(sh, "cargo xtask go-test -v"))?;
        // The Python package, imported and packed.
        suites.python(cmd!(sh, "cargo xtask pytest"), colour)?;
        suites.python(cmd!(sh, "cargo xtask wheel --dev"), colour)?;
    } else {
        suites.rust(project, arguments, colour)?;
    }
    let Results { passed, failed, skipped } = suites.results;
    println!("engines: {}", variable("CHATKEEP_TEST_ENGINES").unwrap_or("unknown".to_owned()));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if suites.code == 0 { Ok(()) } else { Err(Failure::printed(suites.code)) }
}

impl Suites {
    /// Runs the Rust tests with their output shown.
    fn rust(&mut self, project: &Project, arguments: &[OsString], colour: bool) -> Result {
        let mut output = Vec::new();
        let [program, options @ ..] = nextest::RUN;
        let command = cmd!(project.sh, "{program} {options...} {arguments...} --color");
        let code = command.arg(if colour { "always" } else { "never" }).each_line(|line| {
            output.extend_from_slice(line);
            // Without a reader of the output, the tests still run.
            let _ = io::stdout().write_all(line);
        })?;
        let Some(results) = Results::of_nextest(&String::from_utf8_lossy(&output)) else {
            return Err(Failure::new("Running the tests failed."));
        };
        self.results.add(results);
        self.code = code;
        Ok(())
    }

    /// Runs the examples in the documentation.
    fn doctests(&mut self, project: &Project) -> Result {
        let command = cmd!(project.sh, "cargo test --quiet --doc --workspace --all-features");
        let outcome = command.outcome()?;
        if !outcome.succeeded() {
            print!("{}", outcome.text);
            self.code = 1;
        }
        self.results.add(Results::of_doctests(&outcome.text));
        Ok(())
    }

    /// Runs a command with the output of pytest.
    fn python(&mut self, command: Cmd<'_>, colour: bool) -> Result {
        let command = command.args(["--quiet", "--no-header", "--color"]);
        let outcome = command.arg(if colour { "yes" } else { "no" }).outcome()?;
        let results = Results::of_pytest(&outcome.text);
        if !outcome.succeeded() || results.is_none() {
            print!("{}", outcome.text);
            self.code = 1;
        }
        self.results.add(results.unwrap_or_default());
        Ok(())
    }

    /// Runs a command with the output of `node --test`. Only failures are shown.
    fn node(&mut self, command: Cmd<'_>) -> Result {
        let outcome = command.outcome()?;
        let results = Results::of_node(&outcome.text);
        if !outcome.succeeded() || results.is_none() {
            print!("{}", node_failures(&outcome.text));
            self.code = 1;
        }
        self.results.add(results.unwrap_or_default());
        Ok(())
    }

    /// Runs a command with the output of `go test -v`. Only failures are shown.
    fn go(&mut self, command: Cmd<'_>) -> Result {
        let outcome = command.outcome()?;
        let results = Results::of_go(&outcome.text);
        if !outcome.succeeded() || results.is_none() {
            print!("{}", go_failures(&outcome.text));
            self.code = 1;
        }
        self.results.add(results.unwrap_or_default());
        Ok(())
    }
}
