//! Turns that are stored before the model is asked.

use std::thread;

use chatkeep::{Message, MessageStatus, Timestamp, TurnEnd, TurnStart, Usage};

use super::{create, user};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    a_finished_turn_is_a_message_with_the_time_of_its_start,
    one_of_several_replicas_finishes_a_turn,
    a_turn_of_a_dropped_handle_is_kept_and_interrupted_after_its_lease,
    an_extended_turn_is_not_interrupted,
    invalid_values_of_turns_change_nothing,
];

fn message(store: &Store, id: i64) -> Message {
    store.messages().get_message_by_id(id).expect("the query succeeds").expect("it exists")
}

fn open(store: &Store, id: &str) -> Vec<String> {
    let turns = store.conversations().list_open_turns(id, 100).expect("the query succeeds");
    turns.into_iter().map(|turn| turn.user_message).collect()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::now().checked_add_microseconds(seconds * 1_000_000).expect("in range")
}

fn a_finished_turn_is_a_message_with_the_time_of_its_start(store: &Store) {
    let ada = user(store, "ada");
    let conversations = store.conversations();
    let created = create(store, Some(ada), "a");
    let id = created.public_id.as_str();
    let data = metadata(r#"{"n": 1}"#);
    let start = TurnStart {
        provider: Some("openai".to_owned()),
        model: Some("m".to_owned()),
        metadata: Some(data.clone()),
        ..TurnStart::new("What is WAL?")
    };
    let before = Timestamp::now();
    let turn = conversations.begin_turn(id, &start).expect("it is stored");
    let other = conversations.begin_turn(id, &TurnStart::new("And?")).expect("it is stored");
    assert_eq!(store.count(), 0);
    let listed = conversations.list_open_turns(id, 1).expect("the query succeeds");
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].public_id, listed[0].conversation_id.as_str()), (&turn, id));
    assert_eq!(listed[0].metadata.as_ref(), Some(&data));
    assert!((before..=Timestamp::now()).contains(&listed[0].started_at));
    let lease = listed[0].lease_until.as_microsecond() - listed[0].started_at.as_microsecond();
    assert_eq!(lease, 600_000_000);

    let usage = Usage { output_tokens: Some(7), ..Usage::default() };
    let end = TurnEnd::response("Write-ahead logging.").with_usage(usage);
    let logged = conversations.finish_turn(&turn, &end).expect("it is finished");
    let logged = message(store, logged.expect("it was open"));
    assert_eq!(logged.user_message, "What is WAL?");
    assert_eq!(logged.bot_response.as_deref(), Some("Write-ahead logging."));
    assert_eq!((logged.provider.as_deref(), logged.model.as_deref()), (Some("openai"), Some("m")));
    assert_eq!((logged.timestamp, logged.metadata), (listed[0].started_at, Some(data)));
    assert_eq!((logged.status, logged.tokens_used), (Some(MessageStatus::Completed), Some(7)));
    assert_eq!(logged.conversation_id, Some(created.id));
    let owner = store.raw.scalar("SELECT id FROM chat_users").expect("the user exists");
    assert_eq!(logged.user_id.map(|id| id.to_string()), Some(owner));

    assert_eq!(conversations.finish_turn(&turn, &end).expect("the query succeeds"), None);
    assert!(!conversations.extend_turn(&turn, 60).expect("the query succeeds"));
    assert_eq!((store.count(), open(store, id)), (1, vec!["And?".to_owned()]));
    let failed = Usage {
        status: Some(MessageStatus::Failed),
        error: Some("no answer".to_owned()),
        ..Usage::default()
    };
    let logged = conversations.finish_turn(&other, &TurnEnd::default().with_usage(failed));
    let logged = message(store, logged.expect("it is finished").expect("it was open"));
    assert_eq!(logged.status, Some(MessageStatus::Failed));
    assert_eq!((logged.error.as_deref(), logged.bot_response), (Some("no answer"), None));
}

