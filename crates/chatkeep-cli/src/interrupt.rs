//! Handling of Ctrl-C and SIGTERM: the process cleans up and dies of the signal.
//!
//! A thread waits for the signals. A command defers them by locking the [`Cleanup`] during an
//! operation that must not be interrupted. After the lock is released, the thread removes the
//! partial file and prints the message. Then the process dies of the signal, so that a shell
//! reports 130 or 143. A second signal is not deferred.
//!
//! A command that runs until it is stopped handles the first signal itself. The second one has the
//! effect above.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cleanup before the process ends by a signal.
#[derive(Debug, Default)]
pub(crate) struct Cleanup {
    /// Incomplete file to remove.
    pub(crate) partial_file: Option<PathBuf>,
    /// Message for standard error.
    pub(crate) message: Option<String>,
}

/// Function that handles the first signal.
type Stop = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Shared {
    cleanup: Mutex<Cleanup>,
    /// A signal was received; no new operation may start.
    terminating: AtomicBool,
    stop: Mutex<Option<Stop>>,
}

/// Signal handler, active until it is dropped.
pub(crate) struct InterruptHandler {
    shared: Arc<Shared>,
    #[cfg(unix)]
    thread: Option<signals::SignalThread>,
}

impl InterruptHandler {
    /// Installs the handler. If that fails, the signals keep their default action.
    pub(crate) fn install() -> Self {
        let shared = Arc::<Shared>::default();
        Self {
            #[cfg(unix)]
            thread: signals::SignalThread::start(Arc::clone(&shared)).ok(),
            shared,
        }
    }

    /// Lets `stop` handle the first signal.
    pub(crate) fn stop_with(&self, stop: impl FnOnce() + Send + 'static) {
        let mut first = self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *first = Some(Box::new(stop));
    }

    /// Defers signals until the guard is dropped, and gives access to the cleanup.
    pub(crate) fn defer(&self) -> MutexGuard<'_, Cleanup> {
        // Without this, a caller that defers repeatedly could keep the signal thread from the lock.
        while self.shared.terminating.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.shared.cleanup.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Drop for InterruptHandler {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.stop();
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::io::{self, Write as _};
    use std::sync::atomic::Ordering;
    use std::sync::{Arc, PoisonError, TryLockError};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::emulate_default_handler;

    use super::Shared;

    /// Interval at which the signal thread tries to lock the cleanup.
    const POLL_INTERVAL: Duration = Duration::from_millis(20);

    pub(super) struct SignalThread {
        handle: Handle,
        thread: JoinHandle<()>,
    }

    impl SignalThread {
        pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
            let mut signals = Signals::new([SIGINT, SIGTERM])?;
            let handle = signals.handle();
            let thread =
                thread::Builder::new().name("chatkeep-signals".to_owned()).spawn(move || {
                    let Some(mut signal) = signals.forever().next() else { return };
                    let stop = shared.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(stop) = stop {
                        stop();
                        let Some(second) = signals.forever().next() else { return };
                        signal = second;
                    }
                    clean_up(&shared, || signals.pending().next().is_some());
                    let _ = emulate_default_handler(signal);
                })?;
            Ok(Self { handle, thread })
        }

        pub(super) fn stop(self) {
            self.handle.close();
            let _ = self.thread.join();
        }
    }

    fn clean_up(shared: &Shared, mut is_urgent: impl FnMut() -> bool) {
        shared.terminating.store(true, Ordering::SeqCst);
        let cleanup = loop {
            match shared.cleanup.try_lock() {
                Ok(cleanup) => break cleanup,
                Err(TryLockError::Poisoned(error)) => break error.into_inner(),
                Err(TryLockError::WouldBlock) if is_urgent() => return,
                Err(TryLockError::WouldBlock) => thread::sleep(POLL_INTERVAL),
            }
        };
        if let Some(path) = &cleanup.partial_file {
            let _ = fs::remove_file(path);
        }
        if let Some(message) = &cleanup.message {
            let _ = writeln!(io::stderr(), "{message}");
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn partial_files_are_removed_and_new_operations_blocked() {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("half");
            fs::write(&path, "half").expect("a file");
            let shared = Shared::default();
            shared.cleanup.lock().expect("free").partial_file = Some(path.clone());
            clean_up(&shared, || false);
            assert!(!path.exists());
            assert!(shared.terminating.load(Ordering::SeqCst));
        }

        #[test]
        fn a_second_signal_is_not_deferred() {
            let shared = Shared::default();
            let cleanup = shared.cleanup.lock().expect("free");
            clean_up(&shared, || true);
            drop(cleanup);
            assert!(shared.terminating.load(Ordering::SeqCst));
        }
    }
}
