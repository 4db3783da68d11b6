//! The fixture of a case: a database without rows that no other test uses, and a chatkeep handle on
//! it.

use std::ops::Deref;
use std::time::Duration;

use chatkeep::{
    Chatkeep, ErrorKind, Message, MessageFilter, Metadata, NewMessage, Order, Page, Result,
    Timestamp,
};
use chatkeep_testkit::{Engine, TestDatabase};

/// Longer than any operation of these tests takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A database used by one test only, and removed with it.
pub(crate) struct Store {
    chat: Chatkeep,
    /// Direct access to the database, bypassing chatkeep.
    pub(crate) raw: TestDatabase,
}

impl Store {
    /// Creates a database with the schema.
    pub(crate) fn create(engine: Engine) -> Self {
        let raw = with_schema(engine);
        Self { chat: open(raw.url()), raw }
    }

    /// Creates a database without tables. The first call of the handle creates them.
    pub(crate) fn empty(engine: Engine) -> Self {
        let raw = TestDatabase::create(engine);
        Self { chat: open(raw.url()), raw }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.raw.engine()
    }

    /// Opens another handle on the same database, with empty caches. The first handle may not see
    /// direct changes to the database for some seconds.
    pub(crate) fn new_handle(&self) -> Chatkeep {
        open(self.raw.url())
    }

    /// Logs the message and reads it back.
    pub(crate) fn round_trip(&self, message: &NewMessage) -> Message {
        let id = self.messages().log_message(message).expect("the message is logged");
        let stored = self
            .messages()
            .get_message_by_id(id)
            .expect("the query succeeds")
            .expect("the message exists");
        assert_eq!(stored.id, id);
        stored
    }

    /// Logs a message with this text and timestamp, and returns its id.
    pub(crate) fn log_at(&self, text: &str, moment: &str) -> i64 {
        let message = NewMessage::new(text).with_timestamp(at(moment));
        self.messages().log_message(&message).expect("the message is logged")
    }

    /// Logs messages with these texts, each one second later than the previous one.
    pub(crate) fn log_texts<'a>(&self, texts: impl IntoIterator<Item = &'a str>) {
        let first = at("2024-01-01");
        let batch: Vec<_> = texts
            .into_iter()
            .zip(0..)
            .map(|(text, second)| {
                let moment = first
                    .checked_add_microseconds(second * 1_000_000)
                    .expect("the timestamp is in range");
                NewMessage::new(text).with_timestamp(moment)
            })
            .collect();
        self.messages().log_messages(&batch).expect("the messages are logged");
    }

    /// Returns the texts of the messages that match, newest first.
    pub(crate) fn texts(&self, filter: &MessageFilter) -> Vec<String> {
        texts(
            self.messages().get_messages(filter, &Page::first(1_000)).expect("the query succeeds"),
        )
    }

    /// Returns the texts of the messages that a search finds, newest first.
    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        texts(
            self.messages()
                .search_messages(query, &chatkeep::MessageFilter::default(), &Page::first(1_000))
                .expect("the search succeeds"),
        )
    }

    pub(crate) fn count(&self) -> i64 {
        self.messages().get_message_count(&MessageFilter::default()).expect("the query succeeds")
    }

    /// Returns every message, oldest first.
    pub(crate) fn all(&self) -> Vec<Message> {
        let all: Result<Vec<_>> =
            self.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst).collect();
        all.expect("the query succeeds")
    }
}

impl Drop for Store {
    /// Text of streams that waits would be retried until the exit, after its database was dropped.
    fn drop(&mut self) {
        let _ = self.chat.close(Duration::from_secs(10));
    }
}

impl Deref for Store {
    type Target = Chatkeep;

    fn deref(&self) -> &Chatkeep {
        &self.chat
    }
}

/// Returns the number that a query results in.
pub(crate) fn number(store: &Store, sql: &str) -> i64 {
    let number = store.raw.scalar(sql).expect("a number");
    number.parse().expect("a number")
}

/// Creates a database with the schema and without rows.
pub(crate) fn with_schema(engine: Engine) -> TestDatabase {
    TestDatabase::prepared(engine, |database| {
        let chat = open(database.url());
        chat.database().upgrade().expect("the schema is created");
        chat.close(TIMEOUT).expect("the handle is closed");
    })
}

/// Opens a handle on this URL with few connections, because many tests share a server.
pub(crate) fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).pool_size(4).max_overflow(4).open().expect("the URL is valid")
}

/// Returns the texts of the messages, in order.
pub(crate) fn texts(messages: Vec<Message>) -> Vec<String> {
    messages.into_iter().map(|message| message.user_message).collect()
}

/// Parses a timestamp.
pub(crate) fn at(moment: &str) -> Timestamp {
    Timestamp::parse(moment).expect(moment)
}

/// Parses metadata.
pub(crate) fn metadata(json: &str) -> Metadata {
    Metadata::parse(json).expect(json)
}

/// Returns a filter that matches every message.
pub(crate) fn everything() -> MessageFilter {
    MessageFilter::default()
}

/// Asserts that a call was rejected because of this argument.
#[track_caller]
pub(crate) fn assert_rejected<T>(outcome: Result<T>, field: &str) {
    let Err(error) = outcome else { panic!("the call must be rejected because of {field}") };
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some(field)), "{error}");
}

/// Asserts that a call was refused for good, because of the value or the version of a row.
#[track_caller]
pub(crate) fn assert_conflict<T>(outcome: Result<T>, field: &str) {
    let Err(error) = outcome else { panic!("the call must be refused because of {field}") };
    let found = (error.kind(), error.field(), error.is_retryable());
    assert_eq!(found, (ErrorKind::Conflict, Some(field), false), "{error}");
}
