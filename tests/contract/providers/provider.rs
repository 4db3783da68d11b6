//! Creation, change and deletion of providers.

use chatkeep::{NewProvider, ProviderChanges};

use super::{create, get, put};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, metadata, number};

on_every_engine![
    a_provider_is_returned_as_it_was_created,
    names_and_ids_of_providers_are_unique,
    invalid_values_are_rejected_with_their_field,
    a_change_replaces_values_that_are_given_and_advances_the_version,
    a_change_without_a_difference_keeps_the_version,
    a_change_of_another_version_is_refused,
    a_deleted_provider_takes_its_models_and_defaults_along,
];

fn a_provider_is_returned_as_it_was_created(store: &Store) {
    let least = create(store, "a");
    assert_eq!((least.enabled, least.priority, least.weight, least.version), (true, 0, 1, 1));
    assert_eq!((least.rate_limits.as_json(), least.config.as_json()), ("{}", "{}"));
    assert_eq!((&least.display_name, &least.base_url), (&None, &None));
    assert_eq!((least.public_id.len(), least.created_at), (36, least.updated_at));
    assert_eq!(get(store, "a"), Some(least));
    let config = r#"{"b": 5e18, "a": [18446744073709551615, {"é": "'; --\\N\n🎉"}], "c": -0.5}"#;
    let new = NewProvider {
        display_name: Some("Ünïcode '\"\\ 🎉".into()),
        base_url: Some("https://a.example:8443/v1?api-version=2024-10-21".into()),
        enabled: false,
        priority: -1_000_000,
        weight: Some(1_000_000),
        capabilities: Some(vec!["vision".into(), "chat".into(), "vision".into()]),
        rate_limits: Some(metadata(r#"{"requests_per_minute": 500}"#)),
        config: Some(metadata(config)),
        public_id: Some("imported-1".into()),
        ..NewProvider::new("azure-eu.west_1", "azure_openai")
    };
    let created = store.providers().create_provider(&new).expect("it is created");
    assert_eq!(created.capabilities, ["chat", "vision"]);
    assert_eq!((created.priority, created.weight), (-1_000_000, 1_000_000));
    assert_eq!(
        (created.display_name.clone(), created.base_url.clone()),
        (new.display_name, new.base_url)
    );
    assert_eq!((Some(&created.config), &*created.public_id), (new.config.as_ref(), "imported-1"));
    assert_eq!(get(store, "azure-eu.west_1"), Some(created));
    assert_eq!(get(store, "azure"), None);
}

fn names_and_ids_of_providers_are_unique(store: &Store) {
    create(store, "a");
    assert_conflict(store.providers().create_provider(&NewProvider::new("a", "b")), "name");
    let with_id = |name: &str| NewProvider {
        public_id: Some("p1".into()),
        ..NewProvider::new(name, "openai")
    };
    store.providers().create_provider(&with_id("b")).expect("it is created");
    assert_conflict(store.providers().create_provider(&with_id("c")), "public_id");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_providers"), 2);
    assert!(store.providers().delete_provider("a").expect("it is deleted"));
    create(store, "a");
}

fn invalid_values_are_rejected_with_their_field(store: &Store) {
    let providers = store.providers();
    let new = || NewProvider::new("a", "openai");
    let text = |length: usize| "é".repeat(length);
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(65_536)));
    let secret = metadata(r#"{"headers": [{"X-Api-Key": "hunter2"}]}"#);
    for (new, field) in [
        (NewProvider { name: "OpenAI".into(), ..new() }, "name"),
        (NewProvider { name: "a".repeat(101), ..new() }, "name"),
        (NewProvider { name: "a\0".into(), ..new() }, "name"),
        (NewProvider { name: "'; DROP TABLE chat_providers; --".into(), ..new() }, "name"),
        (NewProvider { kind: String::new(), ..new() }, "kind"),
        (NewProvider { display_name: Some(text(256)), ..new() }, "display_name"),
        (NewProvider { display_name: Some("a\0".into()), ..new() }, "display_name"),
        (NewProvider { base_url: Some("https://u:hunter2@a.example".into()), ..new() }, "base_url"),
        (NewProvider { base_url: Some(String::new()), ..new() }, "base_url"),
        (NewProvider { priority: 1_000_001, ..new() }, "priority"),
        (NewProvider { weight: Some(-1), ..new() }, "weight"),
        (NewProvider { capabilities: Some(vec!["a b".into()]), ..new() }, "capabilities"),
        (NewProvider { rate_limits: Some(large.clone()), ..new() }, "rate_limits"),
        (NewProvider { config: Some(large), ..new() }, "config"),
        (NewProvider { config: Some(secret.clone()), ..new() }, "config"),
        (NewProvider { public_id: Some("a b".into()), ..new() }, "public_id"),
    ] {
        let error = providers.create_provider(&new).expect_err(field);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert_rejected::<()>(Err(error), field);
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_providers"), 0);
    let longest =
        NewProvider { display_name: Some(text(255)), ..NewProvider::new("n".repeat(50), "k") };
    let created = providers.create_provider(&longest).expect("it is created");
    assert_eq!(created.display_name, longest.display_name);
    create(store, "a");
    let changes = ProviderChanges { config: Some(secret), ..ProviderChanges::default() };
    assert_rejected(providers.update_provider("a", &changes, None), "config");
    assert_rejected(providers.update_provider("A", &ProviderChanges::default(), None), "name");
    assert_rejected(providers.get_provider(""), "name");
    assert_rejected(providers.delete_provider("a\0"), "name");
}

fn a_change_replaces_values_that_are_given_and_advances_the_version(store: &Store) {
    let new = NewProvider {
        display_name: Some("A".into()),
        base_url: Some("https://a.example".into()),
        capabilities: Some(vec!["chat".into()]),
        config: Some(metadata(r#"{"a": 1}"#)),
        ..NewProvider::new("a", "openai")
    };
    let first = store.providers().create_provider(&new).expect("it is created");
    let changes = ProviderChanges {
        base_url: Some(String::new()),
        enabled: Some(false),
        priority: Some(7),
        capabilities: Some(vec!["b".into(), "a".into()]),
        config: Some(metadata(r#"{"b": 2}"#)),
        ..ProviderChanges::default()
    };
    let change = |changes: &ProviderChanges, version| {
        let changed = store.providers().update_provider("a", changes, version);
        changed.expect("the change is made").expect("it exists")
    };
    let second = change(&changes, Some(1));
    assert_eq!((second.version, second.enabled, second.priority), (2, false, 7));
    assert_eq!((second.base_url.as_deref(), second.config.as_json()), (None, r#"{"b":2}"#));
    assert_eq!(second.capabilities, ["a", "b"]);
    assert_eq!((&second.display_name, &second.kind), (&first.display_name, &first.kind));
    assert_eq!((&second.public_id, second.created_at), (&first.public_id, first.created_at));
    assert!(second.updated_at > first.updated_at);
    assert_eq!(get(store, "a"), Some(second));
    let empty = ProviderChanges {
        kind: Some("anthropic".into()),
        display_name: Some(String::new()),
        weight: Some(0),
        capabilities: Some(Vec::new()),
        rate_limits: Some(metadata(r#"{"tokens_per_minute": 10}"#)),
        ..ProviderChanges::default()
    };
    let third = change(&empty, None);
    assert_eq!((third.version, third.weight, &*third.kind), (3, 0, "anthropic"));
    assert_eq!((&third.display_name, third.capabilities.len()), (&None, 0));
    assert_eq!(get(store, "a"), Some(third));
    let missing = store.providers().update_provider("b", &empty, Some(1));
    assert_eq!(missing.expect("the query succeeds"), None);
}

fn a_change_without_a_difference_keeps_the_version(store: &Store) {
    let new = NewProvider {
        capabilities: Some(vec!["b".into(), "a".into()]),
        config: Some(metadata(r#"{"a": 1.0, "b": {"c": null}}"#)),
        ..NewProvider::new("a", "openai")
    };
    let first = store.providers().create_provider(&new).expect("it is created");
    let same = ProviderChanges {
        kind: Some("openai".into()),
        display_name: Some(String::new()),
        capabilities: Some(vec!["a".into(), "b".into()]),
        config: new.config,
        ..ProviderChanges::default()
    };
    for changes in [ProviderChanges::default(), same] {
        let unchanged = store.providers().update_provider("a", &changes, Some(1));
        assert_eq!(unchanged.expect("it succeeds"), Some(first.clone()));
    }
}

fn a_change_of_another_version_is_refused(store: &Store) {
    let first = create(store, "a");
    let changes = ProviderChanges { enabled: Some(false), ..ProviderChanges::default() };
    for version in [0, 2, -1, i64::MAX] {
        let changed = store.providers().update_provider("a", &changes, Some(version));
        let message = changed.as_ref().expect_err("it is refused").to_string();
        assert!(message.contains("version 1"), "{message}");
        assert_conflict(changed, "expected_version");
    }
    // Also if the values are equal.
    let same = ProviderChanges::default();
    assert_conflict(store.providers().update_provider("a", &same, Some(2)), "expected_version");
    assert_eq!(get(store, "a"), Some(first));
}

fn a_deleted_provider_takes_its_models_and_defaults_along(store: &Store) {
    create(store, "a");
    create(store, "b");
    for provider in ["a", "b"] {
        put(store, provider, "m");
        let set = store.providers().set_model_default(&format!("for-{provider}"), provider, "m");
        set.expect("the default is set");
    }
    assert!(store.providers().delete_provider("a").expect("it is deleted"));
    assert!(!store.providers().delete_provider("a").expect("it succeeds"));
    assert_eq!(get(store, "a"), None);
    for table in ["chat_providers", "chat_models", "chat_model_defaults"] {
        assert_eq!(number(store, &format!("SELECT COUNT(*) FROM {table}")), 1, "{table}");
    }
    let kept = store.providers().get_default_model("for-b").expect("the query succeeds");
    assert_eq!(kept.map(|selected| selected.provider.name).as_deref(), Some("b"));
}
