//! The end of a stream: the first one is final. Requests to cancel reach the writer.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{ErrorKind, StreamEnd, StreamStatus};

use super::{create, read, text};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, assert_rejected, open};

on_every_engine![
    finishing_stores_the_text_and_the_final_state,
    exactly_one_concurrent_end_wins,
    text_after_the_end_is_a_conflict,
    buffered_text_of_a_stream_that_another_handle_ended_is_reported,
    a_cancellation_is_seen_by_the_writer_at_its_next_flush,
    only_streams_without_updates_are_interrupted,
];

fn finishing_stores_the_text_and_the_final_state(store: &Store) {
    let id = create(store);
    store.streams().append(&id, "all ").expect("it is appended");
    store.streams().append(&id, "text").expect("it is appended");
    let end = StreamEnd {
        status: StreamStatus::Failed,
        error: Some("the model timed out".into()),
        tokens: Some(42),
        cost: Some("0.001250".parse().expect("a cost")),
    };
    let finished = store.streams().finish_stream(&id, &end).expect("it ends");
    let stream = finished.stream;
    assert!(finished.ended && stream.last_seq >= 1);
    assert_eq!(stream.status, StreamStatus::Failed);
    assert_eq!(stream.error.as_deref(), Some("the model timed out"));
    assert_eq!((stream.tokens, stream.cost), (Some(42), end.cost));
    assert_eq!(stream.finished_at, Some(stream.updated_at));
    assert_eq!(store.streams().get_stream(&id).expect("the query succeeds"), Some(stream.clone()));
    assert_eq!(text(store, &id), "all text");
    assert_eq!(read(store, &id, 0).last_seq, stream.last_seq);
    let again = store.streams().finish_stream(&id, &StreamEnd::default()).expect("it has ended");
    assert_eq!((again.ended, again.stream), (false, stream));
    assert_rejected(store.streams().finish_stream("unknown", &end), "stream_id");
}

fn exactly_one_concurrent_end_wins(store: &Store) {
    let other = open(store.raw.url());
    let ends = [StreamStatus::Completed, StreamStatus::Cancelled, StreamStatus::Failed];
    for _ in 0..10 {
        let id = create(store);
        let barrier = Barrier::new(ends.len());
        let finished: Vec<_> = thread::scope(|scope| {
            let calls = ends.map(|status| {
                let chat = if status == StreamStatus::Cancelled { &other } else { &**store };
                let (id, barrier) = (&id, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let finished = chat.streams().finish_stream(id, &StreamEnd::new(status));
                    (status, finished.expect("the query succeeds"))
                })
            });
            calls.into_iter().map(|call| call.join().expect("it does not panic")).collect()
        });
        let winners: Vec<_> = finished
            .iter()
            .filter(|(_, finished)| finished.ended)
            .map(|(status, _)| status)
            .collect();
        assert_eq!(winners.len(), 1);
        assert!(finished.iter().all(|(_, finished)| finished.stream.status == *winners[0]));
    }
}

fn text_after_the_end_is_a_conflict(store: &Store) {
    let id = create(store);
    store.streams().append(&id, "a").expect("it is appended");
    store.streams().finish_stream(&id, &StreamEnd::default()).expect("it ends");
    for _ in 0..2 {
        let error = store.streams().append(&id, "late").expect_err("the stream has ended");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
        assert!(error.message().contains(&id), "{error}");
    }
    assert_eq!(
        store.streams().flush_stream(&id).map_err(|error| error.kind()),
        Err(ErrorKind::Conflict)
    );
    assert_eq!(text(store, &id), "a");
    // A handle that does not know of the end learns of it at its first flush.
    let other = open(store.raw.url());
    other.streams().append(&id, "late").expect("it is buffered");
    let error = other.streams().flush_stream(&id).expect_err("the stream has ended");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(text(store, &id), "a");
    store.flush(TIMEOUT).expect("every error was reported");
}

fn buffered_text_of_a_stream_that_another_handle_ended_is_reported(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    store.streams().append(&id, "kept").expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    other
        .streams()
        .finish_stream(&id, &StreamEnd::new(StreamStatus::Interrupted))
        .expect("it ends");
    store.streams().append(&id, "lost").expect("it is buffered");
    let error = store.streams().finish_stream(&id, &StreamEnd::default()).expect_err("a loss");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("4 bytes"), "{error}");
    let finished = store.streams().finish_stream(&id, &StreamEnd::default()).expect("reported");
    assert_eq!((finished.ended, finished.stream.status), (false, StreamStatus::Interrupted));
    assert_eq!(text(store, &id), "kept");
}

fn a_cancellation_is_seen_by_the_writer_at_its_next_flush(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    store.streams().append(&id, "a").expect("it is appended");
    assert!(!store.streams().flush_stream(&id).expect("it is stored"));
    assert!(other.streams().cancel_stream(&id).expect("the query succeeds"));
    assert!(!other.streams().cancel_stream(&id).expect("the query succeeds"));
    let start = Instant::now();
    while !store.streams().append(&id, "b").expect("it is appended") {
        assert!(start.elapsed() < TIMEOUT, "the writer does not see the cancellation");
        thread::sleep(Duration::from_millis(10));
    }
    let end = StreamEnd::new(StreamStatus::Cancelled);
    let finished = store.streams().finish_stream(&id, &end).expect("it ends");
    assert!(finished.ended && finished.stream.cancel_requested_at.is_some());
    assert!(!other.streams().cancel_stream(&id).expect("the query succeeds"), "it has ended");
    // In the writer's handle, the next append sees it, without a flush.
    let id = create(store);
    store.streams().append(&id, "a").expect("it is appended");
    assert!(store.streams().cancel_stream(&id).expect("the query succeeds"));
    assert!(store.streams().append(&id, "b").expect("it is appended"));
}

fn only_streams_without_updates_are_interrupted(store: &Store) {
    let (live, dead, ended) = (create(store), create(store), create(store));
    for id in [&live, &dead, &ended] {
        store.streams().append(id, "a").expect("it is appended");
        store.streams().flush_stream(id).expect("it is stored");
    }
    store.streams().finish_stream(&ended, &StreamEnd::default()).expect("it ends");
    store.raw.execute("UPDATE chat_streams SET updated_at = '2024-01-02 00:00:00.000000'");
    store.streams().append(&live, "b").expect("it is appended");
    store.streams().flush_stream(&live).expect("it is stored");
    assert_eq!(store.streams().interrupt_stale_streams(300).expect("the query succeeds"), 1);
    let status = |id: &str| {
        let stream = store.streams().get_stream(id).expect("the query succeeds");
        stream.expect("the stream exists").status
    };
    assert_eq!(
        [status(&live), status(&dead), status(&ended)],
        [StreamStatus::Running, StreamStatus::Interrupted, StreamStatus::Completed]
    );
    assert_eq!(text(store, &dead), "a");
    store.streams().append(&dead, "late").expect("it is buffered");
    let error = store.streams().flush_stream(&dead).expect_err("it is interrupted");
    assert!(error.message().contains("interrupted"), "{error}");
    for seconds in [-1, i64::MAX] {
        assert_rejected(store.streams().interrupt_stale_streams(seconds), "seconds");
    }
}
