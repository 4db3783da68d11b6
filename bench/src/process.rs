//! The process of a competitor, as seen by the benchmark.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep_bench_protocol::{Outcome, Ready, Request, Response, Result, Setup};
use serde::Deserialize;

/// Time limit for a competitor to connect or respond, beyond the duration of a round.
const TIMEOUT: Duration = Duration::from_secs(90);
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
const STDERR_LINES: usize = 6;

/// The process of a competitor. It is ended when this value is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    responses: Receiver<String>,
    stderr: File,
}

#[derive(Deserialize)]
struct StudyOutput {
    figures: BTreeMap<String, f64>,
}

impl Process {
    /// Starts the process and sends the setup. [`Process::ready`] waits for the response.
    pub(crate) fn start(mut command: Command, setup: &Setup) -> Result<Self> {
        let stderr = tempfile::tempfile()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr.try_clone()?);
        let mut child =
            command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no standard output")?;
        let (sender, responses) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut process = Self { child, input, responses, stderr };
        // If the process has ended already, waiting for its response reports its error output.
        let _ = process.send(&serde_json::to_string(setup)?);
        Ok(process)
    }

    pub(crate) fn ready(&mut self) -> Result<Ready> {
        match self.response(TIMEOUT)? {
            Response::Ready(ready) => Ok(ready),
            other => Err(format!("expected `ready`, got {other:?}").into()),
        }
    }

    pub(crate) fn round(&mut self, length: Duration) -> Result<Outcome> {
        // A failure to send is reported by waiting for the response.
        let _ = self.send(&serde_json::to_string(&Request::Go(length.as_secs_f64()))?);
        match self.response(TIMEOUT + length)? {
            Response::Result(outcome) if outcome.calls > 0 && outcome.seconds > 0.0 => Ok(outcome),
            other => {
                Err(format!("expected a `result` with at least one call, got {other:?}").into())
            }
        }
    }

    /// Reads the output of a study program: figures by name.
    pub(crate) fn figures(&mut self, timeout: Duration) -> Result<BTreeMap<String, f64>> {
        let line = self.line(timeout)?;
        if let Ok(StudyOutput { figures }) = serde_json::from_str(&line) {
            return Ok(figures);
        }
        match serde_json::from_str(&line) {
            Ok(Response::Error(error)) => Err(error.into()),
            _ => Err(format!("expected figures, got: {line}").into()),
        }
    }

    fn send(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().ok_or("no standard input")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    fn line(&mut self, timeout: Duration) -> Result<String> {
        let line = self.responses.recv_timeout(timeout);
        line.map_err(|_| format!("no response: {}", self.stderr_tail()).into())
    }

    fn response(&mut self, timeout: Duration) -> Result<Response> {
        let line = self.line(timeout)?;
        match serde_json::from_str(&line) {
            Ok(Response::Error(error)) => Err(error.into()),
            Ok(response) => Ok(response),
            Err(_) => Err(format!("not a response of the protocol: {line}").into()),
        }
    }

    /// Returns the last lines of its standard error.
    fn stderr_tail(&mut self) -> String {
        let mut text = String::new();
        // Read errors are ignored, because this only explains another failure.
        let _ = self.stderr.rewind();
        let _ = self.stderr.read_to_string(&mut text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(STDERR_LINES)..].join(" / ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let begin = Instant::now();
        while begin.elapsed() < SHUTDOWN_TIMEOUT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // It did not exit in time. Errors are ignored, because the process is abandoned.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command, &host::example_setup()).unwrap()
    }

    #[test]
    fn a_competitor_in_another_language_can_run() {
        let mut process = shell(
            r#"read setup; echo '{"ready": {"versions": {"sh": "1"}, "durability": {}}}'
               read order; echo '{"result": {"calls": 4, "rows": 4, "seconds": 2,' \
                   '"p50_us": 1, "p99_us": 2, "id_sum": 10}}'
               read order; echo '{"error": "the disk is full"}'"#,
        );
        assert_eq!(process.ready().unwrap().versions["sh"], "1");
        assert_eq!(process.round(Duration::from_secs(2)).unwrap().id_sum, Some(10));
        let failed = process.round(Duration::from_secs(2)).unwrap_err();
        assert_eq!(failed.to_string(), "the disk is full");
    }

    #[test]
    fn an_early_exit_or_invalid_output_is_reported() {
        let failed = shell("echo 'no such module' >&2; exit 1").ready().unwrap_err();
        assert!(failed.to_string().contains("no such module"), "{failed}");
        let failed = shell("read setup; echo hello").ready().unwrap_err();
        assert!(failed.to_string().contains("hello"), "{failed}");
        let idle = r#"read setup; echo '{"result": {"calls": 0, "rows": 0, "seconds": 1}}'"#;
        assert!(shell(idle).round(Duration::ZERO).is_err());
    }
}
