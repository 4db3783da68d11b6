//! Messages of non-blocking callers: each is stored once, and each caller gets its own id.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use chatkeep::{Chatkeep, ErrorKind, MessageSink, NewMessage, Order, Result};
use chatkeep_testkit::Engine;

use super::{poll_once, wait};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, everything, texts};

on_every_engine![
    ten_thousand_concurrent_calls_get_distinct_ids,
    messages_of_one_thread_keep_their_order,
    ids_follow_call_order_with_one_writer,
    abandoned_calls_are_written_exactly_once,
    a_sink_is_called_on_a_writer_thread,
    threads_and_tasks_log_concurrently,
    a_rejected_row_fails_only_its_own_call,
];

/// Runs all calls concurrently and returns their results in order.
async fn together<T: Send + 'static>(
    calls: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.expect("the thread does not panic"));
    }
    all
}

/// Logs a message with this text without blocking.
fn log(store: &Store, text: String) -> impl Future<Output = Result<i64>> + Send + 'static {
    let chat = store.asynchronous();
    async move { chat.messages().log_message(NewMessage::new(text)).await }
}

fn ten_thousand_concurrent_calls_get_distinct_ids(store: &Store) {
    let ids = wait(together((0..10_000).map(|number| log(store, number.to_string()))));
    let logged: HashMap<i64, String> = ids
        .into_iter()
        .zip(0..)
        .map(|(id, number)| (id.expect("the message is logged"), number.to_string()))
        .collect();
    assert_eq!(logged.len(), 10_000, "ids are unique");
    let stored = store.all();
    assert_eq!(stored.len(), 10_000);
    for message in stored {
        assert_eq!(logged.get(&message.id), Some(&message.user_message));
    }
}

fn messages_of_one_thread_keep_their_order(store: &Store) {
    let (_, texts) = log_at_once(&with_writers(store, 4), 500);
    let in_order: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(texts, in_order, "whichever group was stored first");
}

fn ids_follow_call_order_with_one_writer(store: &Store) {
    let (ids, texts) = log_at_once(&with_writers(store, 1), 500);
    assert!(ids.is_sorted());
    assert_eq!(texts.len(), 500);
}

/// Opens another handle on the same database.
fn with_writers(store: &Store, writers: u32) -> Chatkeep {
    Chatkeep::builder().url(store.raw.url()).writers(writers).open().expect("the URL is valid")
}

/// Logs `count` messages from one thread without waiting in between. Returns their ids, and the
/// texts in the log, oldest first.
fn log_at_once(chat: &Chatkeep, count: u32) -> (Vec<i64>, Vec<String>) {
    let calls = (0..count).map(|number| {
        let chat = chat.asynchronous();
        async move { chat.messages().log_message(NewMessage::new(number.to_string())).await }
    });
    let ids =
        wait(together(calls)).into_iter().collect::<Result<_>>().expect("the messages are logged");
    let logged: Result<Vec<_>> =
        chat.messages().iter_messages(&everything(), Order::OldestFirst).collect();
    (ids, texts(logged.expect("the query succeeds")))
}

fn abandoned_calls_are_written_exactly_once(store: &Store) {
    for number in 0..100 {
        // Most of them are dropped before they are written.
        poll_once(log(store, number.to_string()));
    }
    store.flush(TIMEOUT).expect("all messages are written");
    let mut texts: Vec<_> = store.all().into_iter().map(|message| message.user_message).collect();
    texts.sort_by_key(|text| text.parse::<u32>().expect("a number"));
    assert_eq!(texts, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// A sink that forwards its outcomes and the name of the thread that reported them.
struct ForwardingSink(Mutex<Sender<(String, Outcomes)>>);

type Outcomes = Vec<(u64, Result<i64>)>;

impl MessageSink for ForwardingSink {
    fn complete(&self, outcomes: Outcomes) {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        self.0
            .lock()
            .expect("the thread does not panic")
            .send((thread, outcomes))
            .expect("the receiver is open");
    }
}

fn a_sink_is_called_on_a_writer_thread(store: &Store) {
    let (sender, receiver) = channel();
    let sink: Arc<dyn MessageSink> = Arc::new(ForwardingSink(Mutex::new(sender)));
    for number in 0..300 {
        let message = NewMessage::new(number.to_string());
        store
            .messages()
            .submit(message, Arc::clone(&sink), number)
            .expect("the message is accepted");
    }
    let refused = store.messages().submit(NewMessage::new("\0"), Arc::clone(&sink), 300);
    assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "at once");
    store.flush(TIMEOUT).expect("all messages are written");
    drop(sink);
    let reports: Vec<_> = receiver.iter().collect();
    assert!(
        reports.iter().all(|(thread, _)| thread == "chatkeep-write"),
        "reported by a writer thread"
    );
    assert!(reports.len() < 300, "one report per commit");
    for (number, outcome) in reports.into_iter().flat_map(|(_, outcomes)| outcomes) {
        let stored = store.messages().get_message_by_id(outcome.expect("the message is logged"));
        let stored = stored.expect("the query succeeds").expect("the message exists");
        assert_eq!(stored.user_message, number.to_string());
    }
    assert_eq!(store.count(), 300);
}

fn threads_and_tasks_log_concurrently(store: &Store) {
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in 0..50 {
                    let text = format!("thread {thread} {number}");
                    store
                        .messages()
                        .log_message(&NewMessage::new(text))
                        .expect("the message is logged");
                }
            });
        }
        scope.spawn(|| {
            for round in 0..10 {
                let calls = (0..20).map(|number| log(store, format!("task {round} {number}")));
                for id in wait(together(calls)) {
                    id.expect("the message is logged");
                }
            }
        });
    });
    let mut texts: Vec<_> = store.all().into_iter().map(|message| message.user_message).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!((texts.len(), store.count()), (400, 400));
}

fn a_rejected_row_fails_only_its_own_call(store: &Store) {
    // The database rejects this text; chatkeep's own validation accepts it.
    reject_poison(store);
    let texts = (0..300).map(|number| match number {
        7 | 150 | 151 => "poison".to_owned(),
        _ => number.to_string(),
    });
    let outcomes = wait(together(texts.map(|text| log(store, text))));
    for (number, outcome) in outcomes.iter().enumerate() {
        let is_poison = matches!(number, 7 | 150 | 151);
        assert_eq!(outcome.is_err(), is_poison, "{number}: {outcome:?}");
    }
    let mut stored: Vec<_> = store.all().into_iter().map(|message| message.user_message).collect();
    assert!(!stored.contains(&"poison".to_owned()));
    stored.dedup();
    assert_eq!(stored.len(), 297, "the other messages are stored once");
}

fn reject_poison(store: &Store) {
    store.raw.execute(match store.engine() {
        Engine::Sqlite => {
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.user_message = 'poison' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END"
        }
        _ => "ALTER TABLE messages ADD CONSTRAINT refuse CHECK (user_message <> 'poison')",
    });
}
