//! Models of providers.

use chatkeep::NewModel;

use super::{create, names, put};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata, number};

on_every_engine![
    a_model_is_returned_as_it_was_stored,
    names_of_models_are_compared_exactly,
    a_model_with_the_same_name_is_replaced,
    invalid_values_are_rejected_with_their_field,
    a_deleted_model_is_no_default,
];

fn a_model_is_returned_as_it_was_stored(store: &Store) {
    create(store, "a");
    let least = put(store, "a", "least");
    assert_eq!((&*least.provider, least.enabled, least.params.as_json()), ("a", true, "{}"));
    assert_eq!((least.context_window, least.input_price), (None, None));
    let new = NewModel {
        display_name: Some("日本語 '\"\\".into()),
        enabled: false,
        capabilities: Some(vec!["tools".into(), "chat".into()]),
        context_window: Some(i64::MAX),
        max_output_tokens: Some(1),
        params: Some(metadata(r#"{"temperature": 0.7, "stop_token_ids": [1, 2]}"#)),
        input_price: Some("2.50".parse().expect("a price")),
        output_price: Some("9223372036.854775807".parse().expect("a price")),
        cached_input_price: Some("0.000000001".parse().expect("a price")),
        ..NewModel::new("meta-llama/Llama-3.1:free")
    };
    let stored = store.providers().put_model("a", &new).expect("it is stored");
    assert_eq!(stored.capabilities, ["chat", "tools"]);
    assert_eq!((stored.context_window, stored.max_output_tokens), (Some(i64::MAX), Some(1)));
    assert_eq!(stored.input_price.map(|price| price.to_string()).as_deref(), Some("2.5"));
    assert_eq!(stored.cached_input_price.map(|price| price.nano_dollars()), Some(1));
    assert_eq!((stored.output_price, &stored.display_name), (new.output_price, &new.display_name));
    let found = store.providers().get_model("a", &new.name).expect("the query succeeds");
    assert_eq!(found, Some(stored));
    for (provider, name) in [("a", "other"), ("b", "least")] {
        assert_eq!(store.providers().get_model(provider, name).expect("it succeeds"), None);
    }
}

fn names_of_models_are_compared_exactly(store: &Store) {
    const NAMES: [&str; 12] =
        ["a", "A", "ab", "a/b", "a\\b", "a%", "_", "é", "e\u{301}", "🎉", "';DROP", "\u{10ffff}"];
    create(store, "a");
    create(store, "b");
    for name in NAMES {
        put(store, "a", name);
    }
    put(store, "b", "a");
    let mut expected = NAMES;
    expected.sort_unstable();
    let listed = store.providers().list_models("a", None, 100, None).expect("a list");
    assert_eq!(names(&listed), expected);
    for name in NAMES {
        let found = store.providers().get_model("a", name).expect("the query succeeds");
        assert_eq!(found.expect("it exists").name, name);
        assert!(store.providers().delete_model("a", name).expect("it is deleted"), "{name}");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 1);
}

fn a_model_with_the_same_name_is_replaced(store: &Store) {
    create(store, "a");
    let new = NewModel {
        context_window: Some(8_192),
        input_price: Some("1".parse().expect("a price")),
        params: Some(metadata(r#"{"a": 1}"#)),
        ..NewModel::new("m")
    };
    let first = store.providers().put_model("a", &new).expect("it is stored");
    assert_eq!(first.created_at, first.updated_at);
    let again = store.providers().put_model("a", &new).expect("it is stored");
    assert_eq!(again, first, "equal values change nothing");
    let other = NewModel { max_output_tokens: Some(100), ..NewModel::new("m") };
    let second = store.providers().put_model("a", &other).expect("it is stored");
    assert_eq!((second.context_window, second.input_price), (None, None));
    assert_eq!((second.max_output_tokens, second.params.as_json()), (Some(100), "{}"));
    assert_eq!(second.created_at, first.created_at);
    assert!(second.updated_at > first.updated_at);
    let found = store.providers().get_model("a", "m").expect("the query succeeds");
    assert_eq!(found, Some(second));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 1);
}

fn invalid_values_are_rejected_with_their_field(store: &Store) {
    let providers = store.providers();
    create(store, "a");
    let new = || NewModel::new("m");
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(65_536)));
    for (new, field) in [
        (NewModel { name: String::new(), ..new() }, "name"),
        (NewModel { name: "a b".into(), ..new() }, "name"),
        (NewModel { name: "a\0".into(), ..new() }, "name"),
        (NewModel { name: "é".repeat(101), ..new() }, "name"),
        (NewModel { display_name: Some("é".repeat(256)), ..new() }, "display_name"),
        (NewModel { capabilities: Some(vec![String::new()]), ..new() }, "capabilities"),
        (NewModel { context_window: Some(0), ..new() }, "context_window"),
        (NewModel { max_output_tokens: Some(-1), ..new() }, "max_output_tokens"),
        (NewModel { params: Some(large), ..new() }, "params"),
    ] {
        assert_rejected(providers.put_model("a", &new), field);
    }
    for provider in ["missing", "A", ""] {
        assert_rejected(providers.put_model(provider, &new()), "provider");
        assert_rejected(providers.list_models(provider, None, 10, None), "provider");
    }
    assert_rejected(providers.get_model("A", "m"), "provider");
    assert_rejected(providers.get_model("a", ""), "name");
    assert_rejected(providers.delete_model("", "m"), "provider");
    assert_rejected(providers.delete_model("a", "m\0"), "name");
    assert!(!providers.delete_model("missing", "m").expect("it succeeds"));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_models"), 0);
    let longest = NewModel::new("é".repeat(100));
    assert!(providers.put_model("a", &longest).is_ok());
}

fn a_deleted_model_is_no_default(store: &Store) {
    create(store, "a");
    put(store, "a", "m");
    store.providers().set_model_default("chat", "a", "m").expect("the default is set");
    assert!(store.providers().delete_model("a", "m").expect("it is deleted"));
    assert!(!store.providers().delete_model("a", "m").expect("it succeeds"));
    assert_eq!(store.providers().list_model_defaults(10, None).expect("a list"), []);
    assert_eq!(store.providers().get_default_model("chat").expect("it succeeds"), None);
}
