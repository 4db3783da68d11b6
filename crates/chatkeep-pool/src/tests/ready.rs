//! Initializing the database before the first check-out.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role, interrupt};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;
use crate::pool_inner::PoolInner;
use crate::settings::PoolSettings;
use crate::startup::{Readiness, ReadinessError};

#[test]
fn concurrent_first_calls_run_the_initializer_once() {
    for layout in [Layout::Server, Layout::File, Layout::Memory] {
        let fake = Fake::new(layout);
        let runs = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&runs);
        let pool = fake.prepared(
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
                let (pool, start, runs) = (&pool, &start, &runs);
                scope.spawn(move || {
                    start.wait();
                    let role = if number % 2 == 0 { Role::Reader } else { Role::Writer };
                    let _checkout = pool.checkout(role).unwrap();
                    assert_eq!(
                        runs.load(Ordering::SeqCst),
                        1,
                        "no connection is handed out before it has finished"
                    );
                });
            }
        });
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn the_next_call_runs_a_failed_initializer_again() {
    let fake = Fake::new(Layout::Server);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let pool = fake.prepared(
        settings(1, 0),
        Box::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::internal("the first run fails")),
            1 => Err(Error::new(ErrorKind::Unavailable, "the second run fails")),
            _ => Ok(()),
        }),
    );
    assert_eq!(
        pool.checkout(Role::Reader).map(drop).unwrap_err().to_string(),
        "the first run fails"
    );
    let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the second run fails",
        "the database was reached, so the call does not retry"
    );
    assert!(pool.checkout(Role::Reader).is_ok());
    assert!(pool.checkout(Role::Writer).is_ok());
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert_eq!(pool.status().total, 1);
}

#[test]
fn wait_until_ready_retries_the_initializer_after_retryable_errors() {
    let fake = Fake::new(Layout::File);
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let pool = fake.prepared(
        settings(1, 0),
        Box::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(Error::new(ErrorKind::Conflict, "another process migrates")),
            _ => Ok(()),
        }),
    );
    pool.wait_until_ready().unwrap();
    assert_eq!((runs.load(Ordering::SeqCst), fake.slept().len()), (3, 2));
}

#[test]
fn the_pool_works_after_a_panic_in_the_initializer() {
    let fake = Fake::new(Layout::Server);
    let runs = AtomicU32::new(0);
    let pool = fake.prepared(
        settings(1, 0),
        Box::new(move |_| {
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                panic::resume_unwind(Box::new("a panic of the initializer"));
            }
            Ok(())
        }),
    );
    assert!(
        panic::catch_unwind(AssertUnwindSafe(|| pool.checkout(Role::Reader).map(drop))).is_err()
    );
    assert!(pool.checkout(Role::Reader).is_ok());
}

#[test]
fn a_waiting_call_runs_the_initializer_after_an_interrupted_run() {
    let readiness = Readiness::default();
    let started = Barrier::new(2);
    thread::scope(|scope| {
        let interrupted = scope.spawn(|| {
            readiness.ensure(Duration::ZERO, || {
                started.wait();
                thread::sleep(Duration::from_millis(20));
                Err(interrupt::interrupted())
            })
        });
        started.wait();
        let second_run = readiness.ensure(Duration::from_secs(60), || Ok(()));
        assert!(second_run.is_ok());
        let error = interrupted.join().unwrap().map_err(ReadinessError::into_error).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    });
    assert!(readiness.is_ready());
}

#[test]
fn all_waiting_calls_get_the_error_of_a_failed_run() {
    let readiness = Readiness::default();
    let (go, started) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let runner = scope.spawn(|| {
            readiness.ensure(Duration::ZERO, || {
                started.wait();
                go.wait();
                Err(Error::configuration("invalid").with_field("DATABASE_URL"))
            })
        });
        started.wait();
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    readiness.ensure(Duration::from_secs(20), || unreachable!("one run at a time"))
                })
            })
            .collect();
        // Whether they already wait is not observable. A thread that started too late would begin a
        // run of its own.
        thread::sleep(Duration::from_millis(50));
        go.wait();
        for waiter in waiters {
            let Err(ReadinessError::OtherRun(error)) = waiter.join().unwrap() else {
                panic!("the failed run was another thread's")
            };
            assert_eq!(error.to_string(), "DATABASE_URL: invalid");
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        assert!(matches!(runner.join().unwrap(), Err(ReadinessError::OwnRun(_))));
    });
}

#[test]
fn waiting_for_the_initializer_ends_at_the_pool_timeout() {
    let fake = Fake::new(Layout::Server);
    let (go, started) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (hook_go, hook_started) = (Arc::clone(&go), Arc::clone(&started));
    let pool = fake.prepared(
        PoolSettings { pool_timeout: Duration::from_millis(10), ..settings(5, 0) },
        Box::new(move |_| {
            hook_started.wait();
            hook_go.wait();
            Ok(())
        }),
    );
    thread::scope(|scope| {
        let first = scope.spawn(|| pool.checkout(Role::Reader).map(drop));
        started.wait();
        let error = pool.checkout(Role::Reader).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PoolTimeout);
        assert!(
            error.to_string().contains("another call is still initializing the database"),
            "{error}"
        );
        go.wait();
        assert!(first.join().unwrap().is_ok());
    });
    assert!(pool.checkout(Role::Reader).is_ok());
}

#[test]
fn an_initializer_that_uses_the_pool_gets_an_error() {
    let fake = Fake::new(Layout::Server);
    let own_pool = Arc::new(OnceLock::<Arc<PoolInner<Fake>>>::new());
    let seen = Arc::clone(&own_pool);
    let pool = Arc::new(fake.prepared(
        settings(5, 0),
        Box::new(move |_| seen.get().unwrap().checkout(Role::Reader).map(drop)),
    ));
    own_pool.set(Arc::clone(&pool)).ok().unwrap();
    let error = pool.checkout(Role::Writer).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("initializer"), "{error}");
    assert_eq!(pool.status().checked_out, 0);
}

#[test]
fn closing_the_pool_ends_the_retries_of_a_first_call() {
    let fake = Fake::new(Layout::Server);
    fake.freeze_clock();
    let pool = fake.pool(settings(1, 0));
    fake.fail_every_open(Some(ErrorKind::Unavailable));
    thread::scope(|scope| {
        let first = scope.spawn(|| pool.checkout(Role::Reader).map(drop).unwrap_err());
        until(|| fake.attempts() > 3);
        pool.close();
        assert_eq!(first.join().unwrap().to_string(), "the connection pool is closed");
    });
}
