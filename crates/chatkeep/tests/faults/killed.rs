//! Programs and servers that are killed in the middle of the writing: what was acknowledged is stored, once and whole.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, NewMessage, Order};
use chatkeep_testkit::{Engine, Server, TestDatabase};
use futures_util::future::join_all;

use crate::failing::heals;
use crate::opening::{count, open, open_ready};
use crate::{on_each_engine, on_each_server};

on_each_engine!(every_acknowledged_message_survives_a_kill);
on_each_server!(every_acknowledged_message_survives_a_kill_of_the_server);

/// The URL for the process that is killed.
const URL: &str = "CHATKEEP_FAULTS_KILLED_URL";
/// How often a writer is killed; more often with this variable.
const KILLS: &str = "CHATKEEP_FAULTS_KILLS";
const USUAL_KILLS: u64 = 4;
/// Half of them block, and half are tasks of one thread.
const WRITERS: usize = 16;
/// How long a server may take to come back.
const HEALING: Duration = Duration::from_secs(10);

fn every_acknowledged_message_survives_a_kill(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return write_until_killed(&url);
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let mut acknowledged = HashMap::new();
    for moment in moments() {
        acknowledged.extend(write_and_kill(engine, database.url(), moment));
    }
    assert!(!acknowledged.is_empty(), "nothing was acknowledged before the kills");
    compare(&open(database.url()), &acknowledged);
}

/// What a writer got acknowledged before it was killed: texts by id.
fn write_and_kill(engine: Engine, url: &str, moment: Duration) -> Vec<(i64, String)> {
    let case = format!("killed::every_acknowledged_message_survives_a_kill::{}", engine.name());
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &case, "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again");
    let output = BufReader::new(writer.stdout.take().expect("was asked for"));
    // The clock starts with the first acknowledgement, however long the start takes on a busy machine.
    let mut lines = output.split(b'\n').map(|line| line.expect("the writer's output"));
    let mut acknowledged: Vec<_> = lines.by_ref().find_map(|line| read(&line)).into_iter().collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(moment);
            writer.kill().expect("it is ours");
            writer.wait().expect("it is ours");
        });
        // Lines that were cut off are no acknowledgements.
        acknowledged.extend(lines.filter_map(|line| read(&line)));
    });
    acknowledged
}

/// `ack ID TEXT.`
fn read(line: &[u8]) -> Option<(i64, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let (id, text) = line.strip_prefix("ack ")?.strip_suffix('.')?.split_once(' ')?;
    Some((id.parse().ok()?, text.to_owned()))
}

fn write_until_killed(url: &str) {
    let chat = open_ready(url);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        scope.spawn(|| write(&chat, std::process::id(), &AtomicBool::new(false), &sender));
        for (id, text) in receiver {
            // One write of a whole line, after the acknowledgement.
            let line = format!("ack {} {text}.\n", id.expect("the database is there"));
            std::io::stdout().lock().write_all(line.as_bytes()).expect("somebody listens");
        }
    });
}

fn every_acknowledged_message_survives_a_kill_of_the_server(engine: Engine) {
    let mut server = Server::builder(engine).durable(true).start();
    let database = server.create_database();
    let chat = open_ready(database.url());
    let mut acknowledged = HashMap::new();
    for (round, moment) in (0..).zip(moments()) {
        let (sender, receiver) = channel();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| write(&chat, round, &over, &sender));
            thread::sleep(moment);
            server.kill();
            over.store(true, Ordering::SeqCst);
        });
        drop(sender);
        let mut here = 0;
        for (outcome, text) in receiver {
            match outcome {
                Ok(id) => {
                    acknowledged.insert(id, text);
                    here += 1;
                }
                // Nobody knows, or nothing was sent.
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::OutcomeUnknown | ErrorKind::Unavailable),
                    "{error:?}"
                ),
            }
        }
        assert!(here > 0, "nothing was acknowledged before the kill");
        server.start_again();
        heals(HEALING, || count(&chat));
    }
    compare(&chat, &acknowledged);
}

/// When to kill: spread over the first moments of the writing, without a rhythm.
fn moments() -> impl Iterator<Item = Duration> {
    let kills = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_KILLS);
    (0..kills).map(|round| Duration::from_millis(60 + round * 37 % 160))
}

/// What became of a message, and its text.
type Outcome = (chatkeep::Result<i64>, String);

/// Writes until it is over, each writer one message after the other.
fn write(chat: &Chatkeep, who: u32, over: &AtomicBool, told: &Sender<Outcome>) {
    let message = |text: &String| NewMessage::new(text).with_response(text.repeat(40));
    let texts = move |writer| (0_u64..).map(move |number| format!("{who} {writer} {number}"));
    let goes_on = |_: &String| !over.load(Ordering::SeqCst);
    thread::scope(|scope| {
        for writer in 0..WRITERS / 2 {
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
            let writers = (WRITERS / 2..WRITERS).map(async |writer| {
                for text in texts(writer).take_while(goes_on) {
                    let outcome = chat.messages().log_message(message(&text)).await;
                    told.send((outcome, text)).expect("somebody listens");
                }
            });
            runtime.block_on(join_all(writers));
        });
    });
}

fn compare(chat: &Chatkeep, acknowledged: &HashMap<i64, String>) {
    let mut stored = HashMap::new();
    let mut ids = HashMap::new();
    for message in chat.messages().iter_messages(&MessageFilter::default(), Order::OldestFirst) {
        let message = message.expect("the database is there");
        assert_eq!(message.bot_response.as_deref(), Some(message.user_message.repeat(40).as_str()), "torn");
        assert!(
            ids.insert(message.user_message.clone(), message.id).is_none(),
            "{} twice",
            message.user_message
        );
        stored.insert(message.id, message.user_message);
    }
    for (id, text) in acknowledged {
        assert_eq!(stored.get(id), Some(text), "message {id} was acknowledged");
    }
}
