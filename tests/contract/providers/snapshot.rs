//! The snapshot in memory.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{NewProvider, ProviderChanges, ProviderSnapshot};

use super::{create, put};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    a_snapshot_has_all_rows_in_order,
    every_change_of_the_process_is_in_the_next_snapshot,
    changes_of_another_process_are_noticed_by_their_revision,
];

fn snapshot(store: &Store) -> ProviderSnapshot {
    store.providers().get_provider_snapshot().expect("a snapshot")
}

fn a_snapshot_has_all_rows_in_order(store: &Store) {
    let empty = snapshot(store);
    assert_eq!((empty.providers.len(), empty.defaults.len()), (0, 0));
    for (name, priority) in [("c", 0), ("b", 5), ("a", 0), ("d", -5)] {
        let new = NewProvider { priority, ..NewProvider::new(name, "openai") };
        store.providers().create_provider(&new).expect("it is created");
    }
    for model in ["m2", "m10", "M3"] {
        put(store, "a", model);
    }
    store.providers().set_model_default("z", "a", "m2").expect("it is set");
    store.providers().set_model_default("embedding", "a", "M3").expect("it is set");
    let full = snapshot(store);
    let names: Vec<_> = full.providers.iter().map(|entry| entry.provider.name.as_str()).collect();
    assert_eq!(names, ["b", "a", "c", "d"]);
    assert_eq!(super::names(&full.provider("a").expect("it exists").models), ["M3", "m10", "m2"]);
    let purposes: Vec<_> = full.defaults.iter().map(|default| default.purpose.as_str()).collect();
    assert_eq!(purposes, ["embedding", "z"]);
    let listed = store.providers().list_model_defaults(10, None).expect("a list");
    assert_eq!(listed, full.defaults.to_vec());
    for entry in full.providers.iter() {
        let found = store.providers().get_provider(&entry.provider.name).expect("it succeeds");
        assert_eq!(found.as_ref(), Some(&entry.provider));
        let models = store.providers().list_models(&entry.provider.name, None, 10, None);
        assert_eq!(models.expect("a list"), entry.models);
    }
}

fn every_change_of_the_process_is_in_the_next_snapshot(store: &Store) {
    let providers = store.providers();
    let mut last = snapshot(store);
    let mut changed = |change: &str| {
        let next = snapshot(store);
        assert!(next.revision > last.revision, "{change}");
        assert_ne!(
            (&next.providers, &next.defaults),
            (&last.providers, &last.defaults),
            "{change}"
        );
        last = next;
    };
    create(store, "a");
    changed("a new provider");
    put(store, "a", "m");
    changed("a new model");
    providers.set_model_default("chat", "a", "m").expect("it is set");
    changed("a new default");
    let changes = ProviderChanges { priority: Some(1), ..ProviderChanges::default() };
    providers.update_provider("a", &changes, None).expect("the change is made");
    changed("a change of a provider");
    let model = chatkeep::NewModel { context_window: Some(1), ..chatkeep::NewModel::new("m") };
    providers.put_model("a", &model).expect("it is stored");
    changed("a change of a model");
    assert!(providers.delete_model_default("chat").expect("it is deleted"));
    changed("a deleted default");
    assert!(providers.delete_model("a", "m").expect("it is deleted"));
    changed("a deleted model");
    assert!(providers.delete_provider("a").expect("it is deleted"));
    changed("a deleted provider");
}

fn changes_of_another_process_are_noticed_by_their_revision(store: &Store) {
    create(store, "a");
    let other = store.new_handle();
    let name = || {
        let read = other.providers().get_provider_snapshot().expect("a snapshot");
        read.providers[0].provider.display_name.clone()
    };
    assert_eq!(name(), None);
    // Without a new revision, the rows are not read again.
    store.raw.execute("UPDATE chat_providers SET display_name = 'direct'");
    thread::sleep(Duration::from_millis(2_300));
    assert_eq!(name(), None);
    create(store, "b");
    let start = Instant::now();
    while name().is_none() {
        assert!(start.elapsed() < Duration::from_secs(30), "the change is noticed");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(name().as_deref(), Some("direct"));
}
