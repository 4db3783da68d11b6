//! Random calls on a few threads, compared with a simple model.

use std::collections::BTreeMap;

use chatkeep::{NewChannel, NewGraphWrite};
use chatkeep_testkit::Engine;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::{changed, checkpoint, json};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![checkpoints_match_the_model];

const THREADS: [&str; 2] = ["t1", "t2"];
/// Elements that make a list long enough to be stored apart.
const WORDS: usize = 12;

/// A change of the parent's list.
#[derive(Debug, Clone)]
enum Edit {
    Append(Vec<usize>),
    DropFirst(usize),
    DropLast(usize),
    Replace(Index, usize),
    Other(Vec<usize>),
    Keep,
}

#[derive(Debug, Clone)]
enum Call {
    /// Stores a checkpoint after one of the stored ones, or after none.
    Put {
        parent: Option<Index>,
        edit: Edit,
        large: Option<usize>,
    },
    /// Stores a checkpoint again with another value.
    PutAgain {
        which: Index,
        words: Vec<usize>,
    },
    Write {
        which: Index,
        index: i64,
        value: usize,
    },
    Prune {
        keep: i64,
    },
    DeleteRun {
        run: usize,
    },
    Copy,
    DeleteThread,
}

fn calls() -> impl Strategy<Value = Vec<(usize, Call)>> {
    let words = || prop::collection::vec(0..WORDS, 1..8);
    let edit = prop_oneof![
        6 => words().prop_map(Edit::Append),
        1 => (1..4_usize).prop_map(Edit::DropFirst),
        1 => (1..4_usize).prop_map(Edit::DropLast),
        1 => (any::<Index>(), 0..WORDS).prop_map(|(at, word)| Edit::Replace(at, word)),
        1 => words().prop_map(Edit::Other),
        2 => Just(Edit::Keep),
    ];
    let put = (prop::option::weighted(0.9, any::<Index>()), edit, prop::option::of(0..4_usize));
    let call = prop_oneof![
        10 => put.prop_map(|(parent, edit, large)| Call::Put { parent, edit, large }),
        1 => (any::<Index>(), words()).prop_map(|(which, words)| Call::PutAgain { which, words }),
        3 => (any::<Index>(), -2..3_i64, 0..WORDS)
            .prop_map(|(which, index, value)| Call::Write { which, index, value }),
        1 => (1..4_i64).prop_map(|keep| Call::Prune { keep }),
        1 => (0..3_usize).prop_map(|run| Call::DeleteRun { run }),
        1 => Just(Call::Copy),
        1 => Just(Call::DeleteThread),
    ];
    prop::collection::vec((0..THREADS.len(), call), 1..40)
}

/// An expected checkpoint.
#[derive(Debug, Clone, PartialEq, Default)]
struct Expected {
    list: Vec<usize>,
    list_version: usize,
    large: Option<(usize, usize)>,
    run: usize,
    writes: BTreeMap<i64, usize>,
}

type Thread = BTreeMap<String, Expected>;

fn list(words: &[usize]) -> String {
    let words = words.iter().map(|word| format!("{:?}", format!("word {word} ").repeat(9)));
    format!("[{}]", words.collect::<Vec<_>>().join(","))
}

fn large(number: usize) -> String {
    format!("{:?}", number.to_string().repeat(500))
}

