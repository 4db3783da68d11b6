//! The effect of the search index on logging, and on searching for a rare word.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage, Page};
use chatkeep_bench_protocol::{Engine, Result, stats};

use super::numbers::Numbers;
use super::{Figure, Unit, log_for, prepare};
use crate::host::Host;

/// Two messages contain this word.
const RARE: &str = "zyzzyva";
/// Number of searches without and with the index: a single search with the index is too short to be
/// measured.
const SEARCHES: (usize, usize) = (3, 50);
const BATCH: usize = 1_000;
/// Common words of chats. With fewer words, the index would be smaller than a real one.
const WORDS: &[&str] = &[
    "about",
    "again",
    "answer",
    "because",
    "before",
    "better",
    "change",
    "column",
    "common",
    "could",
    "database",
    "different",
    "does",
    "error",
    "example",
    "explain",
    "first",
    "function",
    "good",
    "have",
    "help",
    "index",
    "instead",
    "know",
    "language",
    "list",
    "make",
    "memory",
    "message",
    "need",
    "number",
    "other",
    "people",
    "please",
    "process",
    "query",
    "question",
    "read",
    "should",
    "something",
    "string",
    "table",
    "their",
    "there",
    "thing",
    "thread",
    "time",
    "token",
    "under",
    "value",
    "want",
    "which",
    "while",
    "work",
    "would",
    "write",
    "your",
];

pub(super) fn study(
    host: &Host,
    engine: Engine,
    messages: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (_prepared, chat) = prepare(host, engine)?;
    let mut number = Numbers::new(1);
    fill(&chat, messages, &mut number)?;
    let log = |threads| log_for(&chat, threads, Duration::ZERO, round).map(|logged| logged.rate());
    let without = (log(1)?, log(64)?, search(&chat, SEARCHES.0)?);
    chat.database().create_search_index()?;
    let with = (log(1)?, log(64)?, search(&chat, SEARCHES.1)?);
    Ok(vec![
        figure("log a message, one caller", Unit::MessagesASecond, without.0, with.0),
        figure("log a message, 64 callers", Unit::MessagesASecond, without.1, with.1),
        figure("search for a rare word", Unit::Microseconds, without.2, with.2),
    ])
}

fn figure(what: &str, unit: Unit, without: f64, with: f64) -> Figure {
    Figure { what: what.to_owned(), unit, without, with }
}

/// Returns the median duration of a search in microseconds.
fn search(chat: &Chatkeep, times: usize) -> Result<f64> {
    let mut all = Vec::new();
    for _ in 0..times {
        let begin = Instant::now();
        let found = chat
            .messages()
            .search_messages(RARE, &chatkeep::MessageFilter::default(), &Page::first(50))?
            .len();
        all.push(begin.elapsed().as_secs_f64() * 1e6);
        if found != 2 {
            return Err(format!("a search found {found} messages, expected 2").into());
        }
    }
    stats::median(&all).ok_or_else(|| "no search was made".into())
}

fn fill(chat: &Chatkeep, messages: usize, number: &mut Numbers) -> Result<()> {
    for batch in 0..messages / BATCH {
        let mut rows: Vec<NewMessage> = (0..BATCH)
            .map(|_| NewMessage::new(text(number, 12)).with_response(text(number, 40)))
            .collect();
        if batch == 0 || batch == messages / BATCH / 2 {
            rows[7] = NewMessage::new(format!("what is a {RARE}?"));
        }
        chat.messages().log_messages(&rows)?;
    }
    Ok(())
}

/// Returns a text of this many words.
fn text(number: &mut Numbers, words: usize) -> String {
    let words: Vec<&str> = (0..words).map(|_| WORDS[number.below(WORDS.len())]).collect();
    words.join(" ")
}
