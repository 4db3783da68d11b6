//! The totals that statistics are read from: the same, at any moment, as what the messages add up to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chatkeep::{Analytics, NewMessage, Timestamp};
use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::store::{PATIENCE, Store, at};

on_every_engine![
    totals_count_what_rows_of_an_hour_add_up_to,
    spans_may_begin_and_end_at_any_microsecond,
    what_is_logged_later_is_added_to_what_was_counted,
    what_is_deleted_is_taken_out_again,
    a_deletion_leaves_no_empty_day,
    a_long_log_is_counted_while_it_is_written,
    statistics_are_exact_while_others_write_and_delete,
    a_check_finds_rows_that_were_changed_behind_our_back,
    a_check_finds_totals_that_were_changed,
    without_a_mark_every_message_is_read,
    rows_of_another_program_count,
    rows_that_turn_up_late_count,
    ids_that_another_program_left_out_are_one_gap,
    ids_that_lie_far_apart_are_counted_in_one_step,
    too_many_missing_ids_are_waited_for,
];

pub(super) fn counted(store: &Store) {
    store.messages().rebuild_totals().expect("everything is counted");
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.uncounted, check.differences), (0, Vec::new()));
}

fn analytics(store: &Store, start: Option<Timestamp>, end: Option<Timestamp>) -> Analytics {
    store.messages().get_analytics(start, end).expect("the log answers")
}

pub(super) fn all(store: &Store) -> Analytics {
    analytics(store, None, None)
}

/// What the messages of a span add up to, from the messages themselves.
fn recounted(store: &Store, start: Option<Timestamp>, end: Option<Timestamp>) -> Analytics {
    let mut sums = Analytics::default();
    let mut with_tokens = 0;
    for message in store.all() {
        let moment = message.timestamp;
        if start.is_some_and(|start| moment < start) || end.is_some_and(|end| moment > end) {
            continue;
        }
        let count = |map: &mut BTreeMap<String, i64>, name: Option<String>| {
            *map.entry(name.unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
        };
        sums.total_messages += 1;
        sums.total_tokens += i128::from(message.tokens_used.unwrap_or(0));
        with_tokens += i64::from(message.tokens_used.is_some());
        count(&mut sums.by_date, Some(moment.date()));
        count(&mut sums.providers, message.provider);
        count(&mut sums.models, message.model);
    }
    sums.average_tokens = (with_tokens > 0).then(|| sums.total_tokens as f64 / with_tokens as f64);
    sums
}

/// Messages around the ends of hours and days, with and without names and tokens.
pub(super) fn assorted() -> Vec<NewMessage> {
    let moments = [
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
    let places = (0..).zip(moments.iter().cycle()).take(moments.len() * names.len());
    places
        .map(|(place, moment)| {
            let mut message = NewMessage::new(*moment).with_timestamp(at(moment));
            let (provider, model) = names[place % names.len()];
            message.provider = provider.map(Into::into);
            message.model = model.map(Into::into);
            message.tokens_used = tokens[place % tokens.len()];
            message
        })
        .collect()
}

pub(super) fn log(store: &Store, batch: &[NewMessage]) {
    store.messages().log_messages(batch).expect("the messages are logged");
}

fn totals_count_what_rows_of_an_hour_add_up_to(store: &Store) {
    log(store, &assorted());
    let before = all(store);
    counted(store);
    assert_eq!(all(store), before);
    assert_eq!(before, recounted(store, None, None));
    assert!(before.total_tokens > i128::from(i64::MAX), "the sum needs more than 64 bits");
}

fn spans_may_begin_and_end_at_any_microsecond(store: &Store) {
    log(store, &assorted());
    counted(store);
    // Half of the rows are counted, half are not.
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
    for (place, start) in ends.iter().enumerate() {
        for end in &ends[place..] {
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

fn what_is_logged_later_is_added_to_what_was_counted(store: &Store) {
    log(store, &assorted());
    counted(store);
    for message in &assorted()[..5] {
        store.messages().log_message(message).expect("it is logged");
    }
    log(store, &assorted()[5..]);
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!(
        (check.counted, check.uncounted),
        (assorted().len() as i64, assorted().len() as i64)
    );
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
}

fn what_is_deleted_is_taken_out_again(store: &Store) {
    log(store, &assorted());
    counted(store);
    let recent = NewMessage::new("recent").with_provider("p").with_tokens_used(3);
    // Some that are counted, and some that are not, are deleted together.
    log(store, &assorted());
    log(store, &[recent.clone(), recent]);
    let deleted = store.messages().delete_old_messages(365).expect("they are deleted");
    assert_eq!(deleted, 2 * assorted().len() as u64);
    assert_eq!((all(store).total_messages, all(store).total_tokens), (2, 6));
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted, check.uncounted, check.differences), (0, 2, Vec::new()));
}

fn a_deletion_leaves_no_empty_day(store: &Store) {
    log(store, &assorted());
    counted(store);
    store.messages().delete_old_messages(1).expect("they are deleted");
    assert_eq!(all(store), Analytics::default());
    assert_eq!(store.raw.scalar("SELECT count(*) FROM message_totals").as_deref(), Some("0"));
}

fn many(count: usize, provider: &str) -> Vec<NewMessage> {
    let first = at("2024-01-01");
    (0_i64..)
        .take(count)
        .map(|n| {
            let moment = first.checked_add_microseconds(n * 60_000_000).expect("inside the range");
            NewMessage::new("a").with_timestamp(moment).with_provider(provider).with_tokens_used(n)
        })
        .collect()
}

fn mark(store: &Store) -> i64 {
    // A thread behind the callers' backs counts.
    store.flush(PATIENCE).expect("it comes to its end");
    let mark = store.raw.scalar("SELECT counted_to FROM message_counting WHERE id = 0");
    mark.expect("there is a mark").parse().expect("a number")
}

fn a_long_log_is_counted_while_it_is_written(store: &Store) {
    for batch in many(9_000, "p").chunks(450) {
        log(store, batch);
    }
    assert!(mark(store) >= 8_000, "the mark is at {}", mark(store));
    assert_eq!(all(store), recounted(store, None, None));
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted + check.uncounted, check.differences), (9_000, Vec::new()));
}

/// Writers of single messages, of groups and of batches that need several statements, and one who deletes. Their sums are
/// known at any moment only together, so the reader compares the two ways of adding up in one snapshot: that is what the
/// check does.
fn statistics_are_exact_while_others_write_and_delete(store: &Store) {
    const WRITERS: usize = 4;
    log(store, &many(100, "deleted"));
    let ended = AtomicBool::new(false);
    let kept: usize = thread::scope(|scope| {
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
            let other = store.afresh();
            let mut seen = 0;
            let mut checks = 0;
            while !ended.load(Ordering::SeqCst) {
                let check = other.messages().check_totals().expect("the log answers");
                assert_eq!(check.differences, Vec::new(), "after {checks} checks");
                let found = other.messages().get_analytics(None, None).expect("the log answers");
                let lasting: i64 = found
                    .providers
                    .iter()
                    .filter(|(name, _)| *name != "deleted")
                    .map(|(_, n)| n)
                    .sum();
                assert!(lasting >= seen, "what is there to stay was {seen}, and is {lasting}");
                assert_eq!(found.by_date.values().sum::<i64>(), found.total_messages);
                seen = lasting;
                checks += 1;
            }
            checks
        });
        let deletions = scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                store.messages().delete_old_messages(30).expect("old ones are deleted");
            }
        });
        let kept = writers.into_iter().map(|writer| writer.join().expect("no panic")).sum();
        ended.store(true, Ordering::SeqCst);
        assert!(checks.join().expect("no panic") > 0);
        deletions.join().expect("no panic");
        kept
    });
    store.messages().delete_old_messages(30).expect("old ones are deleted");
    assert_eq!((all(store).total_messages, all(store).total_tokens), (kept as i64, kept as i128));
    assert_eq!(store.count(), kept as i64);
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted + check.uncounted, check.differences), (kept as i64, Vec::new()));
    assert!(mark(store) >= 4_096, "something was counted meanwhile");
}

