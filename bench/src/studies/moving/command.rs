//! `chatkeep`, the command, as users have it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chatkeep_contest::Result;
use serde::{Deserialize, Serialize};

use super::program::{Memory, Ran, run};

/// For a million messages, on a machine where others work as well.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The program.
#[derive(Clone, Copy)]
pub(super) struct Chatkeep<'a>(pub(super) &'a Path);

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Copied {
    /// From the program's start to its end.
    pub(crate) seconds: f64,
    /// Of these, until all rows were stored; on servers they are read back meanwhile.
    pub(crate) storing: f64,
    /// Until the totals of the statistics were counted.
    pub(crate) counting: f64,
    /// Until the rest was read back, and compared.
    pub(crate) comparing: f64,
    pub(crate) memory: Memory,
    /// Flushes of the disk meanwhile, where it counts them.
    pub(crate) flushes: Option<u64>,
}

/// A comparison that said `equal`.
pub(super) struct Verified {
    pub(super) seconds: f64,
    /// Over all messages.
    pub(super) sha256: String,
}

#[derive(Deserialize)]
struct CopyAnswer {
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
    /// # Errors
    /// It failed, or copied another number of messages.
    pub(super) fn copy(self, from: &str, to: &str, messages: usize) -> Result<Copied> {
        let ran = self.run(&["db", "copy", "--from", from, "--to", to])?;
        let answer: CopyAnswer = read(&ran)?;
        if !answer.comparison.equal || answer.messages != messages as u64 {
            return Err(format!("{} of {messages} messages were copied", answer.messages).into());
        }
        Ok(Copied {
            seconds: ran.seconds,
            storing: answer.storing_seconds,
            counting: answer.counting_seconds,
            comparing: answer.comparing_seconds,
            memory: ran.memory,
            flushes: None,
        })
    }

    /// # Errors
    /// It failed, or found a difference.
    pub(super) fn verify(self, from: &str, to: &str, messages: usize) -> Result<Verified> {
        let ran = self.run(&["db", "copy", "--from", from, "--to", to, "--verify"])?;
        let Comparison { equal, target } = read(&ran)?;
        if !equal || target.messages.rows != messages as u64 {
            return Err(format!("not equal: {}", ran.output.trim()).into());
        }
        Ok(Verified { seconds: ran.seconds, sha256: target.messages.sha256 })
    }

    /// Writes all messages of a database into a file.
    pub(super) fn export(self, url: &str, file: &Path) -> Result<Ran> {
        let file = file.to_str().ok_or("the temporary folder's name is not UTF-8")?;
        self.run(&["--database-url", url, "messages", "export", file])
    }

    fn run(self, arguments: &[&str]) -> Result<Ran> {
        let mut command = Command::new(self.0);
        // It reads settings from the environment, and whoever runs the benchmark may have some.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DB_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--json");
        run(command, PATIENCE).map_err(|failure| message(&failure.to_string()).into())
    }
}

/// What went wrong, out of what the command says of it to programs.
fn message(said: &str) -> String {
    let told = said
        .find('{')
        .and_then(|start| serde_json::from_str::<serde_json::Value>(&said[start..]).ok());
    let message = told.as_ref().and_then(|told| told["error"]["message"].as_str());
    message.unwrap_or(said).to_owned()
}

fn read<T: for<'a> Deserialize<'a>>(ran: &Ran) -> Result<T> {
    serde_json::from_str(&ran.output)
        .map_err(|error| format!("{error}: {}", ran.output.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn an_error_is_told_in_its_own_words() {
        assert_eq!(
            message(r#"chatkeep: {"error": {"kind": "Schema", "message": "is behind"}}"#),
            "is behind"
        );
        assert_eq!(message("chatkeep: {killed"), "chatkeep: {killed");
    }
}
