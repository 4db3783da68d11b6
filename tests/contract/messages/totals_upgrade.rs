//! Upgrades of databases that already contain messages and totals.

use chatkeep::{AnalyticsFilter, NewMessage};
use chatkeep_testkit::Engine;

use super::totals::{FOREIGN, all, assorted, counted, log};
use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![rows_older_than_the_totals_are_counted, daily_totals_are_aggregated_into_months];

fn rows_older_than_the_totals_are_counted(store: &Store) {
    let newer = "20261121090000";
    downgrade(store, "20261120120100");
    for _ in 0..3 {
        store.raw.execute(FOREIGN);
    }
    let upgraded = store.new_handle();
    let done = upgraded.database().upgrade().expect("the schema is upgraded");
    assert!(done.iter().any(|name| name.starts_with(newer)), "{done:?}");
    let check = upgraded.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.counted, check.uncounted, check.differences), (3, 0, Vec::new()));
    let found =
        upgraded.messages().get_analytics(&AnalyticsFilter::default()).expect("the query succeeds");
    assert_eq!((found.total_messages, found.total_tokens), (3, 15));
    assert_eq!(
        upgraded.messages().get_message_count(&everything()).expect("the query succeeds"),
        3
    );
    if store.engine() != Engine::Sqlite {
        assert!(
            upgraded.messages().log_message(&NewMessage::new("a")).expect("the message is logged")
                > 3
        );
    }
}

fn daily_totals_are_aggregated_into_months(store: &Store) {
    // Messages of that version have no cost.
    let messages: Vec<_> =
        assorted().into_iter().map(|message| NewMessage { usage: None, ..message }).collect();
    log(store, &messages);
    counted(store);
    let right = all(store);
    let newer = "20261121170000";
    store.raw.execute("DELETE FROM message_totals WHERE hours = 720");
    let missing = store.messages().check_totals().expect("the query succeeds").differences;
    assert!(!missing.is_empty() && missing.iter().all(|difference| difference.hours == 720));
    downgrade(store, "20261121090300");
    let upgraded = store.new_handle();
    let done = upgraded.database().upgrade().expect("the schema is upgraded");
    assert!(done.iter().any(|name| name.starts_with(newer)), "{done:?}");
    let check = upgraded.messages().check_totals().expect("the query succeeds");
    assert_eq!((check.uncounted, check.differences), (0, Vec::new()));
    let found = upgraded.messages().get_analytics(&AnalyticsFilter::default());
    assert_eq!(found.expect("the query succeeds"), right);
}

/// Reverts the migrations after this version.
fn downgrade(store: &Store, version: &str) {
    let reverted = store.database().migrations().downgrade(version);
    assert!(!reverted.expect("the migrations are reverted").is_empty());
}