fn a_check_finds_rows_that_were_changed_behind_our_back(store: &Store) {
    log(store, &assorted());
    counted(store);
    let right = all(store);
    store.raw.execute("UPDATE messages SET tokens_used = 8 WHERE tokens_used = 7 AND id < 10");
    store.raw.execute("DELETE FROM messages WHERE timestamp = '2024-03-01 00:00:00.000000'");
    let check = store.messages().check_totals().expect("the log answers");
    assert!(!check.differences.is_empty());
    let changed = check.differences.iter().find(|difference| {
        (difference.hours, difference.kept.messages) == (1, difference.found.messages)
    });
    let changed = changed.expect("the row whose tokens changed");
    assert_eq!(changed.found.tokens - changed.kept.tokens, 1);
    assert_eq!(all(store), right, "nothing is repaired by looking at it");
    counted(store);
    assert_eq!(all(store), recounted(store, None, None));
    assert_ne!(all(store), right);
}

fn a_check_finds_totals_that_were_changed(store: &Store) {
    log(store, &assorted());
    counted(store);
    let right = all(store);
    store.raw.execute(
        "UPDATE message_totals SET messages = messages + 1 WHERE hours = 24 AND provider = 'p'",
    );
    let days = store.messages().check_totals().expect("the log answers").differences;
    assert!(!days.is_empty() && days.iter().all(|day| day.hours == 24 && day.provider == "p"));
    store.raw.execute("DELETE FROM message_totals WHERE hours = 1");
    let both = store.messages().check_totals().expect("the log answers").differences;
    assert!(
        both.iter()
            .any(|hour| hour.hours == 1 && hour.kept.messages == 0 && hour.found.messages > 0)
    );
    counted(store);
    assert_eq!(all(store), right);
}

