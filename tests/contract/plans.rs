//! Query plans: a page is read from an index, in its order.

use chatkeep_testkit::Engine;

use crate::store::Store;

/// Updates the statistics by which plans are chosen.
pub(crate) fn analyze(store: &Store, table: &str) {
    store.raw.execute(&match store.engine() {
        Engine::Sqlite | Engine::PostgreSql => format!("ANALYZE {table}"),
        Engine::MySql | Engine::MariaDb => format!("ANALYZE TABLE {table}"),
    });
}

/// Asserts that a query reads this index, and sorts no rows.
#[track_caller]
pub(crate) fn assert_reads_index(store: &Store, sql: &str, index: &str) {
    let plan = explain(store, sql);
    assert!(plan.contains(index), "{sql}: {plan}");
    let lower = plan.to_lowercase();
    assert!(!lower.contains("sort") && !lower.contains("temp b-tree"), "{sql}: {plan}");
}

fn explain(store: &Store, sql: &str) -> String {
    let explain = match store.engine() {
        Engine::Sqlite => "EXPLAIN QUERY PLAN",
        // It prefers to sort the few rows of these small tables. With more rows it does not.
        Engine::PostgreSql => "SET enable_sort = off; EXPLAIN",
        Engine::MySql | Engine::MariaDb => "EXPLAIN",
    };
    let rows = store.raw.query(&format!("{explain} {sql}"));
    let lines = rows.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}
