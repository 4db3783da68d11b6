//! Programs that are killed between and during the steps of a turn: its begin, its end, and the
//! append of a whole one.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chatkeep::{Chatkeep, Message, MessageStatus, NewTurn, OpenTurn, TurnEnd, TurnStart};
use chatkeep_testkit::{Engine, TestDatabase};

use super::process::{kill_writers, report, report_error, words, writer};
use super::{Counts, after_leases, assert_exact_totals, kills, messages};
use crate::on_each_engine;
use crate::opening::{open, open_ready};

on_each_engine!(turns_of_a_killed_program_are_stored_or_interrupted);

const CASE: &str = "killed::turns::turns_of_a_killed_program_are_stored_or_interrupted";
/// Number of threads of a writer. Each second one writes to the same conversation.
const THREADS: usize = 8;

fn turns_of_a_killed_program_are_stored_or_interrupted(engine: Engine) {
    if let Some((url, name)) = writer() {
        return write_until_killed(&url, &name);
    }
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    let conversations: Vec<_> = (0..2).map(|_| create(&chat)).collect();
    let lines = kill_writers(CASE, engine, database.url(), &conversations.join(" "), kills());
    let (reported, mut counts) = Reported::of(&lines);
    // The handle was idle while SQLite's file was in use by others.
    let chat = open(database.url());
    counts.stored = reported.compare(&chat, &conversations);
    assert_exact_totals(&chat);
    counts.print(engine, "turns", kills());
}

fn create(chat: &Chatkeep) -> String {
    let created = chat.conversations().create_conversation(None, None, None, None);
    created.expect("it is created").public_id
}

/// Returns the response to a question.
fn response(question: &str) -> String {
    question.repeat(20)
}

/// Writes turns. One of four threads appends whole ones; the others begin and finish them.
fn write_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let words: Vec<_> = name.split(' ').collect();
    let [number, ids @ ..] = &words[..] else { panic!("a number and conversations: {name}") };
    thread::scope(|scope| {
        for index in 0..THREADS {
            let (chat, conversation) = (&chat, ids[index % ids.len()]);
            scope.spawn(move || {
                for turn in 0_u64.. {
                    let question = format!("{number}/{index}/{turn}");
                    if index / 2 == 0 {
                        append(chat, conversation, &question);
                    } else {
                        begin_and_finish(chat, conversation, &question);
                    }
                }
            });
        }
    });
}

fn append(chat: &Chatkeep, conversation: &str, question: &str) {
    let turn = NewTurn::new(question).with_response(response(question));
    match chat.conversations().append_turn(conversation, &turn) {
        Ok(id) => report(&format!("ack {id} {question}")),
        Err(error) => report_error(&error, question),
    }
}

fn begin_and_finish(chat: &Chatkeep, conversation: &str, question: &str) {
    let turn = match chat.conversations().begin_turn(conversation, &TurnStart::new(question)) {
        Ok(turn) => turn,
        Err(error) => return report_error(&error, question),
    };
    report(&format!("begun {turn} {question}"));
    match chat.conversations().finish_turn(&turn, &TurnEnd::response(response(question))) {
        Ok(Some(id)) => report(&format!("ack {id} {question}")),
        Ok(None) => report(&format!("lost {turn} {question}")),
        // It stays open, unless the outcome is unknown.
        Err(error) => report_error(&error, &format!("end of {question}")),
    }
}

/// The outcomes that the writers reported.
#[derive(Default)]
struct Reported {
    /// Questions of messages, by id.
    acknowledged: BTreeMap<i64, String>,
    /// Questions of the turns that were begun.
    begun: BTreeMap<String, String>,
    /// Questions that must not be stored.
    failed: BTreeSet<String>,
    /// Questions whose end failed with a known outcome, so that they are still open.
    unfinished: BTreeSet<String>,
}

