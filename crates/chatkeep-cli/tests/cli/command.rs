//! Test fixture: runs `chatkeep` in a temporary folder and captures its output.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder and the URL of a database, which the first command that uses it creates.
pub(crate) struct Home {
    folder: TempDir,
    url: String,
}

/// Exit code and output of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:///{}", folder.path().join("chat.db").display());
        Self { folder, url }
    }

    /// Creates a folder whose commands use the database at this URL.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the sorted names of the files in the folder, except those of the database.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let names = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with("chat.db")).collect();
        names.sort();
        names
    }

    /// Writes a file in the folder and returns its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a file is written");
        path.to_string_lossy().into_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file is read")
    }

    /// Creates a `chatkeep` command that runs in this folder, with a minimal environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatkeep"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("DATABASE_URL", &self.url).env("LANG", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command, which may fail.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::from(self.command(arguments).output().expect("the command runs"))
    }

    /// Runs a command with additional environment variables.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = self.command(arguments);
        Answer::from(command.envs(variables.iter().copied()).output().expect("the command runs"))
    }

    /// Runs a command with `input` on its standard input.
    pub(crate) fn run_on(&self, input: impl AsRef<[u8]>, arguments: &[&str]) -> Answer {
        Self::feed(self.command(arguments), input)
    }

    /// Runs this command with `input` on its standard input.
    pub(crate) fn feed(mut command: Command, input: impl AsRef<[u8]>) -> Answer {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that refuses its arguments or its input early closes the pipe.
        let _ = stdin.write_all(input.as_ref());
        drop(stdin);
        Answer::from(child.wait_with_output().expect("the command ends"))
    }

    /// Starts a command with standard input connected to a pipe.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::piped()).spawn().expect("the command starts")
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn run_ok(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        answer.out
    }

    /// Runs a command with `--json`. It must succeed and print one JSON document.
    pub(crate) fn run_json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let out = self.run_ok(&arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// Returns the number of messages in the database.
    pub(crate) fn count(&self) -> u64 {
        self.run_json(&["messages", "count"])["count"].as_u64().expect("a number")
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl Answer {
    /// Returns the error object that a command with `--json` prints on standard error.
    pub(crate) fn error(&self) -> Value {
        let object: Value =
            serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        object["error"].clone()
    }
}
