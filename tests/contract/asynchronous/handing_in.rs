//! Messages of callers who do not block: each is stored once, and each caller gets its own id.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use chatkeep::{Chatkeep, ErrorKind, MessageSink, NewMessage, Order, Result};
use chatkeep_testkit::Engine;

use super::{give_up, wait};
use crate::every_engine::on_every_engine;
use crate::store::{PATIENCE, Store, everything, texts};

on_every_engine![
    ten_thousand_at_a_time_all_get_their_own_ids,
    what_one_thread_hands_in_keeps_its_order,
    with_one_writer_ids_have_the_order_of_calls,
    who_stops_waiting_neither_loses_nor_repeats_a_write,
    a_sink_is_told_on_another_thread,
    threads_and_tasks_share_the_log,
    a_row_that_the_database_refuses_fails_alone,
];

/// Runs all of these at the same time, and returns what they return in their order.
async fn together<T: Send + 'static>(
    calls: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.expect("no panic"));
    }
    all
}

/// Logs a message with this text without blocking.
fn log(store: &Store, text: String) -> impl Future<Output = Result<i64>> + Send + 'static {
    let chat = store.asynchronous();
    async move { chat.messages().log_message(NewMessage::new(text)).await }
}

fn ten_thousand_at_a_time_all_get_their_own_ids(store: &Store) {
    let ids = wait(together((0..10_000).map(|number| log(store, number.to_string()))));
    let logged: HashMap<i64, String> = ids
        .into_iter()
        .zip(0..)
        .map(|(id, number)| (id.expect("it is logged"), number.to_string()))
        .collect();
    assert_eq!(logged.len(), 10_000, "no id is given twice");
    let stored = store.all();
    assert_eq!(stored.len(), 10_000);
    for message in stored {
        assert_eq!(logged.get(&message.id), Some(&message.user_message));
    }
}

fn what_one_thread_hands_in_keeps_its_order(store: &Store) {
    let (_, texts) = log_at_once(&with_writers(store, 4), 500);
    let in_order: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(texts, in_order, "whichever of the groups was stored first");
}

fn with_one_writer_ids_have_the_order_of_calls(store: &Store) {
    let (ids, texts) = log_at_once(&with_writers(store, 1), 500);
    assert!(ids.is_sorted());
    assert_eq!(texts.len(), 500);
}

/// Another handle on the same database.
fn with_writers(store: &Store, writers: u32) -> Chatkeep {
    Chatkeep::builder().url(store.raw.url()).writers(writers).open().expect("the URL is understood")
}

/// Logs so many messages from one thread, none of which waits for another. Their ids, and what the log then has, oldest first.
fn log_at_once(chat: &Chatkeep, count: u32) -> (Vec<i64>, Vec<String>) {
    let calls = (0..count).map(|number| {
        let chat = chat.asynchronous();
        async move { chat.messages().log_message(NewMessage::new(number.to_string())).await }
    });
    let ids = wait(together(calls)).into_iter().collect::<Result<_>>().expect("they are logged");
    let logged: Result<Vec<_>> =
        chat.messages().iter_messages(&everything(), Order::OldestFirst).collect();
    (ids, texts(logged.expect("the log answers")))
}

fn who_stops_waiting_neither_loses_nor_repeats_a_write(store: &Store) {
    for number in 0..100 {
        // Most of them before they were written.
        give_up(log(store, number.to_string()));
    }
    store.flush(PATIENCE).expect("all are written");
    let mut texts: Vec<_> = store.all().into_iter().map(|message| message.user_message).collect();
    texts.sort_by_key(|text| text.parse::<u32>().expect("a number"));
    assert_eq!(texts, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// Passes on what it is told, and by whom.
struct Teller(Mutex<Sender<(String, Outcomes)>>);

type Outcomes = Vec<(u64, Result<i64>)>;

impl MessageSink for Teller {
    fn settle(&self, outcomes: Outcomes) {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        self.0.lock().expect("no panic").send((thread, outcomes)).expect("the case listens");
    }
}

fn a_sink_is_told_on_another_thread(store: &Store) {
    let (sender, receiver) = channel();
    let sink: Arc<dyn MessageSink> = Arc::new(Teller(Mutex::new(sender)));
    for number in 0..300 {
        let message = NewMessage::new(number.to_string());
        store.messages().hand_in(message, Arc::clone(&sink), number).expect("it is taken");
    }
    let refused = store.messages().hand_in(NewMessage::new("\0"), Arc::clone(&sink), 300);
    assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "at once");
    store.flush(PATIENCE).expect("all are written");
    drop(sink);
    let told: Vec<_> = receiver.iter().collect();
    assert!(told.iter().all(|(thread, _)| thread == "chatkeep-write"), "by a thread of chatkeep's");
    assert!(told.len() < 300, "those of one commit together");
    for (number, outcome) in told.into_iter().flat_map(|(_, outcomes)| outcomes) {
        let stored = store.messages().get_message_by_id(outcome.expect("it is logged"));
        let stored = stored.expect("the log answers").expect("the message is there");
        assert_eq!(stored.user_message, number.to_string());
    }
    assert_eq!(store.count(), 300);
}

fn threads_and_tasks_share_the_log(store: &Store) {
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in 0..50 {
                    let text = format!("thread {thread} {number}");
                    store.messages().log_message(&NewMessage::new(text)).expect("it is logged");
                }
            });
        }
        scope.spawn(|| {
            for round in 0..10 {
                let calls = (0..20).map(|number| log(store, format!("task {round} {number}")));
                for id in wait(together(calls)) {
                    id.expect("it is logged");
                }
            }
        });
    });
    let mut texts: Vec<_> = store.all().into_iter().map(|message| message.user_message).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!((texts.len(), store.count()), (400, 400));
}

fn a_row_that_the_database_refuses_fails_alone(store: &Store) {
    // Behind chatkeep's back: nothing that it knows of is wrong with this text.
    refuse_poison(store);
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
    assert_eq!(stored.len(), 297, "and its neighbours are stored once");
}

fn refuse_poison(store: &Store) {
    store.database().upgrade().expect("the table is there");
    store.raw.execute(match store.engine() {
        Engine::Sqlite => {
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.user_message = 'poison' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END"
        }
        _ => "ALTER TABLE messages ADD CONSTRAINT refuse CHECK (user_message <> 'poison')",
    });
}
