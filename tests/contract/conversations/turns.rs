//! Complete turns, which are logged in groups.

use std::thread;

use chatkeep::{ErrorKind, MessageFilter, NewMessage, NewTurn, Page, Timestamp, TurnStart};

use super::{create, user};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    a_turn_is_a_message_of_its_conversation_and_user,
    invalid_turns_store_nothing,
    errors_of_append_turn_name_the_operation,
    concurrent_turns_are_stored_in_their_conversations,
    a_turn_of_a_missing_conversation_fails_alone,
    a_turn_of_a_conversation_that_was_created_again_is_stored,
    an_earlier_turn_does_not_set_the_activity_back,
    deleting_a_conversation_deletes_its_turns_and_keeps_totals_exact,
    a_message_with_the_id_of_no_conversation_is_logged,
];

fn last_activity(store: &Store, id: &str) -> Timestamp {
    let found = store.conversations().get_conversation(id).expect("the query succeeds");
    found.expect("it exists").last_message_at
}

fn a_turn_is_a_message_of_its_conversation_and_user(store: &Store) {
    let ada = user(store, "ada");
    let created = create(store, Some(ada), "a");
    let turn = NewTurn::new("What is WAL?").with_response("A log.").with_model("m");
    let before = Timestamp::now();
    let id = store.conversations().append_turn(&created.public_id, &turn).expect("it is logged");
    let message = store.messages().get_message_by_id(id).expect("the query succeeds");
    let message = message.expect("it exists");
    assert_eq!(message.conversation_id, Some(created.id));
    let owner = store.raw.scalar("SELECT id FROM chat_users").expect("the user exists");
    assert_eq!(message.user_id.map(|id| id.to_string()), Some(owner));
    assert_eq!(message.bot_response.as_deref(), Some("A log."));
    assert!(message.timestamp >= before);
    assert_eq!(last_activity(store, &created.public_id), message.timestamp);
    // Without a user.
    let bare = create(store, None, "b");
    let id = store.conversations().append_turn(&bare.public_id, &turn).expect("it is logged");
    let message = store.messages().get_message_by_id(id).expect("the query succeeds");
    assert_eq!(message.expect("it exists").user_id, None);
}

fn invalid_turns_store_nothing(store: &Store) {
    let id = create(store, None, "a").public_id;
    let append = |id: &str, turn: NewTurn| store.conversations().append_turn(id, &turn);
    assert_rejected(append(&id, NewTurn::new("a\0")), "user_message");
    assert_rejected(append(&id, NewTurn::new("a").with_provider("x".repeat(51))), "provider");
    for id in ["none", "", "a\0"] {
        assert_rejected(append(id, NewTurn::new("a")), "conversation_id");
        let begun = store.conversations().begin_turn(id, &TurnStart::new("a"));
        assert_rejected(begun, "conversation_id");
    }
    assert_eq!(store.count(), 0);
}

fn errors_of_append_turn_name_the_operation(store: &Store) {
    let id = create(store, None, "a").public_id;
    let error = |id: &str, text: &str| {
        let logged = store.conversations().append_turn(id, &NewTurn::new(text));
        logged.expect_err("the turn is not logged")
    };
    let invalid = [error(&id, "a\0"), error("none", "a")];
    store.conversations().append_turn(&id, &NewTurn::new("a")).expect("it is logged");
    // By the insert: its internal id is in the cache.
    let other = store.new_handle();
    assert!(other.conversations().delete_conversation(&id).expect("it is deleted"));
    for error in invalid.into_iter().chain([error(&id, "b")]) {
        assert_eq!(error.operation(), Some("append_turn"), "{error}");
    }
}

