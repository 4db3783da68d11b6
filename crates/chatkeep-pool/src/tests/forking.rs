//! The pool in forked children.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Result, Role};

use super::fake::{Fake, settings};
use crate::backend::{Backend, Layout};
use crate::pool_inner::PoolInner;
use crate::pooled_connection::Side;

/// Runs `run` in a forked child, and returns whether it returned true within 20 s.
#[expect(unsafe_code, reason = "the tests need a fork, and std has none")]
pub(super) fn in_child(run: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs only `run`, which uses its own copy of the memory. It ends with
    // `_exit`, so that neither the test harness nor a destructor of the parent runs in it. `alarm`
    // ends a child that hangs.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork failed");
        if child == 0 {
            libc::alarm(20);
            let succeeded = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(false);
            libc::_exit(if succeeded { 0 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }
}

#[test]
fn a_child_opens_its_own_connections() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let pool = fake.pool(settings(2, 1));
        drop(pool.checkout(Role::Writer).unwrap());
        let parents = fake.attempts();
        assert!(in_child(|| {
            let checkout = pool.checkout(Role::Writer).unwrap();
            let number = usize::try_from(checkout.connection().number).unwrap();
            let status = pool.status();
            drop(checkout);
            number == parents + 1
                && fake.closed().is_empty()
                && (status.total, status.checked_in) == (1, 0)
        }));
        assert_eq!(fake.attempts(), parents, "the parent's memory is its own");
        drop(pool.checkout(Role::Writer).unwrap());
        assert_eq!(fake.attempts(), parents, "and its pool is as it was");
    }
}

#[test]
fn a_child_never_closes_inherited_connections() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 1));
    let persistent = pool.checkout(Role::Writer).unwrap();
    let overflow = pool.checkout(Role::Writer).unwrap();
    let mut inherited = Some((pool, persistent, overflow));
    assert!(in_child(|| {
        let (pool, persistent, overflow) = inherited.take().unwrap();
        drop(persistent);
        drop(pool.checkout(Role::Reader).unwrap());
        let status = pool.status();
        pool.close();
        let own = fake.closed();
        drop(pool);
        drop(overflow);
        own == [3] && fake.closed() == [3] && (status.checked_in, status.checked_out) == (1, 0)
    }));
    let (pool, persistent, overflow) = inherited.unwrap();
    drop(persistent);
    drop(overflow);
    assert_eq!(fake.closed(), [2]);
    assert_eq!(pool.status().checked_in, 1);
}

#[test]
fn a_child_that_only_drops_the_pool_closes_nothing() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(settings(2, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    let mut inherited = Some(pool);
    assert!(in_child(|| {
        drop(inherited.take());
        fake.closed().is_empty()
    }));
    assert_eq!(inherited.unwrap().status().checked_in, 2);
}

#[test]
fn the_initializer_runs_again_in_a_child_and_in_a_grandchild() {
    let fake = Fake::new(Layout::Server);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let pool = fake.prepared(
        settings(1, 0),
        Box::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }),
    );
    drop(pool.checkout(Role::Reader).unwrap());
    let once_more = |before: u32| {
        drop(pool.checkout(Role::Reader).unwrap());
        drop(pool.checkout(Role::Reader).unwrap());
        runs.load(Ordering::SeqCst) == before + 1
    };
    assert!(in_child(|| once_more(1)
        && in_child(|| once_more(2))
        && runs.load(Ordering::SeqCst) == 2));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_closed_pool_is_closed_in_a_child_too() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    pool.close();
    assert!(in_child(|| {
        pool.checkout(Role::Reader).map(drop).unwrap_err().to_string()
            == "the connection pool is closed"
    }));
}

#[test]
fn a_child_works_if_another_thread_held_the_locks_during_the_fork() {
    let fake = Fake::new(Layout::File);
    let pool = fake.pool(settings(2, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    let state = pool.state();
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
            in_child(|| pool.checkout(Role::Reader).is_ok() && pool.checkout(Role::Writer).is_ok());
        forked.wait();
        assert!(worked);
    });
}

#[test]
fn a_child_works_if_the_initializer_ran_during_the_fork() {
    let fake = Fake::new(Layout::Server);
    let parent = std::process::id();
    let (inside, forked) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (hook_inside, hook_forked) = (Arc::clone(&inside), Arc::clone(&forked));
    let pool = fake.prepared(
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
        let first = scope.spawn(|| pool.checkout(Role::Reader).map(drop));
        inside.wait();
        let worked = in_child(|| pool.checkout(Role::Reader).is_ok());
        forked.wait();
        assert!(worked);
        assert!(first.join().unwrap().is_ok());
    });
}

#[test]
fn threads_of_a_child_share_one_new_pool() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(1, 0));
    drop(pool.checkout(Role::Reader).unwrap());
    assert!(in_child(|| {
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    drop(pool.checkout(Role::Reader).unwrap());
                });
            }
        });
        fake.attempts() == 2 && pool.status().total == 1
    }));
}

/// A backend without a lock, which a child could inherit locked.
struct LockFree;

struct LockFreeConnection {
    broken: bool,
}

impl Backend for LockFree {
    type Connection = LockFreeConnection;

    fn layout(&self) -> Layout {
        Layout::Server
    }

    fn open(&self, _: Role, _: Duration) -> Result<LockFreeConnection> {
        Ok(LockFreeConnection { broken: false })
    }

    fn ping(&self, _: &mut LockFreeConnection) -> Result<()> {
        Ok(())
    }

    fn is_broken(&self, connection: &LockFreeConnection) -> bool {
        connection.broken
    }
}

#[test]
fn children_forked_from_a_busy_parent_work() {
    let pool = PoolInner::new(LockFree, settings(2, 1), None).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut rounds = 0_u32;
                while !done.load(Ordering::SeqCst) {
                    let mut checkout = pool.checkout(Role::Reader).unwrap();
                    rounds += 1;
                    checkout.connection_mut().broken = rounds.is_multiple_of(64);
                }
            });
        }
        let worked = (0..50).all(|_| {
            in_child(|| {
                let checkouts: Vec<_> =
                    (0..3).map(|_| pool.checkout(Role::Writer).unwrap()).collect();
                let status = pool.status();
                drop(checkouts);
                (status.checked_out, pool.status().checked_in) == (3, 2)
            })
        });
        done.store(true, Ordering::SeqCst);
        assert!(worked);
    });
}
