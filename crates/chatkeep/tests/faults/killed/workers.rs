//! Workers that are killed while they run tasks whose leases are renewed in the background.

use std::thread::{self, sleep};
use std::time::Duration;

use chatkeep::{Chatkeep, Metadata, NewTask, Result, RunningTask};
use chatkeep_testkit::{Engine, TestDatabase};

use super::kills;
use super::process::{kill_writers, report, report_error, writer};
use super::tasks::check;
use crate::on_each_engine;
use crate::opening::open_ready;

on_each_engine!(tasks_of_killed_loops_are_claimed_again_and_completed_once);

const CASE: &str = "killed::workers::tasks_of_killed_loops_are_claimed_again_and_completed_once";
const CONCURRENCY: usize = 4;
/// Short, so that the tasks of killed workers are claimed again during the test.
const LEASE_SECONDS: i64 = 1;
/// Pause between two tasks that a process enqueues.
const PAUSE: Duration = Duration::from_millis(10);

fn tasks_of_killed_loops_are_claimed_again_and_completed_once(engine: Engine) {
    if let Some((url, name)) = writer() {
        return work_until_killed(&url, &name);
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let lines = kill_writers(CASE, engine, database.url(), "worker", kills());
    check(engine, &database, &lines, "workers");
}

fn work_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let process = name.split(' ').next().unwrap_or_default();
    thread::scope(|scope| {
        scope.spawn(|| enqueue_until_killed(&chat, process));
        let work = chat.tasks().work(["k"]).lease_seconds(LEASE_SECONDS).concurrency(CONCURRENCY);
        for task in work {
            match task {
                Ok(mut task) => {
                    scope.spawn(move || {
                        if let Err(error) = run(&mut task) {
                            report_error(&error, task.id());
                        }
                    });
                }
                Err(error) => report_error(&error, process),
            }
        }
    });
}

fn enqueue_until_killed(chat: &Chatkeep, process: &str) {
    for number in 0_u64.. {
        let name = format!("{process}/{number}");
        let input = Metadata::parse(&format!("{{\"n\": {number}}}")).expect("metadata");
        let new = NewTask::new("k", input).with_idempotency_key(&name).with_max_attempts(1_000);
        match chat.tasks().enqueue_task(&new) {
            Ok(task) => report(&format!("queued {} {name}", task.public_id)),
            Err(error) => report_error(&error, &name),
        }
        sleep(PAUSE);
    }
}

/// Runs a task. One of eight takes longer than its lease.
fn run(task: &mut RunningTask) -> Result<()> {
    report(&format!("claimed {} {}", task.id(), task.task().attempts));
    let number = task.task().input.to_map()["n"].as_u64().unwrap_or_default();
    let time = if number % 8 == 7 { 1_300 } else { number % 8 * 5 };
    sleep(Duration::from_millis(time));
    let token = task.lease_token().to_owned();
    task.complete(Some(Metadata::parse(&format!("{{\"token\": {token:?}}}"))?))?;
    report(&format!("ack {} {token}", task.id()));
    Ok(())
}
