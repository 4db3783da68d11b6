//! Programs and servers that are killed in the middle of the writing: what was acknowledged is stored, once and whole; what
//! failed is not stored; what is unknown is stored at most once. `make kills` has them killed a thousand times.

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

/// The URL for the process that is killed, and what its texts begin with.
const URL: &str = "CHATKEEP_FAULTS_KILLED_URL";
const NAME: &str = "CHATKEEP_FAULTS_KILLED_NAME";
/// How often a writer is killed; more often with this variable.
const KILLS: &str = "CHATKEEP_FAULTS_KILLS";
const USUAL_KILLS: u32 = 4;
/// Half of them block, and half are tasks of one thread.
const WRITERS: usize = 16;
/// Processes that write to one database at the same time, of which one is killed; they share the writers.
const PROCESSES: usize = 2;
/// How long a server may take to come back.
const HEALING: Duration = Duration::from_secs(10);
/// A writer or a server is killed at a random instant of this span after the first acknowledgement.
const SPAN: Duration = Duration::from_millis(220);

fn every_acknowledged_message_survives_a_kill(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return write_until_killed(&url, &std::env::var(NAME).expect("it has a name"));
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let mut random = Random::new();
    let mut told = Told::default();
    let mut names = 0..kills();
    let start = |name: u32| Writer::start(engine, database.url(), name);
    let mut writers: VecDeque<_> = names.by_ref().take(PROCESSES).map(start).collect();
    while let Some(writer) = writers.pop_front() {
        writer.began.recv().expect("it writes");
        thread::sleep(random.below(SPAN));
        // Another one is about to write while this one is killed; the last are not replaced.
        writers.extend(names.next().map(start));
        told.join(writer.kill());
    }
    told.compare(&open(database.url()), engine, "writers");
}

/// A process that writes until it is killed.
struct Writer {
    process: Child,
    /// Its first acknowledgement, however long the start takes on a busy machine.
    began: Receiver<()>,
    reader: JoinHandle<Told>,
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
            .expect("this program starts again");
        let output = BufReader::new(process.stdout.take().expect("was asked for"));
        let (sender, began) = channel();
        let reader = thread::spawn(move || {
            let mut told = Told::default();
            for line in output.split(b'\n') {
                told.read(&line.expect("the writer's output"));
                if told.acknowledged.len() == 1 {
                    // Nobody waits for it any more when the process was killed before.
                    let _ = sender.send(());
                }
            }
            told
        });
        Self { process, began, reader }
    }

    /// What it told of before it was killed.
    fn kill(mut self) -> Told {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
        let mut told = self.reader.join().expect("lines are read");
        told.kills = 1;
        told
    }
}

fn write_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(|| write(&chat, name, WRITERS / PROCESSES, &AtomicBool::new(false), &sender));
        for (outcome, text) in receiver {
            // One write of a whole line, after the call has returned.
            let line = match outcome {
                Ok(id) => format!("ack {id} {text}.\n"),
                Err(error) => format!("{} {text}.\n", error.kind().name()),
            };
            std::io::stdout().lock().write_all(line.as_bytes()).expect("somebody listens");
        }
    });
}

fn every_acknowledged_message_survives_a_kill_of_the_server(engine: Engine) {
    let mut server = Server::builder(engine).durable(true).start();
    let database = server.create_database();
    let chat = open_ready(database.url());
    let mut random = Random::new();
    let mut told = Told::default();
    for round in 0..kills() {
        let (sender, receiver) = channel();
        let (began, first) = channel();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let (chat, over, told) = (&chat, &over, &mut told);
            scope.spawn(move || write(chat, &round.to_string(), WRITERS, over, &sender));
            scope.spawn(move || {
                for (outcome, text) in receiver {
                    if outcome.is_ok() {
                        // Nobody waits for it any more after the first.
                        let _ = began.send(());
                    }
                    told.note(outcome.map_err(|error| error.kind()), text);
                }
            });
            first.recv().expect("there are outcomes");
            drop(first);
            thread::sleep(random.below(SPAN));
            server.kill();
            over.store(true, Ordering::SeqCst);
        });
        told.kills += 1;
        server.start_again();
        heals(HEALING, || count(&chat));
    }
    told.compare(&chat, engine, "servers");
}

