//! Items: order, positions, and changes at the end.

use chatkeep::{NewItem, NewTurn};

use super::{create, item, items, text};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, metadata};

on_every_engine![
    appended_items_are_read_back_in_order,
    ranges_return_the_last_items_before_and_the_first_after_a_position,
    popped_positions_are_used_again,
    items_are_replaced_from_a_position_on,
    changes_are_refused_if_the_items_have_another_version,
    cleared_conversations_start_at_position_1,
    invalid_items_store_nothing,
    many_and_large_items_are_stored_together,
    a_conversation_that_was_created_again_has_its_own_items,
];

fn appended_items_are_read_back_in_order(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    let parts = metadata(r#"{"parts": [{"type": "text", "text": "né\u0301 🔑"}], "n": 1e300}"#);
    let new = [
        item("user", "hi"),
        NewItem::new("assistant", parts.clone()).with_kind("tool_call").with_message_id(42),
        NewItem::new("tool", metadata("{}")),
    ];
    assert_eq!(
        conversations.append_items(&id, &new, None).expect("the items are stored"),
        [1, 2, 3]
    );
    assert_eq!(conversations.append_items(&id, &[], None).expect("nothing is stored"), [0; 0]);
    let read = conversations.get_items(&id, 100, None, None).expect("the query succeeds");
    let values: Vec<_> =
        read.iter().map(|item| (item.position, item.role.as_str(), item.kind.as_str())).collect();
    assert_eq!(
        values,
        [(1, "user", "message"), (2, "assistant", "tool_call"), (3, "tool", "message")]
    );
    assert_eq!((&read[1].content, read[1].message_id), (&parts, Some(42)));
    let found = conversations.get_conversation(&id).expect("the query succeeds").expect("exists");
    assert_eq!(read[2].created_at, found.last_message_at);
}

fn ranges_return_the_last_items_before_and_the_first_after_a_position(store: &Store) {
    let id = create(store, None, "a").public_id;
    let new: Vec<_> = (1..=6).map(|number| item("user", &number.to_string())).collect();
    store.conversations().append_items(&id, &new, None).expect("the items are stored");
    let positions = |limit, before, after| -> Vec<i64> {
        let items = store.conversations().get_items(&id, limit, before, after);
        items.expect("the query succeeds").iter().map(|item| item.position).collect()
    };
    assert_eq!(positions(2, None, None), [5, 6]);
    assert_eq!(positions(2, Some(5), None), [3, 4]);
    assert_eq!(positions(2, Some(1), None), [0; 0]);
    assert_eq!(positions(9, Some(i64::MAX), None), [1, 2, 3, 4, 5, 6]);
    assert_eq!(positions(2, None, Some(0)), [1, 2]);
    assert_eq!(positions(2, None, Some(5)), [6]);
    assert_eq!(positions(2, None, Some(6)), [0; 0]);
    assert_eq!(positions(2, None, Some(i64::MIN)), [1, 2]);
    let get = |limit, before, after| store.conversations().get_items(&id, limit, before, after);
    for limit in [0, -1, 10_001] {
        assert_rejected(get(limit, None, None), "limit");
    }
    assert_rejected(get(1, Some(1), Some(1)), "after");
}

fn popped_positions_are_used_again(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    assert_eq!(conversations.pop_items(&id, 5, None).expect("there is none"), []);
    let new = ["a", "b", "c"].map(|word| item("user", word));
    conversations.append_items(&id, &new, None).expect("the items are stored");
    let popped = conversations.pop_items(&id, 2, None).expect("they are removed");
    let popped: Vec<_> = popped.into_iter().map(|item| (item.position, item.content)).collect();
    assert_eq!(popped, [(2, text("b")), (3, text("c"))]);
    let added = conversations.append_items(&id, &[item("user", "d")], None);
    assert_eq!(added.expect("the item is stored"), [2]);
    assert_eq!(items(store, &id), [(1, text("a")), (2, text("d"))]);
    assert_eq!(conversations.pop_items(&id, 10_000, None).expect("they are removed").len(), 2);
    for count in [0, -1, 10_001] {
        assert_rejected(conversations.pop_items(&id, count, None), "count");
    }
}

fn items_are_replaced_from_a_position_on(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    let replace = |from, words: &[&str]| {
        let new: Vec<_> = words.iter().map(|word| item("user", word)).collect();
        conversations.replace_items(&id, from, &new, None)
    };
    assert_eq!(replace(1, &["a", "b", "c"]).expect("they are stored"), [1, 2, 3]);
    assert_eq!(replace(2, &["B", "C", "D"]).expect("they are replaced"), [2, 3, 4]);
    assert_eq!(replace(5, &["E"]).expect("it is appended"), [5]);
    let all = ["a", "B", "C", "D", "E"].map(text);
    assert_eq!(items(store, &id).into_iter().map(|(_, content)| content).collect::<Vec<_>>(), all);
    for from in [0, -1, 7, i64::MAX, i64::MIN] {
        assert_rejected(replace(from, &["x"]), "from_position");
    }
    assert_eq!(items(store, &id).len(), 5);
    assert_eq!(replace(3, &[]).expect("they are removed"), [0; 0]);
    assert_eq!(items(store, &id), [(1, text("a")), (2, text("B"))]);
}

fn changes_are_refused_if_the_items_have_another_version(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    let version = || {
        let found = conversations.get_conversation(&id).expect("the query succeeds");
        found.expect("it exists").item_version
    };
    let new = [item("user", "a"), item("user", "b")];
    assert_eq!(version(), 0);
    conversations.append_items(&id, &new, Some(0)).expect("they are stored");
    let first = version();
    assert!(first > 0);
    for expected in [0, first + 1, -1, i64::MIN, i64::MAX] {
        let field = "expected_item_version";
        assert_conflict(conversations.append_items(&id, &new, Some(expected)), field);
        assert_conflict(conversations.replace_items(&id, 1, &[], Some(expected)), field);
        assert_conflict(conversations.pop_items(&id, 1, Some(expected)), field);
        assert_conflict(conversations.clear_items(&id, Some(expected)), field);
    }
    assert_eq!(items(store, &id), [(1, text("a")), (2, text("b"))]);
    conversations.replace_items(&id, 2, &[item("user", "B")], Some(first)).expect("replaced");
    conversations.pop_items(&id, 1, Some(version())).expect("it is removed");
    let before = version();
    // Other changes of the conversation are not changes of its items.
    conversations.rename_conversation(&id, Some("title")).expect("it is renamed");
    let turn = NewTurn::new("a");
    conversations.append_turn(&id, &turn).expect("it is logged");
    assert_eq!(version(), before);
    assert_eq!(conversations.clear_items(&id, Some(before)).expect("they are removed"), 1);
    assert!(version() > before);
    assert_rejected(conversations.append_items("missing", &new, Some(0)), "conversation_id");
}

fn cleared_conversations_start_at_position_1(store: &Store) {
    let (id, other) = (create(store, None, "a").public_id, create(store, None, "b").public_id);
    let conversations = store.conversations();
    for id in [&id, &other] {
        let new = ["a", "b"].map(|word| item("user", word));
        conversations.append_items(id, &new, None).expect("the items are stored");
    }
    assert_eq!(conversations.clear_items(&id, None).expect("they are removed"), 2);
    assert_eq!(conversations.clear_items(&id, None).expect("there is none"), 0);
    assert_eq!(items(store, &other).len(), 2, "other conversations keep their items");
    let added = conversations.append_items(&id, &[item("user", "c")], None);
    assert_eq!(added.expect("the item is stored"), [1]);
}

fn invalid_items_store_nothing(store: &Store) {
    let id = create(store, None, "a").public_id;
    let append = |bad: NewItem| {
        let new = [item("user", "a"), bad];
        store.conversations().append_items(&id, &new, None)
    };
    assert!(append(item(&"é".repeat(50), "a").with_kind("k".repeat(50))).is_ok());
    for role in ["", "a\0", &"é".repeat(51)] {
        assert_rejected(append(item(role, "a")), "items[1].role");
        assert_rejected(append(item("user", "a").with_kind(role)), "items[1].kind");
    }
    let large = text(&"x".repeat(16 * 1024 * 1024));
    assert_rejected(append(NewItem::new("user", large)), "items[1].content");
    let bad = [item("", "a")];
    assert_rejected(store.conversations().replace_items(&id, 1, &bad, None), "items[0].role");
    assert_eq!(items(store, &id).len(), 2);
}

fn many_and_large_items_are_stored_together(store: &Store) {
    let id = create(store, None, "a").public_id;
    let new: Vec<_> =
        (0..1_203)
            .map(|number| {
                if number % 400 == 0 {
                    item("user", &"x".repeat(700_000))
                } else {
                    item("user", "y")
                }
            })
            .collect();
    let positions =
        store.conversations().append_items(&id, &new, None).expect("the items are stored");
    assert_eq!(positions, (1..=1_203).collect::<Vec<_>>());
    let read = items(store, &id);
    assert!(read.iter().zip(&new).all(|((_, content), new)| *content == new.content));
    assert_eq!(read.len(), 1_203);
}

fn a_conversation_that_was_created_again_has_its_own_items(store: &Store) {
    let conversations = store.conversations();
    let other = store.new_handle();
    let create = || conversations.create_conversation(None, None, None, Some("a"));
    create().expect("the id is unused");
    other.conversations().append_items("a", &[item("user", "old")], None).expect("it is stored");
    assert!(conversations.delete_conversation("a").expect("it is deleted"));
    assert_rejected(
        other.conversations().append_items("a", &[item("user", "x")], None),
        "conversation_id",
    );
    create().expect("the id is unused again");
    assert_eq!(items(store, "a"), []);
    let added = other.conversations().append_items("a", &[item("user", "new")], None);
    assert_eq!(added.expect("the item is stored"), [1]);
    assert_eq!(items(store, "a"), [(1, text("new"))]);
}
