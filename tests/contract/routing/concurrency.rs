//! Requests that are recorded concurrently, and their totals.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chatkeep::{ErrorKind, NewRoutingRequest, RoutingOutcome, RoutingUsageBy, Timestamp};

use super::{minutes_ago, new, new_at};
use crate::every_engine::on_every_engine;
use crate::store::{Store, number};

on_every_engine![
    totals_equal_the_requests_at_any_time,
    of_concurrent_calls_for_an_attempt_one_is_recorded,
];

const THREADS: usize = 16;
const CALLS: usize = 30;

/// The sums over the requests of the last days, and those over the totals, in one statement, which
/// reads one state of the database.
fn sums_sql(since: Timestamp) -> String {
    let since = since.to_string();
    let since = format!("'{} {}'", &since[..10], &since[11..26]);
    let requests = |sum: &str| {
        format!(
            "(SELECT COALESCE(SUM({sum}), 0) FROM chat_routing_requests WHERE created_at >= {since})"
        )
    };
    let totals = |sum: &str, minutes: i32| {
        format!(
            "(SELECT COALESCE(SUM({sum}), 0) FROM chat_routing_totals \
             WHERE minutes = {minutes} AND start >= {since})"
        )
    };
    let failures = "CASE WHEN outcome = 'failure' THEN 1 ELSE 0 END";
    let mut columns = Vec::new();
    for (request, total) in [
        ("1", "requests"),
        (failures, "failures"),
        ("latency_ms", "latency_ms"),
        ("input_tokens", "input_tokens"),
        ("cost", "cost_high * 4294967296 + cost_low"),
    ] {
        columns.extend([requests(request), totals(total, 1), totals(total, 60)]);
    }
    let columns: Vec<_> =
        columns.iter().enumerate().map(|(index, sql)| format!("{sql} AS s{index}")).collect();
    format!("SELECT {}", columns.join(", "))
}

fn request(thread: usize, call: usize, part: usize, is_old: bool) -> NewRoutingRequest {
    let id = format!("{thread}-{call}-{part}-{is_old}");
    let (provider, outcome) = match (thread + call + part) % 3 {
        0 => ("a", RoutingOutcome::Failure),
        1 => ("b", RoutingOutcome::Success),
        _ => ("c", RoutingOutcome::Cancelled),
    };
    NewRoutingRequest {
        provider: provider.to_owned(),
        outcome,
        latency_ms: Some((thread * 997 + call * 13) as i64),
        input_tokens: Some(call as i64),
        cost: Some("0.123456789".parse().expect("a cost")),
        created_at: Some(minutes_ago((call % 90) as i64)),
        ..if is_old { new_at(&id, "2024-03-01T12:00:00Z") } else { new(&id) }
    }
}

fn totals_equal_the_requests_at_any_time(store: &Store) {
    let other = store.new_handle();
    let (done, checks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let sql = sums_sql(minutes_ago(2 * 24 * 60).min(minutes_ago(2 * 24 * 60)));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let chat = if thread % 2 == 0 { &**store } else { &other };
                scope.spawn(move || {
                    for call in 0..CALLS {
                        let one = request(thread, call, 0, false);
                        chat.routing().record_request(&one).expect("it is recorded");
                        if call % 5 == 0 {
                            let many: Vec<_> =
                                (1..4).map(|part| request(thread, call, part, false)).collect();
                            chat.routing().record_requests(&many).expect("they are recorded");
                            let old = NewRoutingRequest {
                                created_at: Some(crate::store::at("2024-03-01T12:00:00Z")),
                                ..request(thread, call, 0, true)
                            };
                            chat.routing().record_request(&old).expect("it is recorded");
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                other.routing().delete_old_routing_requests(30).expect("they are deleted");
            }
        });
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                check_sums(store, &sql);
                checks.fetch_add(1, Ordering::Relaxed);
            }
        });
        let outcomes: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        reader.join().expect("all sums are equal");
        outcomes.into_iter().for_each(|outcome| outcome.expect("no panic"));
    });
    assert!(checks.load(Ordering::Relaxed) > 3);
    check_sums(store, &sql);
    other.routing().delete_old_routing_requests(30).expect("they are deleted");
    let old = THREADS * CALLS.div_ceil(5);
    let recent = THREADS * CALLS + 3 * old;
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), recent as i64);
    let usage = super::usage(store, RoutingUsageBy::Hour, None);
    assert_eq!(usage.iter().map(|row| row.requests).sum::<i64>(), old as i64);
}

#[track_caller]
fn check_sums(store: &Store, sql: &str) {
    let row = store.raw.query(sql).remove(0);
    let sums: Vec<_> = row
        .into_iter()
        .map(|sum| sum.expect("a sum").parse::<f64>().expect("a number") as i128)
        .collect();
    for sums in sums.chunks(3) {
        assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?} of {sql}");
    }
}

/// Calls of one attempt share groups with other requests, which are stored nevertheless.
fn of_concurrent_calls_for_an_attempt_one_is_recorded(store: &Store) {
    let recorded = AtomicUsize::new(0);
    for round in 0..5 {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let recorded = &recorded;
                scope.spawn(move || {
                    let own = new(&format!("own-{round}-{thread}"));
                    store.routing().record_request(&own).expect("it is recorded");
                    match store.routing().record_request(&new(&format!("same-{round}"))) {
                        Ok(()) => {
                            recorded.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                            assert_eq!(error.field(), Some("request_id"), "{error}");
                            assert!(!error.is_retryable(), "{error}");
                        }
                    }
                });
            }
        });
    }
    assert_eq!(recorded.into_inner(), 5);
    let stored = number(store, "SELECT COUNT(*) FROM chat_routing_requests");
    assert_eq!(stored, 5 * (THREADS as i64 + 1));
    let counted = "SELECT SUM(requests) FROM chat_routing_totals WHERE minutes = 1";
    assert_eq!(number(store, counted), stored);
}
