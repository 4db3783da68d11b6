//! A look-up and the pages are read by indexes, in their order.

use super::create_provider;
use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_finds_by_index, assert_reads_index, index_hint};
use crate::store::Store;

on_every_engine![
    a_look_up_reads_the_versions_of_its_owner_and_name,
    a_page_is_read_in_the_order_of_an_index,
];

/// Stores many credentials, some of them of a provider.
fn fill(store: &Store) {
    create_provider(store, "openai");
    for start in (0..3_000).step_by(1_000) {
        let row = |number: i32| {
            let provider = match number % 30 {
                7 => "(SELECT MAX(id) FROM chat_providers)",
                _ => "NULL",
            };
            format!(
                "('p{number}', {provider}, 'app', 'n{}', {number}, 'x', 'k', 1, 'active', \
                 '2024-01-01 00:00:00.000000')",
                number % 300
            )
        };
        let rows: Vec<_> = (start..start + 1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_credentials (public_id, provider_id, owner_key, name, version, \
             ciphertext, key_id, format, status, created_at) VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "chat_credentials");
}

fn a_look_up_reads_the_versions_of_its_owner_and_name(store: &Store) {
    fill(store);
    let id = store.raw.scalar("SELECT id FROM chat_providers").expect("an id");
    let sql = format!(
        "SELECT * FROM chat_credentials WHERE name = 'n7' AND status = 'active' \
         AND provider_id = {id} AND user_id IS NULL ORDER BY version DESC LIMIT 1"
    );
    // MySQL and MariaDB may intersect two smaller indexes, which also finds only these versions.
    let indexes = ["chat_credentials_provider_id_user_id_name_version", "chat_credentials_name_id"];
    assert_finds_by_index(store, &sql, &indexes);
}

fn a_page_is_read_in_the_order_of_an_index(store: &Store) {
    fill(store);
    let id = store.raw.scalar("SELECT id FROM chat_providers").expect("an id");
    for (condition, index) in [
        (format!("provider_id = {id}"), "chat_credentials_provider_id_id"),
        ("name = 'n7'".to_owned(), "chat_credentials_name_id"),
    ] {
        let hint = index_hint(store, index);
        let sql = format!(
            "SELECT id FROM chat_credentials {hint} WHERE {condition} AND id < 5000 \
             ORDER BY id DESC LIMIT 11"
        );
        assert_reads_index(store, &sql, index);
    }
}
