//! The pool under load from many threads.

use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use chatkeep_core::{Error, ErrorKind, Role};

use super::fake::{Fake, settings};
use super::until;
use crate::backend::Layout;
use crate::settings::PoolSettings;
use crate::status::PoolStatus;

/// Returns a pseudo-random number that is the same in every run.
fn dice(thread: u64, round: u64) -> u64 {
    let mut number = (thread << 32 | round).wrapping_add(0x9E37_79B9_7F4A_7C15);
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[test]
fn no_permit_is_lost_after_failures_and_panics() {
    for layout in [Layout::Server, Layout::File] {
        let fake = Fake::new(layout);
        let pool =
            fake.pool(PoolSettings { pool_recycle: Duration::from_secs(60), ..settings(4, 3) });
        let most = pool.status().max;
        thread::scope(|scope| {
            for thread in 0..32 {
                let (fake, pool) = (&fake, &pool);
                scope.spawn(move || {
                    for round in 0..150 {
                        let dice = dice(thread, round);
                        if dice.is_multiple_of(31) {
                            fake.fail_next_open(Error::new(
                                ErrorKind::Unavailable,
                                "temporarily unavailable",
                            ));
                        }
                        let role = if dice.is_multiple_of(2) { Role::Reader } else { Role::Writer };
                        let Ok(mut checkout) = pool.checkout(role) else { continue };
                        assert!(pool.status().total <= most);
                        match dice % 13 {
                            0 => checkout.connection_mut().broken = true,
                            1 => fake.advance(Duration::from_secs(10)),
                            2 => {
                                let panicking = AssertUnwindSafe(move || {
                                    let _checkout = checkout;
                                    panic::resume_unwind(Box::new("a panic of the caller"));
                                });
                                assert!(panic::catch_unwind(panicking).is_err());
                            }
                            3 => thread::yield_now(),
                            _ => {}
                        }
                    }
                });
            }
        });
        assert!(fake.most_open() <= most, "{} connections at once", fake.most_open());
        let status = pool.status();
        assert_eq!((status.checked_out, status.overflow, status.waiting), (0, 0, 0));
        assert_eq!(status.checked_in, fake.open_now(), "all open connections are idle");

        fake.fail_every_open(None);
        while pool.checkout(Role::Writer).is_err() {}
        let readers: Vec<_> = (0..7)
            .map(|_| {
                loop {
                    if let Ok(checkout) = pool.checkout(Role::Reader) {
                        break checkout;
                    }
                }
            })
            .collect();
        assert_eq!(readers.len(), 7, "every permit can still be acquired");
    }
}

#[test]
fn more_callers_than_connections_share_them() {
    let fake = Fake::new(Layout::Server);
    let pool = fake.pool(settings(2, 2));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..200 {
                    drop(pool.checkout(Role::Reader).unwrap());
                }
            });
        }
    });
    assert!(fake.most_open() <= 4);
    until(|| pool.status().checked_out == 0);
    let status = pool.status();
    assert_eq!(status.checked_in, fake.open_now());
    assert!(status.checked_in >= 1 && status.checked_in <= 2);
    let expected = PoolStatus {
        pool_size: 2,
        checked_in: status.checked_in,
        checked_out: 0,
        overflow: 0,
        total: status.checked_in,
        max: 4,
        waiting: 0,
    };
    assert_eq!(status, expected);
}
