//! The `chatkeep` command as its users meet it: as a process, each time on a database of its own.
#![cfg(unix)]

mod command;
mod databases;
mod exports;
#[cfg(target_os = "linux")]
mod failing_disk;
mod imports;
mod kills;
mod memory;
mod messages;
mod migrations;
mod moving_house;
mod moving_in;
mod outputs;
mod pages;
mod signals;
mod tokens;
