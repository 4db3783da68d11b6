//! What those who log notice of it when half of all messages are deleted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{NewMessage, Timestamp};
use chatkeep_contest::{Engine, Result};

use super::{Figure, Unit, asked, furnish, joined, log_for, log_until, usual_message};
use crate::place::Place;

const BATCH: usize = 5_000;
/// Whoever logs waits for so long between two messages: a busy backend, not one that does nothing else.
const PAUSE: Duration = Duration::from_micros(200);
const DAYS: i64 = 30;

pub(super) fn study(place: &Place, engine: Engine, messages: usize, round: Duration) -> Result<Vec<Figure>> {
    let (room, chat) = furnish(place, engine)?;
    let old: Timestamp = "2020-01-01T00:00:00Z".parse()?;
    let mut left = messages / 2;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let new = vec![usual_message()?; count];
        let dated = |(place, message): (usize, NewMessage)| {
            let later = i64::try_from((left + place) * 1_000).unwrap_or(0);
            message.with_timestamp(old.checked_add_microseconds(later).unwrap_or(old))
        };
        chat.messages().log_messages(&new.iter().cloned().enumerate().map(dated).collect::<Vec<_>>())?;
        chat.messages().log_messages(&new)?;
    }
    let mut without = log_for(&chat, 1, PAUSE, 3 * round)?;
    let stop = AtomicBool::new(false);
    let (mut with, deleted, seconds) = thread::scope(|scope| {
        let deletion = scope.spawn(|| {
            let begin = Instant::now();
            let deleted = chat.messages().delete_old_messages(DAYS);
            stop.store(true, Ordering::Relaxed);
            Ok::<_, chatkeep_contest::Failure>((deleted?, begin.elapsed().as_secs_f64()))
        });
        let logged = log_until(&chat, 1, PAUSE, &stop)?;
        let (deleted, seconds) = joined(deletion.join())?;
        Ok::<_, chatkeep_contest::Failure>((logged, deleted, seconds))
    })?;
    let there =
        asked(|| room.database.scalar("SELECT COUNT(*) FROM messages WHERE timestamp < '2021-01-01'"))?;
    if deleted != (messages / 2) as u64 || there.as_deref() != Some("0") {
        return Err(format!("{deleted} messages were deleted, and {there:?} of those are there").into());
    }
    let figure = |what: &str, unit, without, with| Figure { what: what.to_owned(), unit, without, with };
    let percentiles = [("median", 50), ("p99", 99), ("longest", 100)];
    let mut figures: Vec<Figure> = percentiles
        .map(|(name, percent)| {
            let (idle, busy) = (without.percentile(percent), with.percentile(percent));
            figure(&format!("log a message, {name}"), Unit::Microseconds, idle, busy)
        })
        .into();
    figures.push(figure("messages deleted a second", Unit::Count, 0.0, deleted as f64 / seconds));
    Ok(figures)
}