fn one_of_several_replicas_finishes_a_turn(store: &Store) {
    let id = create(store, None, "a").public_id;
    let other = store.new_handle();
    for round in 0..10 {
        let turn = store.conversations().begin_turn(&id, &TurnStart::new("a"));
        let turn = turn.expect("it is stored");
        let finished: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let chat = if number % 2 == 0 { &**store } else { &other };
                    let turn = &turn;
                    let end = TurnEnd::response(number.to_string());
                    scope.spawn(move || chat.conversations().finish_turn(turn, &end))
                })
                .collect();
            let outcomes = threads.into_iter().map(|thread| thread.join().expect("no panic"));
            outcomes.filter_map(|outcome| outcome.expect("the call succeeds")).collect()
        });
        assert_eq!((finished.len(), store.count()), (1, round + 1), "exactly one stored it");
    }
    assert_eq!(open(store, &id), [""; 0]);
}

fn a_turn_of_a_dropped_handle_is_kept_and_interrupted_after_its_lease(store: &Store) {
    let id = create(store, None, "a").public_id;
    let turn = {
        let dropped = store.new_handle();
        dropped.conversations().begin_turn(&id, &TurnStart::new("a")).expect("it is stored")
    };
    let conversations = store.conversations();
    assert_eq!(conversations.finish_interrupted_turns(None).expect("none has ended"), 0);
    assert_eq!(open(store, &id), ["a"]);
    let last_activity = || {
        let found = conversations.get_conversation(&id).expect("the query succeeds");
        found.expect("it exists").last_message_at
    };
    let before = last_activity();
    let later = Some(after(700));
    let moved: u64 = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..3).map(|_| scope.spawn(|| conversations.finish_interrupted_turns(later))).collect();
        let counts = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        counts.map(|count| count.expect("the call succeeds")).sum()
    });
    assert_eq!(moved, 1, "exactly one moved it");
    let messages = store.all();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].status, Some(MessageStatus::Interrupted));
    assert_eq!((messages[0].user_message.as_str(), &messages[0].bot_response), ("a", &None));
    assert_eq!(last_activity(), before, "an interruption is no activity");
    let late = conversations.finish_turn(&turn, &TurnEnd::response("late"));
    assert_eq!(late.expect("the query succeeds"), None);
}

fn an_extended_turn_is_not_interrupted(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    let start = TurnStart { lease_seconds: 1, ..TurnStart::new("a") };
    let turn = conversations.begin_turn(&id, &start).expect("it is stored");
    assert!(conversations.extend_turn(&turn, 3_600).expect("it is extended"));
    let moved = conversations.finish_interrupted_turns(Some(after(60)));
    assert_eq!(moved.expect("the call succeeds"), 0);
    assert!(conversations.extend_turn(&turn, 1).expect("it is shortened"));
    let moved = conversations.finish_interrupted_turns(Some(after(60)));
    assert_eq!(moved.expect("the call succeeds"), 1);
    assert!(!conversations.extend_turn(&turn, 60).expect("the query succeeds"));
}

fn invalid_values_of_turns_change_nothing(store: &Store) {
    let id = create(store, None, "a").public_id;
    let conversations = store.conversations();
    let begin = |start: TurnStart| conversations.begin_turn(&id, &start);
    assert_rejected(begin(TurnStart::new("a\0")), "user_message");
    for lease_seconds in [0, -1, 2_592_001, i64::MAX] {
        assert_rejected(begin(TurnStart { lease_seconds, ..TurnStart::new("a") }), "lease_seconds");
        assert_rejected(conversations.extend_turn("a", lease_seconds), "lease_seconds");
    }
    let turn = begin(TurnStart::new("a")).expect("it is stored");
    let bad = TurnEnd::response("a\0");
    assert_rejected(conversations.finish_turn(&turn, &bad), "bot_response");
    for unknown in ["none", "", "a\0"] {
        let finished = conversations.finish_turn(unknown, &TurnEnd::response("a"));
        assert_eq!(finished.expect("the query succeeds"), None);
        assert!(!conversations.extend_turn(unknown, 60).expect("the query succeeds"));
        assert_eq!(conversations.list_open_turns(unknown, 10).expect("the query succeeds"), []);
    }
    assert_rejected(conversations.list_open_turns(&id, 0), "limit");
    assert_eq!((store.count(), open(store, &id).len()), (0, 1));
}
