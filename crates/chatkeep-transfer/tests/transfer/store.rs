//! What a case works on: an empty database of its own, chatkeep on it, and a folder for files.

use std::ops::Deref;
use std::path::PathBuf;

use chatkeep::{Chatkeep, Message, MessageFilter, NewMessage, Order, Result};
use chatkeep_testkit::{Engine, TestDatabase};
use tempfile::TempDir;

pub(crate) struct Store {
    // Closed before the database is dropped.
    chat: Chatkeep,
    /// The database behind chatkeep's back.
    pub(crate) raw: TestDatabase,
    folder: TempDir,
}

impl Store {
    pub(crate) fn create(engine: Engine) -> Self {
        let raw = TestDatabase::create(engine);
        Self { chat: open(raw.url()), raw, folder: tempfile::tempdir().expect("a folder") }
    }

    /// A place for a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every message, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Message> {
        all(self)
    }

    pub(crate) fn count(&self) -> i64 {
        self.messages().get_message_count(&MessageFilter::default()).expect("the log answers")
    }

    pub(crate) fn log(&self, text: &str) -> i64 {
        self.messages().log_message(&NewMessage::new(text)).expect("the message is logged")
    }

    /// Asserts that the statistics are what the messages add up to, and count all of them.
    pub(crate) fn assert_totals(&self) {
        assert_totals(self);
    }
}

pub(crate) fn all(chat: &Chatkeep) -> Vec<Message> {
    let all: Result<Vec<_>> =
        chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst).collect();
    let mut all = all.expect("the log answers");
    all.sort_by_key(|message| message.id);
    all
}

pub(crate) fn assert_totals(chat: &Chatkeep) {
    let check = chat.messages().check_totals().expect("the totals are compared");
    assert_eq!(check.differences, [], "the totals are right");
    let count = chat.messages().get_message_count(&MessageFilter::default()).expect("the log answers");
    assert_eq!(check.counted + check.uncounted, count);
    assert_eq!(chat.messages().get_analytics(None, None).expect("analytics").total_messages, count);
}

impl Deref for Store {
    type Target = Chatkeep;

    fn deref(&self) -> &Chatkeep {
        &self.chat
    }
}

/// Chatkeep on this URL, with few connections: many tests share a server.
pub(crate) fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).pool_size(2).max_overflow(2).open().expect("the URL is understood")
}
