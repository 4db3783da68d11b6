//! A program that is killed in the middle of its writing: what it was told is stored is stored, once and whole.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, MessageFilter, NewMessage, Order};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::on_each_engine;
use crate::opening::{open, open_ready};

on_each_engine!(every_acknowledged_message_survives_a_kill);

/// The URL for the process that is killed.
const URL: &str = "CHATKEEP_FAULTS_KILLED_URL";
/// How often a writer is killed; more often with this variable.
const KILLS: &str = "CHATKEEP_FAULTS_KILLS";
const USUAL_KILLS: u64 = 4;
const WRITERS: usize = 16;

fn every_acknowledged_message_survives_a_kill(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return write_until_killed(&url);
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let kills = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_KILLS);
    let mut acknowledged = HashMap::new();
    for round in 0..kills {
        // Spread over the first moments of the writing, without a rhythm.
        let moment = Duration::from_millis(60 + round * 37 % 160);
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
    let process = std::process::id();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let chat = &chat;
            scope.spawn(move || {
                for number in 0_u64.. {
                    let text = format!("{process} {writer} {number}");
                    let message = NewMessage::new(&text).with_response(text.repeat(40));
                    let id = chat.messages().log_message(&message).expect("the database is there");
                    // One write of a whole line, after the acknowledgement.
                    let line = format!("ack {id} {text}.\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).expect("somebody listens");
                }
            });
        }
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
