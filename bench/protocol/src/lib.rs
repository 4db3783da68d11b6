//! The protocol of the benchmark's competitors. A competitor is a process that reads the database
//! and its task from standard input and writes its results to standard output, one JSON value per
//! line:
//!
//! ```text
//! > {"engine": "sqlite", "path": "log", "callers": 1, "file": "/tmp/a.db", …}          the setup
//! < {"ready": {"versions": {"rusqlite": "0.40.2"}, "durability": {"journal_mode": "wal"}}}
//! > {"go": 1.5}                                          a round of this many seconds
//! < {"result": {"calls": 9000, "rows": 9000, "seconds": 1.5, "p50_us": 160.0, …}}
//! ```
//!
//! It exits at the end of its input. On a failure it writes `{"error": "…"}` and exits. Competitors
//! in other languages use the same protocol. This crate is for competitors in Rust, and for the
//! program that runs all of them.

mod hex;
mod locked;
mod protocol;
mod round;
mod serve;
pub mod stats;

pub use hex::hex;
pub use locked::locked;
pub use protocol::{Conversation, Engine, Outcome, Path, Ready, Request, Response, Row, Setup};
pub use round::{Tally, outcome, run_threads};
pub use serve::{Competitor, Failure, Result, serve};
