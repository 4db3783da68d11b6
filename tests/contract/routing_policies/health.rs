//! Circuit breakers and latencies, from recorded requests.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{
    Chatkeep, ChooseRequest, ModelChoice, NewRoutingRequest, PolicyKind, RejectionReason,
    RoutingOutcome, Timestamp,
};

use super::{choose, create, providers, put, rejected};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    a_circuit_opens_after_failures_and_is_half_open_later,
    failures_of_another_process_open_the_circuit,
    candidates_are_ordered_by_measured_latency,
];

/// Longer than the health is kept.
const LIMIT: Duration = Duration::from_secs(30);

/// Records requests to the model of a provider.
fn record(store: &Chatkeep, provider: &str, number: usize, request: &NewRoutingRequest) {
    for index in 0..number {
        let nanos = Instant::now().elapsed().as_nanos();
        let id = format!("{provider}-{}-{index}-{nanos}", Timestamp::now().as_microsecond());
        let request =
            NewRoutingRequest { request_id: id, provider: provider.to_owned(), ..request.clone() };
        store.routing().record_request(&request).expect("it is recorded");
    }
}

fn with_outcome(outcome: RoutingOutcome) -> NewRoutingRequest {
    NewRoutingRequest::new("", "", "m", outcome)
}

/// Waits until a choice has a property.
fn wait_for(store: &Chatkeep, property: impl Fn(&ModelChoice) -> bool) -> ModelChoice {
    let start = Instant::now();
    loop {
        let choice = store.routing().choose_model(&ChooseRequest::default()).expect("a choice");
        if property(&choice) {
            return choice;
        }
        assert!(start.elapsed() < LIMIT, "{choice:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn a_circuit_opens_after_failures_and_is_half_open_later(store: &Store) {
    create(store, "a", 9);
    create(store, "b", 0);
    let config = r#"{"failure_percent": 70, "open_seconds": 3}"#;
    put(store, None, "breaker", PolicyKind::CircuitBreaker, config);
    assert_eq!(providers(&choose(store, &ChooseRequest::default())), ["a", "b"]);
    record(store, "a", 3, &with_outcome(RoutingOutcome::Success));
    record(store, "a", 5, &with_outcome(RoutingOutcome::Cancelled));
    record(store, "a", 7, &with_outcome(RoutingOutcome::Failure));
    let choice = wait_for(store, |choice| providers(choice) == ["b"]);
    assert_eq!(rejected(&choice, "a"), Some(RejectionReason::CircuitOpen));
    let explanation = &choice.rejected[0].explanation;
    assert!(explanation.starts_with("7 of 10 requests to the model failed in 5 minutes"));
    let choice = wait_for(store, |choice| choice.candidates.len() == 2);
    assert_eq!(providers(&choice), ["b", "a"]);
    assert!(choice.candidates[1].half_open);
    assert!(choice.candidates[1].reasons[0].starts_with("may be tried again: 7 of 10 requests"));
    // A success does not open the circuit again, and enough of them close it.
    record(store, "a", 1, &with_outcome(RoutingOutcome::Success));
    assert_eq!(choose(store, &ChooseRequest::default()).candidates.len(), 2);
    record(store, "a", 10, &with_outcome(RoutingOutcome::Success));
    wait_for(store, |choice| providers(choice) == ["a", "b"]);
}

fn failures_of_another_process_open_the_circuit(store: &Store) {
    create(store, "a", 9);
    create(store, "b", 0);
    let config = r#"{"min_requests": 1, "open_seconds": 3600}"#;
    put(store, Some("a"), "breaker", PolicyKind::CircuitBreaker, config);
    let other = store.new_handle();
    wait_for(&other, |choice| providers(choice) == ["a", "b"]);
    let failure = NewRoutingRequest {
        error_kind: Some("rate_limit".into()),
        ..with_outcome(RoutingOutcome::Failure)
    };
    record(store, "a", 1, &failure);
    record(store, "b", 5, &failure);
    let choice = wait_for(&other, |choice| providers(choice) == ["b"]);
    assert_eq!(rejected(&choice, "a"), Some(RejectionReason::CircuitOpen));
}

fn candidates_are_ordered_by_measured_latency(store: &Store) {
    for name in ["a", "b", "c"] {
        create(store, name, 0);
    }
    for (name, latency) in [("a", 3_000), ("b", 40)] {
        let request = NewRoutingRequest {
            latency_ms: Some(latency),
            ..with_outcome(RoutingOutcome::Success)
        };
        record(store, name, 3, &request);
    }
    put(store, None, "balance", PolicyKind::LoadBalance, r#"{"strategy": "latency"}"#);
    let choice = choose(store, &ChooseRequest::default());
    assert_eq!(providers(&choice), ["b", "a", "c"]);
    assert!(choice.candidates[0].reasons[0].starts_with("median latency of at most "));
    assert_eq!(choice.candidates[2].reasons, ["no latency in 5 minutes"]);
}
