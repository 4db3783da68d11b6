//! Pages of requests.

use chatkeep::{NewRoutingRequest, RoutingFilter, RoutingOutcome, RoutingRequestPage};

use super::{create_user, new_at, record};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    pages_have_each_request_once_and_the_newest_first,
    filters_are_combined,
    a_search_for_rare_requests_considers_a_limited_number,
    invalid_arguments_are_rejected,
];

#[derive(Default, Clone, Copy)]
struct Filter<'a> {
    provider: Option<&'a str>,
    model: Option<&'a str>,
    outcome: Option<RoutingOutcome>,
    user: Option<&'a str>,
    start: Option<&'a str>,
    end: Option<&'a str>,
}

fn page(store: &Store, filter: Filter<'_>, limit: i64, cursor: Option<&str>) -> RoutingRequestPage {
    let filter = RoutingFilter {
        provider: filter.provider.map(str::to_owned),
        model: filter.model.map(str::to_owned),
        outcome: filter.outcome,
        user_id: filter.user.map(str::to_owned),
        start: filter.start.map(at),
        end: filter.end.map(at),
    };
    let page = store.routing().list_routing_requests(&filter, limit, cursor);
    page.expect("the query succeeds")
}

/// Returns the ids of all requests, page by page.
fn ids(store: &Store, filter: Filter<'_>, limit: i64) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = page(store, filter, limit, cursor.as_deref());
        assert!(page.requests.len() as i64 <= limit);
        ids.extend(page.requests.into_iter().map(|request| request.request_id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

/// Stores 30 requests, of which three each have the same time.
fn fill(store: &Store) {
    create_user(store, "ada");
    let requests: Vec<_> = (0..30)
        .map(|number| NewRoutingRequest {
            provider: if number % 2 == 0 { "even" } else { "odd" }.to_owned(),
            outcome: match number % 5 {
                0 => RoutingOutcome::Failure,
                _ => RoutingOutcome::Success,
            },
            user_id: (number % 3 == 0).then(|| "ada".to_owned()),
            ..new_at(&format!("r-{number:02}"), &format!("2024-01-01T00:00:{:02}Z", number / 3))
        })
        .collect();
    store.routing().record_requests(&requests).expect("they are recorded");
}

fn expected(matches: impl Fn(usize) -> bool) -> Vec<String> {
    (0..30).rev().filter(|number| matches(*number)).map(|number| format!("r-{number:02}")).collect()
}

fn pages_have_each_request_once_and_the_newest_first(store: &Store) {
    fill(store);
    for limit in [1, 4, 29, 30, 31, 10_000] {
        assert_eq!(ids(store, Filter::default(), limit), expected(|_| true), "{limit}");
        let user = Filter { user: Some("ada"), ..Filter::default() };
        assert_eq!(ids(store, user, limit), expected(|number| number % 3 == 0), "{limit}");
        let provider = Filter { provider: Some("odd"), ..Filter::default() };
        assert_eq!(ids(store, provider, limit), expected(|number| number % 2 == 1), "{limit}");
    }
    // A page is not affected by newer requests.
    let first = page(store, Filter::default(), 10, None);
    record(store, &new_at("new", "2024-02-01"));
    let second = page(store, Filter::default(), 10, first.next_cursor.as_deref());
    assert_eq!(second.requests[0].request_id, "r-19");
}

fn filters_are_combined(store: &Store) {
    fill(store);
    let all = Filter {
        provider: Some("even"),
        model: Some("gpt"),
        outcome: Some(RoutingOutcome::Failure),
        user: Some("ada"),
        start: Some("2024-01-01T00:00:01Z"),
        end: Some("2024-01-01T00:00:09Z"),
    };
    assert_eq!(ids(store, all, 10), ["r-00"; 0], "r-00 is earlier, and r-30 is not stored");
    assert_eq!(ids(store, Filter { start: None, ..all }, 10), ["r-00"]);
    let failed = Filter { user: None, provider: None, ..all };
    assert_eq!(ids(store, failed, 2), expected(|number| number % 5 == 0 && number >= 3));
    assert_eq!(ids(store, Filter { model: Some("none"), ..all }, 2), [""; 0]);
    let period =
        Filter { start: all.start, end: Some("2024-01-01T00:00:02Z"), ..Filter::default() };
    assert_eq!(ids(store, period, 2), expected(|number| (3..9).contains(&number)));
    assert_eq!(ids(store, Filter { user: Some("none"), ..Filter::default() }, 2), [""; 0]);
}

/// Each query considers 5,000 requests, so this takes several of them.
fn a_search_for_rare_requests_considers_a_limited_number(store: &Store) {
    for part in 0..2 {
        let requests: Vec<_> = (0..6_000)
            .map(|number| {
                let id = format!("{part}-{number}");
                let time = format!("2024-01-01T0{part}:{:02}:{:02}Z", number / 600, number % 60);
                NewRoutingRequest {
                    provider: if number == 10 { "rare" } else { "usual" }.to_owned(),
                    ..new_at(&id, &time)
                }
            })
            .collect();
        store.routing().record_requests(&requests).expect("they are recorded");
    }
    let rare = Filter { provider: Some("rare"), ..Filter::default() };
    for limit in [1, 2, 100] {
        assert_eq!(ids(store, rare, limit), ["1-10", "0-10"], "{limit}");
    }
    let usual = Filter { provider: Some("usual"), ..Filter::default() };
    assert_eq!(ids(store, usual, 10_000).len(), 11_998);
}

fn invalid_arguments_are_rejected(store: &Store) {
    let long = "a".repeat(101);
    let list = |provider: Option<&str>, user: Option<&str>, limit, cursor| {
        let filter = RoutingFilter {
            provider: provider.map(str::to_owned),
            user_id: user.map(str::to_owned),
            ..RoutingFilter::default()
        };
        store.routing().list_routing_requests(&filter, limit, cursor)
    };
    for limit in [0, 10_001] {
        assert_rejected(list(None, None, limit, None), "limit");
    }
    assert_rejected(list(Some("a\0"), None, 1, None), "provider");
    assert_rejected(list(Some(long.as_str()), None, 1, None), "provider");
    assert_rejected(list(None, Some("a\0"), 1, None), "user_id");
    assert_rejected(list(None, None, 1, Some("x")), "cursor");
}
