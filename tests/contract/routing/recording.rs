//! Recording requests.

use chatkeep::{JsonValue, NewRoutingRequest, RoutingOutcome, RoutingRequest, RoutingSource};

use super::{create_conversation, create_user, new, record};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, at, number};

on_every_engine![
    a_request_is_stored_with_all_its_values,
    attempts_are_returned_in_their_order,
    an_attempt_is_recorded_once,
    a_request_belongs_to_the_user_of_its_conversation,
    invalid_values_are_rejected_with_their_field,
    hostile_texts_are_stored_as_they_are,
    a_list_of_requests_is_recorded_as_a_whole_or_not_at_all,
    sums_of_costs_exceed_64_bits,
];

fn attempts(store: &Store, request_id: &str) -> Vec<RoutingRequest> {
    store.routing().get_request_attempts(request_id).expect("the query succeeds")
}

fn a_request_is_stored_with_all_its_values(store: &Store) {
    create_user(store, "ada");
    create_conversation(store, "c-1", None);
    let reason = r#"["priority 10",{"a":5e18,"b":null}]"#;
    let request = NewRoutingRequest {
        attempt: 3,
        user_id: Some("ada".to_owned()),
        conversation_id: Some("c-1".to_owned()),
        capability: Some("vision".to_owned()),
        error_kind: Some("timeout".to_owned()),
        latency_ms: Some(1_200),
        ttft_ms: Some(90),
        input_tokens: Some(1_000_000_000),
        output_tokens: Some(80),
        cached_tokens: Some(1_000),
        reasoning_tokens: Some(0),
        cost: Some("9223372036.854775807".parse().expect("a cost")),
        reason: Some(JsonValue::parse(reason).expect("JSON")),
        source: Some(RoutingSource::Probe),
        created_at: Some(at("2024-02-29T12:00:00.123456Z")),
        ..NewRoutingRequest::new("r-1", "openai", "gpt", RoutingOutcome::Failure)
    };
    record(store, &request);
    let stored = attempts(store, "r-1").remove(0);
    assert_eq!((&*stored.request_id, stored.attempt), ("r-1", 3));
    assert_eq!((&*stored.provider, &*stored.model), ("openai", "gpt"));
    assert_eq!((stored.outcome, stored.source), (RoutingOutcome::Failure, RoutingSource::Probe));
    assert_eq!(stored.user_id.as_deref(), Some("ada"));
    assert_eq!(stored.conversation_id.as_deref(), Some("c-1"));
    assert_eq!(stored.capability, request.capability);
    assert_eq!(stored.error_kind, request.error_kind);
    assert_eq!((stored.latency_ms, stored.ttft_ms), (request.latency_ms, request.ttft_ms));
    assert_eq!((stored.input_tokens, stored.output_tokens), (Some(1_000_000_000), Some(80)));
    assert_eq!((stored.cached_tokens, stored.reasoning_tokens), (Some(1_000), Some(0)));
    assert_eq!((stored.cost, &stored.reason), (request.cost, &request.reason));
    assert_eq!(Some(stored.created_at), request.created_at);

    record(store, &new("r-2"));
    let plain = attempts(store, "r-2").remove(0);
    assert_eq!((plain.attempt, plain.source), (1, RoutingSource::Request));
    assert_eq!((plain.latency_ms, plain.cost, plain.reason), (None, None, None));
    assert_eq!((plain.user_id, plain.conversation_id), (None, None));
}

fn attempts_are_returned_in_their_order(store: &Store) {
    for attempt in [2, 10, 1] {
        record(store, &NewRoutingRequest { attempt, ..new("r") });
    }
    record(store, &new("other"));
    let order: Vec<_> = attempts(store, "r").iter().map(|request| request.attempt).collect();
    assert_eq!(order, [1, 2, 10]);
    assert_eq!(attempts(store, "R").len(), 0, "ids differ by case");
    assert_eq!(attempts(store, "none").len(), 0);
    assert_rejected(store.routing().get_request_attempts(""), "request_id");
}

fn an_attempt_is_recorded_once(store: &Store) {
    record(store, &new("r"));
    assert_conflict(store.routing().record_request(&new("r")), "request_id");
    record(store, &NewRoutingRequest { attempt: 2, ..new("r") });
    let many = [new("s"), NewRoutingRequest { attempt: 2, ..new("r") }, new("t")];
    assert_conflict(store.routing().record_requests(&many), "request_id");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), 2);
    let totals = "SELECT SUM(requests) FROM chat_routing_totals WHERE minutes = 1";
    assert_eq!(number(store, totals), 2, "refused requests are not counted");
}

