//! Usage by provider, model, day, hour and user.

use chatkeep::{NewRoutingRequest, RoutingOutcome, RoutingUsageBy};

use super::{create_user, new_at, record, usage};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    usage_is_added_up_by_each_key,
    usage_of_a_user_is_that_of_the_user,
    periods_are_extended_to_whole_hours,
    the_rows_with_most_requests_and_the_last_periods_are_returned,
    invalid_periods_and_limits_are_rejected,
];

fn fill(store: &Store) {
    create_user(store, "ada");
    create_user(store, "bob");
    let request = |id: &str, time: &str, model: &str, user: Option<&str>| NewRoutingRequest {
        model: model.to_owned(),
        user_id: user.map(str::to_owned),
        input_tokens: Some(100),
        output_tokens: Some(10),
        cached_tokens: Some(50),
        reasoning_tokens: Some(5),
        cost: Some("0.5".parse().expect("a cost")),
        ..new_at(id, time)
    };
    for request in [
        request("1", "2024-02-29T10:00:00Z", "gpt", Some("ada")),
        request("2", "2024-02-29T10:59:59.999999Z", "gpt", Some("ada")),
        NewRoutingRequest {
            outcome: RoutingOutcome::Failure,
            ..request("3", "2024-02-29T23:30:00Z", "mini", Some("bob"))
        },
        NewRoutingRequest {
            provider: "mistral".to_owned(),
            outcome: RoutingOutcome::Cancelled,
            ..request("4", "2024-03-01T00:00:00Z", "large", None)
        },
        NewRoutingRequest {
            cost: None,
            ..request("5", "2024-03-01T00:10:00Z", "gpt", Some("ada"))
        },
    ] {
        record(store, &request);
    }
}

fn usage_is_added_up_by_each_key(store: &Store) {
    fill(store);
    let by_provider = usage(store, RoutingUsageBy::Provider, None);
    let [openai, mistral] = by_provider.as_slice() else { panic!("{by_provider:?}") };
    assert_eq!((openai.provider.as_deref(), openai.model.as_deref()), (Some("openai"), None));
    assert_eq!((openai.requests, openai.failures, openai.cancelled), (4, 1, 0));
    assert_eq!((openai.input_tokens, openai.output_tokens), (400, 40));
    assert_eq!((openai.cached_tokens, openai.reasoning_tokens), (200, 20));
    assert_eq!(openai.cost.to_string(), "1.5");
    assert_eq!((openai.start, openai.user_id.as_deref()), (None, None));
    assert_eq!((mistral.requests, mistral.cancelled), (1, 1));

    let by_model = usage(store, RoutingUsageBy::Model, None);
    let keys: Vec<_> = by_model
        .iter()
        .map(|row| (row.provider.as_deref(), row.model.as_deref(), row.requests))
        .collect();
    let expected = [
        (Some("openai"), Some("gpt"), 3),
        (Some("mistral"), Some("large"), 1),
        (Some("openai"), Some("mini"), 1),
    ];
    assert_eq!(keys, expected);

    let by_day = usage(store, RoutingUsageBy::Day, None);
    let days: Vec<_> = by_day.iter().map(|row| (row.start, row.requests)).collect();
    assert_eq!(days, [(Some(at("2024-02-29")), 3), (Some(at("2024-03-01")), 2)]);
    assert_eq!(by_day[0].provider, None);

    let by_hour = usage(store, RoutingUsageBy::Hour, None);
    let hours: Vec<_> = by_hour.iter().map(|row| (row.start, row.requests)).collect();
    let expected = [
        (Some(at("2024-02-29T10:00:00Z")), 2),
        (Some(at("2024-02-29T23:00:00Z")), 1),
        (Some(at("2024-03-01T00:00:00Z")), 2),
    ];
    assert_eq!(hours, expected);

    let by_user = usage(store, RoutingUsageBy::User, None);
    let mut users: Vec<_> =
        by_user.iter().map(|row| (row.user_id.as_deref(), row.requests)).collect();
    users.sort_unstable();
    assert_eq!(users, [(None, 1), (Some("ada"), 3), (Some("bob"), 1)]);
    assert_eq!(by_user[0].user_id.as_deref(), Some("ada"), "most requests first");
    assert_eq!(by_user[0].cost.to_string(), "1");
}

