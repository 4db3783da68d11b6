//! Reads committed rows back while others are still being stored.
//!
//! A server has several processors, and the comparison at the end takes less time this way. The
//! follower's result is only an optimization: its connection may end at another server (through a
//! pooler, or at a lagging replica). If its digest does not match, all rows are read again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use chatkeep_core::{Connection, Result, messages, tokens};

use crate::batch::Batch;
use crate::digest::{Content, Digests};

/// Message from the writer to the follower.
enum Progress {
    /// Tokens up to this id are committed.
    Tokens(i64),
    /// Messages up to this id are committed.
    Messages(i64),
    /// All rows are committed.
    All,
}

/// Sender of the writer's progress.
pub(crate) struct ProgressSender(Sender<Progress>);

impl ProgressSender {
    /// Reports that a batch is committed.
    pub(crate) fn stored(&self, batch: &Batch) {
        let progress = match batch {
            Batch::Tokens(rows) => rows.last().map(|row| Progress::Tokens(row.id)),
            Batch::Messages(rows) => rows.last().map(|row| Progress::Messages(row.id)),
        };
        if let Some(progress) = progress {
            self.send(progress);
        }
    }

    fn send(&self, progress: Progress) {
        // If the follower has stopped, all rows are read at the end.
        let _ = self.0.send(progress);
    }
}

/// Runs `store` while another thread reads the committed rows back over `connection`.
///
/// Returns the content that was read back. `None` means that there is no connection, or reading
/// failed.
pub(crate) fn follow<T>(
    connection: Option<Connection>,
    store: impl FnOnce(&ProgressSender) -> Result<T>,
) -> Result<(T, Option<Content>)> {
    let (sender, receiver) = channel();
    let sender = ProgressSender(sender);
    let aborted = AtomicBool::new(false);
    thread::scope(|scope| {
        let follower = connection.map(|connection| {
            let follower = Follower {
                connection,
                digests: Digests::default(),
                last_token: i64::MIN,
                last_message: i64::MIN,
                aborted: &aborted,
            };
            scope.spawn(move || follower.run(&receiver))
        });
        let stored = store(&sender);
        aborted.store(stored.is_err(), Ordering::Relaxed);
        sender.send(Progress::All);
        drop(sender);
        let content = follower.and_then(|follower| follower.join().ok()?.ok());
        Ok((stored?, content))
    })
}

struct Follower<'a> {
    connection: Connection,
    digests: Digests,
    /// Greatest ids read so far.
    last_token: i64,
    last_message: i64,
    aborted: &'a AtomicBool,
}

impl Follower<'_> {
    fn run(mut self, receiver: &Receiver<Progress>) -> Result<Content> {
        for progress in receiver {
            match progress {
                Progress::Tokens(last) => while self.last_token < last && self.read_tokens()? {},
                Progress::Messages(last) => {
                    while self.last_message < last && self.read_messages()? {}
                }
                Progress::All => break,
            }
        }
        while self.read_tokens()? {}
        while self.read_messages()? {}
        Ok(self.digests.finish())
    }

    /// Reads the next batch. Returns false at the end, or after the writer failed.
    fn read_tokens(&mut self) -> Result<bool> {
        let rows = tokens::list_after_id(&mut self.connection, self.last_token)?;
        self.last_token = rows.last().map_or(self.last_token, |row| row.id);
        Ok(self.add(&Batch::Tokens(rows)))
    }

    /// Reads the next batch of messages, as [`Self::read_tokens`] does.
    fn read_messages(&mut self) -> Result<bool> {
        let rows = messages::list_after_id(&mut self.connection, self.last_message)?;
        self.last_message = rows.last().map_or(self.last_message, |row| row.id);
        Ok(self.add(&Batch::Messages(rows)))
    }

    fn add(&mut self, batch: &Batch) -> bool {
        self.digests.add(batch);
        batch.len() > 0 && !self.aborted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chatkeep::{Chatkeep, NewMessage};
    use chatkeep_core::transfer::open_source;
    use chatkeep_core::{DatabaseUrl, Error, Message};

    use super::*;
    use crate::reading;

    #[test]
    fn rows_are_read_back_concurrently_and_completely() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("chat.db"));
        let chat = Chatkeep::builder().database_url(url.clone()).open().unwrap();
        chat.tokens().create_token("before", None).unwrap();
        let open = || open_source(&url, Duration::from_secs(10)).unwrap();
        let (done, content) = follow(Some(open()), |sender| {
            for number in 0..5 {
                let message = NewMessage::new(format!("number {number}"));
                let id = chat.messages().log_message(&message).unwrap();
                sender.stored(&Batch::Messages(vec![Message::with_id(id, message)]));
            }
            // The follower is not notified of this row.
            chat.messages().log_message(&NewMessage::new("last")).unwrap();
            Ok("done")
        })
        .unwrap();
        let read = reading::read(&mut open(), |_, _| Ok(())).unwrap();
        assert_eq!((done, content.unwrap()), ("done", read.content.clone()));
        assert_eq!((read.content.messages.rows, read.content.api_tokens.rows), (6, 1));

        let failed = follow(Some(open()), |_| Err::<(), _>(Error::internal("disk full")));
        assert_eq!(failed.unwrap_err().message(), "disk full");
        assert_eq!(follow(None, |_| Ok(1)).unwrap(), (1, None));
    }
}
