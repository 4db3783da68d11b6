//! Waits for operations in flight when the process exits normally, so that a message is written
//! even if its future was dropped.

use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use chatkeep_pool::PerProcess;

use super::in_flight::InFlight;

/// Maximum delay of an exit: the default query timeout.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Operations that this process waits for. A forked child does not wait for its parent's.
static REGISTRY: LazyLock<PerProcess<Registry>> =
    LazyLock::new(|| PerProcess::new(Registry::default()));
/// Whether this process is exiting.
static IS_EXITING: AtomicBool = AtomicBool::new(false);
/// Registers the exit handler once. A forked child inherits the handler together with this value.
static HANDLER: Once = Once::new();

#[derive(Default)]
struct Registry(Mutex<Vec<Weak<InFlight>>>);

/// Returns whether the process is exiting, so that delayed work must be done now.
pub(crate) fn is_exiting() -> bool {
    IS_EXITING.load(Ordering::Relaxed)
}

/// Makes a normal exit wait for these operations.
pub(super) fn wait_for(in_flight: &Arc<InFlight>) {
    HANDLER.call_once(|| {
        #[expect(unsafe_code, reason = "the standard library has no exit handlers")]
        // SAFETY: `at_exit` takes and returns nothing, and never unwinds, because nothing in it
        // panics. If the registration fails, an exit does not wait.
        unsafe {
            libc::atexit(at_exit);
        }
    });
    let registry = REGISTRY.get(Registry::default);
    let mut registered = registry.0.lock().unwrap_or_else(PoisonError::into_inner);
    registered.retain(|in_flight| in_flight.strong_count() > 0);
    registered.push(Arc::downgrade(in_flight));
}

/// Waits for the registered operations, for at most [`LONGEST_WAIT`], and reports those that have
/// not ended.
///
/// The other threads are still running. A panic would abort the process, so nothing here panics.
extern "C" fn at_exit() {
    IS_EXITING.store(true, Ordering::Relaxed);
    let registry = REGISTRY.get(Registry::default);
    let registered: Vec<_> = {
        let registered = registry.0.lock().unwrap_or_else(PoisonError::into_inner);
        registered.iter().filter_map(Weak::upgrade).collect()
    };
    let until = Instant::now() + LONGEST_WAIT;
    let open: usize = registered.iter().map(|in_flight| in_flight.wait(until)).sum();
    if open > 0 {
        let seconds = LONGEST_WAIT.as_secs();
        // Not `eprintln!`, which panics if standard error is closed.
        let _ = writeln!(
            stderr(),
            "chatkeep: timed out {seconds} s after exit with {open} operations in flight; their \
             outcome is unknown"
        );
    }
}
