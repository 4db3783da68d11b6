//! What a case works on: an empty database of its own, and chatkeep on it.

use std::ops::Deref;
use std::time::Duration;

use chatkeep::{
    Chatkeep, ErrorKind, Message, MessageFilter, Metadata, NewMessage, Order, Page, Result,
    Timestamp,
};
use chatkeep_testkit::{Engine, TestDatabase};

/// Longer than anything takes here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A database that nobody else uses. It goes with the test.
pub(crate) struct Store {
    // Closed before the database is dropped.
    chat: Chatkeep,
    /// The database behind chatkeep's back.
    pub(crate) raw: TestDatabase,
}

impl Store {
    pub(crate) fn create(engine: Engine) -> Self {
        let raw = TestDatabase::create(engine);
        Self { chat: open(raw.url()), raw }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.raw.engine()
    }

    /// Another handle on the same database, which remembers nothing: what was changed behind the back of the first one
    /// need not show there for some seconds.
    pub(crate) fn afresh(&self) -> Chatkeep {
        open(self.raw.url())
    }

    /// Logs the message, and reads it back.
    pub(crate) fn round_trip(&self, message: &NewMessage) -> Message {
        let id = self.messages().log_message(message).expect("the message is logged");
        let stored = self
            .messages()
            .get_message_by_id(id)
            .expect("the log answers")
            .expect("the message is there");
        assert_eq!(stored.id, id);
        stored
    }

    /// Logs a message with this text at this moment, and returns its id.
    pub(crate) fn log_at(&self, text: &str, moment: &str) -> i64 {
        let message = NewMessage::new(text).with_timestamp(at(moment));
        self.messages().log_message(&message).expect("the message is logged")
    }

    /// Logs messages with these texts, each a second after the one before it.
    pub(crate) fn log_texts<'a>(&self, texts: impl IntoIterator<Item = &'a str>) {
        let first = at("2024-01-01");
        let batch: Vec<_> = texts
            .into_iter()
            .zip(0..)
            .map(|(text, second)| {
                let moment =
                    first.checked_add_microseconds(second * 1_000_000).expect("inside the range");
                NewMessage::new(text).with_timestamp(moment)
            })
            .collect();
        self.messages().log_messages(&batch).expect("the messages are logged");
    }

    /// The texts of the messages that match, newest first.
    pub(crate) fn texts(&self, filter: &MessageFilter) -> Vec<String> {
        texts(self.messages().get_messages(filter, &Page::first(1_000)).expect("the log answers"))
    }

    /// The texts of the messages that a search finds, newest first.
    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        texts(
            self.messages()
                .search_messages(query, &Page::first(1_000))
                .expect("the search answers"),
        )
    }

    pub(crate) fn count(&self) -> i64 {
        self.messages().get_message_count(&MessageFilter::default()).expect("the log answers")
    }

    /// Every message, oldest first.
    pub(crate) fn all(&self) -> Vec<Message> {
        let all: Result<Vec<_>> =
            self.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst).collect();
        all.expect("the log answers")
    }
}

impl Deref for Store {
    type Target = Chatkeep;

    fn deref(&self) -> &Chatkeep {
        &self.chat
    }
}

/// Chatkeep on this URL, with few connections: many tests share a server.
pub(crate) fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).pool_size(4).max_overflow(4).open().expect("the URL is understood")
}

/// The messages' texts, in their order.
pub(crate) fn texts(messages: Vec<Message>) -> Vec<String> {
    messages.into_iter().map(|message| message.user_message).collect()
}

/// A moment from its text.
pub(crate) fn at(moment: &str) -> Timestamp {
    Timestamp::parse(moment).expect(moment)
}

/// Metadata from its text.
pub(crate) fn metadata(json: &str) -> Metadata {
    Metadata::parse(json).expect(json)
}

/// A filter that lets everything through.
pub(crate) fn everything() -> MessageFilter {
    MessageFilter::default()
}

/// Asserts that a call was refused because of this argument.
#[track_caller]
pub(crate) fn assert_refused<T>(outcome: Result<T>, field: &str) {
    let Err(error) = outcome else { panic!("the call must be refused because of {field}") };
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some(field)), "{error}");
}
