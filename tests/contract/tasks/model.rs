//! Random calls, compared with a simple model.

use std::cmp::Reverse;

use chatkeep::{NewTask, Result, Task, TaskStatus};
use chatkeep_testkit::Engine;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::{assert_lost, claim_many, empty, end_all_leases, enqueue_new, get};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict};

on_every_engine![tasks_match_the_model];

const KINDS: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Call {
    Enqueue {
        kind: &'static str,
        priority: i64,
        max_attempts: i64,
        delayed: bool,
    },
    Claim {
        kinds: Vec<&'static str>,
        limit: i64,
    },
    /// Ends the leases of all running tasks.
    EndLeases,
    /// A report of a worker, about one of all leases so far.
    Report(Index, Report),
    Cancel(Index),
    Retry(Index),
}

#[derive(Debug, Clone, Copy)]
enum Report {
    Heartbeat,
    Complete,
    Fail { now: bool, is_final: bool },
    Release,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let kind = || select(&KINDS[..]);
    let enqueue = (kind(), -1..2_i64, 1..4_i64, prop::bool::weighted(0.2)).prop_map(
        |(kind, priority, max_attempts, delayed)| Call::Enqueue {
            kind,
            priority,
            max_attempts,
            delayed,
        },
    );
    let report = prop_oneof![
        2 => Just(Report::Heartbeat),
        2 => Just(Report::Complete),
        3 => (any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(now, is_final)| Report::Fail { now, is_final }),
        1 => Just(Report::Release),
    ];
    let call = prop_oneof![
        5 => enqueue,
        4 => (prop::collection::vec(kind(), 1..3), 1..4_i64)
            .prop_map(|(kinds, limit)| Call::Claim { kinds, limit }),
        1 => Just(Call::EndLeases),
        6 => (any::<Index>(), report).prop_map(|(index, report)| Call::Report(index, report)),
        2 => any::<Index>().prop_map(Call::Cancel),
        1 => any::<Index>().prop_map(Call::Retry),
    ];
    prop::collection::vec(call, 1..50)
}

/// The expected state of a task.
struct Expected {
    id: String,
    kind: &'static str,
    priority: i64,
    max_attempts: i32,
    status: TaskStatus,
    attempts: i32,
    /// Position of `run_at` in the order of times; `None` if it is in the future.
    run_at: Option<usize>,
    token: Option<String>,
    lease_ended: bool,
    cancel_requested: bool,
}

impl Expected {
    fn end_attempt(&mut self, is_last: bool, run_at: Option<usize>) {
        (self.token, self.lease_ended) = (None, false);
        if self.cancel_requested {
            self.status = TaskStatus::Cancelled;
        } else if is_last {
            self.status = TaskStatus::Failed;
        } else {
            (self.status, self.run_at) = (TaskStatus::Queued, run_at);
        }
    }
}

#[derive(Default)]
struct Model {
    tasks: Vec<Expected>,
    /// All leases so far: the task and the token.
    leases: Vec<(usize, String)>,
    /// Number of times so far.
    times: usize,
}

impl Model {
    fn now(&mut self) -> Option<usize> {
        self.times += 1;
        Some(self.times)
    }

    /// Returns the tasks that a claim takes, in their order.
    fn due(&mut self, kinds: &[&str], limit: i64) -> Vec<usize> {
        for task in self.tasks.iter_mut().filter(|task| task.lease_ended) {
            task.end_attempt(task.attempts >= task.max_attempts, task.run_at);
        }
        let mut taken = Vec::new();
        for kind in kinds {
            let is_due = |index: &usize| {
                let task: &Expected = &self.tasks[*index];
                task.kind == *kind && task.status == TaskStatus::Queued && task.run_at.is_some()
            };
            let mut due: Vec<_> = (0..self.tasks.len()).filter(is_due).collect();
            due.sort_by_key(|index| {
                (Reverse(self.tasks[*index].priority), self.tasks[*index].run_at)
            });
            taken
                .extend(due.into_iter().filter(|index| !taken.contains(index)).collect::<Vec<_>>());
        }
        taken.truncate(limit as usize);
        taken
    }
}

