//! Lists of conversations: order, pages, and archived ones.

use chatkeep::{ConversationPage, Timestamp};

use super::{create, item, set_last_activity, user};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    a_user_sees_only_own_conversations_by_last_activity,
    pages_have_every_conversation_once,
    equal_times_are_ordered_by_creation,
    archived_conversations_have_a_list_of_their_own,
    activity_moves_a_conversation_to_the_front,
    invalid_pages_are_rejected,
];

fn titles(page: ConversationPage) -> Vec<String> {
    page.conversations.into_iter().filter_map(|conversation| conversation.title).collect()
}

fn list(store: &Store, user: &str) -> Vec<String> {
    let page = store.conversations().list_conversations(user, 100, None, false);
    titles(page.expect("the query succeeds"))
}

fn a_user_sees_only_own_conversations_by_last_activity(store: &Store) {
    let (ada, bob) = (user(store, "ada"), user(store, "bob"));
    assert_eq!(list(store, ada), [""; 0]);
    for (owner, title, time) in [
        (Some(ada), "second", "2024-01-02 00:00:00.000000"),
        (Some(bob), "other", "2024-01-04 00:00:00.000000"),
        (None, "nobody's", "2024-01-05 00:00:00.000000"),
        (Some(ada), "first", "2024-01-03 00:00:00.000001"),
        (Some(ada), "third", "2024-01-01 00:00:00.000000"),
    ] {
        let created = create(store, owner, title);
        set_last_activity(store, &created.public_id, time);
    }
    assert_eq!(list(store, ada), ["first", "second", "third"]);
    assert_eq!(list(store, bob), ["other"]);
    for unknown in ["nobody", "", "ADA", "a\0"] {
        assert_eq!(list(store, unknown), [""; 0]);
    }
    let all = store.conversations().list_all_conversations(100, None, false);
    let all = all.expect("the query succeeds");
    let owners: Vec<_> = all.conversations.iter().map(|one| one.user_id.as_deref()).collect();
    assert_eq!(owners, [None, Some(bob), Some(ada), Some(ada), Some(ada)]);
    assert_eq!(titles(all), ["nobody's", "other", "first", "second", "third"]);
}

/// Reads pages of `limit` until the end.
fn pages(
    limit: i64,
    read: impl Fn(i64, Option<&str>) -> chatkeep::Result<ConversationPage>,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = read(limit, cursor.as_deref()).expect("the query succeeds");
        cursor = page.next_cursor.clone();
        pages.push(titles(page));
        if cursor.is_none() {
            return pages;
        }
    }
}

fn pages_have_every_conversation_once(store: &Store) {
    let ada = user(store, "ada");
    for number in 0..7 {
        let created = create(store, Some(ada), &number.to_string());
        // Two of them have the same time.
        let minute = number / 2;
        set_last_activity(store, &created.public_id, &format!("2024-01-01 00:0{minute}:00.000000"));
    }
    let expected = ["6", "5", "4", "3", "2", "1", "0"];
    let conversations = store.conversations();
    for limit in 1..=8 {
        let own = pages(limit, |limit, cursor| {
            conversations.list_conversations(ada, limit, cursor, false)
        });
        let all = pages(limit, |limit, cursor| {
            conversations.list_all_conversations(limit, cursor, false)
        });
        assert_eq!(own.concat(), expected, "{limit}");
        assert_eq!(all.concat(), expected, "{limit}");
        assert_eq!(own.len(), 7_usize.div_ceil(limit.unsigned_abs() as usize), "{limit}");
    }
    // A conversation deleted and one created between two pages do not shift the second one.
    let first = conversations.list_conversations(ada, 3, None, false).expect("the query succeeds");
    let last = &first.conversations[2].public_id;
    assert!(conversations.delete_conversation(last).expect("it is deleted"));
    create(store, Some(ada), "new");
    let second = conversations.list_conversations(ada, 3, first.next_cursor.as_deref(), false);
    assert_eq!(titles(second.expect("the query succeeds")), ["3", "2", "1"]);
}

fn equal_times_are_ordered_by_creation(store: &Store) {
    let ada = user(store, "ada");
    for title in ["a", "b", "c"] {
        create(store, Some(ada), title);
    }
    store
        .raw
        .execute("UPDATE chat_conversations SET last_message_at = '2024-01-01 00:00:00.000000'");
    assert_eq!(list(store, ada), ["c", "b", "a"]);
}

fn archived_conversations_have_a_list_of_their_own(store: &Store) {
    let ada = user(store, "ada");
    let ids = ["a", "b", "c", "d"].map(|title| create(store, Some(ada), title).public_id);
    for id in [&ids[1], &ids[3]] {
        store.conversations().archive_conversation(id).expect("the change succeeds");
    }
    let conversations = store.conversations();
    let archived = conversations.list_conversations(ada, 100, None, true);
    assert_eq!(titles(archived.expect("the query succeeds")), ["d", "b"]);
    assert_eq!(list(store, ada), ["c", "a"]);
    let page = conversations.list_all_conversations(1, None, true).expect("the query succeeds");
    let next = conversations.list_all_conversations(1, page.next_cursor.as_deref(), true);
    assert_eq!(titles(page), ["d"]);
    assert_eq!(titles(next.expect("the query succeeds")), ["b"]);
}

fn activity_moves_a_conversation_to_the_front(store: &Store) {
    let ada = user(store, "ada");
    let ids = ["a", "b", "c"].map(|title| create(store, Some(ada), title).public_id);
    let before = Timestamp::now();
    store.conversations().append_items(&ids[0], &[item("user", "hi")], None).expect("it is stored");
    assert_eq!(list(store, ada), ["a", "c", "b"]);
    let get = |id: &str| {
        let found = store.conversations().get_conversation(id).expect("the query succeeds");
        found.expect("it exists")
    };
    assert!((before..=Timestamp::now()).contains(&get(&ids[0]).last_message_at));
    assert!(store.conversations().rename_conversation(&ids[1], Some("B")).expect("it is renamed"));
    assert_eq!(list(store, ada), ["a", "c", "B"], "a new title is no activity");
    // The clock of another replica may be ahead.
    set_last_activity(store, &ids[2], "2999-01-01 00:00:00.000000");
    store.conversations().append_items(&ids[2], &[item("user", "hi")], None).expect("it is stored");
    assert_eq!(get(&ids[2]).last_message_at.date(), "2999-01-01", "it is never set back");
}

fn invalid_pages_are_rejected(store: &Store) {
    let conversations = store.conversations();
    for limit in [0, -1, 10_001, i64::MAX] {
        assert_rejected(conversations.list_conversations("ada", limit, None, false), "limit");
        assert_rejected(conversations.list_all_conversations(limit, None, false), "limit");
    }
    for cursor in ["", "abc", "AQ"] {
        let listed = conversations.list_conversations("ada", 1, Some(cursor), false);
        assert_rejected(listed, "cursor");
        assert_rejected(conversations.list_all_conversations(1, Some(cursor), false), "cursor");
    }
}