fn a_request_belongs_to_the_user_of_its_conversation(store: &Store) {
    create_user(store, "ada");
    create_user(store, "bob");
    create_conversation(store, "c", Some("ada"));
    let in_conversation = |id: &str, user: Option<&str>| NewRoutingRequest {
        conversation_id: Some("c".to_owned()),
        user_id: user.map(str::to_owned),
        ..new(id)
    };
    record(store, &in_conversation("r-1", None));
    record(store, &in_conversation("r-2", Some("bob")));
    assert_eq!(attempts(store, "r-1")[0].user_id.as_deref(), Some("ada"));
    assert_eq!(attempts(store, "r-2")[0].user_id.as_deref(), Some("bob"));
    // A deleted conversation is no longer known, and the request stays.
    store.conversations().delete_conversation("c").expect("it is deleted");
    let stored = attempts(store, "r-1").remove(0);
    assert_eq!((stored.conversation_id, stored.user_id.as_deref()), (None, Some("ada")));
}

fn invalid_values_are_rejected_with_their_field(store: &Store) {
    let routing = store.routing();
    let none = || Some("none".to_owned());
    for (request, field) in [
        (new(""), "request_id"),
        (new(&"r".repeat(65)), "request_id"),
        (new("a\0b"), "request_id"),
        (NewRoutingRequest { provider: String::new(), ..new("r") }, "provider"),
        (NewRoutingRequest { model: "é".repeat(101), ..new("r") }, "model"),
        (NewRoutingRequest { attempt: 0, ..new("r") }, "attempt"),
        (NewRoutingRequest { latency_ms: Some(-1), ..new("r") }, "latency_ms"),
        (NewRoutingRequest { input_tokens: Some(i64::MAX), ..new("r") }, "input_tokens"),
        (NewRoutingRequest { error_kind: Some("k".repeat(101)), ..new("r") }, "error_kind"),
        (NewRoutingRequest { user_id: none(), ..new("r") }, "user_id"),
        (NewRoutingRequest { user_id: Some("a\0".to_owned()), ..new("r") }, "user_id"),
        (NewRoutingRequest { conversation_id: none(), ..new("r") }, "conversation_id"),
    ] {
        assert_rejected(routing.record_request(&request), field);
        let field = format!("requests[1].{field}");
        assert_rejected(routing.record_requests(&[new("s"), request]), &field);
    }
    assert_rejected(routing.record_requests(&[new("r"), new("r")]), "requests[1].request_id");
    assert_rejected(routing.record_requests(&vec![new("r"); 10_001]), "requests");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), 0);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_totals"), 0);
}

fn hostile_texts_are_stored_as_they_are(store: &Store) {
    for (index, text) in
        ["'; DROP TABLE x; --", "é🎉 \\N\t\"%_", " a ", &"🎉".repeat(64)].into_iter().enumerate()
    {
        let request = NewRoutingRequest {
            provider: text.to_owned(),
            model: text.to_owned(),
            capability: Some(text.to_owned()),
            error_kind: Some(text.to_owned()),
            reason: Some(JsonValue::text(text).expect("JSON")),
            ..new(text)
        };
        record(store, &request);
        let stored = attempts(store, text).remove(0);
        assert_eq!(stored.provider, text);
        assert_eq!((stored.capability, stored.reason), (request.capability, request.reason));
        let health = store.routing().get_provider_health(5).expect("the query succeeds");
        assert_eq!(health.len(), index + 1);
        let found = health.iter().find(|health| health.provider == text).expect("it is listed");
        assert_eq!(found.models[0].model, text);
    }
    // Names that differ by case, by trailing spaces or by accents are different.
    for name in ["a", "A", "a ", "á"] {
        record(store, &NewRoutingRequest { provider: name.to_owned(), ..new(name) });
    }
    assert_eq!(store.routing().get_provider_health(5).expect("it succeeds").len(), 8);
}

fn a_list_of_requests_is_recorded_as_a_whole_or_not_at_all(store: &Store) {
    let requests: Vec<_> = (0..2_500).map(|number| new(&format!("r-{number}"))).collect();
    store.routing().record_requests(&requests).expect("they are recorded");
    store.routing().record_requests(&[]).expect("there is nothing to do");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), 2_500);
    let totals = "SELECT SUM(requests) FROM chat_routing_totals WHERE minutes = 60";
    assert_eq!(number(store, totals), 2_500);
    let mut again: Vec<_> = (0..2_500).map(|number| new(&format!("s-{number}"))).collect();
    again.push(new("r-7"));
    assert_conflict(store.routing().record_requests(&again), "request_id");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), 2_500);
    assert_eq!(number(store, totals), 2_500);
}

fn sums_of_costs_exceed_64_bits(store: &Store) {
    for id in ["a", "b", "c"] {
        let cost = Some("9223372036.854775807".parse().expect("a cost"));
        record(store, &NewRoutingRequest { cost, ..super::new_at(id, "2024-03-01T12:00:00Z") });
    }
    for by in [chatkeep::RoutingUsageBy::Provider, chatkeep::RoutingUsageBy::User] {
        let usage = super::usage(store, by, None);
        assert_eq!(usage[0].cost.to_string(), "27670116110.564327421", "{by:?}");
    }
}
