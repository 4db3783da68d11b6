//! Reading: ranges of chunks, and waiting for them in any process.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{ErrorKind, StreamEnd, StreamStatus, interruptible};

use super::{create, read, text};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, assert_rejected, open};

on_every_engine![
    a_read_returns_the_chunks_after_a_number,
    a_waiting_reader_gets_chunks_of_any_handle,
    a_wait_ends_with_the_stream_at_its_limit_or_when_it_is_interrupted,
    waiting_readers_hold_neither_connections_nor_threads,
    closing_a_store_ends_the_waits_of_its_readers,
    an_unknown_stream_has_no_chunks_and_no_text,
    invalid_ranges_are_rejected,
];

fn a_read_returns_the_chunks_after_a_number(store: &Store) {
    let id = create(store);
    let words: Vec<_> = (0..10).map(|word| format!("word {word}, ")).collect();
    for word in &words {
        store.streams().append(&id, word).expect("it is appended");
        store.streams().flush_stream(&id).expect("it is stored");
    }
    let page = store.streams().read(&id, 3, 4, 0.0).expect("the query succeeds");
    let page = page.expect("the stream exists");
    let chunks: Vec<_> = page.chunks.iter().map(|chunk| (chunk.seq, chunk.text.as_str())).collect();
    let expected: Vec<_> = (4..8).map(|seq| (seq, words[seq as usize - 1].as_str())).collect();
    assert_eq!(chunks, expected);
    assert_eq!((page.last_seq, page.status, page.done), (10, StreamStatus::Running, false));
    let end = read(store, &id, 10);
    assert!(end.chunks.is_empty() && !end.done && !end.pruned, "{end:?}");
    store.streams().finish_stream(&id, &StreamEnd::default()).expect("it ends");
    assert!(!store.streams().read(&id, 0, 9, 0.0).expect("the query succeeds").expect("it").done);
    assert!(read(store, &id, 0).done && read(store, &id, 10).done && read(store, &id, 99).done);
    assert_eq!(text(store, &id), words.concat());
}

fn a_waiting_reader_gets_chunks_of_any_handle(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    for chat in [&**store, &other] {
        let before = read(chat, &id, 0).last_seq;
        let read = thread::scope(|scope| {
            let reader = scope.spawn(|| chat.streams().read(&id, before, 100, 60.0));
            thread::sleep(Duration::from_millis(100));
            store.streams().append(&id, "news").expect("it is appended");
            reader.join().expect("it does not panic")
        });
        let read = read.expect("the query succeeds").expect("the stream exists");
        assert_eq!((read.chunks.len(), read.chunks[0].text.as_str()), (1, "news"));
    }
}

fn a_wait_ends_with_the_stream_at_its_limit_or_when_it_is_interrupted(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    let start = Instant::now();
    let read = store.streams().read(&id, 0, 100, 0.3).expect("the query succeeds");
    assert!(read.is_some_and(|read| !read.done && read.chunks.is_empty()));
    assert!(start.elapsed() >= Duration::from_millis(300));
    let interrupted = interruptible(|| true, || store.streams().read(&id, 0, 100, 60.0));
    assert_eq!(interrupted.expect_err("it is interrupted").kind(), ErrorKind::Interrupted);
    for chat in [&**store, &other] {
        let id = create(store);
        let read = thread::scope(|scope| {
            let reader = scope.spawn(|| chat.streams().read(&id, 0, 100, 60.0));
            thread::sleep(Duration::from_millis(100));
            let end = StreamEnd::new(StreamStatus::Failed);
            store.streams().finish_stream(&id, &end).expect("it ends");
            reader.join().expect("it does not panic")
        });
        let read = read.expect("the query succeeds").expect("the stream exists");
        assert_eq!((read.done, read.status), (true, StreamStatus::Failed));
    }
}

fn waiting_readers_hold_neither_connections_nor_threads(store: &Store) {
    // More than the connections and the threads of the handle.
    const READERS: usize = 30;
    let id = create(store);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let chat = store.asynchronous();
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let id = id.clone();
                store
                    .submit(move |chat| {
                        let _ = sender.send(chat.streams().read(&id, 0, 100, 60.0));
                    })
                    .expect("it is submitted");
                receiver
            })
            .collect();
        let start = Instant::now();
        for _ in 0..5 {
            let found = chat.streams().get_stream(&id).await.expect("the query succeeds");
            assert!(found.is_some());
        }
        store.flush(TIMEOUT).expect("waiting readers do not delay it");
        assert!(start.elapsed() < Duration::from_secs(30), "other calls do not wait for readers");
        chat.streams().append(&id, "a").await.expect("it is appended");
        for reader in readers {
            let read = reader.await.expect("it ends").expect("the query succeeds");
            assert_eq!(read.expect("the stream exists").chunks.len(), 1);
        }
    });
}

fn closing_a_store_ends_the_waits_of_its_readers(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    thread::scope(|scope| {
        let reader = scope.spawn(|| other.streams().read(&id, 0, 100, 60.0));
        thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        other.close(TIMEOUT).expect("it is closed");
        let read = reader.join().expect("it does not panic");
        assert!(start.elapsed() < Duration::from_secs(30));
        // Depending on when it was noticed, the reader has the last state or an error.
        match read {
            Ok(read) => assert!(read.is_some_and(|read| read.chunks.is_empty())),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable),
        }
    });
}

fn an_unknown_stream_has_no_chunks_and_no_text(store: &Store) {
    for id in ["", "unknown", &"x".repeat(1_000)] {
        assert_eq!(store.streams().read(id, 0, 1, 60.0).expect("the query succeeds"), None);
        assert_eq!(store.streams().get_stream_text(id).expect("the query succeeds"), None);
        assert_eq!(store.streams().get_stream(id).expect("the query succeeds"), None);
        assert!(!store.streams().cancel_stream(id).expect("the query succeeds"));
    }
}

fn invalid_ranges_are_rejected(store: &Store) {
    let id = create(store);
    assert_rejected(store.streams().read(&id, -1, 100, 0.0), "after_seq");
    for limit in [0, -1, 10_001] {
        assert_rejected(store.streams().read(&id, 0, limit, 0.0), "limit");
    }
    for wait in [-0.1, 300.1, f64::NAN, f64::INFINITY] {
        assert_rejected(store.streams().read(&id, 0, 100, wait), "wait_seconds");
    }
    assert!(read(store, &id, i64::MAX).chunks.is_empty());
}
