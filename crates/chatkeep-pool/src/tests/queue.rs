//! Order and accounting of permits.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::until;
use crate::semaphore::{AcquireError, Permit, Semaphore};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn waiting_callers_are_served_in_order_of_arrival() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    let (served, order) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..8 {
            let (semaphore, served) = (&semaphore, served.clone());
            scope.spawn(move || {
                let grant = semaphore.acquire(LONG).unwrap();
                served.send(number).unwrap();
                semaphore.release(grant.permit);
            });
            until(|| semaphore.usage().waiting == number + 1);
        }
        semaphore.release(first.permit);
    });
    assert_eq!(order.try_iter().collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    assert_eq!(semaphore.usage().persistent, 0);
}

#[test]
fn a_later_caller_does_not_overtake_a_granted_caller_that_still_sleeps() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        until(|| semaphore.usage().waiting == 1);
        semaphore.release(first.permit);
        assert_eq!(
            semaphore.acquire(Duration::ZERO).unwrap_err(),
            AcquireError::TimedOut { waiting: 0 }
        );
        assert_eq!(waiting.join().unwrap().permit, Permit::Persistent);
    });
}

#[test]
fn a_returned_permit_is_granted_with_its_item() {
    let semaphore = Semaphore::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        until(|| semaphore.usage().waiting == 1);
        assert_eq!(semaphore.hand_over(first.permit, 8), Ok(()));
        assert_eq!(waiting.join().unwrap().item, Some(8));
    });
}

#[test]
fn the_next_caller_gets_the_item_of_a_free_permit() {
    let semaphore = Semaphore::new(2, 1);
    let permits = [(); 3].map(|()| semaphore.acquire(LONG).unwrap().permit);
    assert_eq!(permits, [Permit::Persistent, Permit::Persistent, Permit::Overflow]);
    assert_eq!(
        semaphore.hand_over(Permit::Overflow, 6),
        Err(6),
        "the item of an overflow permit is not stored"
    );
    semaphore.release(Permit::Overflow);
    assert_eq!(semaphore.hand_over(Permit::Persistent, 7), Ok(()));
    let usage = semaphore.usage();
    assert_eq!((usage.persistent, usage.overflow, usage.has_idle), (1, 0, true));
    assert_eq!(
        semaphore.hand_over(Permit::Persistent, 8),
        Err(7),
        "the most recently used item is used first"
    );
    semaphore.release(Permit::Persistent);
    assert_eq!(semaphore.acquire(LONG).unwrap().item, Some(8));
    assert_eq!(semaphore.acquire(LONG).unwrap().item, None);
    assert_eq!(semaphore.hand_over(Permit::Persistent, 9), Ok(()));
    semaphore.close();
    assert_eq!(semaphore.take_idle(), Some(9));
    assert_eq!(
        semaphore.hand_over(Permit::Persistent, 10),
        Err(10),
        "a closed semaphore stores nothing"
    );
}

#[test]
fn a_caller_that_times_out_leaves_the_queue() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    let error = semaphore.acquire(Duration::from_millis(5)).unwrap_err();
    assert_eq!(error, AcquireError::TimedOut { waiting: 0 });
    assert_eq!(semaphore.usage().waiting, 0);
    semaphore.release(first.permit);
    assert_eq!(
        semaphore.usage().persistent,
        0,
        "the permit was not granted to the caller that left"
    );
    assert!(semaphore.acquire(Duration::ZERO).is_ok());
}

#[test]
fn a_caller_that_times_out_in_the_queue_is_skipped() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let first_waiter =
            scope.spawn(|| semaphore.acquire(Duration::from_millis(50)).unwrap_err());
        until(|| semaphore.usage().waiting == 1 || first_waiter.is_finished());
        let second_waiter = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        assert!(matches!(first_waiter.join().unwrap(), AcquireError::TimedOut { .. }));
        until(|| semaphore.usage().waiting == 1);
        semaphore.release(first.permit);
        assert_eq!(second_waiter.join().unwrap().permit, Permit::Persistent);
    });
}

#[test]
fn no_permit_is_lost_when_a_grant_races_with_a_timeout() {
    let semaphore = Semaphore::<u32>::new(1, 1);
    thread::scope(|scope| {
        for thread in 0..6_u64 {
            let semaphore = &semaphore;
            scope.spawn(move || {
                for round in 0..2_000_u64 {
                    let timeout = Duration::from_micros((round * 7 + thread * 13) % 40);
                    if let Ok(grant) = semaphore.acquire(timeout) {
                        match grant.item {
                            Some(item) if semaphore.hand_over(grant.permit, item + 1).is_ok() => {}
                            _ => semaphore.release(grant.permit),
                        }
                    }
                }
            });
        }
    });
    let usage = semaphore.usage();
    assert_eq!((usage.persistent, usage.overflow, usage.waiting), (0, 0, 0));
}

#[test]
fn waiting_and_later_callers_fail_when_the_semaphore_is_closed() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap_err());
        until(|| semaphore.usage().waiting == 1);
        semaphore.close();
        assert_eq!(waiting.join().unwrap(), AcquireError::Closed);
    });
    semaphore.release(first.permit);
    assert_eq!(semaphore.acquire(LONG).unwrap_err(), AcquireError::Closed);
}

proptest! {
    /// In any order of acquiring and releasing, persistent permits are granted first and the limits
    /// hold.
    #[test]
    fn permits_are_counted_correctly(
        persistent in 0_u32..4,
        overflow in 0_u32..4,
        steps in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let semaphore = Semaphore::<u32>::new(persistent, overflow);
        let mut held: Vec<Permit> = Vec::new();
        let count = |held: &[Permit], permit| {
            u32::try_from(held.iter().filter(|held| **held == permit).count()).unwrap()
        };
        for step in steps {
            let in_use = (count(&held, Permit::Persistent), count(&held, Permit::Overflow));
            match step % 4 {
                0 | 1 => match semaphore.acquire(Duration::ZERO) {
                    Ok(grant) => {
                        let expected = if in_use.0 == persistent {
                            Permit::Overflow
                        } else {
                            Permit::Persistent
                        };
                        prop_assert_eq!(grant.permit, expected);
                        held.push(grant.permit);
                    }
                    Err(_) => prop_assert_eq!(in_use.0 + in_use.1, persistent + overflow),
                },
                2 if !held.is_empty() => {
                    semaphore.release(held.swap_remove(usize::from(step) % held.len()));
                }
                3 => {
                    let index = held.iter().position(|permit| *permit == Permit::Overflow);
                    if let Some(index) = index {
                        prop_assert_eq!(semaphore.promote().is_some(), in_use.0 < persistent);
                        if in_use.0 < persistent {
                            held[index] = Permit::Persistent;
                        }
                    }
                }
                _ => {}
            }
            let usage = semaphore.usage();
            let in_use = (count(&held, Permit::Persistent), count(&held, Permit::Overflow));
            prop_assert_eq!((usage.persistent, usage.overflow), in_use);
            prop_assert!(usage.persistent <= persistent && usage.overflow <= overflow);
        }
    }
}
