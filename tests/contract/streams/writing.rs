//! Appending: all text is stored once and in order, by one writer.

use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, NewStream, StreamEnd, StreamStatus};

use super::{create, read, text};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, assert_rejected, open};

on_every_engine![
    many_streams_are_read_once_and_in_order_while_they_are_written,
    appended_text_is_stored_by_flush_and_by_close,
    small_texts_share_a_chunk_and_large_ones_are_split,
    a_second_writer_gets_a_conflict_that_names_the_stream,
    exactly_one_of_two_concurrent_writers_stores_its_text,
    text_for_an_unknown_stream_is_rejected_with_the_next_call,
    one_rejected_stream_does_not_affect_the_others,
    an_empty_text_renews_a_stream_without_a_chunk,
];

const STREAMS: usize = 64;
const WORDS: usize = 40;

fn many_streams_are_read_once_and_in_order_while_they_are_written(store: &Store) {
    let reader = open(store.raw.url());
    let ids: Vec<_> = (0..STREAMS).map(|_| create(store)).collect();
    thread::scope(|scope| {
        for (number, id) in ids.iter().enumerate() {
            scope.spawn(move || {
                for word in 0..WORDS {
                    let text = format!("{number}:{word} ");
                    assert!(!store.streams().append(id, &text).expect("it is appended"));
                    thread::sleep(Duration::from_millis(5));
                }
                let finished = store.streams().finish_stream(id, &StreamEnd::default());
                assert!(finished.expect("it ends").ended);
            });
        }
        // Half of the readers are in the writer's handle, half in another one.
        for (number, id) in ids.iter().enumerate().filter(|(number, _)| number % 8 < 2) {
            let chat: &Chatkeep = if number % 8 == 0 { store } else { &reader };
            scope.spawn(move || {
                let (mut seen, mut after) = (String::new(), 0);
                loop {
                    let read = chat.streams().read(id, after, 3, 20.0).expect("the query succeeds");
                    let read = read.expect("the stream exists");
                    assert!(!read.pruned && (read.done || !read.chunks.is_empty()), "{read:?}");
                    for chunk in read.chunks {
                        assert_eq!(chunk.seq, after + 1);
                        after = chunk.seq;
                        seen.push_str(&chunk.text);
                    }
                    if read.done {
                        assert_eq!((after, read.status), (read.last_seq, StreamStatus::Completed));
                        break;
                    }
                }
                let all: String = (0..WORDS).map(|word| format!("{number}:{word} ")).collect();
                assert_eq!(seen, all);
            });
        }
    });
    for (number, id) in ids.iter().enumerate() {
        let all: String = (0..WORDS).map(|word| format!("{number}:{word} ")).collect();
        assert_eq!(text(store, id), all);
    }
}

fn appended_text_is_stored_by_flush_and_by_close(store: &Store) {
    let writer = Chatkeep::builder()
        .url(store.raw.url())
        .stream_flush(Duration::from_secs(60))
        .stream_buffer(1_000_000)
        .open()
        .expect("the settings are valid");
    let (first, second) = (create(store), create(store));
    writer.streams().append(&first, "é😀").expect("it is appended");
    assert_eq!(text(store, &first), "", "the text is buffered");
    assert!(!writer.streams().flush_stream(&first).expect("it is stored"));
    assert_eq!(text(store, &first), "é😀");
    writer.streams().append(&first, "b").expect("it is appended");
    writer.flush(TIMEOUT).expect("it is stored");
    assert_eq!(text(store, &first), "é😀b");
    writer.streams().append(&first, "c").expect("it is appended");
    writer.streams().append(&second, "d").expect("it is appended");
    writer.close(TIMEOUT).expect("it is stored");
    assert_eq!((text(store, &first), text(store, &second)), ("é😀bc".into(), "d".into()));
    let error = writer.streams().append(&first, "e").expect_err("the handle is closed");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

fn small_texts_share_a_chunk_and_large_ones_are_split(store: &Store) {
    let id = create(store);
    for letter in ["a", "b", "c"] {
        store.streams().append(&id, letter).expect("it is appended");
    }
    store.streams().flush_stream(&id).expect("it is stored");
    let small = read(store, &id, 0);
    assert!(small.last_seq <= 2, "{small:?}");
    let large = "é".repeat(100_000);
    store.streams().append(&id, &large).expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    let chunks = read(store, &id, small.last_seq).chunks;
    assert!(chunks.len() > 3 && chunks.iter().all(|chunk| chunk.text.len() <= 65_536));
    assert_eq!(text(store, &id), format!("abc{large}"));
}

fn a_second_writer_gets_a_conflict_that_names_the_stream(store: &Store) {
    let id = create(store);
    let other = open(store.raw.url());
    store.streams().append(&id, "first").expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    other.streams().append(&id, "second").expect("it is buffered");
    let error = other.streams().flush_stream(&id).expect_err("the stream has a writer");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, false));
    assert!(error.message().contains(&id) && error.message().contains("6 bytes"), "{error}");
    let error = other.streams().append(&id, "third").expect_err("the stream has a writer");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    store.streams().append(&id, " writer").expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    assert_eq!(text(store, &id), "first writer");
    // Any handle may end a stream. The text that is lost was reported before.
    let finished = other.streams().finish_stream(&id, &StreamEnd::new(StreamStatus::Failed));
    assert!(finished.expect("it ends").ended);
    other.close(TIMEOUT).expect("no error is unreported");
}

