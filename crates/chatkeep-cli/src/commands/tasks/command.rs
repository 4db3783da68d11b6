//! The command that runs for a task.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use chatkeep::{Metadata, RunningTask};
use serde_json::json;

/// Interval at which the command and the lease are checked.
const TICK: Duration = Duration::from_millis(50);
/// Time after which a cancelled command that ignores SIGTERM is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum number of bytes of standard output that are read: more is not valid as a result.
const MAX_OUTPUT: usize = (1 << 20) + 1;
/// Maximum number of bytes of text in a result, and of standard error in an error.
const MAX_TEXT: usize = 1 << 16;
const MAX_ERROR: usize = 4_096;

/// How a command ended.
pub(super) struct Outcome {
    status: ExitStatus,
    output: Vec<u8>,
    /// The end of standard error.
    error: Vec<u8>,
}

impl Outcome {
    pub(super) fn is_success(&self) -> bool {
        self.status.success()
    }

    /// Returns whether the command died of a signal.
    pub(super) fn was_signalled(&self) -> bool {
        self.status.code().is_none()
    }

    /// Returns the result: the JSON object or the text that the command printed.
    pub(super) fn result(&self) -> Option<Metadata> {
        let text = String::from_utf8_lossy(&self.output);
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let object = text.starts_with('{').then(|| Metadata::parse(text).ok()).flatten();
        object.or_else(|| {
            let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            let text = text[..end.unwrap_or(0)].replace('\0', "\u{fffd}");
            Metadata::parse(&json!({ "output": text }).to_string()).ok()
        })
    }

    /// Returns the error of a command that did not succeed.
    pub(super) fn error(&self) -> String {
        let text = String::from_utf8_lossy(&self.error);
        let text = text.trim().replace('\0', "\u{fffd}");
        match text.is_empty() {
            true => self.status.to_string(),
            false => format!("{}: {text}", self.status),
        }
    }
}

/// Runs a command for a task, and waits for its end.
///
/// # Errors
/// The error of the operating system when the command cannot be started.
pub(super) fn run(command: &[OsString], task: &RunningTask) -> io::Result<Outcome> {
    let [program, arguments @ ..] = command else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("CHATKEEP_TASK_ID", task.id())
        .env("CHATKEEP_TASK_KIND", &task.task().kind)
        .env("CHATKEEP_TASK_ATTEMPT", task.task().attempts.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let input = task.task().input.as_json().to_owned();
    if let Some(mut stdin) = child.stdin.take() {
        // A command may end without reading its input.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    let output = child.stdout.take().map(|stdout| thread::spawn(move || read_start(stdout)));
    let error = child.stderr.take().map(|stderr| thread::spawn(move || copy_and_keep_end(stderr)));
    let status = wait(&mut child, task)?;
    Ok(Outcome { status, output: joined(output), error: joined(error) })
}

fn joined(thread: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

/// Waits for the end of the command. Stops it if the worker should stop working on the task.
fn wait(child: &mut Child, task: &RunningTask) -> io::Result<ExitStatus> {
    let mut stopped_at: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        match stopped_at {
            None if task.is_cancelled() => {
                stopped_at = Some(Instant::now());
                terminate(child);
            }
            Some(at) if at.elapsed() >= PATIENCE => {
                child.kill()?;
                return child.wait();
            }
            _ => {}
        }
        sleep(TICK);
    }
}

#[cfg(unix)]
fn terminate(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};

    // The command may have ended since.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) {
    let _ = child.kill();
}

/// Reads to the end, and returns the start.
fn read_start(mut from: impl Read) -> Vec<u8> {
    let mut start = Vec::new();
    let mut limited = (&mut from).take(MAX_OUTPUT as u64);
    if limited.read_to_end(&mut start).is_ok() {
        let _ = io::copy(&mut from, &mut io::sink());
    }
    start
}

/// Copies to standard error, and returns the end.
fn copy_and_keep_end(mut from: impl Read) -> Vec<u8> {
    let (mut end, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return end,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return end,
        };
        // If standard error is closed, the error is still stored.
        let _ = io::stderr().write_all(&buffer[..count]);
        end.extend_from_slice(&buffer[..count]);
        end.drain(..end.len().saturating_sub(MAX_ERROR));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn outcome(raw_status: i32, output: &[u8], error: &[u8]) -> Outcome {
        let status = ExitStatus::from_raw(raw_status);
        Outcome { status, output: output.to_owned(), error: error.to_owned() }
    }

    #[test]
    fn results_are_objects_or_text() {
        let result = |output: &[u8]| {
            outcome(0, output, b"").result().map(|result| result.as_json().to_owned())
        };
        assert_eq!(result(b" \n"), None);
        assert_eq!(result(b"{\"a\": 1}\n").as_deref(), Some(r#"{"a":1}"#));
        for (output, text) in [
            (&b"sent\n"[..], "sent"),
            (b"[1]", "[1]"),
            (b"{\"a\": 1", "{\"a\": 1"),
            (b"\xffa\0b", "\u{fffd}a\u{fffd}b"),
        ] {
            let expected = json!({ "output": text }).to_string();
            assert_eq!(result(output), Some(expected), "{text}");
        }
        let long = "é".repeat(MAX_TEXT);
        let cut = result(long.as_bytes()).expect("a result");
        assert_eq!(cut.len(), r#"{"output":""}"#.len() + MAX_TEXT);
    }

    #[test]
    fn errors_have_the_exit_code_and_the_end_of_standard_error() {
        let failed = outcome(3 << 8, b"", b"line\nno answer\n");
        assert_eq!(failed.error(), "exit status: 3: line\nno answer");
        assert!(!failed.was_signalled());
        let killed = outcome(9, b"", b"");
        assert!(killed.error().starts_with("signal: 9"), "{}", killed.error());
        assert!(killed.was_signalled());
        let long = [vec![b'x'; 10_000], b"end".to_vec()].concat();
        let end = copy_and_keep_end(&*long);
        assert_eq!((end.len(), &end[MAX_ERROR - 3..]), (MAX_ERROR, &b"end"[..]));
        assert_eq!(read_start(&*vec![b'x'; 3 << 20]).len(), MAX_OUTPUT);
    }
}
