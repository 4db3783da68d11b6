//! Programs on the nodes of a Galera cluster, while nodes leave, fail and rejoin.
//!
//! `make galera` repeats the cases `CHATKEEP_GALERA_ROUNDS` times.

mod ids;
mod shared_rows;
mod tasks;

use std::time::Duration;

use chatkeep::{Chatkeep, PoolSettings};

/// Returns the number of times that a case repeats its faults.
fn rounds() -> u32 {
    std::env::var("CHATKEEP_GALERA_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn open(url: &str) -> Chatkeep {
    let settings = PoolSettings {
        connect_timeout: Duration::from_secs(3),
        query_timeout: Duration::from_secs(20),
        pool_timeout: Duration::from_secs(30),
        max_retries: 0,
        ..PoolSettings::default()
    };
    Chatkeep::builder().url(url).settings(settings).open().expect("the URL is valid")
}
