//! The stored totals, from which analytics are read, always equal the sums of the messages.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chatkeep::{Analytics, AnalyticsFilter, Cost, NewMessage, Timestamp, TotalCost, Usage};

use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, at};

on_every_engine![
    totals_equal_the_sums_of_the_rows,
    ranges_may_start_and_end_at_any_microsecond,
    messages_logged_after_a_count_are_included,
    deleted_messages_are_subtracted,
    a_deletion_leaves_no_empty_bucket,
    a_long_log_is_counted_in_the_background,
    statistics_are_exact_during_concurrent_writes_and_deletions,
    a_check_reports_externally_changed_rows,
    a_check_reports_changed_totals,
    without_a_watermark_every_message_is_read,
];

pub(crate) fn counted(store: &Store) {
    store.messages().rebuild_totals().expect("the totals are rebuilt");
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.uncounted, check.differences), (0, Vec::new()));
}

fn analytics(store: &Store, start: Option<Timestamp>, end: Option<Timestamp>) -> Analytics {
    store
        .messages()
        .get_analytics(&AnalyticsFilter::between(start, end))
        .expect("the query succeeds")
}

pub(crate) fn all(store: &Store) -> Analytics {
    analytics(store, None, None)
}

/// Computes the analytics of a time range from the messages themselves.
pub(crate) fn recounted(
    store: &Store,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> Analytics {
    let mut sums = Analytics::default();
    let mut with_tokens = 0;
    for message in store.all() {
        let timestamp = message.timestamp;
        if start.is_some_and(|start| timestamp < start) || end.is_some_and(|end| timestamp > end) {
            continue;
        }
        let count = |map: &mut BTreeMap<String, i64>, name: Option<String>| {
            *map.entry(name.unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
        };
        sums.total_messages += 1;
        sums.total_tokens += i128::from(message.tokens_used.unwrap_or(0));
        with_tokens += i64::from(message.tokens_used.is_some());
        if let Some(cost) = message.cost {
            let add = |map: &mut BTreeMap<String, TotalCost>, name: Option<&String>| {
                let name = name.cloned().unwrap_or_else(|| "unknown".to_owned());
                *map.entry(name).or_default() += cost.into();
            };
            sums.messages_with_cost += 1;
            sums.total_cost += cost.into();
            add(&mut sums.cost_by_date, Some(&timestamp.date()));
            add(&mut sums.cost_by_provider, message.provider.as_ref());
            add(&mut sums.cost_by_model, message.model.as_ref());
        }
        count(&mut sums.by_date, Some(timestamp.date()));
        count(&mut sums.providers, message.provider);
        count(&mut sums.models, message.model);
    }
    sums.average_tokens = (with_tokens > 0).then(|| sums.total_tokens as f64 / with_tokens as f64);
    sums
}

/// Messages around the bounds of hours and days, with and without names, token counts and costs.
pub(super) fn assorted() -> Vec<NewMessage> {
    let timestamps = [
        "1969-12-31T23:59:59.999999Z",
        "2024-02-28T22:59:59.999999Z",
        "2024-02-28T23:00:00Z",
        "2024-02-28T23:59:59.999999Z",
        "2024-02-29T00:00:00Z",
        "2024-02-29T00:00:00.000001Z",
        "2024-02-29T12:30:00Z",
        "2024-02-29T23:59:59.999999Z",
        "2024-03-01T00:00:00Z",
        "2024-03-01T01:00:00Z",
        "2024-03-01T01:00:00.000001Z",
    ];
    let names = [
        (None, None),
        (Some("unknown"), None),
        (Some("p"), Some("m")),
        (Some("P"), Some("")),
        (Some(""), Some("m ")),
    ];
    let tokens = [None, Some(0), Some(7), Some(4_294_967_296), Some(i64::MAX)];
    let costs = [None, None, Some(0), Some(1_250_000), Some(i64::MAX), Some(4_294_967_296), None];
    let numbered = (0..).zip(timestamps.iter().cycle()).take(timestamps.len() * names.len());
    numbered
        .map(|(index, timestamp)| {
            let mut message = NewMessage::new(*timestamp).with_timestamp(at(timestamp));
            let (provider, model) = names[index % names.len()];
            message.provider = provider.map(Into::into);
            message.model = model.map(Into::into);
            message.tokens_used = tokens[index % tokens.len()];
            let cost = costs[index % costs.len()].map(Cost::from_nano_dollars);
            let cost = cost.transpose().expect("the cost is valid");
            message.with_usage(Usage { cost, ..Usage::default() })
        })
        .collect()
}

pub(super) fn log(store: &Store, batch: &[NewMessage]) {
    store.messages().log_messages(batch).expect("the messages are logged");
}

fn totals_equal_the_sums_of_the_rows(store: &Store) {
    log(store, &assorted());
    let before = all(store);
    counted(store);
    assert_eq!(all(store), before);
    assert_eq!(before, recounted(store, None, None));
    assert!(before.total_tokens > i128::from(i64::MAX), "the sum needs more than 64 bits");
    let cost = before.total_cost.nano_dollars();
    assert!(cost > i128::from(i64::MAX), "the sum needs more than 64 bits");
}

fn ranges_may_start_and_end_at_any_microsecond(store: &Store) {
    log(store, &assorted());
    counted(store);
    // Half of the rows are counted in the totals, half are not.
    log(store, &assorted());
    let ends = [
        "1969-12-31T23:00:00Z",
        "2024-02-28T22:59:59.999999Z",
        "2024-02-28T23:00:00Z",
        "2024-02-28T23:00:00.000001Z",
        "2024-02-28T23:59:59.999999Z",
        "2024-02-29T00:00:00Z",
        "2024-02-29T00:00:00.000001Z",
        "2024-02-29T12:10:00Z",
        "2024-02-29T12:50:00Z",
        "2024-02-29T23:59:59.999999Z",
        "2024-03-01T00:00:00Z",
        "2024-03-01T01:00:00Z",
        "2030-01-01T00:00:00Z",
    ];
    let rows = store.all();
    for (index, start) in ends.iter().enumerate() {
        for end in &ends[index..] {
            let (start, end) = (at(start), at(end));
            let expected = rows.iter().filter(|row| (start..=end).contains(&row.timestamp)).count();
            let found = analytics(store, Some(start), Some(end));
            assert_eq!(found.total_messages, expected as i64, "{start} to {end}");
            assert_eq!(found.by_date.values().sum::<i64>(), expected as i64, "{start} to {end}");
        }
    }
    for (start, end) in [
        (Some(at(ends[4])), Some(at(ends[9]))),
        (None, Some(at(ends[7]))),
        (Some(at(ends[3])), None),
    ] {
        assert_eq!(
            analytics(store, start, end),
            recounted(store, start, end),
            "{start:?} to {end:?}"
        );
    }
}

fn messages_logged_after_a_count_are_included(store: &Store) {
    log(store, &assorted());
    counted(store);
    for message in &assorted()[..5] {
        store.messages().log_message(message).expect("the message is logged");
    }
    log(store, &assorted()[5..]);
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!(
        (check.counted, check.uncounted),
        (assorted().len() as i64, assorted().len() as i64)
    );
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
}

fn deleted_messages_are_subtracted(store: &Store) {
    log(store, &assorted());
    counted(store);
    let recent = NewMessage::new("recent").with_provider("p").with_tokens_used(3);
    // Counted and uncounted messages are deleted together.
    log(store, &assorted());
    log(store, &[recent.clone(), recent]);
    let deleted = store.messages().delete_old_messages(365).expect("the deletion succeeds");
    assert_eq!(deleted, 2 * assorted().len() as u64);
    assert_eq!((all(store).total_messages, all(store).total_tokens), (2, 6));
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.uncounted, check.differences), (0, 2, Vec::new()));
}

