//! Passwords, tokens and other secrets from the terminal or standard input.

use std::io::{self, IsTerminal as _, Read as _};
use std::thread;
use std::time::Duration;

use chatkeep::Secret;

use crate::failure::{Failure, INTERRUPTED};
use crate::interrupt::InterruptHandler;
use crate::terminal::Terminal;

/// Maximum number of bytes read from standard input: 2 MiB, which is longer than any secret.
const MAX_BYTES: u64 = 2 << 20;

/// Maximum time until the signal of Ctrl-C ends the process.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a new password: twice from the terminal without echo, or from standard input.
pub(crate) fn read_new_password(interrupts: &InterruptHandler) -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let text = String::from_utf8(read_bytes()?)
            .map_err(|_| Failure::usage("the password on standard input is not valid UTF-8"))?;
        let text = Secret::from(text);
        let password = without_line_break(text.expose());
        return match password.contains(['\n', '\r']) {
            true => Err(Failure::usage("the password on standard input has more than one line")
                .with_field(Some("password".to_owned()))),
            false => Ok(Secret::from(password)),
        };
    }
    let password = ask("New password: ", interrupts)?;
    if ask("The same password again: ", interrupts)?.expose() != password.expose() {
        return Err(Failure::usage("the passwords differ; nothing was changed"));
    }
    Ok(password)
}

/// Reads a secret to store: from the terminal without echo, or from standard input, where it may have
/// several lines.
pub(crate) fn read_secret(interrupts: &InterruptHandler) -> Result<Secret, Failure> {
    if io::stdin().is_terminal() {
        return ask("Secret: ", interrupts);
    }
    let text = String::from_utf8(read_bytes()?)
        .map_err(|_| Failure::usage("the secret on standard input is not valid UTF-8"))?;
    let text = Secret::from(text);
    Ok(Secret::from(without_line_break(text.expose())))
}

/// Reads a password or another secret from the terminal without echo.
fn ask(prompt: &str, interrupts: &InterruptHandler) -> Result<Secret, Failure> {
    // A signal ends the process after the echo of the terminal is restored.
    let deferred = interrupts.defer();
    let password = rpassword::prompt_password(prompt);
    drop(deferred);
    password.map(Secret::from).map_err(|error| {
        if error.kind() == io::ErrorKind::Interrupted {
            // Ctrl-C has raised the signal, which another thread handles.
            thread::sleep(SIGNAL_TIMEOUT);
            return Failure::silent(INTERRUPTED);
        }
        Failure::file("the terminal", &error)
    })
}

/// Reads a token that is pasted into the terminal, or piped to standard input.
pub(crate) fn read_token(terminal: &Terminal) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        terminal.note("Type or paste the token, then Enter and Ctrl-D:");
    }
    // Invalid UTF-8 becomes U+FFFD, which no token contains, so the token is reported as malformed.
    Ok(without_line_break(&String::from_utf8_lossy(&read_bytes()?)).to_owned())
}

fn read_bytes() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("standard input", &error))?;
    Ok(bytes)
}

/// Removes the final line break, which `echo` and editors add, and a byte order mark, which some
/// editors and PowerShell write.
fn without_line_break(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
