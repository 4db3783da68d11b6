//! The cost of a check does not depend on the number of tokens.

use std::thread::sleep;
use std::time::{Duration, Instant};

use chatkeep::Chatkeep;
use chatkeep_testkit::Engine;

use crate::store::{Store, TIMEOUT};

const CHECKS: u64 = 20;

/// Only PostgreSQL selects an index by the type of the bound value. It counts the index and
/// sequential scans of each table.
#[test]
fn postgresql_looks_up_tokens_by_index() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    store.raw.execute(
        "INSERT INTO api_tokens (token_hash, description, created_at) \
         SELECT md5(n::text) || md5((-n)::text), 'one of many', '2024-01-01' FROM \
         generate_series(1, 5000) AS n",
    );
    store.raw.execute("ANALYZE api_tokens");
    let before = reads(&store);

    let chat = Chatkeep::builder().url(store.raw.url()).token_cache(Duration::ZERO).open();
    let chat = chat.expect("the settings are valid");
    let created = chat.tokens().create_token("a", None).expect("the token is created");
    for _ in 0..CHECKS {
        assert!(chat.tokens().verify_token(created.token.expose()).expect("the query succeeds"));
        assert!(
            chat.tokens().check_token(created.token.expose()).expect("the query succeeds").valid
        );
    }
    // A connection reports its scans when it is closed.
    chat.close(TIMEOUT).expect("the connections are closed");
    let end = Instant::now() + TIMEOUT;
    let mut after = reads(&store);
    while after.by_index < before.by_index + 2 * CHECKS
        && after.sequential < before.sequential + 2 * CHECKS
    {
        assert!(Instant::now() < end, "the server has not reported any scan");
        sleep(Duration::from_millis(20));
        after = reads(&store);
    }
    assert!(after.by_index >= before.by_index + 2 * CHECKS, "{after:?}");
    assert_eq!(after.sequential, before.sequential, "no check scans all tokens");
}

/// Number of index scans and of sequential scans.
#[derive(Debug)]
struct Reads {
    by_index: u64,
    sequential: u64,
}

fn reads(store: &Store) -> Reads {
    let count = |column: &str| {
        let sql = format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'api_tokens'");
        store.raw.scalar(&sql).and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    Reads { by_index: count("idx_scan"), sequential: count("seq_scan") }
}
