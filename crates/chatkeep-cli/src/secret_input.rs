//! Passwords and tokens from the terminal or standard input.

use std::io::{self, IsTerminal as _, Read as _};

use chatkeep::Secret;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Maximum number of bytes read from standard input: 2 MiB, which is longer than any secret.
const MAX_BYTES: u64 = 2 << 20;

/// Reads a new password: twice from the terminal without echo, or from standard input.
pub(crate) fn read_new_password() -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let text = read_all("password")?;
        return match text.contains(['\n', '\r']) {
            true => Err(Failure::usage("the password on standard input has more than one line")
                .with_field(Some("password".to_owned()))),
            false => Ok(Secret::from(text)),
        };
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt).map_err(|error| Failure::file("the terminal", &error))
    };
    let password = ask("New password: ")?;
    if ask("The same password again: ")? != password {
        return Err(Failure::usage("the passwords differ; nothing was changed"));
    }
    Ok(Secret::from(password))
}

/// Reads a text that is pasted into the terminal, or piped to standard input.
pub(crate) fn read_pasted(noun: &str, terminal: &Terminal) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        terminal.note(&format!("Type or paste the {noun}, then Enter and Ctrl-D:"));
    }
    // Invalid UTF-8 becomes U+FFFD, which no token contains, so the token is reported as malformed.
    Ok(without_line_break(&String::from_utf8_lossy(&read_bytes()?)))
}

fn read_all(noun: &str) -> Result<String, Failure> {
    let text = String::from_utf8(read_bytes()?)
        .map_err(|_| Failure::usage(format!("the {noun} on standard input is not valid UTF-8")))?;
    Ok(without_line_break(&text))
}

fn read_bytes() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("standard input", &error))?;
    Ok(bytes)
}

/// Removes the final line break, which `echo` and editors add, and a byte order mark, which some
/// editors and PowerShell write.
fn without_line_break(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).to_owned()
}
