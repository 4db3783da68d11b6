//! Choices among stored providers.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{ChooseRequest, NewModel, PolicyKind, ProviderChanges, RejectionReason};

use super::{choose, create, providers, put, rejected};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    candidates_are_ordered_and_have_what_a_call_needs,
    policies_and_failed_attempts_change_the_choice,
    without_a_seed_the_weights_decide_and_with_one_the_choice_is_stable,
    changes_of_another_process_are_noticed,
    invalid_requests_are_rejected_with_their_field,
];

fn candidates_are_ordered_and_have_what_a_call_needs(store: &Store) {
    assert_eq!(choose(store, &ChooseRequest::default()).candidates, []);
    create(store, "low", 0);
    create(store, "high", 5);
    let changes = ProviderChanges {
        base_url: Some("https://a.example/v1".into()),
        capabilities: Some(vec!["eu".into()]),
        ..ProviderChanges::default()
    };
    store.providers().update_provider("low", &changes, None).expect("the change is made");
    let model = NewModel {
        capabilities: Some(vec!["vision".into()]),
        context_window: Some(128_000),
        max_output_tokens: Some(4_096),
        params: Some(crate::store::metadata(r#"{"temperature": 0.5}"#)),
        input_price: Some("2.5".parse().expect("a price")),
        ..NewModel::new("meta/Llama:é")
    };
    store.providers().put_model("low", &model).expect("it is stored");
    store.providers().set_model_default("chat", "low", "m").expect("it is set");
    let choice = choose(store, &ChooseRequest::for_purpose("chat"));
    assert_eq!(providers(&choice), ["low", "high", "low"]);
    let request = ChooseRequest {
        capabilities: Some(vec!["vision".into(), "eu".into()]),
        min_context_window: Some(128_000),
        ..ChooseRequest::for_purpose("chat")
    };
    let choice = choose(store, &request);
    let [candidate] = choice.candidates.as_slice() else { panic!("{choice:?}") };
    assert_eq!((&*candidate.model, &*candidate.kind), ("meta/Llama:é", "openai"));
    assert_eq!(candidate.base_url.as_deref(), Some("https://a.example/v1"));
    assert_eq!(candidate.params.as_json(), r#"{"temperature":0.5}"#);
    assert_eq!(
        (candidate.context_window, candidate.max_output_tokens),
        (Some(128_000), Some(4_096))
    );
    assert_eq!((candidate.input_price, candidate.output_price), (model.input_price, None));
    assert_eq!(candidate.reasons, ["priority 0, weight 1 of 1"]);
    assert_eq!(choice.rejected.len(), 2);
    assert_eq!(rejected(&choice, "high"), Some(RejectionReason::MissingCapability));
}

fn policies_and_failed_attempts_change_the_choice(store: &Store) {
    for (name, priority) in [("a", 9), ("b", 5), ("c", 0)] {
        create(store, name, priority);
    }
    let none = ChooseRequest::default();
    assert_eq!(providers(&choose(store, &none)), ["a", "b", "c"]);
    put(store, Some("a"), "f", PolicyKind::Fallback, r#"{"providers": ["c"]}"#);
    let choice = choose(store, &none);
    assert_eq!(providers(&choice), ["a", "c"]);
    assert_eq!(rejected(&choice, "b"), Some(RejectionReason::NotInFallback));
    let tried = ChooseRequest { tried: Some(vec!["a/m".into()]), ..none.clone() };
    let choice = choose(store, &tried);
    assert_eq!(providers(&choice), ["c"]);
    assert_eq!(rejected(&choice, "a"), Some(RejectionReason::Tried));
    put(store, Some("a"), "f", PolicyKind::Fallback, r#"{"providers": ["c", "b"]}"#);
    assert_eq!(providers(&choose(store, &tried)), ["c", "b"]);
    let changes = ProviderChanges { enabled: Some(false), ..ProviderChanges::default() };
    store.providers().update_provider("c", &changes, None).expect("the change is made");
    assert_eq!(providers(&choose(store, &tried)), ["b"]);
    store.routing().delete_policy("f", Some("a"), None).expect("it is deleted");
    let preferred = ChooseRequest { preferred_provider: Some("b".into()), ..none };
    assert_eq!(providers(&choose(store, &preferred)), ["b", "a"]);
    let gone = ChooseRequest { preferred_provider: Some("gone".into()), ..preferred };
    let choice = choose(store, &gone);
    assert_eq!(providers(&choice), ["a", "b"]);
    assert_eq!(rejected(&choice, "gone"), Some(RejectionReason::Unknown));
}

fn without_a_seed_the_weights_decide_and_with_one_the_choice_is_stable(store: &Store) {
    for (name, weight) in [("a", 1), ("b", 1), ("never", 0)] {
        create(store, name, 0);
        let changes = ProviderChanges { weight: Some(weight), ..ProviderChanges::default() };
        store.providers().update_provider(name, &changes, None).expect("the change is made");
    }
    let none = ChooseRequest::default();
    let mut first = Vec::new();
    for _ in 0..64 {
        let choice = choose(store, &none);
        assert_eq!(providers(&choice)[2], "never");
        first.push(providers(&choice)[0].to_owned());
    }
    // Each has half of the requests, so one of 2^63 runs has only one of them.
    assert!(first.iter().any(|name| name == "a") && first.iter().any(|name| name == "b"));
    for seed in [0, 1, -1, i64::MAX, i64::MIN] {
        let request = ChooseRequest { seed: Some(seed), ..none.clone() };
        let choice = choose(store, &request);
        assert_eq!(choose(store, &request), choice);
    }
}

fn changes_of_another_process_are_noticed(store: &Store) {
    create(store, "a", 0);
    create(store, "b", 5);
    let other = store.new_handle();
    let first = || {
        let choice = other.routing().choose_model(&ChooseRequest::default());
        choice.expect("a choice").candidates[0].provider.clone()
    };
    assert_eq!(first(), "b");
    let changes = ProviderChanges { priority: Some(9), ..ProviderChanges::default() };
    store.providers().update_provider("a", &changes, None).expect("the change is made");
    let start = Instant::now();
    while first() != "a" {
        assert!(start.elapsed() < Duration::from_secs(30), "the change is noticed");
        thread::sleep(Duration::from_millis(50));
    }
}

fn invalid_requests_are_rejected_with_their_field(store: &Store) {
    let routing = store.routing();
    let none = ChooseRequest::default;
    for (request, field) in [
        (ChooseRequest::for_purpose("a b"), "purpose"),
        (ChooseRequest { capabilities: Some(vec!["A".into()]), ..none() }, "capabilities"),
        (ChooseRequest { min_context_window: Some(0), ..none() }, "min_context_window"),
        (ChooseRequest { preferred_provider: Some("A".into()), ..none() }, "preferred_provider"),
        (ChooseRequest { preferred_model: Some(String::new()), ..none() }, "preferred_model"),
        (ChooseRequest { tried: Some(vec!["a".into(), "a/".into()]), ..none() }, "tried[1]"),
    ] {
        assert_rejected(routing.choose_model(&request), field);
    }
    let hostile = ChooseRequest {
        preferred_model: Some("';DROP/**/TABLE/**/chat_models;--🎉".into()),
        tried: Some(vec!["a/';--".into(), "gone".into()]),
        ..ChooseRequest::for_purpose("';--")
    };
    assert_eq!(choose(store, &hostile).candidates, []);
}
