//! A check costs the same however many tokens there are.

use std::thread::sleep;
use std::time::{Duration, Instant};

use chatkeep::Chatkeep;
use chatkeep_testkit::Engine;

use crate::store::{PATIENCE, Store};

const CHECKS: u64 = 20;

/// PostgreSQL alone chooses an index by the type that a value is bound as. It counts how each table is read.
#[test]
fn postgresql_finds_a_token_by_its_index() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    store.database().upgrade().expect("the schema is made");
    store.raw.execute(
        "INSERT INTO api_tokens (token_hash, description, created_at) \
         SELECT md5(n::text) || md5((-n)::text), 'one of many', '2024-01-01' FROM generate_series(1, 5000) AS n",
    );
    store.raw.execute("ANALYZE api_tokens");
    let before = reads(&store);

    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(Duration::ZERO).open();
    let chat = chat.expect("the settings are right");
    let created = chat.tokens().create_token("a", None).expect("a token is made");
    for _ in 0..CHECKS {
        assert!(chat.tokens().verify_token(created.token.expose()).expect("the store answers"));
        assert!(
            chat.tokens().check_token(created.token.expose()).expect("the store answers").valid
        );
    }
    // A connection says what it did when it ends.
    chat.close(PATIENCE).expect("it ends");
    let end = Instant::now() + PATIENCE;
    let mut after = reads(&store);
    while after.by_index < before.by_index + 2 * CHECKS
        && after.through < before.through + 2 * CHECKS
    {
        assert!(Instant::now() < end, "the server has not counted any reading");
        sleep(Duration::from_millis(20));
        after = reads(&store);
    }
    assert!(after.by_index >= before.by_index + 2 * CHECKS, "{after:?}");
    assert_eq!(after.through, before.through, "nobody read all tokens");
}

/// How often tokens were found by an index, and how often all of them were read.
#[derive(Debug)]
struct Reads {
    by_index: u64,
    through: u64,
}

fn reads(store: &Store) -> Reads {
    let count = |column: &str| {
        let sql = format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'api_tokens'");
        store.raw.scalar(&sql).and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    Reads { by_index: count("idx_scan"), through: count("seq_scan") }
}
