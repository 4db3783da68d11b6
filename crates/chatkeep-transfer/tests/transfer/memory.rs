//! Tests of transfers of the long-term memory of agents.

use std::fs::File;
use std::time::Duration;

use chatkeep::{Chatkeep, Memory, Metadata, NewMemory};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, backup, check_backup, copy, restore};

use crate::every_engine::on_every_engine;
use crate::store::{Store, other, url};

on_every_engine![items_of_the_memory_are_copied_and_restored];

const TIMEOUT: Duration = Duration::from_secs(10);

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
    let file = store.path("chat.tar.zst");
    backup(store, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    let content = check_backup(&file, &mut |_| {}).expect("sound");
    assert_eq!(content.rows_of("graph_memories"), 6);
    for engine in Engine::available() {
        let copied = other(engine);
        let (from, to) = (url(store.raw.url()), url(copied.raw.url()));
        let report = copy(&from, &to, CopyOptions::default(), &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("to {engine}: {error:?}"));
        assert!(report.comparison.equal, "{engine}");
        let restored = other(engine);
        let report = restore(&url(restored.raw.url()), &file, TIMEOUT, &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("into {engine}: {error:?}"));
        assert_eq!(report.comparison.target, content);
        for target in [&copied, &restored] {
            assert_eq!(all(target), before, "{engine}");
            let new = NewMemory::new(["n"], "new", Metadata::parse("{}").expect("metadata"));
            target.memory().put_memories(&[new]).expect("the id is new");
            assert_eq!(all(target).len(), 7);
        }
    }
}