fn usage_of_a_user_is_that_of_the_user(store: &Store) {
    fill(store);
    for by in [RoutingUsageBy::Provider, RoutingUsageBy::User] {
        let rows = usage(store, by, Some("ada"));
        assert_eq!((rows.len(), rows[0].requests, rows[0].input_tokens), (1, 3, 300), "{by:?}");
    }
    let by_day = usage(store, RoutingUsageBy::Day, Some("ada"));
    let days: Vec<_> = by_day.iter().map(|row| (row.start, row.requests)).collect();
    assert_eq!(days, [(Some(at("2024-02-29")), 2), (Some(at("2024-03-01")), 1)]);
    let by_hour = usage(store, RoutingUsageBy::Hour, Some("bob"));
    assert_eq!(by_hour[0].start, Some(at("2024-02-29T23:00:00Z")));
    assert_eq!(by_hour[0].failures, 1);
    let by_model = usage(store, RoutingUsageBy::Model, Some("bob"));
    assert_eq!(by_model[0].model.as_deref(), Some("mini"));
    assert_eq!(usage(store, RoutingUsageBy::Day, Some("none")).len(), 0);
}

fn periods_are_extended_to_whole_hours(store: &Store) {
    fill(store);
    let count = |start: &str, end: &str, user: Option<&str>| {
        let (start, end) = (Some(at(start)), Some(at(end)));
        let by = RoutingUsageBy::Provider;
        let rows = store.routing().get_routing_usage(by, start, end, user, 10);
        rows.expect("the query succeeds").iter().map(|row| row.requests).sum::<i64>()
    };
    for (start, end, all, of_ada) in [
        ("2024-02-29T10:30:00Z", "2024-02-29T10:31:00Z", 2, 2),
        ("2024-02-29T10:30:00Z", "2024-02-29T11:00:00Z", 2, 2),
        ("2024-02-29T11:00:00Z", "2024-02-29T23:00:00Z", 0, 0),
        ("2024-02-29T11:00:00Z", "2024-02-29T23:00:00.000001Z", 1, 0),
        ("2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z", 0, 0),
        ("2024-03-01T00:59:00Z", "2024-03-01T00:59:00Z", 2, 1),
    ] {
        assert_eq!(count(start, end, None), all, "{start} {end}");
        assert_eq!(count(start, end, Some("ada")), of_ada, "{start} {end}");
    }
    let by = RoutingUsageBy::Provider;
    let recent = store.routing().get_routing_usage(by, None, None, None, 10);
    assert_eq!(recent.expect("it succeeds").len(), 0, "the default is the last 30 days");
    let end = Some(at("2024-03-15"));
    let before = store.routing().get_routing_usage(by, None, end, None, 10);
    assert_eq!(before.expect("it succeeds").len(), 2);
}

fn the_rows_with_most_requests_and_the_last_periods_are_returned(store: &Store) {
    fill(store);
    let first = |by| {
        let (start, end) = (Some(at("2024-01-01")), Some(at("2025-01-01")));
        let rows = store.routing().get_routing_usage(by, start, end, None, 1);
        let mut rows = rows.expect("the query succeeds");
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    };
    assert_eq!(first(RoutingUsageBy::Provider).provider.as_deref(), Some("openai"));
    assert_eq!(first(RoutingUsageBy::User).user_id.as_deref(), Some("ada"));
    assert_eq!(first(RoutingUsageBy::Day).start, Some(at("2024-03-01")));
    assert_eq!(first(RoutingUsageBy::Hour).start, Some(at("2024-03-01T00:00:00Z")));
}

fn invalid_periods_and_limits_are_rejected(store: &Store) {
    let by = RoutingUsageBy::Day;
    let (late, early) = (Some(at("2024-02-01")), Some(at("2024-01-01")));
    let routing = store.routing();
    assert_rejected(routing.get_routing_usage(by, late, early, None, 10), "end_date");
    for limit in [0, -1, 10_001] {
        assert_rejected(routing.get_routing_usage(by, None, None, None, limit), "limit");
    }
    assert_rejected(routing.get_routing_usage(by, None, None, Some("a\0"), 10), "user_id");
}
