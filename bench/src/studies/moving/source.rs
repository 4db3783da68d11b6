//! The source of the copy: a SQLite file with messages, and the same rows in a file for `COPY`.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_bench_protocol::Result;
use chatkeep_testkit::TestDatabase;
use tempfile::TempDir;

use super::chats::Chats;
use crate::host::Host;

const BATCH: usize = 2_000;
const TOKENS: usize = 64;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Source {
    pub(super) database: TestDatabase,
    /// File in the text format of `COPY`, with ids, readable by the server; `None` if it is not
    /// needed.
    pub(super) prepared: Option<PathBuf>,
    /// Total size of the texts in bytes.
    pub(super) bytes: u64,
    folder: TempDir,
}

impl Source {
    pub(super) fn fill(messages: usize, with_prepared: bool) -> Result<Self> {
        let database = Host::Files.create()?;
        let folder = tempfile::Builder::new().prefix("chatkeep-bench-").tempdir()?;
        // Servers run under other accounts. The contents are generated, so they need no protection.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let prepared = with_prepared.then(|| folder.path().join("messages.copy"));
        let mut lines = prepared.as_ref().map(File::create).transpose()?.map(BufWriter::new);
        let chat = Chatkeep::builder().url(database.url()).open()?;
        let mut chats = Chats::new(messages);
        let (mut left, mut bytes) = (messages, 0);
        while left > 0 {
            let count = left.min(BATCH);
            left -= count;
            let batch: Vec<NewMessage> = (0..count).map(|_| chats.next()).collect::<Result<_>>()?;
            let ids = chat.messages().log_messages(&batch)?;
            bytes += batch.iter().map(NewMessage::size_in_bytes).sum::<u64>();
            let Some(lines) = &mut lines else { continue };
            for (id, message) in ids.iter().zip(&batch) {
                lines.write_all(line(*id, message)?.as_bytes())?;
            }
        }
        for _ in 0..TOKENS {
            chat.tokens().create_token("for the benchmark", None)?;
        }
        // Closing updates the totals, as in a log that has been in use for a while.
        chat.close(CLOSE_TIMEOUT)?;
        if let Some(lines) = lines {
            let file = lines.into_inner()?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.sync_all()?;
        }
        Ok(Self { database, prepared, bytes, folder })
    }

    /// Returns the path of a new file, which is removed with this value.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Formats a row in the text format of `COPY`.
fn line(id: i64, message: &NewMessage) -> Result<String> {
    let timestamp =
        message.timestamp.ok_or("a message has no timestamp")?.to_string()[..26].replace('T', " ");
    let NewMessage { user_message, bot_response, provider, model, tokens_used, metadata, .. } =
        message;
    let mut line = format!("{id}\t{timestamp}\t{}", escaped(user_message));
    for text in [bot_response, provider, model] {
        let _ = write!(line, "\t{}", text.as_deref().map_or_else(null, escaped));
    }
    let tokens = tokens_used.map_or_else(null, |tokens| tokens.to_string());
    let metadata = metadata.as_ref().map_or_else(null, |metadata| escaped(metadata.as_json()));
    let _ = writeln!(line, "\t{tokens}\t{metadata}");
    Ok(line)
}

fn null() -> String {
    "\\N".to_owned()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_formatted_for_copy() {
        let message = NewMessage::new("a\tb\n\\ ü")
            .with_timestamp("2026-01-02T03:04:05.000006Z".parse().unwrap());
        let expected = "7\t2026-01-02 03:04:05.000006\ta\\tb\\n\\\\ ü\t\\N\t\\N\t\\N\t\\N\t\\N\n";
        assert_eq!(line(7, &message).unwrap(), expected);
    }

    #[test]
    fn both_files_contain_the_same_rows() {
        let source = Source::fill(500, true).unwrap();
        let lines = fs::read_to_string(source.prepared.as_ref().unwrap()).unwrap();
        assert_eq!(
            (lines.lines().count(), lines.lines().next().unwrap().split('\t').count()),
            (500, 8)
        );
        assert_eq!(source.database.scalar("SELECT count(*) FROM messages").as_deref(), Some("500"));
        assert!(source.bytes > 500 * 1_800 && source.bytes < lines.len() as u64);
    }
}