fn a_deletion_leaves_no_empty_bucket(store: &Store) {
    log(store, &assorted());
    counted(store);
    store.messages().delete_old_messages(1).expect("the deletion succeeds");
    assert_eq!(all(store), Analytics::default());
    assert_eq!(store.raw.scalar("SELECT count(*) FROM message_totals").as_deref(), Some("0"));
}

pub(super) fn many(count: usize, provider: &str) -> Vec<NewMessage> {
    let first = at("2024-01-01");
    (0_i64..)
        .take(count)
        .map(|n| {
            let timestamp =
                first.checked_add_microseconds(n * 60_000_000).expect("the timestamp is in range");
            NewMessage::new("a")
                .with_timestamp(timestamp)
                .with_provider(provider)
                .with_tokens_used(n)
        })
        .collect()
}

pub(super) fn watermark(store: &Store) -> i64 {
    // A background thread updates the totals.
    store.flush(TIMEOUT).expect("the background work ends");
    let watermark = store.raw.scalar("SELECT counted_to FROM message_counting WHERE id = 0");
    watermark.expect("the watermark exists").parse().expect("a number")
}

fn a_long_log_is_counted_in_the_background(store: &Store) {
    for batch in many(9_000, "p").chunks(450) {
        log(store, batch);
    }
    assert!(watermark(store) >= 8_000, "the watermark is {}", watermark(store));
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted + check.uncounted, check.differences), (9_000, Vec::new()));
}