fn concurrent_turns_are_stored_in_their_conversations(store: &Store) {
    let created = ["a", "b", "c"].map(|title| create(store, None, title));
    let other = store.new_handle();
    thread::scope(|scope| {
        for number in 0..12 {
            let chat = if number % 2 == 0 { &**store } else { &other };
            let created = &created;
            scope.spawn(move || {
                for call in 0..10 {
                    let conversation = &created[(number + call) % 3];
                    let turn = NewTurn::new(conversation.title.clone().unwrap_or_default());
                    let logged = chat.conversations().append_turn(&conversation.public_id, &turn);
                    logged.expect("it is logged");
                    chat.messages().log_message(&NewMessage::new("x")).expect("it is logged");
                }
            });
        }
    });
    assert_eq!(store.count(), 240);
    for conversation in &created {
        let filter = MessageFilter::default().with_conversation_id(conversation.id);
        let messages = store.messages().get_messages(&filter, &Page::first(1_000));
        let messages = messages.expect("the query succeeds");
        assert_eq!(messages.len(), 40);
        let title = conversation.title.as_deref();
        assert!(messages.iter().all(|message| Some(message.user_message.as_str()) == title));
        let newest = messages.iter().map(|message| message.timestamp).max();
        assert!(Some(last_activity(store, &conversation.public_id)) >= newest);
    }
}

fn a_turn_of_a_missing_conversation_fails_alone(store: &Store) {
    let (gone, kept) = (create(store, None, "gone"), create(store, None, "kept"));
    // Its id is in the cache of this handle.
    store.conversations().append_turn(&gone.public_id, &NewTurn::new("a")).expect("it is logged");
    let other = store.new_handle();
    assert!(other.conversations().delete_conversation(&gone.public_id).expect("it is deleted"));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|number| {
                let id = if number % 4 == 0 { &gone.public_id } else { &kept.public_id };
                scope.spawn(move || {
                    (number, store.conversations().append_turn(id, &NewTurn::new("b")))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (number, outcome) in outcomes {
        if number % 4 == 0 {
            let error = outcome.expect_err("the conversation is gone");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert_eq!(error.field(), Some("conversation_id"), "{error}");
            assert!(error.to_string().contains(&gone.public_id), "{error}");
        } else {
            outcome.expect("the conversation exists");
        }
    }
    assert_eq!(store.count(), 12);
}

fn a_turn_of_a_conversation_that_was_created_again_is_stored(store: &Store) {
    let conversations = store.conversations();
    let create = || {
        let created = conversations.create_conversation(None, None, None, Some("a"));
        created.expect("the id is unused")
    };
    let other = store.new_handle();
    create();
    other.conversations().append_turn("a", &NewTurn::new("old")).expect("it is logged");
    assert!(conversations.delete_conversation("a").expect("it is deleted"));
    let again = create();
    let id = other.conversations().append_turn("a", &NewTurn::new("new")).expect("it is logged");
    let message = store.messages().get_message_by_id(id).expect("the query succeeds");
    assert_eq!(message.expect("it exists").conversation_id, Some(again.id));
}

fn an_earlier_turn_does_not_set_the_activity_back(store: &Store) {
    let id = create(store, None, "a").public_id;
    let before = last_activity(store, &id);
    let turn = NewTurn { timestamp: Some(at("2001-01-01")), ..NewTurn::new("imported") };
    store.conversations().append_turn(&id, &turn).expect("it is logged");
    assert_eq!(last_activity(store, &id), before);
}

fn deleting_a_conversation_deletes_its_turns_and_keeps_totals_exact(store: &Store) {
    let (gone, kept) = (create(store, None, "gone"), create(store, None, "kept"));
    let messages: Vec<_> = (0..2_500)
        .map(|_| NewMessage::new("a").with_tokens_used(2).with_conversation_id(gone.id))
        .collect();
    store.messages().log_messages(&messages).expect("they are logged");
    store.conversations().append_turn(&kept.public_id, &NewTurn::new("b")).expect("it is logged");
    store.conversations().begin_turn(&gone.public_id, &TurnStart::new("open")).expect("stored");
    store.messages().rebuild_totals().expect("they are counted");
    assert!(store.conversations().delete_conversation(&gone.public_id).expect("it is deleted"));
    assert_eq!(store.count(), 1);
    assert_eq!(super::deletion::rows(store, "open_turns"), "0");
    let check = store.messages().check_totals().expect("the query succeeds");
    assert!(check.differences.is_empty(), "{check:?}");
    let analytics = store.messages().get_analytics(&chatkeep::AnalyticsFilter::default());
    assert_eq!(analytics.expect("the query succeeds").total_messages, 1);
}

/// `log_message` does not look the conversation up: it may be one of another program.
fn a_message_with_the_id_of_no_conversation_is_logged(store: &Store) {
    let message = store.round_trip(&NewMessage::new("a").with_conversation_id(999));
    assert_eq!(message.conversation_id, Some(999));
}
