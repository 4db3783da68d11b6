//! The `chatkeep` command, as users run it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chatkeep_bench_protocol::Result;
use serde::{Deserialize, Serialize};

use super::program::{Memory, Ran, run};

/// Time limit for a million messages on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(3_600);

/// The path of the program.
#[derive(Clone, Copy)]
pub(super) struct Chatkeep<'a>(pub(super) &'a Path);

/// A completed copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Copied {
    /// Time from the start of the program to its end.
    pub(crate) seconds: f64,
    /// Seconds until all rows were stored; on servers this includes reading back.
    pub(crate) storing: f64,
    /// Seconds to count the totals of the statistics.
    pub(crate) counting: f64,
    /// Seconds to read back the rest and compare it.
    pub(crate) comparing: f64,
    pub(crate) memory: Memory,
    /// Disk flushes of the copy, if they are counted.
    pub(crate) flushes: Option<u64>,
}

/// A comparison that found both sides equal.
pub(super) struct Verified {
    pub(super) seconds: f64,
    /// Digest of all messages.
    pub(super) sha256: String,
}

#[derive(Deserialize)]
struct CopyResult {
    messages: u64,
    storing_seconds: f64,
    counting_seconds: f64,
    comparing_seconds: f64,
    comparison: Comparison,
}

#[derive(Deserialize)]
struct Comparison {
    equal: bool,
    target: Content,
}

#[derive(Deserialize)]
struct Content {
    messages: Table,
}

#[derive(Deserialize)]
struct Table {
    rows: u64,
    sha256: String,
}

impl Chatkeep<'_> {
    /// Copies a database.
    ///
    /// # Errors
    /// If the command fails or copies another number of messages.
    pub(super) fn copy(self, from: &str, to: &str, messages: usize) -> Result<Copied> {
        let ran = self.run(&["db", "copy", "--from", from, "--to", to])?;
        let result: CopyResult = read(&ran)?;
        if !result.comparison.equal || result.messages != messages as u64 {
            return Err(format!("{} of {messages} messages were copied", result.messages).into());
        }
        Ok(Copied {
            seconds: ran.seconds,
            storing: result.storing_seconds,
            counting: result.counting_seconds,
            comparing: result.comparing_seconds,
            memory: ran.memory,
            flushes: None,
        })
    }

    /// Compares two databases.
    ///
    /// # Errors
    /// If the command fails or finds a difference.
    pub(super) fn verify(self, from: &str, to: &str, messages: usize) -> Result<Verified> {
        let ran = self.run(&["db", "copy", "--from", from, "--to", to, "--verify"])?;
        let Comparison { equal, target } = read(&ran)?;
        if !equal || target.messages.rows != messages as u64 {
            return Err(format!("not equal: {}", ran.output.trim()).into());
        }
        Ok(Verified { seconds: ran.seconds, sha256: target.messages.sha256 })
    }

    /// Exports all messages of a database into a file.
    pub(super) fn export(self, url: &str, file: &Path) -> Result<Ran> {
        let file = file.to_str().ok_or("the temporary folder's name is not UTF-8")?;
        self.run(&["--database-url", url, "messages", "export", file])
    }

    fn run(self, arguments: &[&str]) -> Result<Ran> {
        let mut command = Command::new(self.0);
        // The command reads settings from the environment, which must not affect the benchmark.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DB_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--json");
        run(command, TIMEOUT).map_err(|failure| message(&failure.to_string()).into())
    }
}

/// Extracts the message from the JSON error of the command.
fn message(output: &str) -> String {
    let error = output
        .find('{')
        .and_then(|start| serde_json::from_str::<serde_json::Value>(&output[start..]).ok());
    let message = error.as_ref().and_then(|error| error["error"]["message"].as_str());
    message.unwrap_or(output).to_owned()
}

fn read<T: for<'a> Deserialize<'a>>(ran: &Ran) -> Result<T> {
    serde_json::from_str(&ran.output)
        .map_err(|error| format!("{error}: {}", ran.output.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn the_message_of_a_json_error_is_extracted() {
        assert_eq!(
            message(r#"chatkeep: {"error": {"kind": "Schema", "message": "is behind"}}"#),
            "is behind"
        );
        assert_eq!(message("chatkeep: {killed"), "chatkeep: {killed");
    }
}