fn tasks_match_the_model(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 60 } else { 15 };
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let run = TestRunner::new(config).run(&calls(), |calls| {
        store.raw.execute("DELETE FROM chat_tasks");
        let mut model = Model::default();
        for call in calls {
            perform(store, &mut model, call);
            for expected in &model.tasks {
                assert_matches(&get(store, &expected.id), expected);
            }
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn assert_matches(task: &Task, expected: &Expected) {
    assert_eq!((task.status, task.attempts), (expected.status, expected.attempts));
    assert_eq!(task.lease_until.is_some(), expected.status == TaskStatus::Running);
    assert_eq!(task.finished_at.is_some(), expected.status.has_ended());
    assert_eq!(task.cancel_requested_at.is_some(), expected.cancel_requested);
}

fn perform(store: &Store, model: &mut Model, call: Call) {
    match call {
        Call::Enqueue { kind, priority, max_attempts, delayed } => {
            let new = NewTask::new(kind, empty()).with_priority(priority);
            let new = NewTask { delay_seconds: delayed.then_some(3_600), max_attempts, ..new };
            let id = enqueue_new(store, &new);
            let run_at = if delayed { None } else { model.now() };
            model.tasks.push(Expected {
                id,
                kind,
                priority,
                max_attempts: max_attempts as i32,
                status: TaskStatus::Queued,
                attempts: 0,
                run_at,
                token: None,
                lease_ended: false,
                cancel_requested: false,
            });
        }
        Call::Claim { kinds, limit } => {
            let claimed = claim_many(store, &kinds, limit);
            let due = model.due(&kinds, limit);
            let expected: Vec<_> = due.iter().map(|index| model.tasks[*index].id.clone()).collect();
            let ids: Vec<_> = claimed.iter().map(|claimed| &claimed.task.public_id).collect();
            assert_eq!(ids, expected.iter().collect::<Vec<_>>());
            for (index, claimed) in due.into_iter().zip(claimed) {
                let task = &mut model.tasks[index];
                (task.status, task.attempts) = (TaskStatus::Running, task.attempts + 1);
                task.token = Some(claimed.lease_token.clone());
                model.leases.push((index, claimed.lease_token));
            }
        }
        Call::EndLeases => {
            end_all_leases(store);
            for task in model.tasks.iter_mut().filter(|task| task.token.is_some()) {
                task.lease_ended = true;
            }
        }
        Call::Report(_, _) if model.leases.is_empty() => {}
        Call::Report(lease, report) => {
            let (index, token) = model.leases[lease.index(model.leases.len())].clone();
            perform_report(store, model, index, &token, report);
        }
        Call::Cancel(_) | Call::Retry(_) if model.tasks.is_empty() => {}
        Call::Cancel(index) => {
            let index = index.index(model.tasks.len());
            let task = &mut model.tasks[index];
            let cancelled = store.tasks().cancel_task(&task.id).expect("the call succeeds");
            match task.status {
                TaskStatus::Queued => task.status = TaskStatus::Cancelled,
                TaskStatus::Running => task.cancel_requested = true,
                _ => {}
            }
            assert_eq!(cancelled.map(|task| task.status), Some(task.status));
        }
        Call::Retry(index) => {
            let index = index.index(model.tasks.len());
            let outcome = store.tasks().retry_task(&model.tasks[index].id);
            let now = model.now();
            let task = &mut model.tasks[index];
            if !matches!(task.status, TaskStatus::Failed | TaskStatus::Cancelled) {
                return assert_conflict(outcome, "task_id");
            }
            assert!(outcome.expect("the call succeeds").is_some());
            (task.status, task.attempts, task.run_at) = (TaskStatus::Queued, 0, now);
            task.cancel_requested = false;
        }
    }
}

fn perform_report(store: &Store, model: &mut Model, index: usize, token: &str, report: Report) {
    let id = model.tasks[index].id.as_str();
    let tasks = store.tasks();
    let outcome: Result<bool> = match report {
        Report::Heartbeat => tasks.heartbeat_task(id, token, 3_600),
        Report::Complete => tasks.complete_task(id, token, Some(empty())).map(|()| false),
        Report::Fail { now, is_final } => {
            tasks.fail_task(id, token, "e", now.then_some(0), is_final).map(|_| false)
        }
        Report::Release => tasks.release_task(id, token).map(|_| false),
    };
    let now = model.now();
    let task = &mut model.tasks[index];
    if task.token.as_deref() != Some(token) || task.lease_ended {
        assert_lost(outcome);
        return;
    }
    let cancelled = outcome.expect("the worker has the task");
    match report {
        Report::Heartbeat => assert_eq!(cancelled, task.cancel_requested),
        Report::Complete => (task.status, task.token) = (TaskStatus::Completed, None),
        Report::Fail { now: at_once, is_final } => {
            let is_last = is_final || task.attempts >= task.max_attempts;
            task.end_attempt(is_last, now.filter(|_| at_once));
        }
        Report::Release => {
            task.attempts -= 1;
            task.end_attempt(false, task.run_at);
        }
    }
}
