//! Writers in processes of their own. Such a process is this program, which runs the case again.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use chatkeep::Error;
use chatkeep_testkit::Engine;

use super::{EXPECTED, Random, SPAN};

/// URL of the database, and the name of the writer.
const URL: &str = "CHATKEEP_FAULTS_KILLED_URL";
const NAME: &str = "CHATKEEP_FAULTS_KILLED_NAME";
/// Number of processes that write to one database concurrently. One is killed at a time.
pub(super) const PROCESSES: usize = 2;

/// Returns the database and the name of the writer that this process is, if it is one.
pub(super) fn writer() -> Option<(String, String)> {
    let url = std::env::var(URL).ok()?;
    // The line of the test harness that precedes the output may have no end.
    println!();
    Some((url, std::env::var(NAME).expect("it has a name")))
}

/// Reports the outcome of a call, with a single write after the call has returned.
pub(super) fn report(line: &str) {
    let line = format!("{line}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the receiver is open");
}

/// Reports that a call failed, with words that identify the call.
pub(super) fn report_error(error: &Error, call: &str) {
    if !EXPECTED.contains(&error.kind()) {
        // The case fails at this line, and does not see the message.
        eprintln!("{call}: {error}");
    }
    report(&format!("error {} {call}", error.kind().name()));
}

/// Splits a reported line: a word, an id or the kind of an error, and the rest.
pub(super) fn words(line: &str) -> Option<[&str; 3]> {
    line.splitn(3, ' ').collect::<Vec<_>>().try_into().ok()
}

/// A process that writes until it is killed.
pub(super) struct Writer {
    process: Child,
    /// Receives its first acknowledgement. Starting may take long on a busy machine.
    began: Receiver<()>,
    reader: JoinHandle<Vec<String>>,
}

impl Writer {
    /// Starts a writer of the case with this path.
    pub(super) fn start(case: &str, engine: Engine, url: &str, name: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", &format!("{case}::{}", engine.name()), "--nocapture"])
            .env(URL, url)
            .env(NAME, name)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut output = BufReader::new(process.stdout.take().expect("the output is piped"));
        let (sender, began) = channel();
        let reader = thread::spawn(move || {
            let mut lines = Vec::new();
            loop {
                let mut line = Vec::new();
                output.read_until(b'\n', &mut line).expect("the writer's output");
                // The last line may be truncated.
                let Some(line) = line.strip_suffix(b"\n") else { return lines };
                let line = String::from_utf8(line.to_vec()).expect("the output is UTF-8");
                if line.starts_with("ack ") {
                    // The receiver is dropped if the process was already killed.
                    let _ = sender.send(());
                }
                lines.push(line);
            }
        });
        Self { process, began, reader }
    }

    /// Waits for the first line that begins with `ack`.
    pub(super) fn wait_for_acknowledgement(&self) {
        self.began.recv().expect("it writes");
    }

    /// Kills the process, and returns the lines that it reported before.
    pub(super) fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("the process is our child");
        self.process.wait().expect("the process is our child");
        self.reader.join().expect("lines are read")
    }
}

/// Starts writers of a case and kills each at a random time. Their names are a number and, after a
/// space, `name`. Returns what they reported.
pub(super) fn kill_writers(
    case: &str,
    engine: Engine,
    url: &str,
    name: &str,
    kills: u32,
) -> Vec<String> {
    let mut random = Random::new();
    let mut lines = Vec::new();
    let mut numbers = 0..kills;
    let start = |number: u32| Writer::start(case, engine, url, &format!("{number} {name}"));
    let mut writers: VecDeque<_> = numbers.by_ref().take(PROCESSES).map(start).collect();
    while let Some(writer) = writers.pop_front() {
        writer.wait_for_acknowledgement();
        thread::sleep(random.below(SPAN));
        // Its replacement starts while it is killed. The last writers are not replaced.
        writers.extend(numbers.next().map(start));
        lines.extend(writer.kill());
    }
    lines
}
