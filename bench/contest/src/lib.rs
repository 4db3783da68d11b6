//! What a contestant of the benchmark is: a process that is told on its standard input where the database is and what to
//! do, and says on its standard output how often it did it. One JSON value a line:
//!
//! ```text
//! > {"engine": "sqlite", "path": "log", "callers": 1, "file": "/tmp/a.db", "row": {…}, …}      the setup
//! < {"ready": {"versions": {"rusqlite": "0.40.2"}, "durability": {"journal_mode": "wal"}}}
//! > {"go": 1.5}                                                               a round of so many seconds
//! < {"result": {"calls": 9000, "rows": 9000, "seconds": 1.5, "p50_us": 160.0, "p99_us": 240.0, "id_sum": 40504500}}
//! ```
//!
//! It ends when its input does. Whatever goes wrong it says as `{"error": "…"}`, and ends. A contestant in another
//! language speaks the same lines; this crate is for those in Rust, and for the program that runs them all.

mod hex;
mod locked;
mod protocol;
mod round;
mod serve;
pub mod stats;

pub use hex::hex;
pub use locked::locked;
pub use protocol::{Answer, Engine, Order, Outcome, Path, Ready, Row, Setup};
pub use round::{Tally, outcome, threads};
pub use serve::{Contestant, Failure, Result, serve};
