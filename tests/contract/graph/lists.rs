//! Lists that grow with each checkpoint are stored once.

use chatkeep::NewChannel;

use super::{changed, checkpoint, get, number, value};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    a_growing_list_is_stored_once,
    lists_of_forks_share_their_elements,
    a_summary_keeps_the_elements_after_it,
    equal_versions_of_forks_have_their_own_values,
    deleted_checkpoints_leave_no_elements,
    a_checkpoint_that_is_its_own_parent_is_pruned,
];

/// Returns a list of `count` messages, the first of which has number `first`.
fn messages(first: usize, count: usize) -> String {
    let numbers = (first..first + count).map(|number| {
        // Digits that repeat little, as text does.
        let text: String =
            (0..20).map(|at| format!("{:x}", (number * 7_919 + at * 104_729) % 65_521)).collect();
        format!(r#"{{"id":{number},"text":"{text}"}}"#)
    });
    format!("[{}]", numbers.collect::<Vec<_>>().join(","))
}

fn segments(store: &Store) -> i64 {
    number(store, "SELECT COUNT(*) FROM graph_segments")
}

fn put(store: &Store, id: &str, parent: Option<&str>, list: &str) {
    let new = checkpoint(id, parent, vec![changed("messages", id, list)]);
    store.graph().put_checkpoint("t", &new).expect("it is stored");
}

fn list(store: &Store, id: &str) -> Option<String> {
    value(&get(store, "t", Some(id)), "messages")
}

fn a_growing_list_is_stored_once(store: &Store) {
    const COUNT: usize = 120;
    let id = |count: usize| format!("{count:04}");
    for count in 1..=COUNT {
        put(
            store,
            &id(count),
            (count > 1).then(|| id(count - 1)).as_deref(),
            &messages(0, count * 3),
        );
    }
    assert_eq!(segments(store), COUNT as i64);
    let bytes = number(store, "SELECT SUM(LENGTH(data)) FROM graph_segments");
    let whole = messages(0, COUNT * 3).len() as i64;
    assert!(bytes < whole * 11 / 10, "{bytes} bytes for a list of {whole}");
    for count in [1, 2, 57, COUNT] {
        assert_eq!(list(store, &id(count)), Some(messages(0, count * 3)), "{count}");
    }
    let mut expected = COUNT;
    let (mut before, mut after) = (None::<String>, None);
    loop {
        let page =
            store.graph().list_checkpoints(Some("t"), None, None, before.as_deref(), after, 50);
        let page = page.expect("the query succeeds");
        let Some(last) = page.last() else { break };
        (before, after) = (Some(last.id.clone()), Some(last.position));
        for checkpoint in &page {
            assert_eq!(value(checkpoint, "messages"), Some(messages(0, expected * 3)));
            expected -= 1;
        }
    }
    assert_eq!(expected, 0);
}

fn lists_of_forks_share_their_elements(store: &Store) {
    put(store, "1", None, &messages(0, 6));
    put(store, "2", Some("1"), &messages(0, 8));
    let fork = messages(0, 6).replace(']', &messages(50, 1).replace('[', ","));
    put(store, "3", Some("1"), &fork);
    let longer = fork.replace(']', r#","end"]"#);
    put(store, "4", Some("3"), &longer);
    assert_eq!(segments(store), 4, "each has its new elements only");
    for (id, expected) in [("1", messages(0, 6)), ("2", messages(0, 8)), ("3", fork), ("4", longer)]
    {
        assert_eq!(list(store, id), Some(expected), "{id}");
    }
}

fn a_summary_keeps_the_elements_after_it(store: &Store) {
    put(store, "1", None, &messages(0, 40));
    let summary = messages(30, 10).replacen('[', r#"["the first 30 in short","#, 1);
    put(store, "2", Some("1"), &summary);
    let next = summary.replace(']', r#","next"]"#);
    put(store, "3", Some("2"), &next);
    let bytes = number(store, "SELECT MAX(LENGTH(data)) FROM graph_segments WHERE elements = 1");
    assert!(bytes < 100, "the other elements are not stored again: {bytes}");
    assert_eq!(list(store, "2"), Some(summary));
    assert_eq!(list(store, "3"), Some(next));
}

/// LangGraph's default versions are 1, 2, 3, also in a fork.
fn equal_versions_of_forks_have_their_own_values(store: &Store) {
    let large = |text: &str| format!("{:?}", text.repeat(300));
    for (id, parent, value) in [("1", None, "a"), ("2", Some("1"), "b"), ("3", Some("1"), "c")] {
        let channels = vec![
            changed("small", "2", &format!("{value:?}")),
            changed("large", "2", &large(value)),
            changed("list", "2", &messages(id.len() * value.len(), 9).replace("id", value)),
        ];
        store.graph().put_checkpoint("t", &checkpoint(id, parent, channels)).expect("it is stored");
    }
    for (id, expected) in [("1", "a"), ("2", "b"), ("3", "c")] {
        let found = get(store, "t", Some(id));
        assert_eq!(value(&found, "small"), Some(format!("{expected:?}")));
        assert_eq!(value(&found, "large"), Some(large(expected)));
        assert_eq!(value(&found, "list"), Some(messages(1, 9).replace("id", expected)));
    }
}

fn deleted_checkpoints_leave_no_elements(store: &Store) {
    let large = |text: &str| format!("{:?}", text.repeat(300));
    for (id, parent) in [("1", None), ("2", Some("1")), ("3", Some("2"))] {
        let number: usize = id.parse().expect("a number");
        let channels = vec![
            changed("messages", id, &messages(number * 10, 20)),
            changed("large", id, &large(id)),
        ];
        store.graph().put_checkpoint("t", &checkpoint(id, parent, channels)).expect("it is stored");
    }
    let rows = |table: &str| number(store, &format!("SELECT COUNT(*) FROM {table}"));
    let deleted = store.graph().prune_threads(&["t".to_owned()], 1, false);
    assert_eq!(deleted.expect("it succeeds"), 2);
    assert_eq!(rows("graph_values"), 1);
    assert_eq!(list(store, "3"), Some(messages(30, 20)));
    assert!(store.graph().delete_thread("t").expect("it succeeds"));
    for table in ["threads", "namespaces", "checkpoints", "values", "segments", "writes"] {
        assert_eq!(rows(&format!("graph_{table}")), 0, "{table}");
    }
}

/// LangGraph stores a checkpoint again with its own id as the parent's. The history that its delta
/// channel needs has no end then.
fn a_checkpoint_that_is_its_own_parent_is_pruned(store: &Store) {
    for (id, parent) in [("1", None), ("2", Some("2")), ("3", Some("2"))] {
        let delta = NewChannel { changed: true, ..NewChannel::unchanged("delta", id) };
        let mut new = checkpoint(id, parent, vec![delta]);
        new.delta_channels = Some(vec!["delta".to_owned()]);
        for _ in 0..2 {
            store.graph().put_checkpoint("t", &new).expect("it is stored");
        }
    }
    let deleted = store.graph().prune_threads(&["t".to_owned()], 1, false);
    assert_eq!(deleted.expect("it succeeds"), 1, "the second one is an ancestor of the third");
}
