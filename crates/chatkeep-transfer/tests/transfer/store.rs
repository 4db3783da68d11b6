//! Test fixture: an empty database, a chatkeep instance on it, and a folder for files.

use std::ops::Deref;
use std::path::PathBuf;

use chatkeep::{
    AnalyticsFilter, Chatkeep, Message, MessageFilter, MessageStatus, NewMessage, Order, Result,
    Usage,
};
use chatkeep_testkit::{Engine, TestDatabase};
use tempfile::TempDir;

pub(crate) struct Store {
    // Closed before the database is dropped.
    chat: Chatkeep,
    /// Direct access to the database.
    pub(crate) raw: TestDatabase,
    folder: TempDir,
}

impl Store {
    pub(crate) fn engine(&self) -> Engine {
        self.raw.engine()
    }

    pub(crate) fn create(engine: Engine) -> Self {
        let raw = TestDatabase::create(engine);
        Self { chat: open(raw.url()), raw, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns every message, ordered by id.
    pub(crate) fn all(&self) -> Vec<Message> {
        all(self)
    }

    pub(crate) fn count(&self) -> i64 {
        self.messages().get_message_count(&MessageFilter::default()).expect("the log answers")
    }

    pub(crate) fn log(&self, text: &str) -> i64 {
        self.messages().log_message(&NewMessage::new(text)).expect("the message is logged")
    }

    /// Asserts that the statistics match the messages and include all of them.
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
    let count =
        chat.messages().get_message_count(&MessageFilter::default()).expect("the log answers");
    assert_eq!(check.counted + check.uncounted, count);
    assert_eq!(
        chat.messages()
            .get_analytics(&AnalyticsFilter::default())
            .expect("analytics")
            .total_messages,
        count
    );
}

impl Deref for Store {
    type Target = Chatkeep;

    fn deref(&self) -> &Chatkeep {
        &self.chat
    }
}

/// Opens chatkeep with few connections, as many tests share a server.
pub(crate) fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).pool_size(2).max_overflow(2).open().expect("the URL is understood")
}

/// Creates another empty database.
pub(crate) fn other(engine: Engine) -> Store {
    Store::create(engine)
}

fn with_details(message: NewMessage, n: i64) -> NewMessage {
    let usage = Usage {
        input_tokens: Some(n + 100),
        output_tokens: Some(n + 10),
        cached_tokens: Some(n),
        reasoning_tokens: Some(0),
        cost: Some("0.00125".parse().expect("a cost")),
        latency_ms: Some(n),
        ttft_ms: Some(n / 2),
        status: Some(MessageStatus::Failed),
        error: Some("\u{1f512} \\N \t".to_owned()),
    };
    message.with_conversation_id(n).with_user_id(7).with_usage(usage)
}

/// Stores messages of every kind with gaps between their ids, and two tokens. Returns the valid
/// token.
pub(crate) fn fill(store: &Store) -> String {
    let metadata = |text: &str| chatkeep::Metadata::parse(text).expect(text);
    let mut batch: Vec<_> = (0..700)
        .map(|n: i64| {
            let timestamp =
                chatkeep::Timestamp::from_microsecond(1_700_000_000_000_000 + n * 61_000_001)
                    .expect("in range");
            let message = NewMessage::new(format!("question {n}"))
                .with_timestamp(timestamp)
                .with_tokens_used(n);
            let message = if n % 3 == 0 {
                message.with_provider("openai").with_model("gpt-4o")
            } else {
                message
            };
            // Some batches have no message with details, others have few.
            if n > 300 && n % 50 == 0 { with_details(message, n) } else { message }
        })
        .collect();
    batch.push(
        NewMessage::new("tab\t, line\r\nbreak, \\ \\N \\. quote ' \" emoji 👩🏽‍🚀 שלום")
            .with_response("")
            .with_metadata(metadata(
                r#"{"n":18446744073709551615,"f":5e18,"x":1e300,"s":"\u001f","l":[1,{"a":null}]}"#,
            )),
    );
    batch
        .push(NewMessage::new("").with_response("y".repeat(300_000)).with_metadata(metadata("{}")));
    batch.push(NewMessage::new("x".repeat(9 << 20)).with_tokens_used(i64::MAX));
    batch.push(NewMessage::new("the last one, which is deleted"));
    store.messages().log_messages(&batch).expect("logged");
    store.raw.execute("DELETE FROM messages WHERE id % 7 = 3 OR user_message LIKE 'the last one%'");
    store.messages().rebuild_totals().expect("counted");
    let token = store.tokens().create_token("web", Some(90)).expect("a token");
    let revoked = store.tokens().create_token("old \u{1f512}", None).expect("a token");
    store.tokens().revoke_token(revoked.id).expect("revoked");
    token.token.expose().to_owned()
}

pub(crate) fn url(text: &str) -> chatkeep::DatabaseUrl {
    chatkeep::DatabaseUrl::parse(text).expect("a URL")
}

/// Asserts that two stores have the same content.
#[track_caller]
pub(crate) fn assert_same(one: &Store, other: &Store) {
    let (ones, others) = (one.all(), other.all());
    assert_eq!(ones.len(), others.len());
    for (message, copied) in ones.iter().zip(&others) {
        assert!(message == copied, "message {} differs", message.id);
    }
    assert_eq!(
        other.tokens().list_tokens().expect("a list"),
        one.tokens().list_tokens().expect("a list")
    );
    other.assert_totals();
}