impl Reported {
    fn of(lines: &[String]) -> (Self, Counts) {
        let (mut reported, mut counts) = (Self::default(), Counts::default());
        for line in lines {
            let Some([word, id, text]) = words(line) else { continue };
            match word {
                "ack" => {
                    let id = id.parse().expect("an id");
                    let other = reported.acknowledged.insert(id, text.to_owned());
                    assert_eq!(other, None, "the id {id} was returned twice");
                }
                "begun" => {
                    let other = reported.begun.insert(id.to_owned(), text.to_owned());
                    assert_eq!(other, None, "the turn {id} was returned twice");
                }
                "error" => {
                    let before = counts.failed;
                    counts.add_error(id, line);
                    if counts.failed > before {
                        match text.strip_prefix("end of ") {
                            Some(question) => reported.unfinished.insert(question.to_owned()),
                            None => reported.failed.insert(text.to_owned()),
                        };
                    }
                }
                "lost" => panic!("an open turn was not found: {line}"),
                _ => {}
            }
        }
        counts.acknowledged = reported.acknowledged.len();
        (reported, counts)
    }

    /// Compares the outcomes with the database, before and after the leases have ended. Returns the
    /// number of turns.
    fn compare(&self, chat: &Chatkeep, conversations: &[String]) -> usize {
        let turns = chat.conversations();
        let open = open_turns(chat, conversations);
        let before = messages(chat);
        self.compare_before_the_leases_end(&open, &before);
        for conversation in conversations {
            let found = turns.get_conversation(conversation).expect("the query succeeds");
            let found = found.expect("it exists");
            let latest = before
                .values()
                .filter(|message| message.conversation_id == Some(found.id))
                .map(|message| message.timestamp)
                .max();
            assert!(Some(found.last_message_at) >= latest, "a turn is activity");
        }
        assert_eq!(turns.finish_interrupted_turns(None).expect("no lease has ended"), 0);
        let moved = turns.finish_interrupted_turns(after_leases()).expect("they are moved");
        assert_eq!(moved, open.len() as u64);
        assert!(open_turns(chat, conversations).is_empty());
        let after = messages(chat);
        for (question, message) in &after {
            if open.contains_key(question) {
                assert_eq!(message.status, Some(MessageStatus::Interrupted), "{message:?}");
                assert_eq!(message.bot_response, None);
            } else {
                assert_eq!(before.get(question), Some(message));
            }
        }
        assert_eq!(after.len(), before.len() + open.len());
        for question in self.begun.values() {
            assert!(after.contains_key(question), "the turn {question:?} is lost");
        }
        after.len()
    }

    fn compare_before_the_leases_end(
        &self,
        open: &BTreeMap<String, OpenTurn>,
        messages: &BTreeMap<String, Message>,
    ) {
        for (question, message) in messages {
            assert!(!open.contains_key(question), "{question:?} is open and finished");
            assert_eq!(message.bot_response, Some(response(question)), "it is incomplete");
        }
        for question in messages.keys().chain(open.keys()) {
            assert!(!self.failed.contains(question), "{question:?} failed, but is stored");
        }
        for (id, question) in &self.acknowledged {
            let found = messages.get(question).map(|message| message.id);
            assert_eq!(found, Some(*id), "{question:?} was acknowledged");
        }
        for question in &self.unfinished {
            assert!(open.contains_key(question), "the end of {question:?} failed");
        }
        for (turn, question) in &self.begun {
            match open.get(question) {
                Some(found) => assert_eq!(&found.public_id, turn),
                None => assert!(messages.contains_key(question), "{question:?} is lost"),
            }
        }
    }
}

/// Returns the open turns by their questions, each of which is stored once.
fn open_turns(chat: &Chatkeep, conversations: &[String]) -> BTreeMap<String, OpenTurn> {
    let mut turns = BTreeMap::new();
    for conversation in conversations {
        let found = chat.conversations().list_open_turns(conversation, 10_000);
        for turn in found.expect("the query succeeds") {
            let other = turns.insert(turn.user_message.clone(), turn);
            assert_eq!(other, None, "it is open twice");
        }
    }
    turns
}
