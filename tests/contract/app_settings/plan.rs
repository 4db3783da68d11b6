//! Lists and deletions read an index in its order.

use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index};
use crate::store::Store;

on_every_engine![versions_and_old_ones_are_read_from_an_index];

fn versions_and_old_ones_are_read_from_an_index(store: &Store) {
    for hundred in 0..20 {
        let row = |number: i32| {
            let day = number % 28 + 1;
            format!(
                "('', 'k{hundred}', {}, '1', {day} < 0, '2024-01-{day:02} 00:00:00')",
                number + 1
            )
        };
        let rows: Vec<_> = (0..200).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO app_setting_versions \
             (scope, setting_key, version, value, deleted, changed_at) VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "app_setting_versions");
    assert_reads_index(
        store,
        "SELECT id FROM app_setting_versions WHERE scope = '' AND setting_key = 'k7' \
         AND version < 150 ORDER BY version DESC LIMIT 10",
        "app_setting_versions_scope_setting_key_version",
    );
    assert_reads_index(
        store,
        "SELECT changed_at, id FROM app_setting_versions \
         WHERE changed_at < '2024-01-20 00:00:00' AND changed_at >= '2024-01-02 00:00:00' \
         AND (changed_at > '2024-01-02 00:00:00' OR id > 100) ORDER BY changed_at, id LIMIT 10",
        "app_setting_versions_changed_at_id",
    );
}
