//! What statistics of a long log take, by its totals and by reading every message; and what the totals cost those who log.

use std::time::{Duration, Instant};

use chatkeep::{Analytics, Chatkeep, NewMessage, Timestamp};
use chatkeep_contest::{Engine, Result, stats};

use super::{Figure, OF_ALL, Unit, asked, furnish, log_for};
use crate::contestants::url;
use crate::place::{Place, Room};

/// Messages that are logged; the database makes the others of these.
const FIRST: usize = 20_000;
/// A statement makes at most so many.
const MOST: usize = 200_000;
const NAMES: [(&str, &str); 6] = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude"),
    ("google", "gemini"),
    ("mistral", "large"),
    ("local", "llama"),
];
const YEAR: i64 = 365 * 24 * 3_600_000_000;
/// Reading every message takes seconds.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often statistics are asked for with the totals, and without.
const TIMES: (usize, usize) = (25, 1);
/// Rounds in which callers log, in turns with those whose messages nobody counts.
const ROUNDS: usize = 5;

pub(super) fn study(
    place: &Place,
    engine: Engine,
    messages: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (room, _) = furnish(place, engine)?;
    let chat = Chatkeep::builder().url(url(&room.setup)).query_timeout(PATIENCE).open()?;
    fill(&room, &chat, messages)?;
    chat.messages().rebuild_totals()?;
    let all = (None, None);
    let week = (
        Some("2024-03-03T10:20:30.000004Z".parse()?),
        Some("2024-03-10T11:12:13.000014Z".parse()?),
    );
    let with = [take(&chat, all, TIMES.0)?, take(&chat, week, TIMES.0)?];
    forget_mark(&room)?;
    let without = [take(&chat, all, TIMES.1)?, take(&chat, week, TIMES.1)?];
    let mut figures = Vec::new();
    for (what, (quick, slow)) in
        [OF_ALL, "statistics of a week"].into_iter().zip(with.into_iter().zip(without))
    {
        if quick.1 != slow.1 || (what == OF_ALL && slow.1.total_messages < i64::try_from(messages)?)
        {
            return Err(format!(
                "{what}: {:?} by the totals, {:?} by the messages",
                quick.1, slow.1
            )
            .into());
        }
        figures.push(Figure {
            what: what.to_owned(),
            unit: Unit::Microseconds,
            without: slow.0,
            with: quick.0,
        });
    }
    for callers in [1, 64] {
        figures.push(cost(place, engine, callers, round)?);
    }
    Ok(figures)
}

/// Without a mark every message is read, and none is counted.
fn forget_mark(room: &Room) -> Result<()> {
    asked(|| room.database.execute("DELETE FROM message_counting"))
}

/// A year of messages, evenly spread, and later ones behind earlier ones as in any log: otherwise each of them would go into
/// another page of the indexes.
fn fill(room: &Room, chat: &Chatkeep, messages: usize) -> Result<()> {
    let start: Timestamp = "2024-01-01T00:00:00Z".parse()?;
    let first = FIRST.min(messages);
    let apart = YEAR / i64::try_from(messages)?;
    let mut rows = Vec::with_capacity(first);
    for (place, (provider, model)) in (0..).zip(NAMES.iter().cycle()).take(first) {
        let moment = start.checked_add_microseconds(place * apart).unwrap_or(start);
        let row = NewMessage::new("a question").with_response("an answer").with_timestamp(moment);
        rows.push(row.with_provider(*provider).with_model(*model).with_tokens_used(place % 1_000));
    }
    chat.messages().log_messages(&rows)?;
    let mut there = first;
    while there < messages {
        let more = there.min(messages - there).min(MOST);
        let later = later(room.setup.engine, i64::try_from(there)? * apart / 1_000_000);
        let columns = "user_message, bot_response, provider, model, tokens_used, metadata";
        asked(|| {
            let sql = format!(
                "INSERT INTO messages (timestamp, {columns}) SELECT {later}, {columns} FROM messages ORDER BY id LIMIT {more}"
            );
            room.database.execute(&sql);
        })?;
        there += more;
    }
    asked(|| {
        room.database.execute(match room.setup.engine {
            Engine::Sqlite | Engine::PostgreSql => "ANALYZE",
            Engine::MariaDb | Engine::MySql => "ANALYZE TABLE messages, message_totals",
        });
    })
}

/// A message's moment, so many seconds later.
fn later(engine: Engine, seconds: i64) -> String {
    match engine {
        Engine::Sqlite => {
            format!(
                "strftime('%Y-%m-%d %H:%M:%S', timestamp, '+{seconds} seconds') || substr(timestamp, 20)"
            )
        }
        Engine::PostgreSql => format!("timestamp + interval '{seconds} seconds'"),
        Engine::MariaDb | Engine::MySql => format!("timestamp + INTERVAL {seconds} SECOND"),
    }
}

/// Microseconds that they take, and what they are.
fn take(
    chat: &Chatkeep,
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    times: usize,
) -> Result<(f64, Analytics)> {
    let mut all = Vec::new();
    let mut last = Analytics::default();
    for _ in 0..times {
        let begin = Instant::now();
        last = chat.messages().get_analytics(start, end)?;
        all.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    Ok((stats::median(&all).unwrap_or_default(), last))
}

/// Logging into a database whose messages are counted, and into one where they are not.
fn cost(place: &Place, engine: Engine, callers: usize, round: Duration) -> Result<Figure> {
    let (_counted, with) = furnish(place, engine)?;
    let (uncounted, without) = furnish(place, engine)?;
    forget_mark(&uncounted)?;
    let mut rates = [Vec::new(), Vec::new()];
    for turn in 0..2 * ROUNDS {
        // Each round begins with the other one.
        let which = (turn + turn / 2) % 2;
        let logged = log_for([&without, &with][which], callers, Duration::ZERO, round)?;
        rates[which].push(logged.rate());
    }
    let [without, with] = rates.map(|rates| stats::median(&rates).unwrap_or_default());
    let what = format!("log a message, {callers} caller{}", if callers == 1 { "" } else { "s" });
    Ok(Figure { what, unit: Unit::MessagesASecond, without, with })
}
