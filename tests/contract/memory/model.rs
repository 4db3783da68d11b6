//! Random calls, compared with a simple model.

use std::collections::{BTreeMap, BTreeSet};

use chatkeep::NewMemory;
use chatkeep_testkit::Engine;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::search;
use crate::every_engine::on_every_engine;
use crate::store::{Store, metadata};

on_every_engine![items_match_the_model];

const NAMES: [&str; 6] = ["a", "ab", "a/", "\\", "A", "%"];

type Key = (Vec<String>, String);
type Model = BTreeMap<Key, i64>;

#[derive(Debug, Clone)]
enum Call {
    /// Stores an item, or deletes it.
    Put(Key, Option<i64>),
    /// Stores and deletes items.
    PutMany(Vec<(Key, Option<i64>)>),
    DeleteUnder(Vec<String>),
    Search(Vec<String>, Option<i64>),
    List(Vec<String>, usize),
}

fn namespace(least: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(&NAMES[..]).prop_map(str::to_owned), least..4)
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let key = || (namespace(1), prop::sample::select(&NAMES[..2]).prop_map(str::to_owned));
    let change = || (key(), prop::option::weighted(0.8, 0..5_i64));
    let call = prop_oneof![
        4 => change().prop_map(|(key, value)| Call::Put(key, value)),
        2 => prop::collection::vec(change(), 0..12).prop_map(Call::PutMany),
        1 => namespace(1).prop_map(Call::DeleteUnder),
        3 => (namespace(0), prop::option::of(0..5_i64))
            .prop_map(|(prefix, least)| Call::Search(prefix, least)),
        2 => (namespace(0), 1..4_usize).prop_map(|(prefix, depth)| Call::List(prefix, depth)),
    ];
    prop::collection::vec(call, 1..40)
}

fn item((namespace, key): &Key, value: Option<i64>) -> NewMemory {
    match value {
        Some(value) => {
            NewMemory::new(namespace.clone(), key, metadata(&format!(r#"{{"n": {value}}}"#)))
        }
        None => NewMemory::deletion(namespace.clone(), key),
    }
}

fn items_match_the_model(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 60 } else { 15 };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let run = runner.run(&calls(), |calls| {
        store.raw.execute("DELETE FROM graph_memories");
        let mut model = Model::new();
        for call in calls {
            perform(store, &mut model, call);
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn perform(store: &Store, model: &mut Model, call: Call) {
    let memory = store.memory();
    match call {
        Call::Put(key, value) => {
            let stored = model.contains_key(&key);
            change(model, &key, value);
            let (namespace, name) = &key;
            if let Some(value) = value {
                let value = metadata(&format!(r#"{{"n": {value}}}"#));
                memory.put_memory(namespace, name, &value, None).expect("it is stored");
            } else {
                let deleted = memory.delete_memory(namespace, name).expect("it succeeds");
                assert_eq!(deleted, stored);
            }
            let found = memory.get_memory(namespace, name, true).expect("it succeeds");
            assert_eq!(found.is_some(), value.is_some());
        }
        Call::PutMany(changes) => {
            let items: Vec<_> = changes.iter().map(|(key, value)| item(key, *value)).collect();
            memory.put_memories(&items).expect("they are stored");
            for (key, value) in changes {
                change(model, &key, value);
            }
        }
        Call::DeleteUnder(prefix) => {
            let count = model.len();
            model.retain(|(namespace, _), _| !namespace.starts_with(&prefix));
            let deleted = memory.delete_memories_under(&prefix).expect("it succeeds");
            assert_eq!(deleted, (count - model.len()) as u64);
        }
        Call::Search(prefix, least) => {
            let filter = least.map(|least| metadata(&format!(r#"{{"n": {{"$gte": {least}}}}}"#)));
            let found = search(store, &prefix, filter);
            let count = found.len();
            let found: Model = found
                .into_iter()
                .map(|item| {
                    let number = item.value.to_map()["n"].as_i64().expect("a number");
                    ((item.namespace, item.key), number)
                })
                .collect();
            let is_expected = |(key, value): &(&Key, &i64)| {
                key.0.starts_with(&prefix) && **value >= least.unwrap_or_default()
            };
            let expected: Model = model
                .iter()
                .filter(is_expected)
                .map(|(key, value)| (key.clone(), *value))
                .collect();
            assert_eq!(found, expected);
            assert_eq!(count, expected.len());
        }
        Call::List(prefix, depth) => {
            let listed = memory.list_memory_namespaces(
                Some(prefix.clone()),
                None,
                Some(depth as i64),
                10_000,
                0,
            );
            let listed = listed.expect("it succeeds");
            let expected: BTreeSet<_> = model
                .keys()
                .filter(|(namespace, _)| namespace.starts_with(&prefix))
                .map(|(namespace, _)| namespace[..depth.min(namespace.len())].to_vec())
                .collect();
            assert_eq!(listed.len(), expected.len());
            assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}

fn change(model: &mut Model, key: &Key, value: Option<i64>) {
    match value {
        Some(value) => drop(model.insert(key.clone(), value)),
        None => drop(model.remove(key)),
    }
}
