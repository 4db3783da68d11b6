//! Default models of purposes.

use chatkeep::ProviderChanges;

use super::{create, put};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, number};

on_every_engine![
    a_purpose_has_one_default,
    invalid_and_missing_names_are_rejected_with_their_field,
    a_disabled_model_or_provider_is_not_returned,
];

fn a_purpose_has_one_default(store: &Store) {
    create(store, "a");
    create(store, "b");
    put(store, "a", "m1");
    put(store, "b", "m2");
    let set = |purpose: &str, provider: &str, model: &str| {
        store.providers().set_model_default(purpose, provider, model).expect("it is set")
    };
    let first = set("chat", "a", "m1");
    assert_eq!((&*first.purpose, &*first.provider, &*first.model), ("chat", "a", "m1"));
    assert_eq!(set("chat", "a", "m1"), first, "the same default changes nothing");
    let second = set("chat", "b", "m2");
    assert_eq!((&*second.provider, &*second.model), ("b", "m2"));
    assert!(second.updated_at > first.updated_at);
    set("Chat", "a", "m1");
    set("embedding", "a", "m1");
    let listed = store.providers().list_model_defaults(10, None).expect("a list");
    let purposes: Vec<_> = listed.iter().map(|default| default.purpose.as_str()).collect();
    assert_eq!(purposes, ["Chat", "chat", "embedding"]);
    assert_eq!(listed[1], second);
    let page = store.providers().list_model_defaults(1, Some("Chat")).expect("a list");
    assert_eq!(page, [second]);
    assert!(store.providers().delete_model_default("chat").expect("it is deleted"));
    assert!(!store.providers().delete_model_default("chat").expect("it succeeds"));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_model_defaults"), 2);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 2);
}

fn invalid_and_missing_names_are_rejected_with_their_field(store: &Store) {
    let providers = store.providers();
    create(store, "a");
    create(store, "b");
    put(store, "a", "m");
    let long = "é".repeat(101);
    for purpose in ["", "a b", "a\0", "a\n", &long] {
        assert_rejected(providers.set_model_default(purpose, "a", "m"), "purpose");
        assert_rejected(providers.delete_model_default(purpose), "purpose");
        assert_rejected(providers.get_default_model(purpose), "purpose");
    }
    for provider in ["", "A", "missing"] {
        assert_rejected(providers.set_model_default("chat", provider, "m"), "provider");
    }
    assert_rejected(providers.set_model_default("chat", "b", "m"), "model");
    assert_rejected(providers.set_model_default("chat", "a", "M"), "model");
    assert_rejected(providers.set_model_default("chat", "a", ""), "model");
    for limit in [0, -1, 10_001] {
        assert_rejected(providers.list_model_defaults(limit, None), "limit");
    }
    assert_rejected(providers.list_model_defaults(1, Some("\0")), "after");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_model_defaults"), 0);
    let hostile = "';DROP/**/TABLE/**/chat_models;--🎉";
    providers.set_model_default(hostile, "a", "m").expect("it is set");
    let found = providers.get_default_model(hostile).expect("the query succeeds");
    assert_eq!(found.expect("it was set").model.name, "m");
}

fn a_disabled_model_or_provider_is_not_returned(store: &Store) {
    let providers = store.providers();
    create(store, "a");
    put(store, "a", "m");
    providers.set_model_default("chat", "a", "m").expect("it is set");
    let default = || providers.get_default_model("chat").expect("the query succeeds");
    let selected = default().expect("it was set");
    assert_eq!((&*selected.provider.name, &*selected.model.name), ("a", "m"));
    let enable = |enabled| {
        let changes = ProviderChanges { enabled: Some(enabled), ..ProviderChanges::default() };
        providers.update_provider("a", &changes, None).expect("the change is made");
    };
    enable(false);
    assert_eq!(default(), None);
    enable(true);
    assert!(default().is_some());
    let disabled = chatkeep::NewModel { enabled: false, ..chatkeep::NewModel::new("m") };
    providers.put_model("a", &disabled).expect("it is stored");
    assert_eq!(default(), None);
    assert_eq!(providers.list_model_defaults(10, None).expect("a list").len(), 1);
}
