//! Several writers of one thread, and deletions at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chatkeep::{Bytes, ErrorKind, NewChannel, NewGraphWrite, interruptible};

use super::{changed, checkpoint, get, json, number, value};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    concurrent_forks_of_one_checkpoint_are_all_stored,
    a_new_thread_is_created_once,
    deletions_never_break_a_remaining_checkpoint,
    an_invalid_entry_does_not_affect_others_of_its_group,
    an_interrupted_caller_leaves_the_others,
];

const WRITERS: usize = 8;

fn long(words: &[String]) -> String {
    let words = words.iter().map(|word| format!("{:?}", word.repeat(20)));
    format!("[{}]", words.collect::<Vec<_>>().join(","))
}

fn concurrent_forks_of_one_checkpoint_are_all_stored(store: &Store) {
    let base: Vec<_> = (0..10).map(|number| format!("word {number} ")).collect();
    let new = checkpoint("0", None, vec![changed("list", "1", &long(&base))]);
    store.graph().put_checkpoint("t", &new).expect("it is stored");
    let list = |writer: usize, step: usize| {
        let own = (0..=step).map(|step| format!("{writer}/{step} "));
        long(&base.iter().cloned().chain(own).collect::<Vec<_>>())
    };
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                let mut parent = "0".to_owned();
                for step in 0..10 {
                    let id = format!("{writer}-{step}");
                    let channels = vec![changed("list", &step.to_string(), &list(writer, step))];
                    let new = checkpoint(&id, Some(&parent), channels);
                    store.graph().put_checkpoint("t", &new).expect("it is stored");
                    parent = id;
                }
            });
        }
    });
    for writer in 0..WRITERS {
        for step in 0..10 {
            let found = get(store, "t", Some(&format!("{writer}-{step}")));
            assert_eq!(value(&found, "list"), Some(list(writer, step)), "{writer}-{step}");
        }
    }
}

fn a_new_thread_is_created_once(store: &Store) {
    for round in 0..5 {
        let thread_key = format!("thread {round}");
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let key = &thread_key;
                scope.spawn(move || {
                    let id = format!("{writer}");
                    if writer % 2 == 0 {
                        let new = checkpoint(&id, None, Vec::new());
                        store.graph().put_checkpoint(key, &new).expect("it is stored");
                    } else {
                        let write = NewGraphWrite {
                            index: 0,
                            channel: "c".to_owned(),
                            format: "json".to_owned(),
                            data: json("1"),
                        };
                        let put = store.graph().put_writes(key, "0", &id, &[write], "", "");
                        put.expect("it is stored");
                    }
                });
            }
        });
        let found = store.graph().list_checkpoints(Some(&thread_key), None, None, None, None, 100);
        assert_eq!(found.expect("the query succeeds").len(), WRITERS / 2);
        assert_eq!(get(store, &thread_key, Some("0")).writes.len(), WRITERS / 2);
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_threads"), 5);
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_namespaces"), 5);
}

fn deletions_never_break_a_remaining_checkpoint(store: &Store) {
    let done = AtomicBool::new(false);
    let large = |step: usize| format!("{:?}", format!("{} ", step / 3).repeat(200));
    thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                store.graph().prune_threads(&["t".to_owned()], 2, false).expect("it succeeds");
            }
        });
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let found = store.graph().list_checkpoints(Some("t"), None, None, None, None, 10);
                for found in found.expect("all values are found") {
                    assert!(found.channels.iter().all(|channel| channel.data.is_some()));
                }
            }
        });
        let mut words = Vec::new();
        let mut parent = None::<String>;
        for step in 0..60 {
            words.push(format!("word {step} "));
            if step % 20 == 19 {
                words.drain(..15);
            }
            let id = format!("{step:03}");
            let channels = vec![
                changed("list", &id, &long(&words)),
                changed("large", &(step / 3).to_string(), &large(step)),
            ];
            let new = checkpoint(&id, parent.as_deref(), channels);
            store.graph().put_checkpoint("t", &new).expect("it is stored");
            let found = get(store, "t", None);
            assert_eq!(found.id, id);
            assert_eq!(value(&found, "list"), Some(long(&words)));
            assert_eq!(value(&found, "large"), Some(large(step)));
            parent = Some(id);
        }
        done.store(true, Ordering::Relaxed);
    });
    store.graph().prune_threads(&["t".to_owned()], 1, false).expect("it succeeds");
    let stored = number(store, "SELECT COUNT(*) FROM graph_values");
    assert_eq!(stored, 1);
}

/// Only the transaction finds that a compressed value is too large for a row.
fn an_invalid_entry_does_not_affect_others_of_its_group(store: &Store) {
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let too_large = Bytes::from(noise.take(17 << 20).collect::<Vec<_>>());
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let too_large = &too_large;
            scope.spawn(move || {
                for step in 0..5 {
                    let key = format!("{writer}/{step}");
                    let mut new = checkpoint("1", None, vec![changed("n", "1", "1")]);
                    let is_valid = writer > 0 || step % 2 == 0;
                    if !is_valid {
                        new.channels.push(NewChannel::with_value(
                            "b",
                            "1",
                            "bytes",
                            too_large.clone(),
                        ));
                    }
                    let put = store.graph().put_checkpoint(&key, &new);
                    match put {
                        Ok(()) => assert!(is_valid, "{key}"),
                        Err(error) => {
                            assert!(!is_valid, "{key}: {error}");
                            assert_eq!(error.field(), Some("checkpoint.channels[1].data"));
                        }
                    }
                }
            });
        }
    });
    let threads = store.graph().list_threads(100, None, None).expect("the query succeeds");
    assert_eq!(threads.len(), WRITERS * 5 - 2);
}

fn an_interrupted_caller_leaves_the_others(store: &Store) {
    let large: Vec<_> = (0..2_000).map(|number| format!("word {number} ")).collect();
    let large = long(&large);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let large = &large;
            scope.spawn(move || {
                for step in 0..10 {
                    let id = format!("{step:02}");
                    let key = format!("t{writer}");
                    let new = checkpoint(&id, None, vec![changed("list", &id, large)]);
                    let put = || store.graph().put_checkpoint(&key, &new);
                    // Every other writer is interrupted in its first wait.
                    let outcome = if writer % 2 == 0 { put() } else { interruptible(|| true, put) };
                    match outcome {
                        Ok(()) => {
                            assert_eq!(
                                value(&get(store, &key, Some(&id)), "list").as_ref(),
                                Some(large)
                            );
                        }
                        Err(error) => {
                            assert_eq!(writer % 2, 1, "{error}");
                            let kinds = [ErrorKind::Interrupted, ErrorKind::OutcomeUnknown];
                            assert!(kinds.contains(&error.kind()), "{error}");
                        }
                    }
                }
            });
        }
    });
    // The right to write was not lost.
    store.graph().put_checkpoint("last", &checkpoint("1", None, Vec::new())).expect("it is stored");
}
