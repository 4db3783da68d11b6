//! Totals of logs with missing ids: late commits, rows of other programs, and gaps.

use chatkeep::Analytics;
use chatkeep_testkit::Engine;

use super::totals::{FOREIGN, all, assorted, counted, log, many, recounted, watermark};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    rows_of_another_program_are_counted,
    late_commits_are_counted,
    skipped_ids_are_one_gap,
    sparse_ids_are_counted_in_one_step,
    counting_waits_when_too_many_ids_are_missing,
];

fn rows_of_another_program_are_counted(store: &Store) {
    log(store, &assorted());
    counted(store);
    store.raw.execute(FOREIGN);
    assert_eq!(all(store).providers["foreign"], 1);
    counted(store);
    assert_eq!(all(store).providers["foreign"], 1);
}

/// Inserts a message of another program with this id.
fn foreign(store: &Store, id: i64) {
    store.raw.execute(
        &FOREIGN
            .replace("(timestamp", "(id, timestamp")
            .replace("('2024", &format!("({id}, '2024")),
    );
}

/// MySQL and MariaDB do not report whether another session is still writing a message with a
/// smaller id than committed ones.
fn hides_uncommitted_ids(store: &Store) -> bool {
    matches!(store.engine(), Engine::MariaDb | Engine::MySql)
}

fn late_commits_are_counted(store: &Store) {
    log(store, &assorted());
    let last = assorted().len() as i64;
    if !hides_uncommitted_ids(store) {
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
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.uncounted, check.differences), (last + 1, 2, Vec::new()));
    // The next count includes them and records the remaining gaps.
    for batch in many(4_096, "p").chunks(512) {
        log(store, batch);
    }
    assert!(watermark(store) >= 4_096);
    assert_eq!(gaps(), [gap(last + 1, last + 49), gap(last + 52, last + 99)]);
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!(
        (check.counted + check.uncounted, check.differences),
        (last + 3 + 4_096, Vec::new())
    );
    // This message is deleted before it is counted.
    foreign(store, last + 60);
    store.messages().delete_old_messages(1).expect("the deletion succeeds");
    assert_eq!(all(store), Analytics::default());
    assert_eq!(
        store.messages().check_totals().expect("the query succeeds").differences,
        Vec::new()
    );
}

fn skipped_ids_are_one_gap(store: &Store) {
    log(store, &assorted());
    let last = assorted().len() as i64;
    // Counting takes more steps than there may be recorded gaps.
    foreign(store, 5_000_000);
    counted(store);
    assert_eq!(watermark(store), 5_000_000);
    assert_eq!(all(store), recounted(store, None, None));
    let gaps = store.raw.query("SELECT first, last FROM message_gaps ORDER BY first");
    let gap = vec![Some((last + 1).to_string()), Some(4_999_999.to_string())];
    assert_eq!(gaps, if hides_uncommitted_ids(store) { vec![gap] } else { Vec::new() });
}

/// Ids that encode a time, or a largest id written by another program.
fn sparse_ids_are_counted_in_one_step(store: &Store) {
    log(store, &assorted());
    for n in 1..=8_i64 {
        foreign(store, n << 59);
    }
    counted(store);
    assert_eq!(watermark(store), 8 << 59);
    assert_eq!(all(store).providers["foreign"], 8);
    let check = store.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.differences), (assorted().len() as i64 + 8, Vec::new()));
}

fn counting_waits_when_too_many_ids_are_missing(store: &Store) {
    for n in 1..=150 {
        foreign(store, 2 * n);
    }
    store.messages().rebuild_totals().expect("the totals are rebuilt");
    assert_eq!(all(store).providers["foreign"], 150);
    let later = if hides_uncommitted_ids(store) {
        assert_eq!(watermark(store), 0);
        // One day later, by the database's clock.
        store.raw.execute("UPDATE message_counting SET seen_at = seen_at - INTERVAL 25 HOUR");
        for n in 151..=300 {
            foreign(store, 2 * n);
        }
        store.messages().rebuild_totals().expect("the totals are rebuilt");
        (300, 300)
    } else {
        (300, 150)
    };
    assert_eq!((watermark(store), all(store).providers["foreign"]), later);
    assert_eq!(
        store.messages().check_totals().expect("the query succeeds").differences,
        Vec::new()
    );
}
