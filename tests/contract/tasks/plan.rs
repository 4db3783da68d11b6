//! The queries of a claim read only the ends of ranges of its index.

use chatkeep_testkit::Engine;

use super::claim_many;
use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index, index_hint};
use crate::store::{Store, number};

on_every_engine![
    a_claim_reads_its_index_in_order,
    a_claim_passes_over_tasks_whose_time_has_not_come,
];

const CLAIM: &str = "chat_tasks_status_kind_priority_run_at_id";
const LEASE: &str = "chat_tasks_lease_until";

/// Stores 5,000 tasks of two kinds and three priorities, most of them ended.
fn fill(store: &Store, due: bool) {
    let time = if due { "'2024-01-01 00:00:00.000000'" } else { "'9000-01-01 00:00:00.000000'" };
    let ended = "'2024-01-01 00:00:00.000000'";
    for thousand in 0..5 {
        let row = |number: i32| {
            let (kind, priority) = (if number % 2 == 0 { "even" } else { "odd" }, number % 3);
            let (status, end) = match number % 10 {
                0..7 => ("completed", ended),
                _ => ("queued", "NULL"),
            };
            format!(
                "('{due}-{thousand}-{number}', '{kind}', '{{}}', '{status}', {priority}, {time}, 0, \
                 3, {time}, {end})"
            )
        };
        let rows: Vec<_> = (0..1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_tasks (public_id, kind, input, status, priority, run_at, attempts, \
             max_attempts, created_at, finished_at) VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "chat_tasks");
}

fn a_claim_reads_its_index_in_order(store: &Store) {
    fill(store, true);
    let lock = match store.engine() {
        Engine::Sqlite => "",
        Engine::PostgreSql => "FOR NO KEY UPDATE SKIP LOCKED",
        Engine::MySql | Engine::MariaDb => "FOR UPDATE SKIP LOCKED",
    };
    let (by_claim, by_lease) = (index_hint(store, CLAIM), index_hint(store, LEASE));
    let (queued, now) = ("status = 'queued' AND kind = 'odd'", "'2024-01-02 00:00:00.000000'");
    for (sql, index) in [
        (
            format!(
                "SELECT kind, priority, status FROM chat_tasks {by_claim} WHERE {queued} \
                 ORDER BY priority DESC LIMIT 1"
            ),
            CLAIM,
        ),
        (
            format!(
                "SELECT kind, priority, status FROM chat_tasks {by_claim} WHERE {queued} \
                 AND priority < 2 ORDER BY priority DESC LIMIT 1"
            ),
            CLAIM,
        ),
        (
            format!(
                "SELECT run_at FROM chat_tasks {by_claim} WHERE {queued} AND priority = 2 \
                 ORDER BY run_at LIMIT 1"
            ),
            CLAIM,
        ),
        (
            format!(
                "SELECT id FROM chat_tasks {by_claim} WHERE {queued} AND priority = 2 \
                 AND run_at <= {now} ORDER BY run_at, id LIMIT 5 {lock}"
            ),
            CLAIM,
        ),
        (
            format!(
                "SELECT kind, priority, lease_until, status FROM chat_tasks {by_lease} \
                 WHERE lease_until <= {now} ORDER BY lease_until LIMIT 1"
            ),
            LEASE,
        ),
    ] {
        assert_reads_index(store, &sql, index);
    }
}

/// The tasks of each priority are in the future, except some of the lowest one.
fn a_claim_passes_over_tasks_whose_time_has_not_come(store: &Store) {
    fill(store, false);
    assert_eq!(claim_many(store, &["odd", "even"], 100).len(), 0);
    store.raw.execute(
        "UPDATE chat_tasks SET run_at = '2024-01-01 00:00:00.000000' \
         WHERE priority = 0 AND kind = 'odd' AND public_id LIKE 'false-1-%'",
    );
    let due = "SELECT COUNT(*) FROM chat_tasks WHERE status = 'queued' AND run_at < '2025-01-01'";
    let due = number(store, due);
    assert!(due > 10);
    let claimed = claim_many(store, &["even", "odd"], 100);
    assert_eq!(claimed.len() as i64, due);
    assert!(claimed.iter().all(|claimed| claimed.task.priority == 0));
}
