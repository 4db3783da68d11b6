//! Confirmation before data is deleted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Returns whether a user can be asked: standard input and error are terminals, and output is text.
pub(crate) fn can_confirm(terminal: &Terminal) -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal() && !terminal.json
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
