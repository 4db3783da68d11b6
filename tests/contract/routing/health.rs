//! The health of providers.

use chatkeep::{NewRoutingRequest, RoutingOutcome, RoutingSource};

use super::{minutes_ago, new, record};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    health_has_outcomes_and_latencies_by_provider_and_model,
    cancelled_requests_do_not_count_as_failures,
    old_requests_are_not_part_of_it,
];

fn request(id: &str, provider: &str, model: &str, latency_ms: i64) -> NewRoutingRequest {
    let latency_ms = Some(latency_ms);
    NewRoutingRequest {
        latency_ms,
        ..NewRoutingRequest::new(id, provider, model, RoutingOutcome::Success)
    }
}

fn health_has_outcomes_and_latencies_by_provider_and_model(store: &Store) {
    assert_eq!(store.routing().get_provider_health(5).expect("it succeeds").len(), 0);
    let failed = RoutingOutcome::Failure;
    let (before, last) = (minutes_ago(2), minutes_ago(1));
    for request in [
        NewRoutingRequest {
            ttft_ms: Some(40),
            created_at: Some(before),
            ..request("1", "b", "large", 90)
        },
        NewRoutingRequest {
            outcome: failed,
            created_at: Some(before),
            ..request("2", "b", "large", 900)
        },
        NewRoutingRequest {
            ttft_ms: Some(61),
            created_at: Some(last),
            source: Some(RoutingSource::Probe),
            ..request("3", "b", "small", 5_000)
        },
        NewRoutingRequest { created_at: Some(before), ..new("4") },
    ] {
        record(store, &request);
    }
    let health = store.routing().get_provider_health(5).expect("the query succeeds");
    let names: Vec<_> = health.iter().map(|health| &*health.provider).collect();
    assert_eq!(names, ["b", "openai"]);
    let provider = &health[0];
    assert_eq!((provider.requests, provider.failures, provider.cancelled), (3, 1, 0));
    assert_eq!(provider.failures_per_thousand, Some(333));
    assert_eq!(provider.average_latency_ms, Some((90 + 900 + 5_000) / 3));
    assert_eq!(provider.median_latency_ms, Some(1_000));
    assert_eq!(provider.p95_latency_ms, Some(8_000));
    assert_eq!(provider.average_ttft_ms, Some(50));
    assert_eq!(provider.last_request_at, last);
    assert_eq!(provider.last_failure_at, Some(before));
    let [large, small] = provider.models.as_slice() else { panic!("{provider:?}") };
    assert_eq!((&*large.model, large.requests, large.failures), ("large", 2, 1));
    assert_eq!((large.median_latency_ms, large.p95_latency_ms), (Some(100), Some(1_000)));
    assert_eq!((large.last_request_at, large.last_failure_at), (before, Some(before)));
    assert_eq!((&*small.model, small.requests, small.failures), ("small", 1, 0));
    assert_eq!((small.failures_per_thousand, small.last_failure_at), (Some(0), None));
    let without = &health[1];
    assert_eq!((without.average_latency_ms, without.p95_latency_ms), (None, None));
    assert_eq!(without.average_ttft_ms, None);
}

fn cancelled_requests_do_not_count_as_failures(store: &Store) {
    for id in ["1", "2"] {
        let cancelled = RoutingOutcome::Cancelled;
        record(store, &NewRoutingRequest { outcome: cancelled, ..request(id, "a", "m", 70_000) });
    }
    let health = store.routing().get_provider_health(5).expect("the query succeeds");
    assert_eq!((health[0].requests, health[0].cancelled, health[0].failures), (2, 2, 0));
    assert_eq!(health[0].failures_per_thousand, None);
    assert_eq!(health[0].average_latency_ms, Some(70_000));
    assert_eq!(health[0].p95_latency_ms, None, "it is over the last limit");
}

/// Periods of more than an hour are read from minutes and hours together.
fn old_requests_are_not_part_of_it(store: &Store) {
    for minutes in [3, 20, 58, 75, 119, 250, 700, 1_430, 1_500, 5_000] {
        let created_at = Some(minutes_ago(minutes));
        record(store, &NewRoutingRequest { created_at, ..new(&minutes.to_string()) });
    }
    for (minutes, expected) in
        [(1, 0), (5, 1), (30, 2), (60, 3), (77, 4), (121, 5), (300, 6), (720, 7), (1_440, 8)]
    {
        let health = store.routing().get_provider_health(minutes).expect("the query succeeds");
        let count = health.first().map_or(0, |health| health.requests);
        assert_eq!(count, expected, "{minutes}");
    }
    for minutes in [0, -1, 1_441, i64::MIN] {
        assert_rejected(store.routing().get_provider_health(minutes), "minutes");
    }
}
