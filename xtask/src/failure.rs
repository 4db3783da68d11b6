//! The error type of the commands.

use std::fmt;
use std::io;

/// The result of a command or of one of its steps.
pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// A failed command, with the exit code that it causes.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Creates a failure with the exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Creates a failure with another exit code.
    pub(crate) fn with_code(message: impl Into<String>, code: u8) -> Self {
        Self { message: message.into(), code }
    }

    /// Creates a failure of which the reason is already printed.
    pub(crate) fn printed(code: u8) -> Self {
        Self { message: String::new(), code }
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Prints the message to standard error, unless it is already printed.
    pub(crate) fn print(&self) {
        if !self.message.is_empty() {
            eprintln!("{self}");
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<xshell::Error> for Failure {
    fn from(error: xshell::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Adds to an operating system error the operation that failed.
pub(crate) trait Context<T> {
    /// Returns the value, or a failure that begins with `operation`.
    fn context(self, operation: impl fmt::Display) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, operation: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{operation}: {error}")))
    }
}
