//! Deletion of chunks and streams after their end.

use chatkeep::{StreamEnd, StreamStatus};

use super::{create, read, text};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected};

on_every_engine![
    only_the_text_of_streams_that_ended_long_ago_is_deleted,
    only_streams_that_ended_long_ago_are_deleted,
    many_chunks_are_deleted_in_batches,
];

/// Creates a stream with chunks, ends it if required, and makes it as old as the given time.
fn stream(store: &Store, chunks: usize, ended: bool, time: Option<&str>) -> String {
    let id = create(store);
    for chunk in 0..chunks {
        store.streams().append(&id, &format!("{chunk} ")).expect("it is appended");
        store.streams().flush_stream(&id).expect("it is stored");
    }
    if ended {
        store.streams().finish_stream(&id, &StreamEnd::default()).expect("it ends");
    }
    if let Some(time) = time {
        let finished = if ended { format!(", finished_at = '{time}'") } else { String::new() };
        store.raw.execute(&format!(
            "UPDATE chat_streams SET updated_at = '{time}'{finished} WHERE public_id = '{id}'; \
             UPDATE stream_chunks SET created_at = '{time}' WHERE stream_id = \
             (SELECT id FROM chat_streams WHERE public_id = '{id}')"
        ));
    }
    id
}

const OLD: Option<&str> = Some("2024-01-02 00:00:00.000000");

fn only_the_text_of_streams_that_ended_long_ago_is_deleted(store: &Store) {
    let running = stream(store, 2, false, OLD);
    let old = stream(store, 3, true, OLD);
    let new = stream(store, 2, true, None);
    assert_eq!(store.streams().prune_stream_chunks(3_600).expect("it succeeds"), 3);
    assert_eq!(store.streams().prune_stream_chunks(3_600).expect("it succeeds"), 0);
    assert_eq!((text(store, &running), text(store, &new)), ("0 1 ".into(), "0 1 ".into()));
    assert_eq!(store.streams().get_stream_text(&old).expect("the query succeeds"), None);
    let pruned = read(store, &old, 0);
    assert!(pruned.pruned && pruned.done && pruned.chunks.is_empty(), "{pruned:?}");
    assert_eq!((pruned.last_seq, pruned.status), (3, StreamStatus::Completed));
    assert!(!read(store, &old, 3).pruned, "the reader has everything");
    assert_eq!(store.streams().prune_stream_chunks(0).expect("it succeeds"), 2);
    assert_eq!(text(store, &running), "0 1 ");
    for seconds in [-1, i64::MAX] {
        assert_rejected(store.streams().prune_stream_chunks(seconds), "seconds");
    }
}

fn only_streams_that_ended_long_ago_are_deleted(store: &Store) {
    let running = stream(store, 1, false, OLD);
    let old = stream(store, 2, true, OLD);
    let new = stream(store, 1, true, None);
    assert_eq!(store.streams().prune_streams(30).expect("it succeeds"), 1);
    let exists = |id: &str| store.streams().get_stream(id).expect("the query succeeds").is_some();
    assert_eq!([exists(&running), exists(&old), exists(&new)], [true, false, true]);
    let chunks = store.raw.scalar("SELECT COUNT(*) FROM stream_chunks");
    assert_eq!(chunks.as_deref(), Some("2"));
    for days in [0, -1, 3_650_001] {
        assert_rejected(store.streams().prune_streams(days), "days");
    }
}

fn many_chunks_are_deleted_in_batches(store: &Store) {
    let ids: Vec<_> = (0..3).map(|_| create(store)).collect();
    // 64 KiB are a chunk, so these are hundreds.
    let large = "x".repeat(8 << 20);
    for id in &ids[..2] {
        store.streams().append(id, &large).expect("it is appended");
        store.streams().append(id, &large).expect("it is appended");
        store.streams().flush_stream(id).expect("it is stored");
    }
    store.streams().append(&ids[2], "kept").expect("it is appended");
    for id in &ids[..2] {
        let finished = store.streams().finish_stream(id, &StreamEnd::default()).expect("it ends");
        assert!(finished.stream.last_seq >= 256);
        assert_eq!(text(store, id).len(), 2 * large.len());
    }
    let deleted = store.streams().prune_stream_chunks(0).expect("it succeeds");
    assert!(deleted >= 512, "{deleted}");
    store.streams().flush_stream(&ids[2]).expect("it is stored");
    assert_eq!(text(store, &ids[2]), "kept");
    let left = store.raw.scalar("SELECT COUNT(*) FROM stream_chunks");
    assert_eq!(left.as_deref(), Some("1"));
}
