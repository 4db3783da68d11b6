//! Checkpoints SQLite's write-ahead log in the background, so that writers do not wait for it.
//!
//! By default SQLite runs a checkpoint during a commit, when the log has reached 1,000 pages. That
//! commit, and every writer queued after it, then waits about 10 ms. Here a background thread runs
//! it on a read connection, concurrently with writers (SQLite's manual, "Write-Ahead Logging",
//! section 2.3). If that is too slow, SQLite still runs a checkpoint during a commit, at several
//! times that size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chatkeep_core::url::{SqliteLocation, Target};
use chatkeep_pool::Pool;

use crate::background::{BlockingExecutor, CoalescedTask};

/// Log size that triggers a checkpoint, in pages: SQLite's own default.
const PAGES: u64 = 1_000;
/// Estimated pages that a commit changes in addition to its rows: the last page of the table and of
/// each index.
const PAGES_PER_COMMIT: u64 = 4;
/// Estimated bytes of row data per page, including the row's index entries.
const BYTES_PER_PAGE: u64 = 2_048;

/// Triggers checkpoints from an estimate of the log's size.
pub(crate) struct Checkpoints {
    pool: Arc<Pool>,
    task: CoalescedTask,
    /// Estimated pages written since the last checkpoint.
    pages: AtomicU64,
}

impl Checkpoints {
    /// Creates the trigger for a SQLite file. Returns `None` for other databases, which have no
    /// such log.
    pub(crate) fn new(pool: Arc<Pool>, executor: Arc<BlockingExecutor>) -> Option<Self> {
        match pool.url().target() {
            Target::Sqlite(target) if target.location != SqliteLocation::Memory => {
                Some(Self { pool, task: CoalescedTask::new(executor), pages: AtomicU64::new(0) })
            }
            _ => None,
        }
    }

    /// Records a commit of `bytes` of row data, and triggers a checkpoint if one is due.
    pub(crate) fn committed(&self, bytes: u64) {
        let pages = PAGES_PER_COMMIT + bytes / BYTES_PER_PAGE;
        if self.pages.fetch_add(pages, Ordering::Relaxed) + pages < PAGES {
            return;
        }
        self.pages.store(0, Ordering::Relaxed);
        let pool = Arc::clone(&self.pool);
        self.task.trigger(move || {
            // A failure loses no message: the log stores them as durably as the database does.
            let _ = pool.reader().and_then(|mut connection| connection.checkpoint());
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use chatkeep_core::NewMessage;

    use crate::Chatkeep;

    #[test]
    fn logged_messages_are_checkpointed_while_the_database_is_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("chat.db");
        let chat = Chatkeep::open(&format!("sqlite:///{}", file.display())).expect("a valid URL");
        let message = NewMessage::new("a".repeat(8_000));
        chat.messages().log_message(&message).expect("it is logged");
        let size = || fs::metadata(&file).expect("the file exists").len();
        let before = size();
        // A few thousand pages: fewer than those at which SQLite runs a checkpoint in a commit.
        for _ in 0..50 {
            chat.messages().log_messages(&vec![message.clone(); 10]).expect("they are logged");
        }
        chat.flush(Duration::from_secs(20)).expect("the checkpoint ends");
        assert!(
            size() > before + 1_000_000,
            "the file has grown from {before} to {} bytes",
            size()
        );
    }
}
