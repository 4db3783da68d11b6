//! Ctrl-C and SIGTERM: end at once, and by that signal, but leave nothing half done.
//!
//! A thread waits for the signals. A command that is about to do something that must not be cut in half holds the
//! [`Farewell`]; the signal waits until it is let go, removes what the farewell names, says its last words, and lets
//! the process die of the signal, so that a shell sees 130 or 143. A second signal does not wait.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is left to do when the process has to end early.
#[derive(Debug, Default)]
pub(crate) struct Farewell {
    /// A file that is not finished.
    pub(crate) unfinished: Option<PathBuf>,
    /// What to tell on standard error.
    pub(crate) words: Option<String>,
}

#[derive(Debug, Default)]
struct Shared {
    farewell: Mutex<Farewell>,
    /// A signal has come, and nothing new may begin.
    leaving: AtomicBool,
}

/// The watch over the signals, for as long as it lives.
pub(crate) struct Interruption {
    shared: Arc<Shared>,
    #[cfg(unix)]
    watch: Option<signals::Watch>,
}

impl Interruption {
    /// Begins to watch. Where that cannot be done, the signals do what they always do.
    pub(crate) fn watch() -> Self {
        let shared = Arc::<Shared>::default();
        Self {
            #[cfg(unix)]
            watch: signals::Watch::start(Arc::clone(&shared)).ok(),
            shared,
        }
    }

    /// Puts a signal off until the guard is dropped, and gives access to the last words.
    pub(crate) fn hold(&self) -> MutexGuard<'_, Farewell> {
        // Whoever does one thing after the other would leave a signal no time in between.
        while self.shared.leaving.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.shared.farewell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
impl Drop for Interruption {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.stop();
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::io::{self, Write as _};
    use std::sync::atomic::Ordering;
    use std::sync::{Arc, TryLockError};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::low_level::emulate_default_handler;

    use super::Shared;

    /// How often a signal that has to wait looks whether it may go on.
    const PATIENCE: Duration = Duration::from_millis(20);

    pub(super) struct Watch {
        handle: Handle,
        thread: JoinHandle<()>,
    }

    impl Watch {
        pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
            let mut signals = Signals::new([SIGINT, SIGTERM])?;
            let handle = signals.handle();
            let thread =
                thread::Builder::new().name("chatkeep-signals".to_owned()).spawn(move || {
                    let Some(signal) = signals.forever().next() else { return };
                    take_leave(&shared, || signals.pending().next().is_some());
                    let _ = emulate_default_handler(signal);
                })?;
            Ok(Self { handle, thread })
        }

        pub(super) fn stop(self) {
            self.handle.close();
            let _ = self.thread.join();
        }
    }

    fn take_leave(shared: &Shared, mut is_urgent: impl FnMut() -> bool) {
        shared.leaving.store(true, Ordering::SeqCst);
        let held = loop {
            match shared.farewell.try_lock() {
                Ok(held) => break held,
                Err(TryLockError::Poisoned(held)) => break held.into_inner(),
                Err(TryLockError::WouldBlock) if is_urgent() => return,
                Err(TryLockError::WouldBlock) => thread::sleep(PATIENCE),
            }
        };
        if let Some(path) = &held.unfinished {
            let _ = fs::remove_file(path);
        }
        if let Some(words) = &held.words {
            let _ = writeln!(io::stderr(), "{words}");
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_unfinished_is_removed_and_nothing_new_begins() {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("half");
            fs::write(&path, "half").expect("a file");
            let shared = Shared::default();
            shared.farewell.lock().expect("free").unfinished = Some(path.clone());
            take_leave(&shared, || false);
            assert!(!path.exists());
            assert!(shared.leaving.load(Ordering::SeqCst));
        }

        #[test]
        fn a_second_signal_does_not_wait() {
            let shared = Shared::default();
            let held = shared.farewell.lock().expect("free");
            take_leave(&shared, || true);
            drop(held);
            assert!(shared.leaving.load(Ordering::SeqCst));
        }
    }
}
