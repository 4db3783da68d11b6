//! The duration of lists of conversations while their number grows, and the cost of turns compared
//! with messages without a conversation.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewUser};
use chatkeep_bench_protocol::{Engine, Result, run_threads, stats};

use super::{Figure, PAGE_OF_CONVERSATIONS, Unit, prepare, query, typical_message};
use crate::competitors::turn;
use crate::host::{Host, PreparedDatabase, example_setup};

/// Number of conversations of the user at first.
const FIRST: usize = 1_000;
/// Number of conversations of a page.
const PAGE: i64 = 20;
/// Number of lists for a median.
const TIMES: usize = 200;
/// Number of rounds, in which callers log in turns with and without a conversation.
const ROUNDS: usize = 5;

pub(super) fn study(
    host: &Host,
    engine: Engine,
    conversations: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (prepared, chat) = prepare(host, engine)?;
    let user = chat.users().create_user(&NewUser::with_email("user@example.com"))?.public_id;
    for _ in 0..FIRST {
        chat.conversations().create_conversation(Some(&user), Some("a title"), None, None)?;
    }
    let few = pages(&chat, &user)?;
    fill(&prepared, conversations)?;
    let many = pages(&chat, &user)?;
    let mut figures: Vec<Figure> = [PAGE_OF_CONVERSATIONS, "the next page"]
        .into_iter()
        .zip(few.into_iter().zip(many))
        .map(|(what, (without, with))| Figure {
            what: what.to_owned(),
            unit: Unit::Microseconds,
            without,
            with,
        })
        .collect();
    for callers in [1, 64] {
        figures.push(cost(host, engine, callers, round)?);
    }
    Ok(figures)
}

/// Copies conversations until there are this many, each with a time of its own.
fn fill(prepared: &PreparedDatabase, conversations: usize) -> Result<()> {
    let mut count = FIRST;
    while count < conversations {
        // The first conversations have times within an hour. Each copy is moved by more hours than
        // all rows so far span, so that no two times are equal.
        let hours = count / FIRST;
        let more = count.min(conversations - count);
        let (public_id, earlier) = match prepared.setup.engine {
            Engine::Sqlite => (
                format!("'c{hours}-' || id"),
                format!(
                    "strftime('%Y-%m-%d %H:%M:%S', last_message_at, '-{hours} hours') || \
                     substr(last_message_at, 20)"
                ),
            ),
            Engine::PostgreSql => (
                format!("'c{hours}-' || id"),
                format!("last_message_at - interval '{hours} hours'"),
            ),
            Engine::MariaDb | Engine::MySql => (
                format!("concat('c{hours}-', id)"),
                format!("last_message_at - INTERVAL {hours} HOUR"),
            ),
        };
        query(|| {
            prepared.database.execute(&format!(
                "INSERT INTO chat_conversations (public_id, user_id, title, created_at, \
                 last_message_at) SELECT {public_id}, user_id, title, created_at, {earlier} \
                 FROM chat_conversations ORDER BY id LIMIT {more}"
            ));
        })?;
        count += more;
    }
    query(|| {
        prepared.database.execute(match prepared.setup.engine {
            Engine::Sqlite | Engine::PostgreSql => "ANALYZE",
            Engine::MariaDb | Engine::MySql => "ANALYZE TABLE chat_conversations",
        });
    })
}

/// Returns the median durations of the first page and of the next one, in microseconds.
fn pages(chat: &Chatkeep, user: &str) -> Result<[f64; 2]> {
    let conversations = chat.conversations();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        let begin = Instant::now();
        let first = conversations.list_conversations(user, PAGE, None, false)?;
        times[0].push(begin.elapsed().as_secs_f64() * 1e6);
        let begin = Instant::now();
        let cursor = first.next_cursor.as_deref();
        let next = conversations.list_conversations(user, PAGE, cursor, false)?;
        times[1].push(begin.elapsed().as_secs_f64() * 1e6);
        if next.conversations.len() != usize::try_from(PAGE)? {
            return Err("a page is not full".into());
        }
    }
    Ok(times.map(|times| stats::median(&times).unwrap_or_default()))
}

/// Measures the rate of logging messages, and that of turns, each caller with a conversation of its
/// own.
fn cost(host: &Host, engine: Engine, callers: usize, round: Duration) -> Result<Figure> {
    let (_prepared, chat) = prepare(host, engine)?;
    let user = chat.users().create_user(&NewUser::with_email("user@example.com"))?.public_id;
    let mut ids = Vec::new();
    for _ in 0..callers {
        ids.push(
            chat.conversations().create_conversation(Some(&user), None, None, None)?.public_id,
        );
    }
    let (message, turn) = (typical_message()?, turn(&example_setup().row)?);
    let mut handles: Vec<usize> = (0..callers).collect();
    let mut rates = [Vec::new(), Vec::new()];
    for number in 0..2 * ROUNDS {
        // The order alternates from round to round.
        let index = (number + number / 2) % 2;
        let outcome = run_threads(&mut handles, round, |caller, tally| {
            let id = if index == 0 {
                chat.messages().log_message(&message)?
            } else {
                chat.conversations().append_turn(&ids[*caller], &turn)?
            };
            tally.stored([id]);
            Ok(())
        })?;
        rates[index].push(outcome.rows as f64 / outcome.seconds);
    }
    let [without, with] = rates.map(|rates| stats::median(&rates).unwrap_or_default());
    let what = format!("log a turn, {callers} caller{}", if callers == 1 { "" } else { "s" });
    Ok(Figure { what, unit: Unit::MessagesASecond, without, with })
}
