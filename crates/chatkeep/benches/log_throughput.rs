//! How many messages a second callers log together: through the facade, which shares commits, beside one commit a message
//! on a connection for each caller. The same durable database, the same rows, in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{AsyncChatkeep, Chatkeep, MessageFilter, NewMessage};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Role, messages};
use chatkeep_testkit::{Engine, TestDatabase};

const CALLERS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(600);

fn main() {
    println!(
        "{:<12} {:>8} {:>14} {:>14} {:>7} {:>14} {:>7}",
        "engine", "callers", "a commit each", "blocking", "ratio", "awaited", "ratio"
    );
    for engine in Engine::available() {
        for callers in CALLERS {
            compare(engine, callers);
        }
    }
}

fn message() -> NewMessage {
    NewMessage::new("What does write-ahead logging buy me, and what does it cost?")
        .with_response("Readers do not block the writer, and a commit is one sequential write. ".repeat(8))
        .with_provider("openai")
        .with_model("gpt-4o-mini")
        .with_tokens_used(230)
}

fn compare(engine: Engine, callers: usize) {
    let database = TestDatabase::create(engine);
    assert_durable(&database);
    // TLS off on both sides, on loopback: it is the commit that is measured.
    let url = if engine.is_server() {
        format!("{}?sslmode=disable", database.url())
    } else {
        database.url().to_owned()
    };
    let chat = Chatkeep::builder().url(&url).pool_size(8).open().expect("opens");
    let id = chat.messages().log_message(&message()).expect("logs");
    assert_eq!(id, 1);
    let parsed = DatabaseUrl::parse(&url).expect("the kit's URL");
    let connections: Vec<_> = (0..callers)
        .map(|_| Connection::open(&parsed, Role::Writer, &ConnectOptions::default()).expect("connects"))
        .collect();
    let stored = Arc::new(AtomicI64::new(1));
    let mut each = Vec::new();
    let mut shared = Vec::new();
    let mut awaited = Vec::new();
    let mut connections = connections;
    for _ in 0..ROUNDS {
        let (rate, back) = round(connections, &stored, messages::insert);
        connections = back;
        each.push(rate);
        let handles = vec![chat.messages().clone(); callers];
        shared.push(round(handles, &stored, |logger, message| logger.log_message(message)).0);
        awaited.push(awaited_round(&chat.asynchronous(), callers, &stored));
    }
    let count = chat.messages().get_message_count(&MessageFilter::default()).expect("counts");
    assert_eq!(count, stored.load(Ordering::SeqCst), "every acknowledged message is there, once");
    let (each, shared, awaited) = (median(each), median(shared), median(awaited));
    println!(
        "{engine:<12} {callers:>8} {each:>12.0}/s {shared:>12.0}/s {:>7.2} {awaited:>12.0}/s {:>7.2}",
        shared / each,
        awaited / each
    );
}

/// The same with tasks of one thread.
fn awaited_round(chat: &AsyncChatkeep, callers: usize, stored: &Arc<AtomicI64>) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("starts");
    let start = Instant::now();
    let total: i64 = runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let chat = chat.clone();
                tokio::spawn(async move {
                    let mut logged = 0_i64;
                    while start.elapsed() < ROUND {
                        chat.messages().log_message(message()).await.expect("logs");
                        logged += 1;
                    }
                    logged
                })
            })
            .collect();
        let mut logged = 0;
        for task in tasks {
            logged += task.await.expect("ends");
        }
        logged
    });
    stored.fetch_add(total, Ordering::SeqCst);
    total as f64 / start.elapsed().as_secs_f64()
}

/// Callers that log for the time of a round; how many messages a second they got acknowledged.
fn round<H: Send + 'static>(
    handles: Vec<H>,
    stored: &Arc<AtomicI64>,
    log: fn(&mut H, &NewMessage) -> chatkeep::Result<i64>,
) -> (f64, Vec<H>) {
    let start = Instant::now();
    let callers: Vec<_> = handles
        .into_iter()
        .map(|mut handle| {
            thread::spawn(move || {
                let message = message();
                let mut logged = 0_i64;
                while start.elapsed() < ROUND {
                    log(&mut handle, &message).expect("logs");
                    logged += 1;
                }
                (handle, logged)
            })
        })
        .collect();
    let (handles, counts): (Vec<_>, Vec<_>) =
        callers.into_iter().map(|caller| caller.join().expect("ends")).unzip();
    let total: i64 = counts.iter().sum();
    stored.fetch_add(total, Ordering::SeqCst);
    (total as f64 / start.elapsed().as_secs_f64(), handles)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn assert_durable(database: &TestDatabase) {
    let settings: &[(&str, &str)] = match database.engine() {
        // A file is durable by our own pragmas, which the core's benchmark reads back.
        Engine::Sqlite => &[],
        Engine::PostgreSql => &[("SHOW fsync", "on"), ("SHOW synchronous_commit", "on")],
        Engine::MariaDb | Engine::MySql => &[("SELECT @@innodb_flush_log_at_trx_commit", "1")],
    };
    for (question, answer) in settings {
        assert_eq!(
            database.scalar(question).as_deref(),
            Some(*answer),
            "both sides must be durable: {question}"
        );
    }
}
