//! Flushing and closing: submitted messages are stored, and later calls are rejected.

use std::sync::mpsc;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, NewMessage, interruptible};

use super::{poll_once, wait};
use crate::every_engine::on_every_engine;
use crate::store::{Store, TIMEOUT, everything, open};

on_every_engine![
    flush_waits_for_submitted_messages,
    close_stores_submitted_messages_and_rejects_later_calls,
    interrupted_and_expired_waits_have_different_errors,
    dropping_the_handle_loses_no_message,
];

/// Submits `count` messages and drops their futures.
fn submit(chat: &Chatkeep, count: usize) {
    let chat = chat.asynchronous();
    for number in 0..count {
        poll_once(chat.messages().log_message(NewMessage::new(number.to_string())));
    }
}

fn flush_waits_for_submitted_messages(store: &Store) {
    submit(store, 200);
    store.flush(TIMEOUT).expect("all messages are written");
    assert_eq!(store.count(), 200);
    store.flush(Duration::ZERO).expect("nothing is left to wait for");
    store.flush(Duration::MAX).expect("an infinite timeout returns at once");
}

fn close_stores_submitted_messages_and_rejects_later_calls(store: &Store) {
    let chat = open(store.raw.url());
    submit(&chat, 200);
    wait(chat.asynchronous().close(TIMEOUT)).expect("all messages are written");
    assert_eq!(store.count(), 200);

    let message = NewMessage::new("late");
    let late = [
        chat.messages().log_message(&message).map(drop),
        chat.messages().get_message_count(&everything()).map(drop),
        wait(chat.asynchronous().messages().log_message(message)).map(drop),
        wait(chat.asynchronous().messages().get_message_count(&everything())).map(drop),
        chat.submit(|_| unreachable!("it is closed")),
    ];
    for outcome in late {
        let error = outcome.expect_err("it is closed");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("closed"), "{error}");
    }
    chat.close(TIMEOUT).expect("closing twice does nothing more");
    assert_eq!(store.count(), 200);
}

fn interrupted_and_expired_waits_have_different_errors(store: &Store) {
    let chat = open(store.raw.url());
    let (release, released) = mpsc::channel::<()>();
    chat.submit(move |_| _ = released.recv()).expect("it is accepted");

    let expired = chat.flush(Duration::from_millis(10)).expect_err("an operation is in flight");
    assert_eq!(expired.kind(), ErrorKind::Unavailable);
    assert!(expired.message().starts_with("timed out after 0.01 s"), "{expired}");
    let flushed = interruptible(|| true, || chat.flush(TIMEOUT));
    let closed = interruptible(|| true, || chat.close(TIMEOUT));
    for interrupted in [flushed, closed] {
        let error = interrupted.expect_err("an operation is in flight");
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(error.message().contains("1 operations in flight"), "{error}");
    }
    drop(release);
    chat.close(TIMEOUT).expect("the operation ends");
}

fn dropping_the_handle_loses_no_message(store: &Store) {
    let chat = open(store.raw.url());
    submit(&chat, 200);
    drop(chat);
    // Written in the background.
    while store.count() < 200 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(store.all().len(), 200);
}
