//! Programs that are killed while they store checkpoints of agents, and while they prune them.
//!
//! Each program has threads of its own, which its successor continues, and all programs fork one
//! thread. The content of a checkpoint follows from its thread and id.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chatkeep::{
    Bytes, Chatkeep, GraphCheckpoint, NewChannel, NewCheckpoint, NewGraphWrite, Result,
};
use chatkeep_testkit::{Engine, TestDatabase};

use super::process::{PROCESSES, kill_writers, report, report_error, words, writer};
use super::{Counts, kills};
use crate::on_each_engine;
use crate::opening::{open, open_ready};

on_each_engine!(every_acknowledged_checkpoint_survives_a_kill, a_killed_prune_leaves_whole_threads,);

/// Number of threads of a program that its successor continues.
const OWN: usize = 2;
/// The thread that all programs fork. It is not pruned, because a fork needs its own parents.
const FORKED: &str = "forked";
/// A thread with more checkpoints than a prune deletes at a time. Its copies are pruned.
const LONG: &str = "long";
const LENGTH: usize = 250;
/// Start of the keys of its copies.
const COPY: &str = "copy ";
/// Number of checkpoints that are kept of each thread.
const KEEP: i64 = 3;
/// Number of steps with one value of the channel `state`, and between two of `log`.
const STEPS_OF_STATE: usize = 3;
const STEPS_OF_LOG: usize = 8;
/// Number of steps after which the list of messages is shortened.
const STEPS_OF_LIST: usize = 16;

fn every_acknowledged_checkpoint_survives_a_kill(engine: Engine) {
    let case = "killed::checkpoints::every_acknowledged_checkpoint_survives_a_kill";
    run(engine, case, false);
}

fn a_killed_prune_leaves_whole_threads(engine: Engine) {
    run(engine, "killed::checkpoints::a_killed_prune_leaves_whole_threads", true);
}

fn run(engine: Engine, case: &str, prunes: bool) {
    if let Some((url, name)) = writer() {
        return write_until_killed(&url, name.trim(), prunes);
    }
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    if prunes {
        put_long(&chat).expect("they are stored");
    }
    drop(chat);
    let lines = kill_writers(case, engine, database.url(), "", kills());
    let (reported, mut counts) = Reported::of(&lines);
    let chat = open(database.url());
    counts.stored = reported.compare(&chat, prunes);
    if prunes {
        counts.stored += compare_copies(&chat);
        prune_all(&database, &chat);
    }
    counts.print(engine, if prunes { "prunes" } else { "checkpoints" }, kills());
}

/// A checkpoint by its place in a history: the start of its id, and the number of its step.
#[derive(Debug, Clone, Copy)]
struct Position<'a> {
    prefix: &'a str,
    step: usize,
}

impl<'a> Position<'a> {
    fn parse(id: &'a str) -> Self {
        let (prefix, step) = id.split_at(id.len() - 6);
        Self { prefix, step: step.parse().expect("a number") }
    }

    fn id(self) -> String {
        format!("{}{:06}", self.prefix, self.step)
    }

    fn parent(self) -> Option<String> {
        let step = self.step.checked_sub(1)?;
        Some(Self { step, ..self }.id())
    }

