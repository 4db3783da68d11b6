//! Programs and servers that are killed while they write.
//!
//! Acknowledged messages are stored once and completely. Failed messages are not stored. Messages
//! of unknown outcome are stored at most once. `make kills` repeats this for a thousand kills.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, NewMessage, Order};
use chatkeep_testkit::{Engine, Server, TestDatabase};
use futures_util::future::join_all;

use crate::failing::heals;
use crate::opening::{count, open, open_ready};
use crate::{on_each_engine, on_each_server};

on_each_engine!(every_acknowledged_message_survives_a_kill);
on_each_server!(every_acknowledged_message_survives_a_kill_of_the_server);

/// URL for the child process that is killed, and the prefix of its messages.
const URL: &str = "CHATKEEP_FAULTS_KILLED_URL";
const NAME: &str = "CHATKEEP_FAULTS_KILLED_NAME";
/// Sets the number of kills.
const KILLS: &str = "CHATKEEP_FAULTS_KILLS";
const DEFAULT_KILLS: u32 = 4;
/// Number of concurrent writers. Half of them are threads, and half are tasks of one thread.
const WRITERS: usize = 16;
/// Number of processes that write to one database concurrently. Each has its share of the writers,
/// and one is killed at a time.
const PROCESSES: usize = 2;
/// Time within which calls must work after the server has restarted.
const HEALING: Duration = Duration::from_secs(10);
/// Writers and servers are killed at a random time within this span after the first
/// acknowledgement.
const SPAN: Duration = Duration::from_millis(220);

fn every_acknowledged_message_survives_a_kill(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return write_until_killed(&url, &std::env::var(NAME).expect("it has a name"));
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let mut random = Random::new();
    let mut outcomes = Outcomes::default();
    let mut names = 0..kills();
    let start = |name: u32| Writer::start(engine, database.url(), name);
    let mut writers: VecDeque<_> = names.by_ref().take(PROCESSES).map(start).collect();
    while let Some(writer) = writers.pop_front() {
        writer.began.recv().expect("it writes");
        thread::sleep(random.below(SPAN));
        // Its replacement starts while it is killed. The last writers are not replaced.
        writers.extend(names.next().map(start));
        outcomes.join(writer.kill());
    }
    outcomes.compare(&open(database.url()), engine, "writers");
}

/// A process that writes until it is killed.
struct Writer {
    process: Child,
    /// Receives its first acknowledgement. Starting may take long on a busy machine.
    began: Receiver<()>,
    reader: JoinHandle<Outcomes>,
}

impl Writer {
    fn start(engine: Engine, url: &str, name: u32) -> Self {
        let case = format!("killed::every_acknowledged_message_survives_a_kill::{}", engine.name());
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", &case, "--nocapture"])
            .env(URL, url)
            .env(NAME, name.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let output = BufReader::new(process.stdout.take().expect("the output is piped"));
        let (sender, began) = channel();
        let reader = thread::spawn(move || {
            let mut outcomes = Outcomes::default();
            for line in output.split(b'\n') {
                outcomes.read(&line.expect("the writer's output"));
                if outcomes.acknowledged.len() == 1 {
                    // The receiver is dropped if the process was already killed.
                    let _ = sender.send(());
                }
            }
            outcomes
        });
        Self { process, began, reader }
    }

    /// Kills the process, and returns the outcomes that it reported before.
    fn kill(mut self) -> Outcomes {
        self.process.kill().expect("the process is our child");
        self.process.wait().expect("the process is our child");
        let mut outcomes = self.reader.join().expect("lines are read");
        outcomes.kills = 1;
        outcomes
    }
}

fn write_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(|| write(&chat, name, WRITERS / PROCESSES, &AtomicBool::new(false), &sender));
        for (outcome, text) in receiver {
            // A single write per line, after the call has returned.
            let line = match outcome {
                Ok(id) => format!("ack {id} {text}.\n"),
                Err(error) => format!("{} {text}.\n", error.kind().name()),
            };
            std::io::stdout().lock().write_all(line.as_bytes()).expect("the receiver is open");
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

fn kills() -> u32 {
    std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_KILLS)
}

/// Marsaglia's xorshift, seeded by the clock: every run kills at different times.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set");
        Self(now.as_micros() as u64 | 1)
    }

    fn below(&mut self, span: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % span.as_micros() as u64)
    }
}

/// The outcomes that the writers received, over all kills.
#[derive(Default)]
struct Outcomes {
    kills: u32,
    acknowledged: HashMap<i64, String>,
    /// Texts of failed messages, which must not be stored.
    failed: HashSet<String>,
    /// Number of unknown outcomes.
    unknown: u64,
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

    /// Parses `ack ID TEXT.` or `KIND TEXT.`. Truncated lines are ignored.
    fn read(&mut self, line: &[u8]) {
        let Some((word, rest)) =
            std::str::from_utf8(line).ok().and_then(|line| line.strip_suffix('.')?.split_once(' '))
        else {
            return;
        };
        let kinds = [
            ErrorKind::OutcomeUnknown,
            ErrorKind::Unavailable,
            ErrorKind::PoolTimeout,
            ErrorKind::Conflict,
        ];
        if word == "ack" {
            let (id, text) = rest.split_once(' ').expect("an id and a text");
            self.note(Ok(id.parse().expect("an id")), text.to_owned());
        } else if let Some(kind) = kinds.into_iter().find(|kind| kind.name() == word) {
            self.note(Err(kind), rest.to_owned());
        }
    }

    fn join(&mut self, other: Self) {
        for (id, text) in other.acknowledged {
            self.note(Ok(id), text);
        }
        self.failed.extend(other.failed);
        self.unknown += other.unknown;
        self.kills += other.kills;
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
        let Self { kills, acknowledged, failed, unknown } = self;
        assert!(!acknowledged.is_empty(), "nothing was acknowledged before the kills");
        println!(
            "kills: {engine} {killed} {kills} acknowledged {} stored {} unknown {unknown} \
             failed {}",
            acknowledged.len(),
            texts.len(),
            failed.len()
        );
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
