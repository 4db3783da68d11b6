//! What those who log notice of it when half of all messages are deleted: in the program that deletes, and in another one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage, Timestamp};
use chatkeep_contest::{Engine, Result};

use super::{Figure, Logged, Unit, asked, furnish, joined, log_for, log_until, usual_message};
use crate::contestants::url;
use crate::place::Place;

const BATCH: usize = 5_000;
/// Whoever logs waits for so long between two messages: a busy backend, not one that does nothing else.
const PAUSE: Duration = Duration::from_micros(200);
/// How old the messages are that go while this program logs, and those that go while another one does.
const AGES: [i64; 2] = [1_000, 100];
/// What is older than so many days is deleted.
const LIMITS: [i64; 2] = [500, 50];

pub(super) fn study(place: &Place, engine: Engine, messages: usize, round: Duration) -> Result<Vec<Figure>> {
    let (room, chat) = furnish(place, engine)?;
    let old = [messages / 2, messages / 10];
    fill(&chat, AGES[0], old[0], true)?;
    fill(&chat, AGES[1], old[1], false)?;
    // A handle of its own has connections of its own: as far as the database can tell it is another program.
    let other = Chatkeep::builder().url(url(&room.setup)).open()?;
    let loggers = [("log a message", &chat), ("log a message in another program", &other)];
    let mut figures = Vec::new();
    for (place, (what, logger)) in loggers.into_iter().enumerate() {
        let mut without = log_for(logger, 1, PAUSE, 3 * round)?;
        let (mut with, deleted, seconds) = log_while_deleting(logger, &chat, LIMITS[place])?;
        let limit = days_ago(LIMITS[place])?.to_string();
        let left = format!("SELECT COUNT(*) FROM messages WHERE timestamp < '{}'", &limit[..10]);
        let left = asked(|| room.database.scalar(&left))?;
        if deleted != old[place] as u64 || left.as_deref() != Some("0") {
            return Err(format!("{deleted} messages were deleted, and {left:?} of those are there").into());
        }
        for (name, percent) in [("median", 50), ("p99", 99), ("longest", 100)] {
            figures.push(Figure {
                what: format!("{what}, {name}"),
                unit: Unit::Microseconds,
                without: without.percentile(percent),
                with: with.percentile(percent),
            });
        }
        let (what, with) = ("messages deleted a second".to_owned(), deleted as f64 / seconds);
        figures.push(Figure { what, unit: Unit::Count, without: 0.0, with });
    }
    Ok(figures)
}

/// What was logged meanwhile, how many messages were deleted, and in how many seconds.
fn log_while_deleting(logger: &Chatkeep, deleter: &Chatkeep, days: i64) -> Result<(Logged, u64, f64)> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let deletion = scope.spawn(|| {
            let begin = Instant::now();
            let deleted = deleter.messages().delete_old_messages(days);
            stop.store(true, Ordering::Relaxed);
            Ok::<_, chatkeep_contest::Failure>((deleted?, begin.elapsed().as_secs_f64()))
        });
        let logged = log_until(logger, 1, PAUSE, &stop)?;
        let (deleted, seconds) = joined(deletion.join())?;
        Ok((logged, deleted, seconds))
    })
}

/// Messages so many days old, and in between, if that is wanted, as many new ones.
fn fill(chat: &Chatkeep, age: i64, messages: usize, mixed: bool) -> Result<()> {
    let old = days_ago(age)?;
    let mut left = messages;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let new = vec![usual_message()?; count];
        let dated = |(place, message): (usize, NewMessage)| {
            let later = i64::try_from((left + place) * 1_000).unwrap_or(0);
            message.with_timestamp(old.checked_add_microseconds(later).unwrap_or(old))
        };
        chat.messages().log_messages(&new.iter().cloned().enumerate().map(dated).collect::<Vec<_>>())?;
        if mixed {
            chat.messages().log_messages(&new)?;
        }
    }
    Ok(())
}

fn days_ago(days: i64) -> Result<Timestamp> {
    Timestamp::now().checked_add_days(-days).ok_or_else(|| "there is no such day".into())
}