fn kills() -> u32 {
    std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_KILLS)
}

/// Marsaglia's xorshift, begun by the clock: every run kills at other instants.
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

/// What the writers were told, over all kills.
#[derive(Default)]
struct Told {
    kills: u32,
    acknowledged: HashMap<i64, String>,
    /// Texts of calls that failed so that nothing is stored.
    failed: HashSet<String>,
    /// How often the outcome is not known.
    unknown: u64,
}

impl Told {
    fn note(&mut self, outcome: Result<i64, ErrorKind>, text: String) {
        match outcome {
            Ok(id) => {
                let other = self.acknowledged.insert(id, text);
                assert_eq!(other, None, "the id {id} was given twice");
            }
            Err(ErrorKind::OutcomeUnknown) => self.unknown += 1,
            // Nothing was sent; or, on SQLite, another process has held the lock all the time.
            Err(ErrorKind::Unavailable | ErrorKind::PoolTimeout | ErrorKind::Conflict) => {
                self.failed.insert(text);
            }
            Err(kind) => panic!("{text}: {kind:?}"),
        }
    }

    /// `ack ID TEXT.`, or a kind of error in the place of the first two. Lines that were cut off say nothing.
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

    /// Compares it with all that is stored, and prints the figures.
    fn compare(&self, chat: &Chatkeep, engine: Engine, killed: &str) {
        let mut left = self.acknowledged.clone();
        let mut texts = HashSet::new();
        for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst)
        {
            let message = message.expect("the database is there");
            let text = message.user_message;
            assert_eq!(message.bot_response.as_deref(), Some(text.repeat(40).as_str()), "torn");
            if let Some(acknowledged) = left.remove(&message.id) {
                assert_eq!(text, acknowledged, "message {} has another text", message.id);
            }
            assert!(!self.failed.contains(&text), "{text} failed, and is stored");
            assert!(texts.insert(text.clone()), "{text} is stored twice");
        }
        assert!(left.is_empty(), "acknowledged and lost: {left:?}");
        let Self { kills, acknowledged, failed, unknown } = self;
        assert!(!acknowledged.is_empty(), "nothing was acknowledged before the kills");
        println!(
            "kills: {engine} {killed} {kills} acknowledged {} stored {} unknown {unknown} failed {}",
            acknowledged.len(),
            texts.len(),
            failed.len()
        );
    }
}

/// What became of a message, and its text.
type Outcome = (chatkeep::Result<i64>, String);

/// Writes until it is over, each writer one message after the other.
fn write(chat: &Chatkeep, name: &str, writers: usize, over: &AtomicBool, told: &Sender<Outcome>) {
    let message = |text: &String| NewMessage::new(text).with_response(text.repeat(40));
    let texts = move |writer| (0_u64..).map(move |number| format!("{name} {writer} {number}"));
    let goes_on = |_: &String| !over.load(Ordering::SeqCst);
    thread::scope(|scope| {
        for writer in 0..writers / 2 {
            scope.spawn(move || {
                for text in texts(writer).take_while(goes_on) {
                    let outcome = chat.messages().log_message(&message(&text));
                    told.send((outcome, text)).expect("somebody listens");
                }
            });
        }
        scope.spawn(move || {
            let chat = chat.asynchronous();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
            let tasks = (writers / 2..writers).map(async |writer| {
                for text in texts(writer).take_while(goes_on) {
                    let outcome = chat.messages().log_message(message(&text)).await;
                    told.send((outcome, text)).expect("somebody listens");
                }
            });
            runtime.block_on(join_all(tasks));
        });
    });
}
