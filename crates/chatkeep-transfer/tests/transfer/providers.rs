//! Tests of transfers of providers, models, default models and policies.

use std::time::Duration;

use chatkeep::{
    Chatkeep, Metadata, NewModel, NewPolicy, NewProvider, PolicyKind, ProviderSnapshot,
};
use chatkeep_transfer::{CopyOptions, copy};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::{Store, other, url};

on_every_engine![
    providers_models_and_defaults_are_copied_and_restored,
    policies_are_copied_and_restored,
    a_program_that_has_read_the_target_notices_a_copy,
];

fn snapshot(chat: &Chatkeep) -> ProviderSnapshot {
    chat.providers().get_provider_snapshot().expect("a snapshot")
}

fn fill(store: &Store) {
    let json = |text: &str| Some(Metadata::parse(text).expect("a JSON object"));
    let providers = store.providers();
    for (name, config) in [
        ("a", "{}"),
        ("b-1", r#"{"a": 18446744073709551615, "b": 5e18, "c": [null, {"é": "😀\r\n\t\\N"}]}"#),
        ("deleted", "{}"),
    ] {
        let new = NewProvider {
            display_name: Some("Ü '\"\\N".into()),
            base_url: Some("https://a.example/v1".into()),
            enabled: name == "a",
            priority: -3,
            capabilities: Some(vec!["vision".into(), "chat".into()]),
            config: json(config),
            rate_limits: json(r#"{"requests_per_minute": 0.5}"#),
            ..NewProvider::new(name, "openai")
        };
        providers.create_provider(&new).expect("it is created");
        let model = NewModel {
            enabled: false,
            capabilities: Some(vec!["tools".into()]),
            context_window: Some(i64::MAX),
            params: json(config),
            input_price: Some("9223372036.854775807".parse().expect("a price")),
            cached_input_price: Some("0.000000001".parse().expect("a price")),
            ..NewModel::new("meta/Llama:é")
        };
        providers.put_model(name, &model).expect("it is stored");
        providers.put_model(name, &NewModel::new("least")).expect("it is stored");
        providers.set_model_default(&format!("for-{name}"), name, "least").expect("it is set");
    }
    assert!(providers.delete_provider("deleted").expect("it is deleted"));
}

fn providers_models_and_defaults_are_copied_and_restored(store: &Store) {
    fill(store);
    let before = snapshot(store);
    assert_eq!((before.providers.len(), before.defaults.len()), (2, 2));
    on_every_target(
        store,
        &[("chat_providers", 2), ("chat_models", 4), ("chat_model_defaults", 2)],
        |target| {
            let after = snapshot(target);
            assert_eq!(after.providers, before.providers, "{}", target.engine());
            assert_eq!(after.defaults, before.defaults, "{}", target.engine());
            target
                .providers()
                .create_provider(&NewProvider::new("new", "openai"))
                .expect("the id is new");
            target.providers().put_model("new", &NewModel::new("m")).expect("the id is new");
            target.providers().set_model_default("new", "new", "m").expect("the id is new");
        },
    );
}

fn policies_are_copied_and_restored(store: &Store) {
    fill(store);
    let put = |owner: Option<&str>, name: &str, kind, config: &str| {
        let new = NewPolicy {
            provider: owner.map(str::to_owned),
            config: Some(Metadata::parse(config).expect("a JSON object")),
            ..NewPolicy::new(name, kind)
        };
        store.routing().put_policy(&new, None).expect("it is stored")
    };
    put(None, "Ü '\"\\N\t", PolicyKind::CircuitBreaker, "{}");
    put(Some("a"), "breaker", PolicyKind::CircuitBreaker, r#"{"min_requests": 1000000}"#);
    put(Some("a"), "fallback", PolicyKind::Fallback, r#"{"providers": ["b-1"]}"#);
    put(Some("b-1"), "by-cost", PolicyKind::LoadBalance, r#"{"strategy": "cost"}"#);
    put(Some("b-1"), "by-cost", PolicyKind::LoadBalance, r#"{"strategy": "latency"}"#);
    assert!(store.routing().delete_policy("breaker", Some("a"), None).expect("it is deleted"));
    let before = snapshot(store);
    assert_eq!((before.policies.len(), before.policies[2].version), (3, 2));
    on_every_target(store, &[("chat_provider_policies", 3)], |target| {
        assert_eq!(snapshot(target).policies, before.policies, "{}", target.engine());
        let new = NewPolicy::new("new", PolicyKind::CircuitBreaker);
        let new = NewPolicy { provider: Some("b-1".into()), ..new };
        target.routing().put_policy(&new, Some(0)).expect("the id is new");
    });
}

fn a_program_that_has_read_the_target_notices_a_copy(store: &Store) {
    fill(store);
    let target = other(store.engine());
    let before = snapshot(&target);
    assert_eq!(before.providers.len(), 0);
    let (from, to) = (url(store.raw.url()), url(target.raw.url()));
    copy(&from, &to, CopyOptions::default(), &mut |_| {}).expect("it is copied");
    let start = std::time::Instant::now();
    while snapshot(&target).providers.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the copy is noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(snapshot(&target).revision > before.revision);
}