fn exactly_one_of_two_concurrent_writers_stores_its_text(store: &Store) {
    let other = open(store.raw.url());
    for _ in 0..10 {
        let id = create(store);
        let id = id.as_str();
        let stored: Vec<_> = thread::scope(|scope| {
            let writers = [("a", &**store), ("b", &other)].map(|(letter, chat)| {
                scope.spawn(move || {
                    chat.streams().append(id, letter).expect("it is buffered");
                    (letter, chat.streams().flush_stream(id))
                })
            });
            writers.into_iter().map(|writer| writer.join().expect("it does not panic")).collect()
        });
        let winners: Vec<_> = stored
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(letter, _)| *letter)
            .collect();
        assert_eq!(winners.len(), 1, "{stored:?}");
        assert_eq!(text(store, id), winners[0]);
        let lost = stored.into_iter().find_map(|(_, outcome)| outcome.err());
        assert_eq!(lost.map(|error| error.kind()), Some(ErrorKind::Conflict));
    }
}

fn text_for_an_unknown_stream_is_rejected_with_the_next_call(store: &Store) {
    store.streams().append("no such stream", "lost").expect("it is buffered");
    assert_rejected(store.streams().flush_stream("no such stream"), "stream_id");
    assert_rejected(store.streams().append("no such stream", "a"), "stream_id");
    // A loss that no call of the stream has reported is reported when the store is closed.
    let writer = open(store.raw.url());
    writer.streams().append("none either", "lost").expect("it is buffered");
    assert_rejected(writer.close(TIMEOUT), "stream_id");
}

fn one_rejected_stream_does_not_affect_the_others(store: &Store) {
    let ids: Vec<_> = (0..5).map(|_| create(store)).collect();
    store.streams().append("unknown", "lost").expect("it is buffered");
    for id in &ids {
        store.streams().append(id, "kept").expect("it is appended");
    }
    for id in &ids {
        store.streams().flush_stream(id).expect("it is stored");
        assert_eq!(text(store, id), "kept");
    }
}

fn an_empty_text_renews_a_stream_without_a_chunk(store: &Store) {
    let id = create(store);
    store.raw.execute("UPDATE chat_streams SET updated_at = '2024-01-02 00:00:00.000000'");
    store.streams().append(&id, "").expect("it is appended");
    store.streams().flush_stream(&id).expect("it is stored");
    assert_eq!(store.streams().interrupt_stale_streams(3_600).expect("the query succeeds"), 0);
    assert_eq!(read(store, &id, 0).last_seq, 0);
    let with_text = store.streams().create_stream(&NewStream::default()).expect("it is created");
    store.streams().append(&with_text.public_id, "a").expect("it is appended");
    store.streams().append(&with_text.public_id, "").expect("it is appended");
    store.streams().flush_stream(&with_text.public_id).expect("it is stored");
    assert_eq!(text(store, &with_text.public_id), "a");
}
