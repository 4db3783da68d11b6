//! Tests of the `chatkeep` command as a process, each with its own database.
#![cfg(unix)]

mod calls;
mod command;
mod conversations;
mod credentials;
mod databases;
mod exports;
#[cfg(target_os = "linux")]
mod failing_disk;
mod graph;
mod imports;
mod kills;
mod legacy_imports;
mod memory;
mod message_lists;
mod message_stats;
mod messages;
mod migrations;
mod outputs;
mod pages;
mod providers;
mod prune_job;
mod routing;
mod routing_policies;
mod settings;
mod signals;
mod task_workers;
mod tasks;
mod tokens;
mod transfers;
mod users;
