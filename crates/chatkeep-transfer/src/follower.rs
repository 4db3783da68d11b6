//! Reads committed rows back while others are still being stored.
//!
//! A server has several processors, and the comparison at the end takes less time this way. The
//! follower's result is only an optimization: its connection may end at another server (through a
//! pooler, or at a lagging replica). If its digest does not match, all rows are read again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use chatkeep_core::{Connection, Result};

use crate::content::Content;
use crate::digest::Digests;
use crate::table::{AnyTable, Batch, Tables};

/// Message from the writer to the follower.
enum Progress {
    /// Rows of this table up to this id are committed.
    Stored(&'static str, i64),
    /// All rows are committed.
    All,
}

/// Sender of the writer's progress.
pub(crate) struct ProgressSender(Sender<Progress>);

impl ProgressSender {
    /// Reports that a batch is committed.
    pub(crate) fn stored(&self, batch: &dyn Batch) {
        if let Some(last) = batch.last_id() {
            self.send(Progress::Stored(batch.table(), last));
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
    tables: Tables,
    store: impl FnOnce(&ProgressSender) -> Result<T>,
) -> Result<(T, Option<Content>)> {
    let (sender, receiver) = channel();
    let sender = ProgressSender(sender);
    let aborted = AtomicBool::new(false);
    thread::scope(|scope| {
        let follower = connection.map(|connection| {
            let follower = Follower {
                connection,
                digests: Digests::new(tables),
                positions: tables
                    .iter()
                    .map(|table| Position { table: *table, last_id: i64::MIN })
                    .collect(),
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
    positions: Vec<Position>,
    aborted: &'a AtomicBool,
}

/// The greatest id of a table that was read back.
#[derive(Clone, Copy)]
struct Position {
    table: &'static dyn AnyTable,
    last_id: i64,
}

impl Follower<'_> {
    fn run(mut self, receiver: &Receiver<Progress>) -> Result<Content> {
        for progress in receiver {
            let Progress::Stored(table, last) = progress else { break };
            let Some(index) =
                self.positions.iter().position(|position| position.table.name() == table)
            else {
                continue;
            };
            while self.positions[index].last_id < last && self.read(index)? {}
        }
        for index in 0..self.positions.len() {
            while self.read(index)? {}
        }
        Ok(self.digests.finish())
    }

    /// Reads the next batch of a table. Returns false at the end, or after the writer failed.
    fn read(&mut self, index: usize) -> Result<bool> {
        let Position { table, last_id } = self.positions[index];
        let batch = table.batch_after_id(&mut self.connection, last_id)?;
        self.digests.add(&*batch);
        let Some(last) = batch.last_id() else { return Ok(false) };
        self.positions[index].last_id = last;
        Ok(!self.aborted.load(Ordering::Relaxed))
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
    use crate::table::{Messages, Rows, TABLES};

    #[test]
    fn rows_are_read_back_concurrently_and_completely() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(folder.path().join("chat.db"));
        let chat = Chatkeep::builder().database_url(url.clone()).open().unwrap();
        chat.tokens().create_token("before", None).unwrap();
        let open = || open_source(&url, Duration::from_secs(10)).unwrap();
        let (done, content) = follow(Some(open()), TABLES, |sender| {
            for number in 0..5 {
                let message = NewMessage::new(format!("number {number}"));
                let id = chat.messages().log_message(&message).unwrap();
                sender.stored(&Rows::<Messages>(vec![Message::with_id(id, message)]));
            }
            // The follower is not notified of this row.
            chat.messages().log_message(&NewMessage::new("last")).unwrap();
            Ok("done")
        })
        .unwrap();
        let read = reading::read(&mut open(), TABLES, |_, _| Ok(())).unwrap();
        assert_eq!((done, content.unwrap()), ("done", read.content.clone()));
        assert_eq!((read.content.rows_of("messages"), read.content.rows_of("api_tokens")), (6, 1));

        let failed = follow(Some(open()), TABLES, |_| Err::<(), _>(Error::internal("disk full")));
        assert_eq!(failed.unwrap_err().message(), "disk full");
        assert_eq!(follow(None, TABLES, |_| Ok(1)).unwrap(), (1, None));
    }
}
