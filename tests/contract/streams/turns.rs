//! Streams that belong to open turns: their end stores the message, exactly once.

use std::sync::Barrier;
use std::thread;

use chatkeep::{
    Message, MessageStatus, NewStream, StreamEnd, StreamStatus, Timestamp, TurnEnd, TurnStart,
};
use chatkeep_testkit::Engine;

use super::text;
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, open};

on_every_engine![
    the_end_of_a_stream_moves_its_text_into_the_turn,
    one_of_several_replicas_stores_the_message,
    an_interrupted_stream_keeps_its_text_as_a_message,
    a_turn_whose_lease_ended_keeps_the_text_of_its_stream,
    an_end_that_fails_changes_nothing,
    a_turn_that_is_finished_without_its_stream_is_not_stored_again,
];

/// Creates a conversation with an open turn, and returns the ids of both.
fn begin(store: &Store) -> (String, String) {
    let conversations = store.conversations();
    let created = conversations.create_conversation(None, None, None, None);
    let id = created.expect("it is created").public_id;
    let turn = conversations.begin_turn(&id, &TurnStart::new("What is WAL?"));
    (id, turn.expect("it is stored"))
}

/// Creates a stream of the turn with this text, which is stored.
fn stream(store: &Store, turn: &str, words: &str) -> String {
    let new = NewStream::default().with_turn(turn).with_provider("openai").with_model("m");
    let id = store.streams().create_stream(&new).expect("it is created").public_id;
    store.streams().append(&id, words).expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    id
}

fn only_message(store: &Store) -> Message {
    let mut all = store.all();
    assert_eq!(all.len(), 1);
    let check = store.messages().check_totals().expect("the totals are compared");
    assert_eq!(check.differences, [], "the totals are exact");
    all.remove(0)
}

fn is_open(store: &Store, conversation: &str) -> bool {
    let turns = store.conversations().list_open_turns(conversation, 10);
    !turns.expect("the query succeeds").is_empty()
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::now().checked_add_microseconds(seconds * 1_000_000).expect("in range")
}

fn the_end_of_a_stream_moves_its_text_into_the_turn(store: &Store) {
    let (conversation, turn) = begin(store);
    let id = stream(store, &turn, "Write-");
    let info = store.streams().get_stream(&id).expect("the query succeeds").expect("it exists");
    assert_eq!(info.turn_id.as_ref(), Some(&turn));
    assert_eq!(info.conversation_id.as_ref(), Some(&conversation));
    store.streams().append(&id, "ahead logging.").expect("it is appended");
    let end = StreamEnd {
        tokens: Some(12),
        cost: Some("0.00125".parse().expect("a cost")),
        ..StreamEnd::default()
    };
    let finished = store.streams().finish_stream(&id, &end).expect("it ends");
    assert!(finished.ended && finished.stream.turn_id.is_none());
    let message = only_message(store);
    assert_eq!(finished.message_id, Some(message.id));
    assert_eq!(message.user_message, "What is WAL?");
    assert_eq!(message.bot_response.as_deref(), Some("Write-ahead logging."));
    assert_eq!(
        (message.provider.as_deref(), message.model.as_deref()),
        (Some("openai"), Some("m"))
    );
    assert_eq!((message.status, message.tokens_used), (Some(MessageStatus::Completed), Some(12)));
    assert_eq!(message.cost, end.cost);
    assert!(!is_open(store, &conversation));
    let again = store.streams().finish_stream(&id, &end).expect("it has ended");
    assert_eq!((again.ended, again.message_id), (false, None));
    let new = NewStream::default().with_turn(&turn);
    assert_rejected(store.streams().create_stream(&new), "turn_id");
    let (other, turn) = begin(store);
    let new = NewStream::default().with_turn(&turn).with_conversation(&conversation);
    assert_rejected(store.streams().create_stream(&new), "turn_id");
    assert!(is_open(store, &other));
}

