//! `cargo xtask ci`: runs everything that must pass before a change is merged. Its last line counts
//! the tests.

use std::io::{self, Write};
use std::time::Instant;

use xshell::cmd;

use crate::failure::{Failure, Result};
use crate::process::Run;
use crate::project::Project;
use crate::{check, docs, interrupt, setup};

/// Runs the phases. The later ones run after a failure, too.
///
/// # Errors
///
/// Fails if a phase fails, or if the tests print no closing line.
pub(crate) fn run(project: &Project) -> Result {
    let mut times = Vec::new();
    let mut failed = Vec::new();
    let mut closing = None;
    let mut phase = |name: &'static str, body: &mut dyn FnMut() -> Result| -> Result {
        let begin = Instant::now();
        if let Err(failure) = body() {
            interrupt::check()?;
            failure.print();
            failed.push(name);
        }
        times.push(format!("{name} {} s", begin.elapsed().as_secs()));
        Ok(())
    };
    phase("setup", &mut || setup::run(project, &[]))?;
    phase("check", &mut || check::run(project))?;
    phase("docs", &mut || docs::run(project))?;
    phase("test", &mut || test(project, &mut closing))?;
    println!("times: {}", times.join(", "));
    if !failed.is_empty() {
        println!("failed: {}", failed.join(" "));
    }
    if let Some(closing) = &closing {
        println!("{closing}");
    }
    if failed.is_empty() && closing.is_some() { Ok(()) } else { Err(Failure::printed(1)) }
}

/// Runs the tests, and prints all but the closing line, which must be the last one of the run.
fn test(project: &Project, closing: &mut Option<String>) -> Result {
    let code = cmd!(project.sh, "cargo xtask test").each_line(|line| {
        let text = String::from_utf8_lossy(line);
        if is_closing(text.trim_end()) {
            *closing = Some(text.trim_end().to_owned());
        } else {
            // Without a reader of the output, the tests still run.
            let _ = io::stdout().write_all(line);
        }
    })?;
    if code == 0 { Ok(()) } else { Err(Failure::printed(code)) }
}

/// Returns whether a line is `N passed, N failed, N skipped`.
fn is_closing(line: &str) -> bool {
    let parts: Vec<&str> = line.split(", ").collect();
    let is_part = |(part, name): (&&str, &str)| {
        part.split_once(' ').is_some_and(|(number, word)| {
            word == name && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    parts.len() == 3 && parts.iter().zip(["passed", "failed", "skipped"]).all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_summary_of_all_suites_is_a_closing_line() {
        assert!(is_closing("1200 passed, 0 failed, 31 skipped"));
        assert!(!is_closing("1200 passed, 0 failed"));
        assert!(!is_closing("1200 passed, 0 failed, 31 skipped in 3 s"));
        assert!(!is_closing(" passed, 0 failed, 31 skipped"));
    }
}
