//! Programs and servers that are killed while 16 writers log messages.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, NewMessage, Order};
use chatkeep_testkit::{Engine, Server, TestDatabase};
use futures_util::future::join_all;

use super::process::{PROCESSES, kill_writers, report, report_error, words, writer};
use super::{Counts, EXPECTED, Random, SPAN, kills};
use crate::failing::heals;
use crate::opening::{count, open, open_ready};
use crate::{on_each_engine, on_each_server};

on_each_engine!(every_acknowledged_message_survives_a_kill);
on_each_server!(every_acknowledged_message_survives_a_kill_of_the_server);

/// Number of concurrent writers. Half of them are threads, and half are tasks of one thread.
const WRITERS: usize = 16;
/// Time within which calls must work after the server has restarted.
const HEALING: Duration = Duration::from_secs(10);
const CASE: &str = "killed::messages::every_acknowledged_message_survives_a_kill";

fn every_acknowledged_message_survives_a_kill(engine: Engine) {
    if let Some((url, name)) = writer() {
        return write_until_killed(&url, &name);
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let mut outcomes = Outcomes { kills: kills(), ..Outcomes::default() };
    for line in kill_writers(CASE, engine, database.url(), "", kills()) {
        outcomes.read(&line);
    }
    outcomes.compare(&open(database.url()), engine, "writers");
}

fn write_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(|| write(&chat, name, WRITERS / PROCESSES, &AtomicBool::new(false), &sender));
        for (outcome, text) in receiver {
            match outcome {
                Ok(id) => report(&format!("ack {id} {text}")),
                Err(error) => report_error(&error, &text),
            }
        }
    });
}

fn every_acknowledged_message_survives_a_kill_of_the_server(engine: Engine) {
    let mut server = Server::builder(engine).durable(true).start();
    let database = server.create_database();
    let chat = open_ready(database.url());
    let mut random = Random::new();
    let mut outcomes = Outcomes::default();
    for round in 0..kills() {
        let (sender, receiver) = channel();
        let (began, first) = channel();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let (chat, over, outcomes) = (&chat, &over, &mut outcomes);
            scope.spawn(move || write(chat, &round.to_string(), WRITERS, over, &sender));
            scope.spawn(move || {
                for (outcome, text) in receiver {
                    if outcome.is_ok() {
                        // The receiver is dropped after the first one.
                        let _ = began.send(());
                    }
                    outcomes.note(outcome.map_err(|error| error.kind()), text);
                }
            });
            first.recv().expect("there are outcomes");
            drop(first);
            thread::sleep(random.below(SPAN));
            server.kill();
            over.store(true, Ordering::SeqCst);
        });
        outcomes.kills += 1;
        server.start_again();
        heals(HEALING, || count(&chat));
    }
    outcomes.compare(&chat, engine, "servers");
}

/// The outcomes that the writers received, over all kills.
#[derive(Default)]
struct Outcomes {
    kills: u32,
    acknowledged: HashMap<i64, String>,
    /// Texts of failed messages, which must not be stored.
    failed: HashSet<String>,
    /// Number of unknown outcomes.
    unknown: usize,
}

impl Outcomes {
    fn note(&mut self, outcome: Result<i64, ErrorKind>, text: String) {
        match outcome {
            Ok(id) => {
                let other = self.acknowledged.insert(id, text);
                assert_eq!(other, None, "the id {id} was returned twice");
            }
            Err(ErrorKind::OutcomeUnknown) => self.unknown += 1,
            // The message was not sent, or another process held SQLite's lock for the whole time.
            Err(ErrorKind::Unavailable | ErrorKind::PoolTimeout | ErrorKind::Conflict) => {
                self.failed.insert(text);
            }
            Err(kind) => panic!("{text}: {kind:?}"),
        }
    }

    /// Parses `ack ID TEXT` or `error KIND TEXT`.
    fn read(&mut self, line: &str) {
        let Some([word, second, text]) = words(line) else { return };
        let kinds = || EXPECTED.into_iter().find(|kind| kind.name() == second);
        match word {
            "ack" => self.note(Ok(second.parse().expect("an id")), text.to_owned()),
            "error" => self.note(Err(kinds().expect(line)), text.to_owned()),
            _ => {}
        }
    }

    /// Compares the outcomes with the stored messages, and prints the totals.
    fn compare(&self, chat: &Chatkeep, engine: Engine, killed: &str) {
        let mut left = self.acknowledged.clone();
        let mut texts = HashSet::new();
        for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst)
        {
            let message = message.expect("the database is available");
            let text = message.user_message;
            assert_eq!(
                message.bot_response.as_deref(),
                Some(text.repeat(40).as_str()),
                "the message is incomplete"
            );
            if let Some(acknowledged) = left.remove(&message.id) {
                assert_eq!(text, acknowledged, "message {} has another text", message.id);
            }
            assert!(!self.failed.contains(&text), "{text} failed, but is stored");
            assert!(texts.insert(text.clone()), "{text} is stored twice");
        }
        assert!(left.is_empty(), "acknowledged and lost: {left:?}");
        let counts = Counts {
            acknowledged: self.acknowledged.len(),
            stored: texts.len(),
            unknown: self.unknown,
            failed: self.failed.len(),
        };
        counts.print(engine, killed, self.kills);
    }
}

/// The outcome of a message, and its text.
type Outcome = (chatkeep::Result<i64>, String);

/// Writes until `over` is set. Each writer logs one message after the other.
fn write(
    chat: &Chatkeep,
    name: &str,
    writers: usize,
    over: &AtomicBool,
    outcomes: &Sender<Outcome>,
) {
    let message = |text: &String| NewMessage::new(text).with_response(text.repeat(40));
    let texts = move |writer| (0_u64..).map(move |number| format!("{name} {writer} {number}"));
    let is_running = |_: &String| !over.load(Ordering::SeqCst);
    thread::scope(|scope| {
        for writer in 0..writers / 2 {
            scope.spawn(move || {
                for text in texts(writer).take_while(is_running) {
                    let outcome = chat.messages().log_message(&message(&text));
                    outcomes.send((outcome, text)).expect("the receiver is open");
                }
            });
        }
        scope.spawn(move || {
            let chat = chat.asynchronous();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
            let tasks = (writers / 2..writers).map(async |writer| {
                for text in texts(writer).take_while(is_running) {
                    let outcome = chat.messages().log_message(message(&text)).await;
                    outcomes.send((outcome, text)).expect("the receiver is open");
                }
            });
            runtime.block_on(join_all(tasks));
        });
    });
}