fn without_a_mark_every_message_is_read(store: &Store) {
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
    assert!(mark(store) > 0);
}

pub(super) const FOREIGN: &str = "INSERT INTO messages (timestamp, user_message, provider, tokens_used) \
    VALUES ('2024-05-06 07:08:09.000001', 'a', 'foreign', 5)";

fn rows_of_another_program_count(store: &Store) {
    log(store, &assorted());
    counted(store);
    store.raw.execute(FOREIGN);
    assert_eq!(all(store).providers["foreign"], 1);
    counted(store);
    assert_eq!(all(store).providers["foreign"], 1);
}

/// An upgrade of a database that has messages, and was written by a program without totals.
fn foreign(store: &Store, id: i64) {
    store.raw.execute(
        &FOREIGN
            .replace("(timestamp", "(id, timestamp")
            .replace("('2024", &format!("({id}, '2024")),
    );
}

/// MySQL and MariaDB do not tell whether somebody is writing a message whose id is smaller than others that are committed.
fn is_kept_in_the_dark(store: &Store) -> bool {
    matches!(store.engine(), Engine::MariaDb | Engine::MySql)
}

fn rows_that_turn_up_late_count(store: &Store) {
    log(store, &assorted());
    let last = assorted().len() as i64;
    if !is_kept_in_the_dark(store) {
        counted(store);
        assert_eq!(store.raw.scalar("SELECT count(*) FROM message_gaps").as_deref(), Some("0"));
        return;
    }
    foreign(store, last + 100);
    counted(store);
    let gaps = || store.raw.query("SELECT first, last FROM message_gaps ORDER BY first");
    let gap = |first: i64, last: i64| vec![Some(first.to_string()), Some(last.to_string())];
    assert_eq!(gaps(), [gap(last + 1, last + 99)]);
    foreign(store, last + 50);
    foreign(store, last + 51);
    assert_eq!(all(store), recounted(store, None, None));
    assert_eq!(all(store).providers["foreign"], 3);
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted, check.uncounted, check.differences), (last + 1, 2, Vec::new()));
    // The next count takes them in, and keeps the rest in mind.
    for batch in many(4_096, "p").chunks(512) {
        log(store, batch);
    }
    assert!(mark(store) >= 4_096);
    assert_eq!(gaps(), [gap(last + 1, last + 49), gap(last + 52, last + 99)]);
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!(
        (check.counted + check.uncounted, check.differences),
        (last + 3 + 4_096, Vec::new())
    );
    // One that is deleted before it is counted.
    foreign(store, last + 60);
    store.messages().delete_old_messages(1).expect("they are deleted");
    assert_eq!(all(store), Analytics::default());
    assert_eq!(store.messages().check_totals().expect("the log answers").differences, Vec::new());
}

fn ids_that_another_program_left_out_are_one_gap(store: &Store) {
    log(store, &assorted());
    let last = assorted().len() as i64;
    // More steps of counting than gaps that are kept in mind.
    foreign(store, 5_000_000);
    counted(store);
    assert_eq!(mark(store), 5_000_000);
    assert_eq!(all(store), recounted(store, None, None));
    let gaps = store.raw.query("SELECT first, last FROM message_gaps ORDER BY first");
    let gap = vec![Some((last + 1).to_string()), Some(4_999_999.to_string())];
    assert_eq!(gaps, if is_kept_in_the_dark(store) { vec![gap] } else { Vec::new() });
}

/// As ids are that hold a time, or the last one that a file of another program may have.
fn ids_that_lie_far_apart_are_counted_in_one_step(store: &Store) {
    log(store, &assorted());
    for n in 1..=8_i64 {
        foreign(store, n << 59);
    }
    counted(store);
    assert_eq!(mark(store), 8 << 59);
    assert_eq!(all(store).providers["foreign"], 8);
    let check = store.messages().check_totals().expect("the log answers");
    assert_eq!((check.counted, check.differences), (assorted().len() as i64 + 8, Vec::new()));
}

fn too_many_missing_ids_are_waited_for(store: &Store) {
    store.database().upgrade().expect("the schema is made");
    for n in 1..=150 {
        foreign(store, 2 * n);
    }
    store.messages().rebuild_totals().expect("what can be counted is");
    assert_eq!(all(store).providers["foreign"], 150);
    let later = if is_kept_in_the_dark(store) {
        assert_eq!(mark(store), 0);
        // A day later, by the database's clock.
        store.raw.execute("UPDATE message_counting SET seen_at = seen_at - INTERVAL 25 HOUR");
        for n in 151..=300 {
            foreign(store, 2 * n);
        }
        store.messages().rebuild_totals().expect("what can be counted is");
        (300, 300)
    } else {
        (300, 150)
    };
    assert_eq!((mark(store), all(store).providers["foreign"]), later);
    assert_eq!(store.messages().check_totals().expect("the log answers").differences, Vec::new());
}