fn one_of_several_replicas_stores_the_message(store: &Store) {
    let other = open(store.raw.url());
    let ends = [StreamStatus::Completed, StreamStatus::Cancelled, StreamStatus::Completed];
    for round in 1..=10 {
        let (conversation, turn) = begin(store);
        let id = stream(store, &turn, "all of it");
        let barrier = Barrier::new(ends.len() + 1);
        let finished: Vec<_> = thread::scope(|scope| {
            let calls: Vec<_> = (0..)
                .zip(ends)
                .map(|(number, status)| {
                    let chat = if number == 1 { &other } else { &**store };
                    let (id, barrier) = (&id, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let end = StreamEnd::new(status);
                        chat.streams().finish_stream(id, &end).expect("the query succeeds")
                    })
                })
                .collect();
            // The lease ends at the same time.
            let interrupted = scope.spawn(|| {
                barrier.wait();
                other.conversations().finish_interrupted_turns(Some(later(700)))
            });
            interrupted.join().expect("no panic").expect("the call succeeds");
            calls.into_iter().map(|call| call.join().expect("no panic")).collect()
        });
        assert_eq!(store.count(), round, "one message per turn");
        let status = finished[0].stream.status;
        assert!(finished.iter().all(|finished| finished.stream.status == status));
        let winners = finished.iter().filter(|finished| finished.ended).count();
        assert_eq!(winners, usize::from(status != StreamStatus::Interrupted));
        let mut all = store.all();
        all.sort_unstable_by_key(|message| message.id);
        let message = all.pop().expect("a message");
        assert_eq!(message.bot_response.as_deref(), Some("all of it"));
        assert_eq!(message.status.map(|status| status.as_str()), Some(status.name()));
        assert!(!is_open(store, &conversation));
    }
    let check = store.messages().check_totals().expect("the totals are compared");
    assert_eq!(check.differences, [], "the totals are exact");
}

fn an_interrupted_stream_keeps_its_text_as_a_message(store: &Store) {
    let (conversation, turn) = begin(store);
    let id = stream(store, &turn, "Write-");
    assert_eq!(store.streams().interrupt_stale_streams(60).expect("none is stale"), 0);
    let moved: u64 = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..3).map(|_| scope.spawn(|| store.streams().interrupt_stale_streams(0))).collect();
        let counts = calls.into_iter().map(|call| call.join().expect("no panic"));
        counts.map(|count| count.expect("the call succeeds")).sum()
    });
    assert_eq!(moved, 1);
    let message = only_message(store);
    assert_eq!(message.bot_response.as_deref(), Some("Write-"));
    assert_eq!(message.status, Some(MessageStatus::Interrupted));
    assert!(!is_open(store, &conversation));
    assert_eq!(text(store, &id), "Write-");
}

fn a_turn_whose_lease_ended_keeps_the_text_of_its_stream(store: &Store) {
    let (_, turn) = begin(store);
    let id = stream(store, &turn, "Write-");
    let moved = store.conversations().finish_interrupted_turns(Some(later(700)));
    assert_eq!(moved.expect("the call succeeds"), 1);
    let message = only_message(store);
    assert_eq!(message.bot_response.as_deref(), Some("Write-"));
    assert_eq!(message.status, Some(MessageStatus::Interrupted));
    let ended = store.streams().finish_stream(&id, &StreamEnd::default()).expect("it has ended");
    assert_eq!((ended.ended, ended.message_id), (false, None));
    assert_eq!(ended.stream.status, StreamStatus::Interrupted);
    only_message(store);
}

/// A program that is killed between the steps has the same effect: the steps are one transaction.
fn an_end_that_fails_changes_nothing(store: &Store) {
    let (conversation, turn) = begin(store);
    let id = stream(store, &turn, "Write-");
    match store.engine() {
        Engine::Sqlite => store.raw.execute(
            "CREATE TRIGGER failing BEFORE INSERT ON messages BEGIN \
             SELECT RAISE(ABORT, 'not now'); END",
        ),
        Engine::PostgreSql => store.raw.execute(
            "CREATE FUNCTION failing() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'not now'; END $$; \
             CREATE TRIGGER failing BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION \
             failing()",
        ),
        _ => store.raw.execute(
            "CREATE TRIGGER failing BEFORE INSERT ON messages FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not now'",
        ),
    }
    assert!(store.streams().finish_stream(&id, &StreamEnd::default()).is_err());
    let info = store.streams().get_stream(&id).expect("the query succeeds").expect("it exists");
    assert_eq!((info.status, info.turn_id), (StreamStatus::Running, Some(turn)));
    assert!(is_open(store, &conversation) && store.count() == 0);
    store.raw.execute(match store.engine() {
        Engine::PostgreSql => "DROP TRIGGER failing ON messages",
        _ => "DROP TRIGGER failing",
    });
    let finished = store.streams().finish_stream(&id, &StreamEnd::default()).expect("it ends");
    assert_eq!(finished.message_id, Some(only_message(store).id));
}

fn a_turn_that_is_finished_without_its_stream_is_not_stored_again(store: &Store) {
    let (_, turn) = begin(store);
    let id = stream(store, &turn, "Write-");
    let end = TurnEnd::response("another response");
    let finished = store.conversations().finish_turn(&turn, &end).expect("the query succeeds");
    assert!(finished.is_some());
    let ended = store.streams().finish_stream(&id, &StreamEnd::default()).expect("it ends");
    assert_eq!((ended.ended, ended.message_id), (true, None));
    assert_eq!(only_message(store).bot_response.as_deref(), Some("another response"));
}
