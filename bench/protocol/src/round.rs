//! A round: callers repeat the same call until the time is over.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::protocol::Outcome;
use crate::serve::Result;
use crate::stats::percentile;

/// The calls of one caller in a round.
///
/// ```
/// use std::time::{Duration, Instant};
/// use chatkeep_bench_protocol::{Tally, outcome};
///
/// let start = Instant::now();
/// let mut tally = Tally::until(start + Duration::from_millis(2));
/// while tally.should_continue() {
///     tally.stored([7]); // the id of the row that was stored
/// }
/// let outcome = outcome(start, [tally]);
/// assert_eq!(outcome.rows, outcome.calls);
/// assert_eq!(outcome.id_sum, Some(outcome.calls as i64 * 7));
/// ```
#[derive(Debug)]
pub struct Tally {
    end: Instant,
    last: Instant,
    calls: u64,
    calls_before: u64,
    rows: u64,
    id_sum: Option<i64>,
    nanoseconds: Vec<u64>,
}

impl Tally {
    /// Starts the tally of a caller that begins now.
    pub fn until(end: Instant) -> Self {
        Self {
            end,
            last: Instant::now(),
            calls: 0,
            calls_before: 0,
            rows: 0,
            id_sum: None,
            nanoseconds: Vec::with_capacity(1024),
        }
    }

    /// Returns whether there is time for another call. It also records the duration of the calls
    /// since its last invocation; for several calls it records their mean.
    pub fn should_continue(&mut self) -> bool {
        let now = Instant::now();
        let taken = u64::try_from((now - self.last).as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.extend(taken.checked_div(self.calls - self.calls_before));
        self.calls_before = self.calls;
        self.last = now;
        now < self.end
    }

    /// Counts a call that stored rows with these ids.
    pub fn stored(&mut self, ids: impl IntoIterator<Item = i64>) {
        self.calls += 1;
        for id in ids {
            self.rows += 1;
            self.id_sum = Some(self.id_sum.unwrap_or(0) + id);
        }
    }

    /// Counts a call that stored or read `rows` rows whose ids are unknown.
    pub fn completed(&mut self, rows: usize) {
        self.calls += 1;
        self.rows += rows as u64;
    }
}

/// Combines the tallies of the callers into the outcome of a round that began at `start`.
pub fn outcome(start: Instant, callers: impl IntoIterator<Item = Tally>) -> Outcome {
    let mut outcome =
        Outcome { calls: 0, rows: 0, seconds: 0.0, p50_us: None, p99_us: None, id_sum: None };
    let mut end = start;
    let mut nanoseconds = Vec::new();
    for tally in callers {
        outcome.calls += tally.calls;
        outcome.rows += tally.rows;
        if let Some(sum) = tally.id_sum {
            outcome.id_sum = Some(outcome.id_sum.unwrap_or(0) + sum);
        }
        end = end.max(tally.last);
        nanoseconds.extend(tally.nanoseconds);
    }
    let mut microseconds =
        |percent| percentile(&mut nanoseconds, percent).map(|taken| taken as f64 / 1000.0);
    outcome.p50_us = microseconds(50);
    outcome.p99_us = microseconds(99);
    outcome.seconds = (end - start).as_secs_f64();
    outcome
}

/// Runs a round with one thread per handle. All run_threads start together.
///
/// # Errors
/// The first error of any thread, after all have ended.
pub fn run_threads<H: Send>(
    handles: &mut [H],
    length: Duration,
    work: impl Fn(&mut H, &mut Tally) -> Result<()> + Sync,
) -> Result<Outcome> {
    let barrier = Barrier::new(handles.len() + 1);
    let tallies = thread::scope(|scope| {
        let callers: Vec<_> = handles
            .iter_mut()
            .map(|handle| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    let begin = Instant::now();
                    let mut tally = Tally::until(begin + length);
                    while tally.should_continue() {
                        work(handle, &mut tally)?;
                    }
                    Ok((begin, tally))
                })
            })
            .collect();
        barrier.wait();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap_or_else(|_| Err("a caller panicked".into())))
            .collect::<Vec<Result<(Instant, Tally)>>>()
    });
    let tallies = tallies.into_iter().collect::<Result<Vec<_>>>()?;
    // Measured by the callers, because this thread may be the last one to be woken.
    let start = tallies.iter().map(|(begin, _)| *begin).min().unwrap_or_else(Instant::now);
    Ok(outcome(start, tallies.into_iter().map(|(_, tally)| tally)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_of_callers_are_summed() {
        let mut handles = [1_i64, 10];
        let outcome = run_threads(&mut handles, Duration::from_millis(3), |id, tally| {
            tally.stored([*id, *id]);
            Ok(())
        })
        .unwrap();
        assert_eq!(outcome.rows, outcome.calls * 2);
        let sum = outcome.id_sum.unwrap();
        assert!(sum > 22 && sum % 2 == 0, "both callers stored: {sum}");
        assert!(outcome.seconds >= 0.002);
        assert!(outcome.p50_us.unwrap() <= outcome.p99_us.unwrap());
    }

    #[test]
    fn an_error_of_one_caller_fails_the_round() {
        let mut handles = [1, 2];
        let failed = run_threads(&mut handles, Duration::from_millis(2), |caller, tally| {
            tally.completed(3);
            if *caller == 2 { Err("no".into()) } else { Ok(()) }
        });
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }

    #[test]
    fn calls_between_two_clock_reads_share_their_time() {
        let start = Instant::now();
        let mut tally = Tally::until(start);
        for _ in 0..4 {
            tally.completed(0);
        }
        thread::sleep(Duration::from_millis(4));
        assert!(!tally.should_continue());
        let outcome = outcome(start, [tally]);
        assert_eq!((outcome.calls, outcome.rows, outcome.id_sum), (4, 0, None));
        assert!(outcome.p50_us.unwrap() >= 1000.0);
        assert!(outcome.p50_us.unwrap() <= outcome.seconds * 1e6 / 4.0 + 1.0);
    }
}
