//! Tests of transfers of routed requests and their totals.

use chatkeep::{
    Chatkeep, JsonValue, NewRoutingRequest, NewUser, ProviderHealth, RoutingFilter, RoutingOutcome,
    RoutingRequest, RoutingSource, RoutingUsage, RoutingUsageBy, Timestamp,
};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::Store;

on_every_engine![requests_totals_and_usage_are_copied_and_restored];

fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).expect(time)
}

/// Returns all requests, newest first.
fn all(chat: &Chatkeep) -> Vec<RoutingRequest> {
    let page = chat.routing().list_routing_requests(&RoutingFilter::default(), 1_000, None);
    page.expect("the query succeeds").requests
}

fn usage(chat: &Chatkeep) -> Vec<RoutingUsage> {
    let (by, start) = (RoutingUsageBy::Model, Some(at("2020-01-01")));
    let usage = chat.routing().get_routing_usage(by, start, None, None, 100);
    usage.expect("the query succeeds")
}

fn health(chat: &Chatkeep) -> Vec<ProviderHealth> {
    chat.routing().get_provider_health(1_440).expect("the query succeeds")
}

/// Stores requests, and one whose row was deleted while its hour is kept.
fn fill(store: &Store) {
    let user = NewUser { public_id: Some("ada".to_owned()), ..NewUser::with_email("ada@x.org") };
    store.users().create_user(&user).expect("the user is created");
    let conversation = store.conversations().create_conversation(Some("ada"), None, None, None);
    let conversation = conversation.expect("the conversation is created").public_id;
    let routing = store.routing();
    let reason = r#"{"a": 18446744073709551615, "b": 5e18, "c": [null, {"d": "é😀\r\n\t\\N"}]}"#;
    for (number, name) in ["a", "'; --", "é🎉 ", "%"].into_iter().enumerate() {
        let request = NewRoutingRequest {
            attempt: number as i64 + 1,
            conversation_id: (number == 0).then(|| conversation.clone()),
            capability: Some(name.to_owned()),
            error_kind: Some(name.to_owned()),
            latency_ms: Some(1_000 * number as i64),
            ttft_ms: Some(7),
            output_tokens: Some(1_000_000_000),
            cost: Some("9223372036.854775807".parse().expect("a cost")),
            reason: Some(JsonValue::parse(reason).expect("JSON")),
            source: (number == 1).then_some(RoutingSource::Probe),
            ..NewRoutingRequest::new(name, name, name, RoutingOutcome::Failure)
        };
        routing.record_request(&request).expect("it is recorded");
    }
    let old = NewRoutingRequest {
        created_at: Some(at("2024-02-29T12:00:00Z")),
        ..NewRoutingRequest::new("old", "old", "m", RoutingOutcome::Cancelled)
    };
    routing.record_request(&old).expect("it is recorded");
    assert_eq!(routing.delete_old_routing_requests(30).expect("it is deleted"), 1);
}

fn requests_totals_and_usage_are_copied_and_restored(store: &Store) {
    fill(store);
    let (requests, usages, providers) = (all(store), usage(store), health(store));
    assert_eq!((requests.len(), usages.len(), providers.len()), (4, 5, 4));
    on_every_target(store, &[("chat_routing_requests", 4), ("chat_routing_totals", 9)], |target| {
        assert_eq!(all(target), requests, "{}", target.engine());
        assert_eq!(usage(target), usages, "{}", target.engine());
        assert_eq!(health(target), providers, "{}", target.engine());
        // Further requests are added to the copied totals.
        let again = NewRoutingRequest::new("again", "%", "%", RoutingOutcome::Success);
        target.routing().record_request(&again).expect("it is recorded");
        let added = health(target).into_iter().find(|health| health.provider == "%");
        assert_eq!(added.map(|health| (health.requests, health.failures)), Some((2, 1)));
        let taken = NewRoutingRequest::new("a", "a", "a", RoutingOutcome::Success);
        let error = target.routing().record_request(&taken).expect_err("it is recorded already");
        assert_eq!(error.field(), Some("request_id"));
    });
}