fn checkpoints_match_the_model(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 60 } else { 15 };
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&calls(), |calls| {
        for thread in THREADS {
            store.graph().delete_thread(thread).expect("it succeeds");
        }
        run(store, &calls);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn run(store: &Store, calls: &[(usize, Call)]) {
    let graph = store.graph();
    let mut threads: [Thread; 2] = Default::default();
    let mut next = 0;
    for (at, call) in calls {
        let (key, other) = (THREADS[*at], THREADS[1 - *at]);
        let thread = &mut threads[*at];
        let pick = |thread: &Thread, which: &Index| -> Option<String> {
            (!thread.is_empty()).then(|| thread.keys().nth(which.index(thread.len())).cloned())?
        };
        match call {
            Call::Put { parent, edit, large: new_large } => {
                next += 1;
                let parent = parent.as_ref().and_then(|which| pick(thread, which));
                let base = parent.as_ref().map(|id| thread[id].clone()).unwrap_or_default();
                let mut expected =
                    Expected { run: next % 3, writes: BTreeMap::new(), ..base.clone() };
                edit_list(&mut expected.list, edit);
                let list_changed = expected.list != base.list || parent.is_none();
                if list_changed {
                    expected.list_version = next;
                }
                if let Some(number) = new_large {
                    expected.large = Some((next, *number));
                }
                put(
                    store,
                    key,
                    &format!("{next:04}"),
                    parent.as_deref(),
                    &expected,
                    list_changed,
                    new_large.is_some(),
                );
                thread.insert(format!("{next:04}"), expected);
            }
            Call::PutAgain { which, words } => {
                let Some(id) = pick(thread, which) else { continue };
                next += 1;
                let expected = thread.get_mut(&id).expect("it was picked");
                expected.list.clone_from(words);
                expected.list_version = next;
                if let Some((version, _)) = &mut expected.large {
                    *version = next;
                }
                put(store, key, &id, None, &expected.clone(), true, true);
            }
            Call::Write { which, index, value } => {
                let Some(id) = pick(thread, which) else { continue };
                let write = NewGraphWrite {
                    index: *index,
                    channel: "c".to_owned(),
                    format: "json".to_owned(),
                    data: json(&value.to_string()),
                };
                graph.put_writes(key, &id, "task", &[write], "", "").expect("it is stored");
                let writes = &mut thread.get_mut(&id).expect("it was picked").writes;
                if *index < 0 || !writes.contains_key(index) {
                    writes.insert(*index, *value);
                }
            }
            Call::Prune { keep } => {
                let superfluous = thread.len().saturating_sub(*keep as usize);
                let dry = graph.prune_threads(&[key.to_owned()], *keep, true).expect("it succeeds");
                let deleted = graph.prune_threads(&[key.to_owned()], *keep, false);
                assert_eq!(
                    (dry, deleted.expect("it succeeds")),
                    (superfluous as u64, superfluous as u64)
                );
                for _ in 0..superfluous {
                    thread.pop_first();
                }
            }
            Call::DeleteRun { run } => {
                let mut count = 0;
                for thread in &mut threads {
                    let before = thread.len();
                    thread.retain(|_, expected| expected.run != *run);
                    count += before - thread.len();
                }
                let deleted = graph.delete_runs(&[format!("run {run}")]);
                assert_eq!(deleted.expect("it succeeds"), count as u64);
            }
            Call::Copy => {
                let copies = thread.clone();
                let copied = graph.copy_thread(key, other).expect("it succeeds");
                assert_eq!(copied, copies.len() as u64);
                for (id, mut expected) in copies {
                    // Writes of the target stay unless the source has them, too.
                    if let Some(earlier) = threads[1 - *at].get(&id) {
                        let mut writes = earlier.writes.clone();
                        writes.extend(expected.writes);
                        expected.writes = writes;
                    }
                    threads[1 - *at].insert(id, expected);
                }
            }
            Call::DeleteThread => {
                graph.delete_thread(key).expect("it succeeds");
                thread.clear();
            }
        }
        for (key, thread) in THREADS.iter().zip(&threads) {
            assert_eq!(&stored(store, key), thread, "{key} after {call:?}");
        }
    }
}

fn edit_list(list: &mut Vec<usize>, edit: &Edit) {
    match edit {
        Edit::Append(words) => list.extend(words),
        Edit::DropFirst(count) => drop(list.drain(..(*count).min(list.len()))),
        Edit::DropLast(count) => list.truncate(list.len().saturating_sub(*count)),
        Edit::Replace(at, word) if !list.is_empty() => {
            let at = at.index(list.len());
            list[at] = *word;
        }
        Edit::Other(words) => list.clone_from(words),
        Edit::Replace(..) | Edit::Keep => {}
    }
}

fn put(
    store: &Store,
    thread: &str,
    id: &str,
    parent: Option<&str>,
    expected: &Expected,
    list_changed: bool,
    large_changed: bool,
) {
    let version = expected.list_version.to_string();
    let mut channels = vec![if list_changed {
        changed("list", &version, &list(&expected.list))
    } else {
        NewChannel::unchanged("list", version)
    }];
    if let Some((version, number)) = expected.large {
        let version = version.to_string();
        channels.push(if large_changed {
            changed("large", &version, &large(number))
        } else {
            NewChannel::unchanged("large", version)
        });
    }
    let mut new = checkpoint(id, parent, channels);
    new.run_id = Some(format!("run {}", expected.run));
    store.graph().put_checkpoint(thread, &new).expect("it is stored");
}

/// Returns the stored checkpoints of a thread.
fn stored(store: &Store, thread: &str) -> Thread {
    let found = store.graph().list_checkpoints(Some(thread), None, None, None, None, 100);
    let found = found.expect("the query succeeds").into_iter().map(|found| {
        let text = |at: usize| {
            let data = found.channels[at].data.as_ref().expect("a value");
            String::from_utf8(data.as_slice().to_vec()).expect("UTF-8")
        };
        let texts: Vec<String> = serde_json::from_str(&text(0)).expect("a list");
        let word = |text: &String| -> usize {
            text.split(' ').nth(1).expect("a number").parse().expect("a number")
        };
        let number = |at: usize| found.channels[at].version.parse().expect("a number");
        let large = (found.channels.len() > 1)
            .then(|| (number(1), text(1).trim_matches('"')[..1].parse().expect("a digit")));
        let write = |write: &chatkeep::GraphWrite| {
            let value = std::str::from_utf8(write.data.as_slice()).expect("UTF-8");
            (write.index, value.parse().expect("a number"))
        };
        let expected = Expected {
            list: texts.iter().map(word).collect(),
            list_version: number(0),
            large,
            run: found.run_id.as_deref().expect("a run")[4..].parse().expect("a number"),
            writes: found.writes.iter().map(write).collect(),
        };
        (found.id, expected)
    });
    found.collect()
}
