//! Programs that are killed between and during the steps of a stream: its creation, its texts, a
//! request to cancel it, and its end.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chatkeep::{
    Chatkeep, Message, MessageStatus, NewStream, Result, StreamEnd, StreamInfo, StreamStatus,
    TurnStart,
};
use chatkeep_testkit::{Engine, TestDatabase};

use super::process::{kill_writers, report, report_error, words, writer};
use super::{Counts, after_leases, assert_exact_totals, kills, messages};
use crate::on_each_engine;
use crate::opening::{open, open_ready};

on_each_engine!(streams_of_a_killed_program_keep_their_text_and_are_interrupted);

const CASE: &str =
    "killed::streams::streams_of_a_killed_program_keep_their_text_and_are_interrupted";
const THREADS: u64 = 4;
/// Number of texts that are appended to a stream. Every second one is flushed.
const TEXTS: usize = 6;

fn streams_of_a_killed_program_keep_their_text_and_are_interrupted(engine: Engine) {
    if let Some((url, name)) = writer() {
        return write_until_killed(&url, &name);
    }
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    let created = chat.conversations().create_conversation(None, None, None, None);
    let conversation = created.expect("it is created").public_id;
    let lines = kill_writers(CASE, engine, database.url(), &conversation, kills());
    let (reported, mut counts) = Reported::of(&lines);
    // The handle was idle while SQLite's file was in use by others.
    let chat = open(database.url());
    let streams = database.query("SELECT public_id FROM chat_streams");
    let streams: Vec<_> = streams.into_iter().flatten().flatten().collect();
    counts.stored = streams.len();
    reported.compare(&chat, &conversation, &streams);
    assert_exact_totals(&chat);
    counts.print(engine, "streams", kills());
}

/// Returns the texts of a stream, of which some have several bytes a character.
fn texts(name: &str) -> impl Iterator<Item = String> + '_ {
    (0..TEXTS).map(move |number| format!("{name}–{number} ").repeat(1 + 20 * (number % 3)))
}

fn has_turn(number: u64) -> bool {
    number % 4 < 2
}

fn end(number: u64) -> StreamStatus {
    [StreamStatus::Completed, StreamStatus::Failed, StreamStatus::Cancelled][number as usize % 3]
}

fn write_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let (process, conversation) = name.split_once(' ').expect("a number and a conversation");
    thread::scope(|scope| {
        for writer in 0..THREADS {
            let chat = &chat;
            scope.spawn(move || {
                for number in 0_u64.. {
                    let name = format!("{process}/{writer}/{number}");
                    if let Err(error) = write(chat, conversation, number, &name) {
                        report_error(&error, &name);
                    }
                }
            });
        }
    });
}

/// Writes a stream. After an error it is left running.
fn write(chat: &Chatkeep, conversation: &str, number: u64, name: &str) -> Result<()> {
    let streams = chat.streams();
    let mut new = NewStream::default();
    if has_turn(number) {
        let turn = chat.conversations().begin_turn(conversation, &TurnStart::new(name))?;
        report(&format!("begun {turn} {name}"));
        new = new.with_turn(turn);
    }
    let id = streams.create_stream(&new)?.public_id;
    report(&format!("created {id} {name}"));
    for (index, text) in texts(name).enumerate() {
        streams.append(&id, &text)?;
        if index % 2 == 1 {
            streams.flush_stream(&id)?;
            report(&format!("flushed {id} {}", index + 1));
        }
        if index == 3 && end(number) == StreamStatus::Cancelled && streams.cancel_stream(&id)? {
            report(&format!("cancelled {id} {name}"));
        }
    }
    let finished = streams.finish_stream(&id, &StreamEnd::new(end(number)))?;
    match finished.ended && finished.message_id.is_some() == has_turn(number) {
        true => report(&format!("ack {id} {}", finished.message_id.unwrap_or_default())),
        false => report(&format!("lost {id} {name}")),
    }
    Ok(())
}

/// The outcomes that the writers reported.
#[derive(Default)]
struct Reported {
    /// Names of the turns that were begun.
    begun: BTreeSet<String>,
    /// Names of the streams.
    created: BTreeMap<String, String>,
    /// Number of texts that are stored, at least.
    flushed: BTreeMap<String, usize>,
    cancelled: BTreeSet<String>,
    /// Ids of the messages of streams that have ended, 0 if it has none.
    ended: BTreeMap<String, i64>,
}

impl Reported {
    fn of(lines: &[String]) -> (Self, Counts) {
        let (mut reported, mut counts) = (Self::default(), Counts::default());
        for line in lines {
            let Some([word, id, text]) = words(line) else { continue };
            let (id, text) = (id.to_owned(), text.to_owned());
            match word {
                "begun" => assert!(reported.begun.insert(text)),
                "created" => assert_eq!(reported.created.insert(id, text), None),
                "flushed" => {
                    reported.flushed.insert(id, text.parse().expect("a number"));
                }
                "cancelled" => assert!(reported.cancelled.insert(id)),
                "ack" => {
                    assert_eq!(reported.ended.insert(id, text.parse().expect("an id")), None);
                }
                "lost" => panic!("a running stream was not found: {line}"),
                "error" => counts.add_error(&id, line),
                _ => {}
            }
        }
        counts.acknowledged = reported.ended.len();
        (reported, counts)
    }

