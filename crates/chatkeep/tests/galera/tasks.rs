//! Workers that claim tasks through several nodes.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, Metadata, NewTask};
use chatkeep_testkit::GaleraCluster;

use crate::{open, rounds};

const WORKERS: usize = 12;
const TASKS: usize = 300;

#[test]
fn workers_on_several_nodes_claim_each_task_once() {
    let cluster = GaleraCluster::start();
    for _ in 0..rounds() {
        let database = cluster.node(0).create_database();
        let chats: Vec<_> =
            (0..3).map(|node| open(cluster.database_through(node, &database).url())).collect();
        chats[0].database().upgrade().expect("the schema is created");
        let input = Metadata::parse("{}").expect("metadata");
        chats[0].tasks().enqueue_tasks(&vec![NewTask::new("k", input); TASKS]).expect("enqueued");
        let completed: Vec<Vec<String>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS)
                .map(|worker| {
                    let chat = &chats[worker % chats.len()];
                    scope.spawn(move || work(chat, 1 + worker as i64 % 3))
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("no worker panics")).collect()
        });
        let left = "SELECT status, attempts, worker, lease_until, run_at, UTC_TIMESTAMP(6) \
                    FROM chat_tasks WHERE status <> 'completed'";
        let completed: Vec<_> = completed.into_iter().flatten().collect();
        let distinct: BTreeSet<_> = completed.iter().collect();
        let counts = (completed.len(), distinct.len());
        assert_eq!(counts, (TASKS, TASKS), "left: {:?}", database.query(left));
        let attempts = "SELECT COUNT(*), SUM(attempts), SUM(status = 'completed') FROM chat_tasks";
        let expected = Some(TASKS.to_string());
        assert_eq!(database.query(attempts), [[expected.clone(), expected.clone(), expected]]);
    }
}

/// Claims and completes tasks until none is left, and returns their ids.
fn work(chat: &Chatkeep, limit: i64) -> Vec<String> {
    let tasks = chat.tasks();
    let mut completed = Vec::new();
    // A node applies the writes of others later, and other workers may take what a claim found.
    let mut empty = 0;
    while empty < 20 {
        let claimed = match tasks.claim_tasks(&["k".to_owned()], "w", 3_600, limit, 0) {
            Ok(claimed) => claimed,
            // Others took all tasks that it tried to claim, until the query timeout.
            Err(error) if error.kind() == ErrorKind::Conflict => continue,
            Err(error) => panic!("{error:?}"),
        };
        empty = if claimed.is_empty() { empty + 1 } else { 0 };
        for claimed in claimed {
            let (id, token) = (claimed.task.public_id, claimed.lease_token);
            tasks.complete_task(&id, &token, None).expect("the worker has the task");
            completed.push(id);
        }
        if empty > 0 {
            thread::sleep(Duration::from_millis(50));
        }
    }
    completed
}
