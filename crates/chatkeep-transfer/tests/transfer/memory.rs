//! Tests of transfers of the long-term memory of agents.

use chatkeep::{Chatkeep, Memory, Metadata, NewMemory};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::Store;

on_every_engine![items_of_the_memory_are_copied_and_restored];

/// Returns all items, the last stored first.
fn all(chat: &Chatkeep) -> Vec<Memory> {
    chat.memory().search_memories(&[], None, 10_000, 0, false).expect("the query succeeds")
}

fn fill(store: &Store) {
    let values = [
        "{}",
        r#"{"a": 18446744073709551615, "b": 5e18, "c": -0.5, "d": [null, {"e": "é😀\r\n\t\\N"}]}"#,
    ];
    for (number, segment) in ["a", "a/b", "\\", "%", "é🎉", "a "].into_iter().enumerate() {
        let value = Metadata::parse(values[number % 2]).expect("metadata");
        let item = NewMemory::new(["n", segment], format!("{segment}k"), value);
        let item = if number % 3 == 0 { item.with_ttl_seconds(3_600) } else { item };
        store.memory().put_memories(&[item]).expect("it is stored");
    }
}

fn items_of_the_memory_are_copied_and_restored(store: &Store) {
    fill(store);
    let before = all(store);
    assert_eq!(before.len(), 6);
    on_every_target(store, &[("graph_memories", 6)], |target| {
        assert_eq!(all(target), before, "{}", target.engine());
        let new = NewMemory::new(["n"], "new", Metadata::parse("{}").expect("metadata"));
        target.memory().put_memories(&[new]).expect("the id is new");
        assert_eq!(all(target).len(), 7);
    });
}
