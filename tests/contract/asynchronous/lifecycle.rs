//! Flushing and closing: what was handed in is stored, and afterwards nothing is taken any more.

use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, NewMessage};

use super::{give_up, wait};
use crate::every_engine::on_every_engine;
use crate::store::{PATIENCE, Store, everything, open};

on_every_engine![
    a_flush_waits_for_what_was_handed_in,
    closing_stores_what_was_handed_in_and_refuses_what_comes_later,
    dropping_the_handle_loses_nothing,
];

/// Hands in so many messages whose outcomes nobody awaits.
fn hand_in(chat: &Chatkeep, count: usize) {
    let chat = chat.asynchronous();
    for number in 0..count {
        give_up(chat.messages().log_message(NewMessage::new(number.to_string())));
    }
}

fn a_flush_waits_for_what_was_handed_in(store: &Store) {
    hand_in(store, 200);
    store.flush(PATIENCE).expect("all are written");
    assert_eq!(store.count(), 200);
    store.flush(Duration::ZERO).expect("nothing is left to wait for");
    store.flush(Duration::MAX).expect("nor is it waited for ever");
}

fn closing_stores_what_was_handed_in_and_refuses_what_comes_later(store: &Store) {
    let chat = open(store.raw.url());
    hand_in(&chat, 200);
    wait(chat.asynchronous().close(PATIENCE)).expect("all are written");
    assert_eq!(store.count(), 200);

    let message = NewMessage::new("late");
    let late = [
        chat.messages().log_message(&message).map(drop),
        chat.messages().get_message_count(&everything()).map(drop),
        wait(chat.asynchronous().messages().log_message(message)).map(drop),
        wait(chat.asynchronous().messages().get_message_count(&everything())).map(drop),
        chat.hand_in(|_| unreachable!("it is closed")),
    ];
    for outcome in late {
        let error = outcome.expect_err("it is closed");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().contains("closed"), "{error}");
    }
    chat.close(PATIENCE).expect("closing twice does nothing more");
    assert_eq!(store.count(), 200);
}

fn dropping_the_handle_loses_nothing(store: &Store) {
    let chat = open(store.raw.url());
    hand_in(&chat, 200);
    drop(chat);
    // Written in the background, sooner or later.
    while store.count() < 200 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(store.all().len(), 200);
}
