//! A page of a filtered search is read by an index that has its order.

use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index, index_hint};
use crate::store::Store;

on_every_engine![a_page_of_a_filtered_search_is_read_in_the_order_of_an_index];

const INDEX: &str = "graph_memories_namespace_item_key";

fn a_page_of_a_filtered_search_is_read_in_the_order_of_an_index(store: &Store) {
    for thousand in 0..5 {
        let row = |number: i32| {
            let time = "'2024-01-01 00:00:00.000000'";
            format!("('users/{number}/', '{thousand}', '{{}}', {time}, {time})")
        };
        let rows: Vec<_> = (0..1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO graph_memories (namespace, item_key, value, created_at, updated_at) \
             VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "graph_memories");
    let hint = index_hint(store, INDEX);
    for after in
        ["", "AND namespace >= 'users/50/' AND (namespace > 'users/50/' OR item_key > '3')"]
    {
        let sql = format!(
            "SELECT * FROM graph_memories {hint} \
             WHERE namespace >= 'users/' AND namespace < 'users0' {after} \
             AND (expires_at IS NULL OR expires_at > '2024-01-01 00:00:00.000000') \
             ORDER BY namespace, item_key LIMIT 10"
        );
        assert_reads_index(store, &sql, INDEX);
    }
}
