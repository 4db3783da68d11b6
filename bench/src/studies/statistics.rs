//! The duration of statistics of a long log, from the totals and from all messages, and the cost of
//! the totals for logging.

use std::time::{Duration, Instant};

use chatkeep::{Analytics, AnalyticsFilter, Chatkeep, NewMessage, Timestamp};
use chatkeep_bench_protocol::{Engine, Result, stats};

use super::{Figure, OF_ALL, Unit, log_for, prepare, query};
use crate::competitors::url;
use crate::host::{Host, PreparedDatabase};

/// Number of messages that are logged; the database duplicates them to create the others.
const FIRST: usize = 20_000;
/// Maximum number of messages per statement.
const MAX_BATCH: usize = 200_000;
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
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);
/// Number of queries with and without the totals.
const TIMES: (usize, usize) = (25, 1);
/// Number of rounds, in which callers log in turns with and without totals.
const ROUNDS: usize = 5;

pub(super) fn study(
    host: &Host,
    engine: Engine,
    messages: usize,
    round: Duration,
) -> Result<Vec<Figure>> {
    let (prepared, _) = prepare(host, engine)?;
    let chat = Chatkeep::builder().url(url(&prepared.setup)).query_timeout(QUERY_TIMEOUT).open()?;
    fill(&prepared, &chat, messages)?;
    chat.messages().rebuild_totals()?;
    let all = (None, None);
    let week = (
        Some("2024-03-03T10:20:30.000004Z".parse()?),
        Some("2024-03-10T11:12:13.000014Z".parse()?),
    );
    let with = [measure(&chat, all, TIMES.0)?, measure(&chat, week, TIMES.0)?];
    delete_watermark(&prepared)?;
    let without = [measure(&chat, all, TIMES.1)?, measure(&chat, week, TIMES.1)?];
    let mut figures = Vec::new();
    for (what, (quick, slow)) in
        [OF_ALL, "statistics of a week"].into_iter().zip(with.into_iter().zip(without))
    {
        if quick.1 != slow.1 || (what == OF_ALL && slow.1.total_messages < i64::try_from(messages)?)
        {
            return Err(format!(
                "{what}: {:?} from the totals, {:?} from the messages",
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
        figures.push(cost(host, engine, callers, round)?);
    }
    Ok(figures)
}

/// Deletes the watermark. Without it, statistics read every message, and messages are not counted.
fn delete_watermark(prepared: &PreparedDatabase) -> Result<()> {
    query(|| prepared.database.execute("DELETE FROM message_counting"))
}

/// Fills a log with messages evenly spread over a year, in order of time as in a real log.
/// Otherwise each insert would hit a different page of the indexes.
fn fill(prepared: &PreparedDatabase, chat: &Chatkeep, messages: usize) -> Result<()> {
    let start: Timestamp = "2024-01-01T00:00:00Z".parse()?;
    let first = FIRST.min(messages);
    let apart = YEAR / i64::try_from(messages)?;
    let mut rows = Vec::with_capacity(first);
    for (index, (provider, model)) in (0..).zip(NAMES.iter().cycle()).take(first) {
        let timestamp = start.checked_add_microseconds(index * apart).unwrap_or(start);
        let row =
            NewMessage::new("a question").with_response("an answer").with_timestamp(timestamp);
        rows.push(row.with_provider(*provider).with_model(*model).with_tokens_used(index % 1_000));
    }
    chat.messages().log_messages(&rows)?;
    let mut count = first;
    while count < messages {
        let more = count.min(messages - count).min(MAX_BATCH);
        let later = later(prepared.setup.engine, i64::try_from(count)? * apart / 1_000_000);
        let columns = "user_message, bot_response, provider, model, tokens_used, metadata";
        query(|| {
            let sql = format!(
                "INSERT INTO messages (timestamp, {columns}) SELECT {later}, {columns} FROM \
                 messages ORDER BY id LIMIT {more}"
            );
            prepared.database.execute(&sql);
        })?;
        count += more;
    }
    query(|| {
        prepared.database.execute(match prepared.setup.engine {
            Engine::Sqlite | Engine::PostgreSql => "ANALYZE",
            Engine::MariaDb | Engine::MySql => "ANALYZE TABLE messages, message_totals",
        });
    })
}

/// Returns the SQL expression of a timestamp `seconds` after that of a message.
fn later(engine: Engine, seconds: i64) -> String {
    match engine {
        Engine::Sqlite => {
            format!(
                "strftime('%Y-%m-%d %H:%M:%S', timestamp, '+{seconds} seconds') || \
                 substr(timestamp, 20)"
            )
        }
        Engine::PostgreSql => format!("timestamp + interval '{seconds} seconds'"),
        Engine::MariaDb | Engine::MySql => format!("timestamp + INTERVAL {seconds} SECOND"),
    }
}

/// Returns the median duration of the statistics in microseconds, and the statistics.
fn measure(
    chat: &Chatkeep,
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    times: usize,
) -> Result<(f64, Analytics)> {
    let mut all = Vec::new();
    let mut last = Analytics::default();
    for _ in 0..times {
        let begin = Instant::now();
        last = chat.messages().get_analytics(&AnalyticsFilter::between(start, end))?;
        all.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    Ok((stats::median(&all).unwrap_or_default(), last))
}

/// Measures the rate of logging with and without totals.
fn cost(host: &Host, engine: Engine, callers: usize, round: Duration) -> Result<Figure> {
    let (_counted, with) = prepare(host, engine)?;
    let (uncounted, without) = prepare(host, engine)?;
    delete_watermark(&uncounted)?;
    let mut rates = [Vec::new(), Vec::new()];
    for turn in 0..2 * ROUNDS {
        // The order alternates from round to round.
        let index = (turn + turn / 2) % 2;
        let logged = log_for([&without, &with][index], callers, Duration::ZERO, round)?;
        rates[index].push(logged.rate());
    }
    let [without, with] = rates.map(|rates| stats::median(&rates).unwrap_or_default());
    let what = format!("log a message, {callers} caller{}", if callers == 1 { "" } else { "s" });
    Ok(Figure { what, unit: Unit::MessagesASecond, without, with })
}
