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

/// Returns the hint by which the library gives an index to the optimizers of MySQL and MariaDB.
pub(crate) fn index_hint(store: &Store, index: &str) -> String {
    match store.engine() {
        Engine::Sqlite | Engine::PostgreSql => String::new(),
        Engine::MySql | Engine::MariaDb => format!("FORCE INDEX ({index})"),
    }
}

/// Asserts that a query reads this index, and sorts no rows.
#[track_caller]
pub(crate) fn assert_reads_index(store: &Store, sql: &str, index: &str) {
    let explain = match store.engine() {
        // It prefers to sort the few rows of these small tables. With more rows it does not.
        Engine::PostgreSql => "SET enable_sort = off; EXPLAIN",
        _ => explain_of(store),
    };
    let plan = plan(store, explain, sql);
    assert!(plan.contains(index), "{sql}: {plan}");
    assert_has_no_sort(sql, &plan);
}

/// Asserts that a query of a large table sorts no rows.
#[track_caller]
pub(crate) fn assert_sorts_nothing(store: &Store, sql: &str) {
    assert_has_no_sort(sql, &plan(store, explain_of(store), sql));
}

/// Asserts that a query reads one of these indexes. It may sort the few rows that it finds.
#[track_caller]
pub(crate) fn assert_finds_by_index(store: &Store, sql: &str, indexes: &[&str]) {
    let plan = plan(store, explain_of(store), sql);
    assert!(indexes.iter().any(|index| plan.contains(index)), "{sql}: {plan}");
}

#[track_caller]
fn assert_has_no_sort(sql: &str, plan: &str) {
    let lower = plan.to_lowercase();
    assert!(!lower.contains("sort") && !lower.contains("temp b-tree"), "{sql}: {plan}");
}

fn explain_of(store: &Store) -> &'static str {
    match store.engine() {
        Engine::Sqlite => "EXPLAIN QUERY PLAN",
        _ => "EXPLAIN",
    }
}

fn plan(store: &Store, explain: &str, sql: &str) -> String {
    let rows = store.raw.query(&format!("{explain} {sql}"));
    let lines = rows.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}
