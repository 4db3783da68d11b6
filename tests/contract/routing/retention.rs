//! Retention of requests and totals.

use chatkeep::{NewRoutingRequest, RoutingOutcome, RoutingUsageBy};

use super::{new, new_at, record, usage};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, number};

on_every_engine![
    old_requests_and_minutes_are_deleted_and_hours_are_kept,
    totals_of_old_hours_are_merged_without_a_change_of_sums,
    an_invalid_age_is_rejected,
];

fn old_requests_and_minutes_are_deleted_and_hours_are_kept(store: &Store) {
    let old: Vec<_> =
        (0..700).map(|id| new_at(&format!("r-{id}"), "2024-03-01T12:30:00Z")).collect();
    store.routing().record_requests(&old).expect("they are recorded");
    record(store, &new("new"));
    let before = usage(store, RoutingUsageBy::Model, None);
    let delete = || store.routing().delete_old_routing_requests(30).expect("they are deleted");
    assert_eq!((delete(), delete()), (700, 0));
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_requests"), 1);
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_routing_totals WHERE minutes = 1"), 1);
    assert_eq!(usage(store, RoutingUsageBy::Model, None), before, "hours are kept");
    assert_eq!(usage(store, RoutingUsageBy::User, None).len(), 0);
}

/// Makes the totals those of three processes, which had different shards.
fn totals_of_old_hours_are_merged_without_a_change_of_sums(store: &Store) {
    let columns = "requests, failures, cancelled, latency_ms, with_ttft, ttft_ms, input_tokens, \
                   output_tokens, cached_tokens, reasoning_tokens, cost_high, cost_low, \
                   within_100_ms, within_250_ms, within_500_ms, within_1000_ms, within_2000_ms, \
                   within_4000_ms, within_8000_ms, within_15000_ms, within_30000_ms, \
                   within_60000_ms, over_60000_ms, last_request_at, last_failure_at";
    for hour in 0..3 {
        let request = NewRoutingRequest {
            outcome: RoutingOutcome::Failure,
            latency_ms: Some(300),
            cost: Some("9000000000".parse().expect("a cost")),
            ..new_at(&hour.to_string(), &format!("2024-03-01T0{hour}:30:00Z"))
        };
        record(store, &request);
    }
    record(store, &new("today"));
    store.raw.execute("UPDATE chat_routing_totals SET shard = 7");
    for shard in [0, 9] {
        store.raw.execute(&format!(
            "INSERT INTO chat_routing_totals (minutes, start, provider, model, source, shard, \
             {columns}) SELECT minutes, start, provider, model, source, {shard}, {columns} \
             FROM chat_routing_totals WHERE shard = 7"
        ));
    }
    let all = || [RoutingUsageBy::Model, RoutingUsageBy::Hour].map(|by| usage(store, by, None));
    let before = all();
    assert_eq!(
        (before[0][0].requests, before[0][0].cost.to_string()),
        (9, "81000000000".to_owned())
    );
    store.routing().delete_old_routing_requests(3_650).expect("it succeeds");
    assert_eq!(all(), before);
    let merged =
        "SELECT COUNT(*) FROM chat_routing_totals WHERE minutes = 60 AND start < '2025-01-01'";
    assert_eq!(number(store, merged), 3);
    let latencies = "SELECT SUM(within_500_ms) FROM chat_routing_totals WHERE minutes = 60";
    assert_eq!(number(store, latencies), 9);
    let today =
        "SELECT COUNT(*) FROM chat_routing_totals WHERE minutes = 60 AND start > '2025-01-01'";
    assert_eq!(number(store, today), 3, "other processes may be adding to them");
}

fn an_invalid_age_is_rejected(store: &Store) {
    for days in [0, -1, i64::MAX] {
        assert_rejected(store.routing().delete_old_routing_requests(days), "days");
    }
}
