//! Cases of the choice.

use super::*;

fn choose_from(
    snapshot: &ProviderSnapshot,
    health: &RoutingHealth,
    request: &ChooseRequest,
) -> ModelChoice {
    choose(snapshot, health, request, now()).expect("the request is valid")
}

fn without_health(snapshot: &ProviderSnapshot, request: &ChooseRequest) -> ModelChoice {
    choose_from(snapshot, &RoutingHealth::default(), request)
}

fn strings(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// Three providers with one model each: `high` has the highest priority, `low` the lowest.
fn three(policies: Vec<ProviderPolicy>, defaults: Vec<ModelDefault>) -> ProviderSnapshot {
    let with_model = |name: &str, priority| {
        (provider(name, priority, 1), vec![model(name, &format!("m-{name}"))])
    };
    snapshot(
        vec![with_model("low", 0), with_model("high", 9), with_model("middle", 5)],
        policies,
        defaults,
    )
}

#[test]
fn without_policies_the_priority_decides_after_preference_and_default() {
    let snapshot = three(vec![], vec![default("chat", "middle", "m-middle")]);
    let none = ChooseRequest::default();
    let choice = without_health(&snapshot, &none);
    assert_eq!(names(&choice), ["high/m-high", "middle/m-middle", "low/m-low"]);
    assert_eq!(choice.candidates[0].reasons, ["priority 9, weight 1 of 1"]);
    let choice = without_health(&snapshot, &ChooseRequest::for_purpose("chat"));
    assert_eq!(names(&choice), ["middle/m-middle", "high/m-high", "low/m-low"]);
    assert_eq!(choice.candidates[0].reasons[0], "the default model for \"chat\"");
    let preferred = ChooseRequest {
        preferred_provider: Some("low".into()),
        ..ChooseRequest::for_purpose("chat")
    };
    let choice = without_health(&snapshot, &preferred);
    assert_eq!(names(&choice), ["low/m-low", "middle/m-middle", "high/m-high"]);
    assert_eq!(choice.candidates[0].reasons[0], "preferred by the request");
    assert_eq!(choice.rejected, []);
    let unknown = ChooseRequest::for_purpose("other");
    assert_eq!(names(&without_health(&snapshot, &unknown))[0], "high/m-high");
}

#[test]
fn a_preference_that_does_not_exist_is_rejected_and_another_model_is_chosen() {
    let snapshot = three(vec![], vec![]);
    for (provider, model) in
        [(Some("gone"), None), (Some("low"), Some("m-high")), (None, Some("gone"))]
    {
        let request = ChooseRequest {
            preferred_provider: provider.map(str::to_owned),
            preferred_model: model.map(str::to_owned),
            ..ChooseRequest::default()
        };
        let choice = without_health(&snapshot, &request);
        assert_eq!(choice.candidates.len(), 3);
        let [rejected] = choice.rejected.as_slice() else { panic!("{:?}", choice.rejected) };
        assert_eq!(rejected.reason, RejectionReason::Unknown);
        assert_eq!((rejected.provider.as_deref(), rejected.model.as_deref()), (provider, model));
    }
    let request = ChooseRequest { preferred_model: Some("m-low".into()), ..Default::default() };
    let choice = without_health(&snapshot, &request);
    assert_eq!((names(&choice)[0].as_str(), choice.rejected.len()), ("low/m-low", 0));
}

#[test]
fn models_that_do_not_meet_the_needs_are_rejected_with_a_reason() {
    let mut off = provider("off", 0, 1);
    off.enabled = false;
    let mut sees = provider("sees", 0, 1);
    sees.capabilities = vec!["vision".into()];
    let mut models = ["blind", "disabled", "good", "small", "unknown"].map(|name| {
        let capabilities = if name == "blind" { vec![] } else { vec!["chat".into()] };
        Model { capabilities, context_window: Some(8_192), ..model("sees", name) }
    });
    models[1].enabled = false;
    models[3].context_window = Some(8_191);
    models[4].context_window = None;
    let snapshot = snapshot(
        vec![
            (off, vec![model("off", "m")]),
            (sees, models.to_vec()),
            (provider("empty", 0, 1), vec![]),
        ],
        vec![],
        vec![],
    );
    let request = ChooseRequest {
        capabilities: strings(&["chat", "vision"]),
        min_context_window: Some(8_192),
        ..ChooseRequest::default()
    };
    let choice = without_health(&snapshot, &request);
    assert_eq!(names(&choice), ["sees/good"]);
    let rejected: Vec<_> = choice
        .rejected
        .iter()
        .map(|rejected| {
            let model = rejected.model.as_deref().unwrap_or_default();
            (model, rejected.reason.name(), rejected.explanation.as_str())
        })
        .collect();
    assert_eq!(
        rejected,
        [
            ("", "no_models", "the provider has no models"),
            ("m", "provider_disabled", "the provider is disabled"),
            ("blind", "missing_capability", "lacks chat"),
            ("disabled", "model_disabled", "the model is disabled"),
            ("small", "context_window", "its context window has 8191 tokens, not 8192"),
            (
                "unknown",
                "context_window",
                "its context window is not known; 8192 tokens are needed"
            ),
        ]
    );
}

#[test]
fn a_circuit_is_open_after_failures_half_open_later_and_judged_by_model() {
    let breaker = policy(None, PolicyKind::CircuitBreaker, "{}");
    let of_a = vec![model("a", "bad"), model("a", "good"), model("a", "rare")];
    let snapshot = snapshot(
        vec![(provider("a", 9, 1), of_a), (provider("b", 0, 1), vec![model("b", "m")])],
        vec![breaker],
        vec![],
    );
    let failing = Requests { all: 12, failures: 7, cancelled: 2, failed_ago: 59, latency: None };
    let healthy = Requests { all: 100, ..Requests::default() };
    let bad_and_good = health(5, &[("a", "bad", failing), ("a", "good", healthy)]);
    let none = ChooseRequest::default();
    let choice = choose_from(&snapshot, &bad_and_good, &none);
    // 7 of all 110 requests to the provider failed, so the other models may be used.
    assert_eq!(names(&choice), ["a/good", "a/rare", "b/m"]);
    assert_eq!(choice.rejected[0].reason, RejectionReason::CircuitOpen);
    assert_eq!(
        choice.rejected[0].explanation,
        "7 of 10 requests to the model failed in 5 minutes; the last failure was 59 s ago, less \
         than 60 s"
    );
    // Without the other requests, the model that has few is judged by the provider.
    let only_bad = health(5, &[("a", "bad", failing)]);
    let choice = choose_from(&snapshot, &only_bad, &none);
    assert_eq!(names(&choice), ["b/m"]);
    assert!(choice.rejected[1].explanation.contains("requests to the provider failed"));
    let later = health(5, &[("a", "bad", Requests { failed_ago: 60, ..failing })]);
    let preferred = ChooseRequest { preferred_provider: Some("a".into()), ..none.clone() };
    let choice = choose_from(&snapshot, &later, &preferred);
    assert_eq!(names(&choice), ["b/m", "a/bad", "a/good", "a/rare"]);
    assert!(choice.candidates[1].half_open && !choice.candidates[0].half_open);
    assert_eq!(
        choice.candidates[1].reasons[0],
        "may be tried again: 7 of 10 requests to the model failed in 5 minutes; the last failure \
         was 60 s ago"
    );
    // Fewer failures than the limit, or fewer requests than needed.
    for requests in [
        Requests { all: 100, failures: 49, ..Requests::default() },
        Requests { all: 9, failures: 9, ..Requests::default() },
        Requests { all: 20, failures: 9, cancelled: 11, ..Requests::default() },
    ] {
        let choice = choose_from(&snapshot, &health(5, &[("a", "bad", requests)]), &none);
        assert_eq!(choice.candidates.len(), 4);
    }
}

#[test]
fn a_providers_own_breaker_replaces_the_one_of_the_application() {
    let own = r#"{"failure_percent": 10, "min_requests": 1, "window_minutes": 60}"#;
    let snapshot = three(
        vec![
            policy(None, PolicyKind::CircuitBreaker, "{}"),
            policy(Some("high"), PolicyKind::CircuitBreaker, own),
        ],
        vec![],
    );
    assert_eq!(needed_windows(&snapshot).expect("valid"), BTreeSet::from([5, 60]));
    let failing = Requests { all: 10, failures: 1, ..Requests::default() };
    let requests = [("high", "m-high", failing), ("low", "m-low", failing)];
    let choice = choose_from(&snapshot, &health(60, &requests), &ChooseRequest::default());
    assert_eq!(rejected(&choice, "high", "m-high"), Some(RejectionReason::CircuitOpen));
    assert_eq!(names(&choice), ["middle/m-middle", "low/m-low"]);
}

#[test]
fn a_fallback_orders_and_restricts_the_providers_that_follow() {
    let own = policy(Some("high"), PolicyKind::Fallback, r#"{"providers": ["low", "gone"]}"#);
    let app = policy(None, PolicyKind::Fallback, r#"{"providers": ["low", "middle", "high"]}"#);
    let snapshot = three(vec![app, own], vec![default("chat", "middle", "m-middle")]);
    let choice = without_health(&snapshot, &ChooseRequest::default());
    assert_eq!(names(&choice), ["high/m-high", "low/m-low"]);
    assert_eq!(
        choice.candidates[1].reasons[1],
        "follows \"high\" by the fallback policy \"high-fallback\""
    );
    assert_eq!(rejected(&choice, "middle", "m-middle"), Some(RejectionReason::NotInFallback));
    let choice = without_health(&snapshot, &ChooseRequest::for_purpose("chat"));
    assert_eq!(names(&choice), ["middle/m-middle", "low/m-low", "high/m-high"]);
    // The policy of the provider that was tried first stays in force, whatever is preferred.
    for tried in [&["high"][..], &["high/m-high", "low/x"], &["high/m-high"]] {
        let request = ChooseRequest {
            tried: strings(tried),
            preferred_provider: Some("middle".into()),
            ..ChooseRequest::for_purpose("chat")
        };
        let choice = without_health(&snapshot, &request);
        assert_eq!(names(&choice), ["low/m-low"], "{tried:?}");
        assert_eq!(rejected(&choice, "high", "m-high"), Some(RejectionReason::Tried));
        assert_eq!(rejected(&choice, "middle", "m-middle"), Some(RejectionReason::NotInFallback));
    }
    let none = policy(Some("high"), PolicyKind::Fallback, r#"{"providers": []}"#);
    let choice = without_health(&three(vec![none], vec![]), &ChooseRequest::default());
    assert_eq!(names(&choice), ["high/m-high"]);
}

#[test]
fn strategies_order_by_latency_cost_and_weight() {
    let price = |model: Model, input: &str, output: &str| Model {
        input_price: Some(input.parse().expect("a price")),
        output_price: Some(output.parse().expect("a price")),
        ..model
    };
    let models = vec![
        price(model("a", "large"), "5", "20"),
        price(model("a", "small"), "0.1", "0.4"),
        model("a", "unpriced"),
    ];
    let other = vec![price(model("b", "m"), "1", "2")];
    let with = |policies| {
        let providers =
            vec![(provider("a", 9, 0), models.clone()), (provider("b", 0, 1), other.clone())];
        snapshot(providers, policies, vec![])
    };
    let measured = health(
        5,
        &[
            ("a", "large", Requests { all: 1, latency: Some(300), ..Requests::default() }),
            ("a", "small", Requests { all: 1, latency: Some(1_000), ..Requests::default() }),
            ("b", "m", Requests { all: 1, latency: Some(300), ..Requests::default() }),
        ],
    );
    let strategy = |owner, name: &str| {
        policy(owner, PolicyKind::LoadBalance, &format!(r#"{{"strategy": "{name}"}}"#))
    };
    let none = ChooseRequest::default();
    let order = |policies| names(&choose_from(&with(policies), &measured, &none));
    assert_eq!(order(vec![]), ["a/large", "a/small", "a/unpriced", "b/m"]);
    let by_cost = order(vec![strategy(None, "cost")]);
    assert_eq!(by_cost, ["a/small", "b/m", "a/large", "a/unpriced"]);
    let by_latency = order(vec![strategy(None, "latency")]);
    assert_eq!(by_latency, ["a/large", "b/m", "a/small", "a/unpriced"]);
    // A provider without weight follows the others.
    let by_weight = order(vec![strategy(None, "weight")]);
    assert_eq!(by_weight, ["b/m", "a/large", "a/small", "a/unpriced"]);
    // Its own policy orders the models of a provider, in the positions that they have.
    let own = order(vec![strategy(Some("a"), "cost")]);
    assert_eq!(own, ["a/small", "a/large", "a/unpriced", "b/m"]);
    let own = order(vec![strategy(None, "cost"), strategy(Some("a"), "latency")]);
    assert_eq!(own, ["a/large", "b/m", "a/small", "a/unpriced"]);
    let choice = choose_from(&with(vec![strategy(None, "cost")]), &measured, &none);
    let dollars = "0.5 US dollars for a million input and a million output tokens";
    assert_eq!(choice.candidates[0].reasons, [dollars]);
    assert_eq!(choice.candidates[3].reasons, ["its prices are not known"]);
    let choice = choose_from(&with(vec![strategy(None, "latency")]), &measured, &none);
    let reasons: Vec<_> = choice.candidates.iter().map(|one| one.reasons[0].as_str()).collect();
    assert_eq!(reasons[2], "median latency of at most 1000 ms in 5 minutes");
    assert_eq!(reasons[3], "no latency in 5 minutes");
}

#[test]
fn a_disabled_policy_has_no_effect_and_an_invalid_one_is_an_error() {
    let mut broken = policy(None, PolicyKind::LoadBalance, r#"{"strategy": "later"}"#);
    let choose = |policy: &ProviderPolicy| {
        let snapshot = three(vec![policy.clone()], vec![]);
        choose(&snapshot, &RoutingHealth::default(), &ChooseRequest::default(), now())
    };
    let error = choose(&broken).expect_err("it is invalid");
    assert_eq!(error.kind(), crate::ErrorKind::Corrupt);
    assert!(error.message().contains("app-load_balance"), "{error}");
    broken.enabled = false;
    assert_eq!(choose(&broken).expect("it is not read").candidates.len(), 3);
}
