//! A page of conversations is read by an index that has its order.

use chatkeep_testkit::Engine;

use super::user;
use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index};
use crate::store::Store;

on_every_engine![a_page_is_read_in_the_order_of_an_index];

const BY_USER: &str = "chat_conversations_user_id_last_message_at_id";
const BY_TIME: &str = "chat_conversations_last_message_at_id";

fn a_page_is_read_in_the_order_of_an_index(store: &Store) {
    user(store, "ada");
    user(store, "bob");
    let [ada, bob] = ["ada", "bob"].map(|name| {
        let sql = format!("SELECT id FROM chat_users WHERE public_id = '{name}'");
        store.raw.scalar(&sql).expect("the user exists")
    });
    for thousand in 0..5 {
        let row = |number: i32| {
            let (minute, second) = (number / 60 % 60, number % 60);
            let time = format!("2024-01-0{} 00:{minute:02}:{second:02}.000000", 1 + thousand);
            let owner = if number % 5 == 0 { &ada } else { &bob };
            format!("('{thousand}-{number}', {owner}, '{time}', '{time}')")
        };
        let rows: Vec<_> = (0..1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_conversations (public_id, user_id, created_at, last_message_at) \
             VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "chat_conversations");
    let position = "AND last_message_at <= '2024-01-03 00:00:00.000000' \
                    AND (last_message_at < '2024-01-03 00:00:00.000000' OR id < 5)";
    for (condition, index) in [
        (format!("user_id = {ada} AND archived_at IS NULL"), BY_USER),
        (format!("user_id = {ada} AND archived_at IS NULL {position}"), BY_USER),
        ("archived_at IS NULL".to_owned(), BY_TIME),
        (format!("archived_at IS NULL {position}"), BY_TIME),
    ] {
        // The optimizers of MySQL and MariaDB are given the index.
        let (columns, hint) = match store.engine() {
            Engine::Sqlite | Engine::PostgreSql => ("*", String::new()),
            Engine::MySql | Engine::MariaDb => ("id", format!("FORCE INDEX ({index})")),
        };
        let page = format!(
            "SELECT {columns} FROM chat_conversations {hint} WHERE {condition} \
             ORDER BY last_message_at DESC, id DESC LIMIT 101"
        );
        assert_reads_index(store, &page, index);
    }
}
