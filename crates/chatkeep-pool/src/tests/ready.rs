//! Preparing the database before the first lease.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role, interruption};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;
use crate::keeper::Keeper;
use crate::settings::PoolSettings;
use crate::startup::{Failed, Readiness};

#[test]
fn the_initializer_runs_once_under_many_threads() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let runs = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&runs);
        let keeper = fake.prepared(
            settings(4, 4),
            Box::new(move |connection| {
                assert_eq!(connection.role, Role::Writer);
                thread::yield_now();
                counter.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }),
        );
        let start = Barrier::new(16);
        thread::scope(|scope| {
            for number in 0..16 {
                let (keeper, start, runs) = (&keeper, &start, &runs);
                scope.spawn(move || {
                    start.wait();
                    let role = if number % 2 == 0 { Role::Reader } else { Role::Writer };
                    let _lease = keeper.lease(role).unwrap();
                    assert_eq!(runs.load(Ordering::SeqCst), 1, "no lease before it is done");
                });
            }
        });
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_failing_initializer_is_tried_again_by_the_next_call() {
    let fake = Fake::new(Layout::Server);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let keeper = fake.prepared(
        settings(1, 0),
        Box::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::internal("the first run fails")),
            1 => Err(Error::new(ErrorKind::Unavailable, "so does the second")),
            _ => Ok(()),
        }),
    );
    assert_eq!(
        keeper.lease(Role::Reader).map(drop).unwrap_err().to_string(),
        "the first run fails"
    );
    let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "so does the second",
        "the database was there: nothing is waited for"
    );
    assert!(keeper.lease(Role::Reader).is_ok());
    assert!(keeper.lease(Role::Writer).is_ok());
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert_eq!(keeper.status().total, 1);
}

#[test]
fn waiting_until_ready_retries_the_initializer_while_that_may_help() {
    let fake = Fake::new(Layout::File);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let keeper = fake.prepared(
        settings(1, 0),
        Box::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(Error::new(ErrorKind::Conflict, "another process migrates")),
            _ => Ok(()),
        }),
    );
    keeper.wait_until_ready().unwrap();
    assert_eq!((runs.load(Ordering::SeqCst), fake.slept().len()), (3, 2));
}

#[test]
fn a_panic_in_the_initializer_leaves_a_pool_that_works() {
    let fake = Fake::new(Layout::Server);
    let runs = AtomicU32::new(0);
    let keeper = fake.prepared(
        settings(1, 0),
        Box::new(move |_| {
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                panic::resume_unwind(Box::new("the initializer's fault"));
            }
            Ok(())
        }),
    );
    assert!(
        panic::catch_unwind(AssertUnwindSafe(|| keeper.lease(Role::Reader).map(drop))).is_err()
    );
    assert!(keeper.lease(Role::Reader).is_ok());
}

#[test]
fn who_waited_for_a_call_that_was_broken_off_takes_over() {
    let readiness = Readiness::default();
    let going = Barrier::new(2);
    thread::scope(|scope| {
        let broken_off = scope.spawn(|| {
            readiness.achieve(Duration::ZERO, || {
                going.wait();
                thread::sleep(Duration::from_millis(20));
                Err(interruption::interrupted())
            })
        });
        going.wait();
        let taken_over = readiness.achieve(Duration::from_secs(60), || Ok(()));
        assert!(taken_over.is_ok());
        let error = broken_off.join().unwrap().map_err(Failed::into_error).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    });
    assert!(readiness.is_ready());
}

#[test]
fn everybody_who_waited_gets_the_failure() {
    let readiness = Readiness::default();
    let (go, going) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let runner = scope.spawn(|| {
            readiness.achieve(Duration::ZERO, || {
                going.wait();
                go.wait();
                Err(Error::configuration("not like this").with_field("DATABASE_URL"))
            })
        });
        going.wait();
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    readiness.achieve(Duration::from_secs(20), || unreachable!("one run at a time"))
                })
            })
            .collect();
        // They cannot be seen waiting; those who come late find no run going on, and must not start theirs.
        thread::sleep(Duration::from_millis(50));
        go.wait();
        for waiter in waiters {
            let Err(Failed::Anothers(error)) = waiter.join().unwrap() else {
                panic!("it was another's failure")
            };
            assert_eq!(error.to_string(), "DATABASE_URL: not like this");
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        assert!(matches!(runner.join().unwrap(), Err(Failed::Own(_))));
    });
}

#[test]
fn nobody_waits_for_the_initializer_longer_than_the_pool_timeout() {
    let fake = Fake::new(Layout::Server);
    let (go, going) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (hook_go, hook_going) = (Arc::clone(&go), Arc::clone(&going));
    let keeper = fake.prepared(
        PoolSettings { pool_timeout: Duration::from_millis(10), ..settings(5, 0) },
        Box::new(move |_| {
            hook_going.wait();
            hook_go.wait();
            Ok(())
        }),
    );
    thread::scope(|scope| {
        let first = scope.spawn(|| keeper.lease(Role::Reader).map(drop));
        going.wait();
        let error = keeper.lease(Role::Reader).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PoolTimeout);
        assert!(error.to_string().contains("another call is still preparing it"), "{error}");
        go.wait();
        assert!(first.join().unwrap().is_ok());
    });
    assert!(keeper.lease(Role::Reader).is_ok());
}

#[test]
fn an_initializer_that_asks_the_pool_is_told_at_once() {
    let fake = Fake::new(Layout::Server);
    let itself = Arc::new(OnceLock::<Arc<Keeper<Fake>>>::new());
    let seen = Arc::clone(&itself);
    let keeper = Arc::new(fake.prepared(
        settings(5, 0),
        Box::new(move |_| seen.get().unwrap().lease(Role::Reader).map(drop)),
    ));
    itself.set(Arc::clone(&keeper)).ok().unwrap();
    let error = keeper.lease(Role::Writer).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("initializer"), "{error}");
    assert_eq!(keeper.status().checked_out, 0);
}

#[test]
fn closing_the_pool_ends_the_wait_of_a_first_call() {
    let fake = Fake::new(Layout::Server);
    fake.stop_the_clock();
    let keeper = fake.keeper(settings(1, 0));
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    thread::scope(|scope| {
        let first = scope.spawn(|| keeper.lease(Role::Reader).map(drop).unwrap_err());
        until(|| fake.attempts() > 3);
        keeper.close();
        assert_eq!(first.join().unwrap().to_string(), "the connection pool has been closed");
    });
}
