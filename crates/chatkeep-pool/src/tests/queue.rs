//! Who gets a place, and when.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::until;
use crate::semaphore::{Place, Refusal, Semaphore};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn who_waits_is_served_in_the_order_of_coming() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    let (served, order) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..8 {
            let (semaphore, served) = (&semaphore, served.clone());
            scope.spawn(move || {
                let grant = semaphore.acquire(LONG).unwrap();
                served.send(number).unwrap();
                semaphore.release(grant.place);
            });
            until(|| semaphore.usage().waiting == number + 1);
        }
        semaphore.release(first.place);
    });
    assert_eq!(order.try_iter().collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    assert_eq!(semaphore.usage().kept, 0);
}

#[test]
fn who_comes_later_does_not_overtake_somebody_who_was_served_but_sleeps_still() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        until(|| semaphore.usage().waiting == 1);
        semaphore.release(first.place);
        assert_eq!(
            semaphore.acquire(Duration::ZERO).unwrap_err(),
            Refusal::TimedOut { waiting: 0 }
        );
        assert_eq!(waiting.join().unwrap().place, Place::Kept);
    });
}

#[test]
fn a_place_goes_to_the_next_with_what_is_in_it() {
    let semaphore = Semaphore::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        until(|| semaphore.usage().waiting == 1);
        assert_eq!(semaphore.hand_over(first.place, 8), Ok(()));
        assert_eq!(waiting.join().unwrap().left, Some(8));
    });
}

#[test]
fn what_is_left_while_nobody_waits_is_the_next_ones() {
    let semaphore = Semaphore::new(2, 1);
    let places = [(); 3].map(|()| semaphore.acquire(LONG).unwrap().place);
    assert_eq!(places, [Place::Kept, Place::Kept, Place::Overflow]);
    assert_eq!(
        semaphore.hand_over(Place::Overflow, 6),
        Err(6),
        "what is in an overflow place is not kept"
    );
    semaphore.release(Place::Overflow);
    assert_eq!(semaphore.hand_over(Place::Kept, 7), Ok(()));
    let usage = semaphore.usage();
    assert_eq!((usage.kept, usage.overflow, usage.ready), (1, 0, true));
    assert_eq!(semaphore.hand_over(Place::Kept, 8), Err(7), "the one used last is used first");
    semaphore.release(Place::Kept);
    assert_eq!(semaphore.acquire(LONG).unwrap().left, Some(8));
    assert_eq!(semaphore.acquire(LONG).unwrap().left, None);
    assert_eq!(semaphore.hand_over(Place::Kept, 9), Ok(()));
    semaphore.close();
    assert_eq!(semaphore.take_ready(), Some(9));
    assert_eq!(semaphore.hand_over(Place::Kept, 10), Err(10), "nobody comes any more");
}

#[test]
fn who_gives_up_leaves_the_queue() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    let refusal = semaphore.acquire(Duration::from_millis(5)).unwrap_err();
    assert_eq!(refusal, Refusal::TimedOut { waiting: 0 });
    assert_eq!(semaphore.usage().waiting, 0);
    semaphore.release(first.place);
    assert_eq!(semaphore.usage().kept, 0, "the place did not go to one who had left");
    assert!(semaphore.acquire(Duration::ZERO).is_ok());
}

#[test]
fn who_gives_up_in_the_middle_of_the_queue_is_passed_over() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let impatient = scope.spawn(|| semaphore.acquire(Duration::from_millis(50)).unwrap_err());
        until(|| semaphore.usage().waiting == 1 || impatient.is_finished());
        let patient = scope.spawn(|| semaphore.acquire(LONG).unwrap());
        assert!(matches!(impatient.join().unwrap(), Refusal::TimedOut { .. }));
        until(|| semaphore.usage().waiting == 1);
        semaphore.release(first.place);
        assert_eq!(patient.join().unwrap().place, Place::Kept);
    });
}

#[test]
fn no_place_is_lost_between_giving_and_giving_up() {
    let semaphore = Semaphore::<u32>::new(1, 1);
    thread::scope(|scope| {
        for thread in 0..6_u64 {
            let semaphore = &semaphore;
            scope.spawn(move || {
                for round in 0..2_000_u64 {
                    let patience = Duration::from_micros((round * 7 + thread * 13) % 40);
                    if let Ok(grant) = semaphore.acquire(patience) {
                        match grant.left {
                            Some(left) if semaphore.hand_over(grant.place, left + 1).is_ok() => {}
                            _ => semaphore.release(grant.place),
                        }
                    }
                }
            });
        }
    });
    let usage = semaphore.usage();
    assert_eq!((usage.kept, usage.overflow, usage.waiting), (0, 0, 0));
}

#[test]
fn closing_refuses_those_who_wait_and_those_who_come() {
    let semaphore = Semaphore::<u32>::new(1, 0);
    let first = semaphore.acquire(LONG).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| semaphore.acquire(LONG).unwrap_err());
        until(|| semaphore.usage().waiting == 1);
        semaphore.close();
        assert_eq!(waiting.join().unwrap(), Refusal::Closed);
    });
    semaphore.release(first.place);
    assert_eq!(semaphore.acquire(LONG).unwrap_err(), Refusal::Closed);
}

proptest! {
    /// Whatever is taken and given back in whatever order: kept places go first, and no more than there are.
    #[test]
    fn places_are_counted_right(kept in 0_u32..4, overflow in 0_u32..4, steps in prop::collection::vec(any::<u8>(), 0..200)) {
        let semaphore = Semaphore::<u32>::new(kept, overflow);
        let mut taken: Vec<Place> = Vec::new();
        for step in steps {
            let count = |place| u32::try_from(taken.iter().filter(|taken| **taken == place).count()).unwrap();
            match step % 4 {
                0 | 1 => match semaphore.acquire(Duration::ZERO) {
                    Ok(grant) => {
                        let kept_is_full = count(Place::Kept) == kept;
                        prop_assert_eq!(grant.place, if kept_is_full { Place::Overflow } else { Place::Kept });
                        taken.push(grant.place);
                    }
                    Err(_) => prop_assert_eq!(count(Place::Kept) + count(Place::Overflow), kept + overflow),
                },
                2 if !taken.is_empty() => {
                    semaphore.release(taken.swap_remove(usize::from(step) % taken.len()));
                }
                3 => if let Some(index) = taken.iter().position(|place| *place == Place::Overflow) {
                    prop_assert_eq!(semaphore.promote().is_some(), count(Place::Kept) < kept);
                    if count(Place::Kept) < kept {
                        taken[index] = Place::Kept;
                    }
                },
                _ => {}
            }
            let count = |place| u32::try_from(taken.iter().filter(|taken| **taken == place).count()).unwrap();
            let usage = semaphore.usage();
            prop_assert_eq!((usage.kept, usage.overflow), (count(Place::Kept), count(Place::Overflow)));
            prop_assert!(usage.kept <= kept && usage.overflow <= overflow);
        }
    }
}
