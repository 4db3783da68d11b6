//! Workers that are killed between and during the steps of a task: enqueueing it, claiming it,
//! extending the lease, and completing it.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chatkeep::{Chatkeep, ClaimedTask, Metadata, NewTask, Result, TaskStatus};
use chatkeep_testkit::{Engine, TestDatabase};

use super::process::{kill_writers, report, report_error, words, writer};
use super::{Counts, kills};
use crate::on_each_engine;
use crate::opening::{open, open_ready};

on_each_engine!(tasks_of_killed_workers_are_claimed_again_and_completed_once);

const CASE: &str = "killed::tasks::tasks_of_killed_workers_are_claimed_again_and_completed_once";
const THREADS: u64 = 4;
/// Short, so that the tasks of killed workers are claimed again during the test.
const LEASE_SECONDS: i64 = 1;

fn tasks_of_killed_workers_are_claimed_again_and_completed_once(engine: Engine) {
    if let Some((url, name)) = writer() {
        return work_until_killed(&url, &name);
    }
    let database = TestDatabase::create(engine);
    drop(open_ready(database.url()));
    let lines = kill_writers(CASE, engine, database.url(), "worker", kills());
    check(engine, &database, &lines, "tasks");
}

/// Compares what the killed workers reported with the database, and completes the tasks that they
/// left. Each task is completed once.
pub(super) fn check(engine: Engine, database: &TestDatabase, lines: &[String], killed: &str) {
    let (reported, mut counts) = Reported::of(lines);
    // Now all leases of the killed workers have ended.
    database.execute(
        "UPDATE chat_tasks SET lease_until = '2020-01-01 00:00:00.000000' WHERE status = 'running'",
    );
    let chat = open(database.url());
    reported.compare(&chat);
    complete_the_rest(&chat);
    let tasks = database.query("SELECT public_id, idempotency_key, status FROM chat_tasks");
    counts.stored = tasks.len();
    let keys: BTreeSet<_> = tasks.iter().map(|task| &task[1]).collect();
    assert_eq!(keys.len(), tasks.len(), "a task is stored twice");
    for task in &tasks {
        assert_eq!(task[2].as_deref(), Some("completed"), "{task:?}");
    }
    counts.print(engine, killed, kills());
}

fn claim(chat: &Chatkeep, limit: i64) -> Result<Vec<ClaimedTask>> {
    chat.tasks().claim_tasks(&["k".to_owned()], "worker", LEASE_SECONDS, limit, 0)
}

fn work_until_killed(url: &str, name: &str) {
    let chat = open_ready(url);
    let process = name.split(' ').next().unwrap_or_default();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let chat = &chat;
            scope.spawn(move || {
                for number in 0_u64.. {
                    let name = format!("{process}/{worker}/{number}");
                    if let Err(error) = enqueue_and_work(chat, &name) {
                        report_error(&error, &name);
                    }
                }
            });
        }
    });
}

/// Enqueues a task, and works on one or two, which may be others.
fn enqueue_and_work(chat: &Chatkeep, name: &str) -> Result<()> {
    let tasks = chat.tasks();
    let input = Metadata::parse(&format!("{{\"name\": {name:?}}}"))?;
    let new = NewTask::new("k", input).with_idempotency_key(name).with_max_attempts(1_000);
    let id = tasks.enqueue_task(&new)?.public_id;
    report(&format!("queued {id} {name}"));
    let claimed = claim(chat, 2)?;
    for ClaimedTask { task, lease_token, .. } in &claimed {
        report(&format!("claimed {} {}", task.public_id, task.attempts));
        tasks.heartbeat_task(&task.public_id, lease_token, LEASE_SECONDS)?;
        let result = Metadata::parse(&format!("{{\"token\": {lease_token:?}}}"))?;
        tasks.complete_task(&task.public_id, lease_token, Some(result))?;
        report(&format!("ack {} {lease_token}", task.public_id));
    }
    Ok(())
}

/// Completes the tasks that the killed workers left.
fn complete_the_rest(chat: &Chatkeep) {
    loop {
        let claimed = chat.tasks().claim_tasks(&["k".to_owned()], "last", 3_600, 100, 0);
        let claimed = claimed.expect("the call succeeds");
        if claimed.is_empty() {
            return;
        }
        for ClaimedTask { task, lease_token, .. } in claimed {
            let completed = chat.tasks().complete_task(&task.public_id, &lease_token, None);
            completed.expect("the worker has the task");
        }
    }
}

/// The outcomes that the workers reported.
#[derive(Default)]
struct Reported {
    queued: BTreeSet<String>,
    /// Numbers of the attempts of each task.
    attempts: BTreeMap<String, BTreeSet<i32>>,
    /// Tokens of the leases by which tasks were completed.
    completed: BTreeMap<String, String>,
}

impl Reported {
    fn of(lines: &[String]) -> (Self, Counts) {
        let (mut reported, mut counts) = (Self::default(), Counts::default());
        for line in lines {
            let Some([word, id, text]) = words(line) else { continue };
            match word {
                "queued" => {
                    reported.queued.insert(id.to_owned());
                }
                "claimed" => {
                    let attempts = reported.attempts.entry(id.to_owned()).or_default();
                    let attempt = text.parse().expect("a number");
                    assert!(attempts.insert(attempt), "{id} was claimed twice at a time");
                }
                "ack" => {
                    let other = reported.completed.insert(id.to_owned(), text.to_owned());
                    assert_eq!(other, None, "{id} was completed twice");
                }
                "error" => counts.add_error(id, line),
                _ => {}
            }
        }
        counts.acknowledged = reported.completed.len();
        (reported, counts)
    }

    /// Compares the outcomes with the database.
    fn compare(&self, chat: &Chatkeep) {
        let get = |id: &str| {
            let task = chat.tasks().get_task(id).expect("the query succeeds");
            task.unwrap_or_else(|| panic!("the task {id} is lost"))
        };
        for id in &self.queued {
            get(id);
        }
        for (id, attempts) in &self.attempts {
            let last = attempts.last().copied().unwrap_or_default();
            assert!(get(id).attempts >= last, "an attempt of {id} is lost");
        }
        for (id, token) in &self.completed {
            let task = get(id);
            assert_eq!(task.status, TaskStatus::Completed, "{task:?}");
            let result = task.result.expect("it has a result").to_map();
            assert_eq!(result["token"], token.as_str(), "another worker completed {id}");
        }
    }
}
