//! Positions have no gaps with concurrent writers.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chatkeep::NewItem;

use super::{create, item};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    concurrent_appends_have_positions_without_gaps,
    concurrent_appends_and_removals_leave_no_gaps,
    programs_that_rewrite_items_lose_no_change,
];

const THREADS: usize = 8;
const CALLS: usize = 20;

fn concurrent_appends_have_positions_without_gaps(store: &Store) {
    let ids = [create(store, None, "a").public_id, create(store, None, "b").public_id];
    // Half of the threads use another handle, as another replica does.
    let other = store.new_handle();
    let stored: Vec<Vec<(usize, Vec<i64>)>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let chat = if number % 2 == 0 { &**store } else { &other };
                let ids = &ids;
                scope.spawn(move || {
                    (0..CALLS)
                        .map(|call| {
                            let conversation = (number + call) % ids.len();
                            // Between 1 and 3 items, in no regular order.
                            let count = (number * 7 + call * 5) % 3 + 1;
                            let words = format!("{number}-{call}");
                            let new = vec![item("user", &words); count];
                            let positions = chat
                                .conversations()
                                .append_items(&ids[conversation], &new, None)
                                .expect("the items are stored");
                            assert_eq!(positions.len(), count);
                            (conversation, positions)
                        })
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut all: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for (conversation, positions) in stored.into_iter().flatten() {
        assert!(positions.is_sorted_by(|one, next| one + 1 == *next), "{positions:?}");
        all.entry(conversation).or_default().extend(positions);
    }
    for (conversation, mut positions) in all {
        positions.sort_unstable();
        assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
        let items = store.conversations().get_items(&ids[conversation], 10_000, None, None);
        let read: Vec<_> =
            items.expect("the query succeeds").iter().map(|item| item.position).collect();
        assert_eq!(read, positions);
    }
}

fn concurrent_appends_and_removals_leave_no_gaps(store: &Store) {
    let id = create(store, None, "a").public_id;
    thread::scope(|scope| {
        for number in 0..THREADS {
            let id = &id;
            scope.spawn(move || {
                let conversations = store.conversations();
                for call in 0..CALLS {
                    match (number + call) % 4 {
                        0 => conversations.pop_items(id, 2, None).map(drop),
                        _ => conversations.append_items(id, &[item("user", "a")], None).map(drop),
                    }
                    .expect("the call succeeds");
                }
            });
        }
    });
    let items = store.conversations().get_items(&id, 10_000, None, None);
    let positions: Vec<_> =
        items.expect("the query succeeds").iter().map(|item| item.position).collect();
    assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
}

/// Each reads the items, and replaces all of them by these and one more.
fn programs_that_rewrite_items_lose_no_change(store: &Store) {
    const REWRITES: usize = 5;
    let id = create(store, None, "a").public_id;
    let other = store.new_handle();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let chat = if number % 2 == 0 { &**store } else { &other };
            let id = &id;
            scope.spawn(move || {
                let conversations = chat.conversations();
                for call in 0..REWRITES {
                    loop {
                        let known = conversations.get_conversation(id).expect("the query succeeds");
                        let version = known.expect("it exists").item_version;
                        let items = conversations.get_items(id, 10_000, None, None);
                        let items = items.expect("the query succeeds").into_iter();
                        let mut new: Vec<_> =
                            items.map(|item| NewItem::new(item.role, item.content)).collect();
                        new.push(item("user", &format!("{number}-{call}")));
                        match conversations.replace_items(id, 1, &new, Some(version)) {
                            Ok(_) => break,
                            Err(error) => assert_eq!(error.field(), Some("expected_item_version")),
                        }
                    }
                }
            });
        }
    });
    let items = store.conversations().get_items(&id, 10_000, None, None);
    let items = items.expect("the query succeeds");
    let contents: BTreeSet<_> = items.iter().map(|item| item.content.as_json()).collect();
    assert_eq!(contents.len(), THREADS * REWRITES);
}
