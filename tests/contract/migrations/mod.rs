//! Running, reverting, adopting and checking migrations, an application's included, and recovery of
//! interrupted runs.

mod adopt;
mod application;
mod check;
mod concurrency;
mod deployment;
mod downgrade;
mod failures;
mod folder;
mod history;
mod killed;
mod schemas;
mod scripts;
