//! A contestant's process, seen from outside.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_contest::{Answer, Order, Outcome, Ready, Result, Setup};
use serde::Deserialize;

/// For a contestant to connect, beyond the time that it takes to go through its round.
const PATIENCE: Duration = Duration::from_secs(90);
const FAREWELL: Duration = Duration::from_secs(5);
const LINES_OF_COMPLAINT: usize = 6;

/// A process that takes part. It ends with this value.
pub(crate) struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: File,
}

#[derive(Deserialize)]
struct Told {
    figures: BTreeMap<String, f64>,
}

impl Process {
    /// Starts it and tells it the setup; [`Process::ready`] waits for its answer.
    pub(crate) fn start(mut command: Command, setup: &Setup) -> Result<Self> {
        let complaints = tempfile::tempfile()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone()?);
        let mut child =
            command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let orders = child.stdin.take();
        let output = child.stdout.take().ok_or("no standard output")?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut process = Self { child, orders, answers, complaints };
        // If it is gone already, what it complained of is said when its answer is waited for.
        let _ = process.tell(&serde_json::to_string(setup)?);
        Ok(process)
    }

    pub(crate) fn ready(&mut self) -> Result<Ready> {
        match self.answer(PATIENCE)? {
            Answer::Ready(ready) => Ok(ready),
            other => Err(format!("expected `ready`, got {other:?}").into()),
        }
    }

    pub(crate) fn round(&mut self, length: Duration) -> Result<Outcome> {
        // As above.
        let _ = self.tell(&serde_json::to_string(&Order::Go(length.as_secs_f64()))?);
        match self.answer(PATIENCE + length)? {
            Answer::Result(outcome) if outcome.calls > 0 && outcome.seconds > 0.0 => Ok(outcome),
            other => Err(format!("expected a `result` with calls in it, got {other:?}").into()),
        }
    }

    /// What a study's program says: figures by their names.
    pub(crate) fn figures(&mut self, patience: Duration) -> Result<BTreeMap<String, f64>> {
        let line = self.line(patience)?;
        if let Ok(Told { figures }) = serde_json::from_str(&line) {
            return Ok(figures);
        }
        match serde_json::from_str(&line) {
            Ok(Answer::Error(error)) => Err(error.into()),
            _ => Err(format!("these are no figures: {line}").into()),
        }
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let orders = self.orders.as_mut().ok_or("no standard input")?;
        writeln!(orders, "{line}")?;
        Ok(orders.flush()?)
    }

    fn line(&mut self, patience: Duration) -> Result<String> {
        let line = self.answers.recv_timeout(patience);
        line.map_err(|_| format!("no answer: {}", self.complaint()).into())
    }

    fn answer(&mut self, patience: Duration) -> Result<Answer> {
        let line = self.line(patience)?;
        match serde_json::from_str(&line) {
            Ok(Answer::Error(error)) => Err(error.into()),
            Ok(answer) => Ok(answer),
            Err(_) => Err(format!("not a line of the protocol: {line}").into()),
        }
    }

    /// The end of what it wrote to its standard error.
    fn complaint(&mut self) -> String {
        let mut text = String::new();
        // What cannot be read is left out: this is only the explanation of another failure.
        let _ = self.complaints.rewind();
        let _ = self.complaints.read_to_string(&mut text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_OF_COMPLAINT)..].join(" / ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.orders = None;
        let begin = Instant::now();
        while begin.elapsed() < FAREWELL {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // It had its time; whatever these say, it is not ours any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command, &place::example_setup()).unwrap()
    }

    #[test]
    fn a_contestant_in_another_language_takes_part() {
        let mut process = shell(
            r#"read setup; echo '{"ready": {"versions": {"sh": "1"}, "durability": {}}}'
               read order; echo '{"result": {"calls": 4, "rows": 4, "seconds": 2, "p50_us": 1, "p99_us": 2, "id_sum": 10}}'
               read order; echo '{"error": "the disk is full"}'"#,
        );
        assert_eq!(process.ready().unwrap().versions["sh"], "1");
        assert_eq!(process.round(Duration::from_secs(2)).unwrap().id_sum, Some(10));
        let failed = process.round(Duration::from_secs(2)).unwrap_err();
        assert_eq!(failed.to_string(), "the disk is full");
    }

    #[test]
    fn one_that_ends_or_babbles_is_a_failure_with_a_reason() {
        let failed = shell("echo 'no such module' >&2; exit 1").ready().unwrap_err();
        assert!(failed.to_string().contains("no such module"), "{failed}");
        let failed = shell("read setup; echo hello").ready().unwrap_err();
        assert!(failed.to_string().contains("hello"), "{failed}");
        let idle = r#"read setup; echo '{"result": {"calls": 0, "rows": 0, "seconds": 1}}'"#;
        assert!(shell(idle).round(Duration::ZERO).is_err());
    }
}