    /// Returns the channels with their version and value.
    fn channels(self) -> [(&'static str, String, Option<String>); 4] {
        let Self { prefix, step } = self;
        let long = |number: usize| format!("{:?}", format!("{prefix}{number} ").repeat(60));
        let first = (step / STEPS_OF_LIST * STEPS_OF_LIST).saturating_sub(4);
        let messages: Vec<_> = (first..=step).map(long).collect();
        let state = step / STEPS_OF_STATE;
        // Most values of this channel are computed from the writes since the last one.
        let log = step.is_multiple_of(STEPS_OF_LOG).then(|| format!("[{step}]"));
        [
            ("log", format!("\"{prefix}{step}\""), log),
            ("messages", format!("\"{prefix}{step}\""), Some(format!("[{}]", messages.join(",")))),
            ("n", format!("\"{prefix}{step}\""), Some(step.to_string())),
            ("state", format!("\"{prefix}{state}\""), Some(long(state).repeat(3))),
        ]
    }

    fn checkpoint(self) -> NewCheckpoint {
        let mut new = NewCheckpoint::new(self.id(), "json", json("{}"), "json", json("{}"));
        new.parent_id = self.parent();
        new.delta_channels = Some(vec!["log".to_owned()]);
        new.channels = self
            .channels()
            .into_iter()
            .map(|(channel, version, value)| {
                let changed = channel != "state" || self.step.is_multiple_of(STEPS_OF_STATE);
                let value = value.filter(|_| changed);
                NewChannel {
                    channel: channel.to_owned(),
                    version,
                    changed,
                    format: value.is_some().then(|| "json".to_owned()),
                    data: value.map(|value| json(&value)),
                }
            })
            .collect();
        new
    }

    fn writes(self) -> Vec<NewGraphWrite> {
        let write = |index: i64| NewGraphWrite {
            index,
            channel: "log".to_owned(),
            format: "json".to_owned(),
            data: json(&format!("\"{} {index}\"", self.id()).repeat(20)),
        };
        (0..2).map(write).collect()
    }
}

fn json(text: &str) -> Bytes {
    Bytes::from(text.as_bytes().to_vec())
}

fn own_thread(process: usize, index: usize) -> String {
    format!("process {} thread {index}", process % PROCESSES)
}

fn write_until_killed(url: &str, name: &str, prunes: bool) {
    let chat = open_ready(url);
    let process: usize = name.parse().expect("a number");
    let own: Vec<_> = (0..OWN).map(|index| own_thread(process, index)).collect();
    thread::scope(|scope| {
        for key in &own {
            let chat = &chat;
            scope.spawn(move || {
                let next = resume(chat, key);
                put_from(chat, key, "", next);
            });
        }
        if prunes {
            scope.spawn(|| {
                loop {
                    until_stored("prune", || chat.graph().prune_threads(&own, KEEP, false));
                }
            });
            scope.spawn(|| {
                for number in 0.. {
                    let key = format!("{COPY}{process}/{number}");
                    until_stored("copy", || chat.graph().copy_thread(LONG, &key));
                    let keys = [key];
                    until_stored("prune", || chat.graph().prune_threads(&keys, KEEP, false));
                }
            });
        } else {
            for index in 0..2 {
                let (chat, prefix) = (&chat, format!("{process}-{index}-"));
                scope.spawn(move || put_from(chat, FORKED, &prefix, 0));
            }
        }
    });
}

/// Stores the last checkpoint of a thread again, as an interrupted program does. Returns the number
/// of the next one.
fn resume(chat: &Chatkeep, key: &str) -> usize {
    loop {
        match chat.graph().get_checkpoint(key, "", None) {
            Ok(None) => return 0,
            Ok(Some(last)) => return Position::parse(&last.id).step,
            Err(error) => report_error(&error, "get"),
        }
    }
}

/// Stores the thread that is copied.
fn put_long(chat: &Chatkeep) -> Result<()> {
    for position in (0..LENGTH).map(|step| Position { prefix: "", step }) {
        let (graph, id) = (chat.graph(), position.id());
        graph.put_checkpoint(LONG, &position.checkpoint())?;
        graph.put_writes(LONG, &id, "task", &position.writes(), "", "")?;
    }
    Ok(())
}

/// Stores checkpoints and the writes that follow each.
fn put_from(chat: &Chatkeep, key: &str, prefix: &str, first: usize) {
    for position in (first..).map(|step| Position { prefix, step }) {
        let (id, checkpoint, writes) = (position.id(), position.checkpoint(), position.writes());
        until_stored(&id, || chat.graph().put_checkpoint(key, &checkpoint));
        report(&format!("ack {id} {key}"));
        until_stored(&id, || chat.graph().put_writes(key, &id, "task", &writes, "", ""));
        report(&format!("writes {id} {key}"));
    }
}

/// Makes a call again until it succeeds.
fn until_stored<T>(call: &str, make: impl Fn() -> Result<T>) {
    while let Err(error) = make() {
        report_error(&error, call);
    }
}

/// The outcomes that the writers reported: ids by the keys of their threads.
#[derive(Default)]
struct Reported {
    checkpoints: BTreeMap<String, BTreeSet<String>>,
    writes: BTreeMap<String, BTreeSet<String>>,
}

impl Reported {
    fn of(lines: &[String]) -> (Self, Counts) {
        let (mut reported, mut counts) = (Self::default(), Counts::default());
        for line in lines {
            let Some([word, id, key]) = words(line) else { continue };
            let map = match word {
                "ack" => &mut reported.checkpoints,
                "writes" => &mut reported.writes,
                "error" => {
                    counts.add_error(id, line);
                    continue;
                }
                _ => continue,
            };
            counts.acknowledged += 1;
            map.entry(key.to_owned()).or_default().insert(id.to_owned());
        }
        (reported, counts)
    }

