//! A process that exits normally waits for what was handed in: a message that nobody awaits any more is written all the
//! same.

use std::io::{Write, stderr};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use chatkeep_pool::PerProcess;

use super::progress::Progress;

/// The longest that an exit is held up, as long as a query may take by default.
const PATIENCE: Duration = Duration::from_secs(30);

/// What this process waits for; a child of a fork does not wait for its parent's.
static KNOWN: LazyLock<PerProcess<Known>> = LazyLock::new(|| PerProcess::new(Known::default()));
/// Inherited by a child of a fork, together with the handler.
static HANDLER: Once = Once::new();

#[derive(Default)]
struct Known(Mutex<Vec<Weak<Progress>>>);

/// From now on, an exit waits for these calls.
pub(super) fn wait_for(progress: &Arc<Progress>) {
    HANDLER.call_once(|| {
        #[expect(unsafe_code, reason = "the standard library has no way to be told of an exit")]
        // SAFETY: the function takes and returns nothing, and does not unwind: see there. If it cannot be registered,
        // an exit waits for nothing, as without it.
        unsafe {
            libc::atexit(at_exit);
        }
    });
    let known = KNOWN.get(Known::default);
    let mut known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|progress| progress.strong_count() > 0);
    known.push(Arc::downgrade(progress));
}

/// Other threads still run while this does. An unwinding panic would abort the process here, so nothing in it panics.
extern "C" fn at_exit() {
    let known = KNOWN.get(Known::default);
    let waited_for: Vec<_> = {
        let known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(Weak::upgrade).collect()
    };
    let until = Instant::now() + PATIENCE;
    let open: usize = waited_for.iter().map(|progress| progress.wait(until)).sum();
    if open > 0 {
        let seconds = PATIENCE.as_secs();
        // Not `eprintln!`, which panics where there is no standard error.
        let _ = writeln!(
            stderr(),
            "chatkeep: {open} calls had not ended {seconds} s after the program; their outcome is not known"
        );
    }
}
