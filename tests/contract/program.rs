//! Programs of their own beside the test: several at once, and such as die in the middle.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

pub(crate) struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts the program, and waits until it stands ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, None)
    }

    /// The same; it dies as soon as it has passed so many of the places where a test may have it die.
    pub(crate) fn start_with(arguments: &[&str], die_at: Option<usize>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatkeep-contract-upgrade"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(place) = die_at {
            command.env("CHATKEEP_DIE_AT", place.to_string());
        }
        let mut child = command.spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its output is text");
        assert_eq!(line, "ready\n");
        Self { child, output }
    }

    /// Its input ends: go.
    pub(crate) fn go(&mut self) {
        drop(self.child.stdin.take());
    }

    /// How it ended, and the migrations that it ran.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        self.go();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("its output is text");
        (self.child.wait().expect("the program ends"), rest.lines().map(str::to_owned).collect())
    }

    /// The migrations that the program ran. It must not have failed.
    pub(crate) fn finish(self) -> Vec<String> {
        let (status, ran) = self.end();
        assert!(status.success(), "every program succeeds");
        ran
    }
}