    /// Compares the outcomes with the database. Returns the number of checkpoints.
    fn compare(&self, chat: &Chatkeep, prunes: bool) -> usize {
        let mut count = 0;
        for (key, acknowledged) in &self.checkpoints {
            let stored = checkpoints(chat, key);
            count += stored.len();
            let written = self.writes.get(key).cloned().unwrap_or_default();
            for found in stored.values() {
                check_content(found, written.contains(&found.id));
            }
            if prunes {
                check_last(&stored, acknowledged);
                continue;
            }
            for id in acknowledged {
                assert!(stored.contains_key(id), "{key}: {id} was acknowledged, and is lost");
            }
            for parent in stored.values().filter_map(|found| found.parent_id.as_ref()) {
                assert!(stored.contains_key(parent), "{key}: the parent {parent} is lost");
            }
        }
        count
    }
}

/// Returns all checkpoints of a thread by their ids, each of which is listed once.
fn checkpoints(chat: &Chatkeep, key: &str) -> BTreeMap<String, GraphCheckpoint> {
    let mut all = BTreeMap::<String, GraphCheckpoint>::new();
    loop {
        let before = all.keys().next().cloned();
        let page =
            chat.graph().list_checkpoints(Some(key), None, None, before.as_deref(), None, 200);
        let page = page.expect("every checkpoint loads");
        if page.is_empty() {
            return all;
        }
        for found in page {
            let other = all.insert(found.id.clone(), found);
            assert!(other.is_none(), "{other:?} is stored twice");
        }
    }
}

/// Asserts that a checkpoint has the values that were stored, and all of its writes or none.
#[track_caller]
fn check_content(found: &GraphCheckpoint, has_writes: bool) {
    let position = Position::parse(&found.id);
    assert_eq!(found.parent_id, position.parent());
    let channels: Vec<_> = found
        .channels
        .iter()
        .map(|channel| (channel.channel.as_str(), channel.version.clone(), channel.data.clone()))
        .collect();
    let expected = position
        .channels()
        .map(|(channel, version, value)| (channel, version, value.map(|value| json(&value))));
    assert_eq!(channels, expected, "{}", found.id);
    let writes: Vec<_> =
        found.writes.iter().map(|write| (write.index, write.data.clone())).collect();
    let expected: Vec<_> =
        position.writes().into_iter().map(|write| (write.index, write.data)).collect();
    assert!(
        writes == expected || (!has_writes && writes.is_empty()),
        "{} has the writes {writes:?}",
        found.id
    );
}

/// Asserts that a pruned thread has its last checkpoints, and those from which the channel `log` of
/// these is computed.
#[track_caller]
fn check_last(stored: &BTreeMap<String, GraphCheckpoint>, acknowledged: &BTreeSet<String>) {
    let last = stored.keys().next_back().expect("the thread exists");
    assert!(Some(last) >= acknowledged.last(), "{last} is not the last one");
    for id in needed(last) {
        assert!(stored.contains_key(&id), "{id} is needed, and was deleted");
    }
}

/// Returns the ids of the checkpoints that a prune keeps.
fn needed(last: &str) -> BTreeSet<String> {
    let last = Position::parse(last);
    let kept = last.step.saturating_sub(KEEP as usize - 1);
    let first = kept / STEPS_OF_LOG * STEPS_OF_LOG;
    (first..=last.step).map(|step| Position { step, ..last }.id()).collect()
}

/// Returns the keys of all threads.
fn threads(chat: &Chatkeep) -> Vec<String> {
    let threads = chat.graph().list_threads(10_000, None, None).expect("the query succeeds");
    threads.into_iter().map(|thread| thread.thread).collect()
}

/// Asserts that the copies are whole, apart from the earliest checkpoints, which a prune deletes
/// first. Returns the number of checkpoints.
fn compare_copies(chat: &Chatkeep) -> usize {
    let last = Position { prefix: "", step: LENGTH - 1 }.id();
    let mut count = 0;
    for key in threads(chat).into_iter().filter(|key| key.starts_with(COPY)) {
        let stored = checkpoints(chat, &key);
        stored.values().for_each(|found| check_content(found, true));
        let needed = needed(&last);
        let first = stored.keys().find(|id| !needed.contains(*id)).unwrap_or(&last);
        let all = Position::parse(first).step..LENGTH;
        let all = all.map(|step| Position { prefix: "", step }.id()).chain(needed);
        let all: BTreeSet<_> = all.collect();
        assert_eq!(stored.keys().cloned().collect::<BTreeSet<_>>(), all, "{key}");
        count += stored.len();
    }
    count
}

/// Asserts that a prune after the kills leaves the needed checkpoints and values only.
fn prune_all(database: &TestDatabase, chat: &Chatkeep) {
    let keys = threads(chat);
    chat.graph().prune_threads(&keys, KEEP, false).expect("it succeeds");
    let (mut states, mut segments) = (0, 0);
    for key in &keys {
        let stored = checkpoints(chat, key);
        let last = stored.keys().next_back().expect("the thread exists");
        assert_eq!(stored.keys().cloned().collect::<BTreeSet<_>>(), needed(last));
        for found in stored.values() {
            check_content(found, found.id != *last);
        }
        let state = |id: &String| Position::parse(id).step / STEPS_OF_STATE;
        states += stored.keys().map(state).collect::<BTreeSet<_>>().len();
        segments += stored.len() + STEPS_OF_LIST + 4;
    }
    let number = |table: &str| {
        let count = database.scalar(&format!("SELECT COUNT(*) FROM {table}"));
        count.and_then(|count| count.parse::<usize>().ok()).expect("a number")
    };
    assert_eq!(number("graph_values"), states, "no value is left over");
    assert!(number("graph_segments") <= segments, "no elements are left over");
}
