//! Separate processes: several that start together, and some that exit in the middle of their work.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

pub(crate) struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the program and waits until it reports that it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, None)
    }

    /// Starts the program; it exits at the `die_at`-th failpoint that it passes.
    pub(crate) fn start_with(arguments: &[&str], die_at: Option<usize>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatkeep-contract-upgrade"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(failpoint) = die_at {
            command.env("CHATKEEP_DIE_AT", failpoint.to_string());
        }
        let mut child = command.spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("the output is UTF-8");
        assert_eq!(line, "ready\n");
        Self { child, output }
    }

    /// Closes its input, which lets it proceed.
    pub(crate) fn go(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for the program and returns its exit status and the migrations that it ran.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        self.go();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("the output is UTF-8");
        (self.child.wait().expect("the program ends"), rest.lines().map(str::to_owned).collect())
    }

    /// Waits for the program, asserts that it succeeded, and returns the migrations that it ran.
    pub(crate) fn finish(self) -> Vec<String> {
        let (status, ran) = self.end();
        assert!(status.success(), "every program succeeds");
        ran
    }
}
