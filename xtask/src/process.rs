//! Runs programs, and decides which part of their output is shown.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::process::{Command, ExitStatus, Stdio};

use xshell::Cmd;

use crate::failure::{Context, Failure, Result};
use crate::interrupt::{self, Forwarding};

/// The exit code of a program, and its standard output and standard error in the order in which
/// they were written.
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) text: String,
}

impl Outcome {
    /// Returns whether the exit code is 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.code == 0
    }
}

/// Ways of running a command. Each fails if the program does not start, or after a signal.
pub(crate) trait Run: Sized {
    /// Runs the command with its output shown. Fails if the command fails.
    fn shown(self) -> Result;

    /// Runs the command, and shows its output only if it fails. Fails if the command fails.
    fn quietly(self) -> Result;

    /// Returns the standard output without the line ends at its end. Fails if the command fails.
    fn text(self) -> Result<String>;

    /// Returns the standard output of a command that reads `input`. Fails if the command fails.
    fn filter(self, input: &str) -> Result<String>;

    /// Runs the command, and returns its exit code and output.
    fn outcome(self) -> Result<Outcome>;

    /// Runs the command, passes each line of its output to `line`, and returns its exit code.
    fn each_line(self, line: impl FnMut(&[u8])) -> Result<u8>;

    /// Returns whether the command succeeds, without showing its output.
    fn succeeds(self) -> Result<bool>;

    /// Replaces this process with the command. Returns only on a failure.
    fn replace(self) -> Result;
}

impl Run for Cmd<'_> {
    fn shown(self) -> Result {
        let name = self.to_string();
        check(&name, wait(&name, &mut command(self))?)
    }

    fn quietly(self) -> Result {
        let name = self.to_string();
        let outcome = self.outcome()?;
        if !outcome.succeeded() {
            eprint!("{}", outcome.text);
        }
        check(&name, outcome.code)
    }

    fn text(self) -> Result<String> {
        self.filter("").map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn filter(self, input: &str) -> Result<String> {
        let name = self.to_string();
        let (stdin, mut stdout) = (temporary(&name)?, temporary(&name)?);
        (&stdin).write_all(input.as_bytes()).context(&name)?;
        (&stdin).rewind().context(&name)?;
        let mut command = command(self);
        command.stdin(stdin).stdout(stdout.try_clone().context(&name)?);
        let code = wait(&name, &mut command)?;
        check(&name, code)?;
        contents(&mut stdout).context(&name)
    }

    fn outcome(self) -> Result<Outcome> {
        let name = self.to_string();
        // A file, not a pipe: a server that outlives the command would keep a pipe open.
        let mut log = temporary(&name)?;
        let mut command = command(self);
        command.stdout(log.try_clone().context(&name)?);
        command.stderr(log.try_clone().context(&name)?);
        let code = wait(&name, &mut command)?;
        Ok(Outcome { code, text: contents(&mut log).context(&name)? })
    }

    fn each_line(self, mut line: impl FnMut(&[u8])) -> Result<u8> {
        let name = self.to_string();
        let mut command = command(self);
        let (reader, writer) = io::pipe().context(&name)?;
        command.stdout(writer.try_clone().context(&name)?).stderr(writer);
        interrupt::check()?;
        let mut child = command.spawn().context(&name)?;
        // The reader gets the end of the output once the command and this process closed it.
        drop(command);
        let forwarding = Forwarding::to(&child);
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).context(&name)? > 0 {
            line(&bytes);
            bytes.clear();
        }
        let status = child.wait().context(&name)?;
        drop(forwarding);
        interrupt::check()?;
        Ok(code(status))
    }

    fn succeeds(self) -> Result<bool> {
        let name = self.to_string();
        let mut command = command(self);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(wait(&name, &mut command)? == 0)
    }

    fn replace(self) -> Result {
        let name = self.to_string();
        let mut command = command(self);
        interrupt::check()?;
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            Err(Failure::new(format!("{name}: {}", command.exec())))
        }
        #[cfg(not(unix))]
        match wait(&name, &mut command)? {
            0 => Ok(()),
            code => Err(Failure::printed(code)),
        }
    }
}

/// Returns the command, without the variables that `cargo run` sets for xtask. Build scripts that
/// depend on them would run again, and their crates would be compiled again.
fn command(cmd: Cmd<'_>) -> Command {
    let mut command = Command::from(cmd);
    for (name, _) in env::vars_os() {
        if set_by_cargo_run(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn set_by_cargo_run(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.starts_with("CARGO_PKG_")
            || matches!(name, "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH")
    })
}

/// Runs a command until it exits, and returns its exit code.
fn wait(name: &str, command: &mut Command) -> Result<u8> {
    interrupt::check()?;
    let mut child = command.spawn().context(name)?;
    let forwarding = Forwarding::to(&child);
    let status = child.wait().context(name)?;
    drop(forwarding);
    interrupt::check()?;
    Ok(code(status))
}

/// Returns the exit code as a shell reports it: 128 plus the number of a signal that ended it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn check(name: &str, code: u8) -> Result {
    match code {
        0 => Ok(()),
        _ => Err(Failure::with_code(format!("`{name}` failed with exit code {code}"), code)),
    }
}

fn temporary(name: &str) -> Result<File> {
    tempfile::tempfile().context(format_args!("{name}: creating a temporary file"))
}

fn contents(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
