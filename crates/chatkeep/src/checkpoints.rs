//! Moving SQLite's write-ahead log into the database, off the way of those who write.
//!
//! SQLite does it in a commit, when the log has become a thousand pages long. Whoever's commit that is waits for it, about ten
//! milliseconds, and everybody behind it too. So a thread does it, over a connection that reads, and writers go on meanwhile
//! (SQLite's manual, "Write-Ahead Logging", section 2.3). If it cannot keep up, SQLite does it in a commit after all, when the
//! log is some times as long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chatkeep_core::url::{SqliteLocation, Target};
use chatkeep_pool::Pool;

use crate::background::{Calls, Errand};

/// SQLite's own measure.
const PAGES: u64 = 1_000;
/// What a commit changes beside the rows themselves, about: the last page of the table and of each index.
const PAGES_A_COMMIT: u64 = 4;
/// Of a row, its part in the indexes included.
const BYTES_A_PAGE: u64 = 2_048;

/// Has a thread of chatkeep's do it.
pub(crate) struct Checkpoints {
    pool: Arc<Pool>,
    errand: Errand,
    /// Written since the last one, about.
    pages: AtomicU64,
}

impl Checkpoints {
    /// Nothing, where there is no such log.
    pub(crate) fn new(pool: Arc<Pool>, calls: Arc<Calls>) -> Option<Self> {
        match pool.url().target() {
            Target::Sqlite(target) if target.location != SqliteLocation::Memory => {
                Some(Self { pool, errand: Errand::new(calls), pages: AtomicU64::new(0) })
            }
            _ => None,
        }
    }

    /// Rows of so many bytes were committed just now. The thread begins when it is time to.
    pub(crate) fn committed(&self, bytes: u64) {
        let pages = PAGES_A_COMMIT + bytes / BYTES_A_PAGE;
        if self.pages.fetch_add(pages, Ordering::Relaxed) + pages < PAGES {
            return;
        }
        self.pages.store(0, Ordering::Relaxed);
        let pool = Arc::clone(&self.pool);
        self.errand.want(move || {
            // What it comes to says nothing of any message: the log holds them as well as the database does.
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
    fn what_is_logged_gets_into_the_database_while_it_is_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("chat.db");
        let chat = Chatkeep::open(&format!("sqlite:///{}", file.display())).expect("a URL");
        let message = NewMessage::new("a".repeat(8_000));
        chat.messages().log_message(&message).expect("it is logged");
        let size = || fs::metadata(&file).expect("the file is there").len();
        let before = size();
        // Some thousand pages: fewer than those at which SQLite does it in a commit.
        for _ in 0..50 {
            chat.messages().log_messages(&vec![message.clone(); 10]).expect("they are logged");
        }
        chat.flush(Duration::from_secs(20)).expect("it comes to its end");
        assert!(
            size() > before + 1_000_000,
            "the file has grown from {before} to {} bytes",
            size()
        );
    }
}
