//! The effect of deleting half of all messages on concurrent logging, in the same program and in
//! another one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewMessage, Timestamp};
use chatkeep_bench_protocol::{Engine, Result};

use super::{Figure, Logged, Unit, joined, log_for, log_until, prepare, query, typical_message};
use crate::competitors::url;
use crate::host::Host;

const BATCH: usize = 5_000;
/// Pause of the logging caller between two messages, as in a busy backend that also does other
/// work.
const PAUSE: Duration = Duration::from_micros(200);

/// A deletion during concurrent logging.
struct Part {
    logging: &'static str,
    deleting: &'static str,
    /// The fraction of all messages to delete, as its reciprocal.
    one_in: usize,
    /// Age of the messages in days; messages older than `limit` days are deleted.
    age: i64,
    limit: i64,
}

const HERE: Part = Part {
    logging: "log a message",
    deleting: "messages deleted a second",
    one_in: 2,
    age: 1_000,
    limit: 500,
};
const ELSEWHERE: Part = Part {
    logging: "log a message in another program",
    deleting: "messages deleted a second, beside another program",
    one_in: 10,
    age: 100,
    limit: 50,
};

pub(super) fn study(
    host: &Host,
    engine: Engine,
    messages: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (prepared, chat) = prepare(host, engine)?;
    fill(&chat, HERE.age, messages / HERE.one_in, true)?;
    fill(&chat, ELSEWHERE.age, messages / ELSEWHERE.one_in, false)?;
    // A second handle has its own connections, so for the database it is another program.
    let other = Chatkeep::builder().url(url(&prepared.setup)).open()?;
    let mut figures = Vec::new();
    for (part, logger) in [(HERE, &chat), (ELSEWHERE, &other)] {
        let mut without = log_for(logger, 1, PAUSE, 3 * round)?;
        let (mut with, deleted, seconds) = log_while_deleting(logger, &chat, part.limit)?;
        let limit = days_ago(part.limit)?.to_string();
        let left = format!("SELECT COUNT(*) FROM messages WHERE timestamp < '{}'", &limit[..10]);
        let left = query(|| prepared.database.scalar(&left))?;
        if deleted != (messages / part.one_in) as u64 || left.as_deref() != Some("0") {
            return Err(
                format!("{deleted} messages were deleted, and {left:?} old ones are left").into()
            );
        }
        let figure = |what, unit, without, with| Figure { what, unit, without, with };
        for (name, percent) in [("median", 50), ("p99", 99), ("longest", 100)] {
            let (without, with) = (without.percentile(percent), with.percentile(percent));
            figures.push(figure(
                format!("{}, {name}", part.logging),
                Unit::Microseconds,
                without,
                with,
            ));
        }
        figures.push(figure(part.deleting.to_owned(), Unit::Count, 0.0, deleted as f64 / seconds));
    }
    Ok(figures)
}

/// Deletes messages while another caller logs. Returns the logged messages, the number of deleted
/// ones, and the seconds.
fn log_while_deleting(
    logger: &Chatkeep,
    deleter: &Chatkeep,
    days: i64,
) -> Result<(Logged, u64, f64)> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let deletion = scope.spawn(|| {
            let begin = Instant::now();
            let deleted = deleter.messages().delete_old_messages(days);
            stop.store(true, Ordering::Relaxed);
            Ok::<_, chatkeep_bench_protocol::Failure>((deleted?, begin.elapsed().as_secs_f64()))
        });
        let logged = log_until(logger, 1, PAUSE, &stop)?;
        let (deleted, seconds) = joined(deletion.join())?;
        Ok((logged, deleted, seconds))
    })
}

/// Logs messages of this age in days and, if `mixed`, the same number of new ones in between.
fn fill(chat: &Chatkeep, age: i64, messages: usize, mixed: bool) -> Result<()> {
    let old = days_ago(age)?;
    let mut left = messages;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let new = vec![typical_message()?; count];
        let dated = |(index, message): (usize, NewMessage)| {
            let later = i64::try_from((left + index) * 1_000).unwrap_or(0);
            message.with_timestamp(old.checked_add_microseconds(later).unwrap_or(old))
        };
        chat.messages()
            .log_messages(&new.iter().cloned().enumerate().map(dated).collect::<Vec<_>>())?;
        if mixed {
            chat.messages().log_messages(&new)?;
        }
    }
    Ok(())
}

fn days_ago(days: i64) -> Result<Timestamp> {
    Timestamp::now().checked_add_days(-days).ok_or_else(|| "the date is out of range".into())
}
