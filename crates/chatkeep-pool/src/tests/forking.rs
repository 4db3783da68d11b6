//! Forked children.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Result, Role};

use super::fake::{Fake, settings};
use crate::backend::{Backend, Layout};
use crate::keeper::Keeper;
use crate::lease::Side;

/// Runs something in a forked child, and tells whether it came out true, within 20 s.
#[expect(unsafe_code, reason = "forking is what is tested, and std has no fork")]
pub(super) fn in_child(run: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs only `run`, which uses memory that it has a copy of, and leaves by `_exit`, so that
    // neither the test harness nor any destructor of the parent's goes on in it. `alarm` ends it should it hang.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork failed");
        if child == 0 {
            libc::alarm(20);
            let right = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(false);
            libc::_exit(if right { 0 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }
}

#[test]
fn a_child_opens_its_own_connections_and_leaves_the_parents_alone() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let keeper = fake.keeper(settings(2, 1));
        drop(keeper.lease(Role::Writer).unwrap());
        let parents = fake.attempts();
        assert!(in_child(|| {
            let lease = keeper.lease(Role::Writer).unwrap();
            let number = usize::try_from(lease.connection().number).unwrap();
            let status = keeper.status();
            drop(lease);
            number == parents + 1
                && fake.closed().is_empty()
                && (status.total, status.checked_in) == (1, 0)
        }));
        assert_eq!(fake.attempts(), parents, "the parent's memory is its own");
        drop(keeper.lease(Role::Writer).unwrap());
        assert_eq!(fake.attempts(), parents, "and its pool is as it was");
    }
}

#[test]
fn a_child_never_closes_what_it_inherits() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 1));
    let kept = keeper.lease(Role::Writer).unwrap();
    let overflow = keeper.lease(Role::Writer).unwrap();
    let mut inherited = Some((keeper, kept, overflow));
    assert!(in_child(|| {
        let (keeper, kept, overflow) = inherited.take().unwrap();
        drop(kept);
        drop(keeper.lease(Role::Reader).unwrap());
        let status = keeper.status();
        keeper.close();
        let own = fake.closed();
        drop(keeper);
        drop(overflow);
        own == [3] && fake.closed() == [3] && (status.checked_in, status.checked_out) == (1, 0)
    }));
    let (keeper, kept, overflow) = inherited.unwrap();
    drop(kept);
    drop(overflow);
    assert_eq!(fake.closed(), [2]);
    assert_eq!(keeper.status().checked_in, 1);
}

#[test]
fn a_child_that_only_drops_the_pool_closes_nothing() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(settings(2, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    let mut inherited = Some(keeper);
    assert!(in_child(|| {
        drop(inherited.take());
        fake.closed().is_empty()
    }));
    assert_eq!(inherited.unwrap().status().checked_in, 2);
}

#[test]
fn a_child_prepares_the_database_again_and_a_grandchild_too() {
    let fake = Fake::new(Layout::Server);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let keeper = fake.prepared(
        settings(1, 0),
        Box::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }),
    );
    drop(keeper.lease(Role::Reader).unwrap());
    let once_more = |before: u32| {
        drop(keeper.lease(Role::Reader).unwrap());
        drop(keeper.lease(Role::Reader).unwrap());
        runs.load(Ordering::SeqCst) == before + 1
    };
    assert!(in_child(|| once_more(1)
        && in_child(|| once_more(2))
        && runs.load(Ordering::SeqCst) == 2));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_child_of_a_closed_pool_finds_it_closed() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    keeper.close();
    assert!(in_child(|| {
        keeper.lease(Role::Reader).map(drop).unwrap_err().to_string()
            == "the connection pool has been closed"
    }));
}

#[test]
fn a_child_works_although_another_thread_held_the_locks() {
    let fake = Fake::new(Layout::File);
    let keeper = fake.keeper(settings(2, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    let state = keeper.state();
    let (held, forked) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            state.side(Side::Writers).semaphore().while_locked(|| {
                state.side(Side::Readers).semaphore().while_locked(|| {
                    state.readiness().while_locked(|| {
                        held.wait();
                        forked.wait();
                    });
                });
            });
        });
        held.wait();
        let worked =
            in_child(|| keeper.lease(Role::Reader).is_ok() && keeper.lease(Role::Writer).is_ok());
        forked.wait();
        assert!(worked);
    });
}

#[test]
fn a_child_works_although_another_thread_was_preparing_the_database() {
    let fake = Fake::new(Layout::Server);
    let parent = std::process::id();
    let (inside, forked) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (hook_inside, hook_forked) = (Arc::clone(&inside), Arc::clone(&forked));
    let keeper = fake.prepared(
        settings(1, 0),
        Box::new(move |_| {
            if std::process::id() == parent {
                hook_inside.wait();
                hook_forked.wait();
            }
            Ok(())
        }),
    );
    thread::scope(|scope| {
        let first = scope.spawn(|| keeper.lease(Role::Reader).map(drop));
        inside.wait();
        let worked = in_child(|| keeper.lease(Role::Reader).is_ok());
        forked.wait();
        assert!(worked);
        assert!(first.join().unwrap().is_ok());
    });
}

#[test]
fn many_threads_of_a_child_share_one_new_pool() {
    let fake = Fake::new(Layout::Server);
    let keeper = fake.keeper(settings(1, 0));
    drop(keeper.lease(Role::Reader).unwrap());
    assert!(in_child(|| {
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    drop(keeper.lease(Role::Reader).unwrap());
                });
            }
        });
        fake.attempts() == 2 && keeper.status().total == 1
    }));
}

/// A database without any lock of its own, which a child would inherit locked.
struct Plain;

struct PlainConnection {
    broken: bool,
}

impl Backend for Plain {
    type Connection = PlainConnection;

    fn layout(&self) -> Layout {
        Layout::Server
    }

    fn open(&self, _: Role, _: Duration) -> Result<PlainConnection> {
        Ok(PlainConnection { broken: false })
    }

    fn ping(&self, _: &mut PlainConnection) -> Result<()> {
        Ok(())
    }

    fn is_broken(&self, connection: &PlainConnection) -> bool {
        connection.broken
    }
}

#[test]
fn children_of_a_busy_parent_work() {
    let keeper = Keeper::new(Plain, settings(2, 1), None).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut rounds = 0_u32;
                while !done.load(Ordering::SeqCst) {
                    let mut lease = keeper.lease(Role::Reader).unwrap();
                    rounds += 1;
                    lease.connection_mut().broken = rounds.is_multiple_of(64);
                }
            });
        }
        let worked = (0..50).all(|_| {
            in_child(|| {
                let leases: Vec<_> = (0..3).map(|_| keeper.lease(Role::Writer).unwrap()).collect();
                let status = keeper.status();
                drop(leases);
                (status.checked_out, keeper.status().checked_in) == (3, 2)
            })
        });
        done.store(true, Ordering::SeqCst);
        assert!(worked);
    });
}