    /// Compares the outcomes with the database, before and after the streams are interrupted.
    fn compare(&self, chat: &Chatkeep, conversation: &str, ids: &[String]) {
        let before: BTreeMap<_, _> =
            ids.iter().map(|id| (id, self.check_stream(chat, id))).collect();
        for id in self.created.keys() {
            assert!(before.contains_key(id), "the stream {id} is lost");
        }
        let finished = messages(chat);
        for message in finished.values() {
            let complete: String = texts(&message.user_message).collect();
            assert_eq!(message.bot_response.as_ref(), Some(&complete));
        }
        let is_running =
            |(_, (stream, _)): &(_, &(StreamInfo, String))| stream.status == StreamStatus::Running;
        let running = before.iter().filter(is_running).count() as u64;
        let streams = chat.streams();
        assert_eq!(streams.interrupt_stale_streams(3_600).expect("none is stale"), 0);
        assert_eq!(streams.interrupt_stale_streams(0).expect("they are ended"), running);
        let turns = chat.conversations();
        let open = turns.list_open_turns(conversation, 10_000).expect("the query succeeds").len();
        let moved = turns.finish_interrupted_turns(after_leases()).expect("they are moved");
        // Their streams were not created yet.
        assert_eq!(moved, open as u64);
        let open = turns.list_open_turns(conversation, 1).expect("the query succeeds");
        assert_eq!(open, []);

        let messages = messages(chat);
        for name in &self.begun {
            assert!(messages.contains_key(name), "the turn {name:?} is lost");
        }
        for (name, message) in &messages {
            if let Some(finished) = finished.get(name) {
                assert_eq!(message, finished);
            } else {
                assert_eq!(message.status, Some(MessageStatus::Interrupted), "{message:?}");
            }
        }
        for (id, (before, text)) in before {
            self.compare_after_the_interruption(
                chat,
                before,
                &text,
                self.created.get(id),
                &messages,
            );
        }
    }

    /// Compares a stream with the reported outcomes. Returns it with its text.
    fn check_stream(&self, chat: &Chatkeep, id: &str) -> (StreamInfo, String) {
        let stream = chat.streams().get_stream(id).expect("the query succeeds").expect("it exists");
        let text = text(chat, &stream);
        let Some(name) = self.created.get(id) else {
            assert_eq!((stream.status, text.as_str()), (StreamStatus::Running, ""));
            return (stream, text);
        };
        let texts: Vec<_> = texts(name).collect();
        let stored = (0..=TEXTS).find(|count| texts[..*count].concat() == text);
        let stored = stored.unwrap_or_else(|| panic!("{name} has the text {text:?}"));
        assert!(Some(&stored) >= self.flushed.get(id), "{name}: {stored} texts are stored");
        let number = name.rsplit('/').next().and_then(|number| number.parse().ok());
        let end = end(number.expect("a number"));
        if self.cancelled.contains(id) {
            assert!(stream.cancel_requested_at.is_some(), "{name} was cancelled");
        }
        match stream.status {
            StreamStatus::Running => assert!(!self.ended.contains_key(id), "{name} has ended"),
            status => assert_eq!((status, stored), (end, TEXTS), "{name}"),
        }
        assert_eq!(stream.finished_at.is_some(), stream.status != StreamStatus::Running);
        (stream, text)
    }

    fn compare_after_the_interruption(
        &self,
        chat: &Chatkeep,
        before: StreamInfo,
        stored: &str,
        name: Option<&String>,
        messages: &BTreeMap<String, Message>,
    ) {
        let id = &before.public_id;
        let after = chat.streams().get_stream(id).expect("the query succeeds").expect("it exists");
        assert_eq!(text(chat, &after), stored);
        if before.status == StreamStatus::Running {
            assert_eq!(after.status, StreamStatus::Interrupted);
        } else {
            assert_eq!(after, before);
        }
        let Some(message) = name.and_then(|name| messages.get(name)) else {
            assert_eq!(
                self.ended.get(id).copied().unwrap_or_default(),
                0,
                "{name:?} has a message"
            );
            return;
        };
        if let Some(acknowledged) = self.ended.get(id) {
            assert_eq!(message.id, *acknowledged);
        }
        assert_eq!(message.status.map(|status| status.as_str()), Some(after.status.name()));
        assert_eq!(message.bot_response.as_deref().unwrap_or_default(), stored);
    }
}

/// Returns the text of a stream, whose chunks have all numbers up to the last one.
fn text(chat: &Chatkeep, stream: &StreamInfo) -> String {
    let read = chat.streams().read(&stream.public_id, 0, 1_000, 0.0);
    let read = read.expect("the query succeeds").expect("it exists");
    let numbers: Vec<_> = read.chunks.iter().map(|chunk| chunk.seq).collect();
    assert_eq!(numbers, (1..=stream.last_seq).collect::<Vec<_>>());
    read.chunks.into_iter().map(|chunk| chunk.text).collect()
}