/// Runs writers of messages, groups and multi-statement batches next to a deletion. While they run,
/// the expected sums are unknown, so the reader uses the check, which compares both computations in
/// one snapshot.
fn statistics_are_exact_during_concurrent_writes_and_deletions(store: &Store) {
    const WRITERS: usize = 4;
    log(store, &many(100, "deleted"));
    let ended = AtomicBool::new(false);
    let lasting: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut logged = 0;
                    for size in [64, 300, 1_100, 1, 500, 64].repeat(3) {
                        let now = NewMessage::new("now")
                            .with_provider(format!("p{writer}"))
                            .with_tokens_used(1);
                        let batch = vec![now; size];
                        log(store, &batch);
                        logged += size;
                        log(store, &many(20, "deleted"));
                    }
                    logged
                })
            })
            .collect();
        let checks = scope.spawn(|| {
            let other = store.new_handle();
            let mut seen = 0;
            let mut checks = 0;
            while !ended.load(Ordering::SeqCst) {
                let check = other.messages().check_totals().expect("the query succeeds");
                assert_eq!(check.differences, Vec::new(), "after {checks} checks");
                let found = other
                    .messages()
                    .get_analytics(&AnalyticsFilter::default())
                    .expect("the query succeeds");
                let lasting: i64 = found
                    .providers
                    .iter()
                    .filter(|(name, _)| *name != "deleted")
                    .map(|(_, n)| n)
                    .sum();
                assert!(
                    lasting >= seen,
                    "the count of lasting messages fell from {seen} to {lasting}"
                );
                assert_eq!(found.by_date.values().sum::<i64>(), found.total_messages);
                seen = lasting;
                checks += 1;
            }
            checks
        });
        let deletions = scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                store.messages().delete_old_messages(30).expect("the deletion succeeds");
            }
        });
        let logged = writers
            .into_iter()
            .map(|writer| writer.join().expect("the thread does not panic"))
            .sum();
        ended.store(true, Ordering::SeqCst);
        assert!(checks.join().expect("the thread does not panic") > 0);
        deletions.join().expect("the thread does not panic");
        logged
    });
    store.messages().delete_old_messages(30).expect("the deletion succeeds");
    assert_eq!(
        (all(store).total_messages, all(store).total_tokens),
        (lasting as i64, lasting as i128)
    );
    assert_eq!(store.count(), lasting as i64);
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted + check.uncounted, check.differences), (lasting as i64, Vec::new()));
    assert!(watermark(store) >= 4_096, "messages were counted during the run");
}

fn a_check_reports_externally_changed_rows(store: &Store) {
    log(store, &assorted());
    counted(store);
    let right = all(store);
    store.raw.execute("UPDATE messages SET tokens_used = 8 WHERE tokens_used = 7 AND id < 10");
    store.raw.execute("DELETE FROM messages WHERE timestamp = '2024-03-01 00:00:00.000000'");
    let check = store.messages().check_totals().expect("the query succeeds");
    assert!(!check.differences.is_empty());
    let changed = check.differences.iter().find(|difference| {
        (difference.hours, difference.kept.messages) == (1, difference.found.messages)
    });
    let changed = changed.expect("the row with changed tokens is reported");
    assert_eq!(changed.found.tokens - changed.kept.tokens, 1);
    assert_eq!(all(store), right, "a check repairs nothing");
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
    assert_ne!(all(store), right);
}

fn a_check_reports_changed_totals(store: &Store) {
    log(store, &assorted());
    counted(store);
    let right = all(store);
    store.raw.execute(
        "UPDATE message_totals SET messages = messages + 1 WHERE hours = 24 AND provider = 'p'",
    );
    let days = store.messages().check_totals().expect("the query succeeds").differences;
    assert!(!days.is_empty() && days.iter().all(|day| day.hours == 24 && day.provider == "p"));
    store.raw.execute("DELETE FROM message_totals WHERE hours = 1");
    let both = store.messages().check_totals().expect("the query succeeds").differences;
    assert!(
        both.iter()
            .any(|hour| hour.hours == 1 && hour.kept.messages == 0 && hour.found.messages > 0)
    );
    counted(store);
    assert_eq!(all(store), right);
}

fn without_a_watermark_every_message_is_read(store: &Store) {
    log(store, &assorted());
    counted(store);
    let right = all(store);
    store.raw.execute("DELETE FROM message_counting WHERE id = 0");
    store.raw.execute("UPDATE message_totals SET messages = 1000");
    assert_eq!(all(store), right);
    log(store, &assorted());
    assert_eq!(all(store), recounted(store, None, None));
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
    assert!(watermark(store) > 0);
}

pub(super) const FOREIGN: &str = "INSERT INTO messages (timestamp, user_message, provider, \
    tokens_used) \
    VALUES ('2024-05-06 07:08:09.000001', 'a', 'foreign', 5)";
