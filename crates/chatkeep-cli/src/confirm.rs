//! Confirmation before data is deleted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Returns whether a user can be asked: standard input and error are terminals, and output is text.
pub(crate) fn can_confirm(terminal: &Terminal) -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal() && !terminal.json
}

/// Asks before something is deleted, unless `yes` is set. Returns false after any answer but yes.
///
/// # Errors
/// A usage error if the standard streams are not a terminal.
pub(crate) fn require_confirmation(
    yes: bool,
    question: &str,
    terminal: &Terminal,
) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !can_confirm(terminal) {
        let refusal = Failure::usage("refusing to delete without confirmation");
        return Err(refusal.with_hint("pass --yes to delete"));
    }
    let is_confirmed = confirm(question)?;
    if !is_confirmed {
        terminal.note("nothing was deleted");
    }
    Ok(is_confirmed)
}

/// Asks a question and returns whether the answer is yes.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let ask = || {
        io::stderr().lock().write_all(question.as_bytes())?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok::<_, io::Error>(answer)
    };
    let answer = ask().map_err(|error| Failure::file("standard input", &error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
