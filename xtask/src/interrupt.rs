//! Signals that end a command: it stops after its current child process, and removes its temporary
//! files.

use std::process::Child;

use crate::failure::{Failure, Result};

#[cfg(unix)]
mod signals {
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// The last signal, or 0.
    static RECEIVED: AtomicI32 = AtomicI32::new(0);
    static CHILD: Mutex<Option<Pid>> = Mutex::new(None);

    pub(super) fn watch() -> std::io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        thread::spawn(move || {
            for signal in signals.forever() {
                RECEIVED.store(signal, Ordering::SeqCst);
                // The terminal sends SIGINT to the child as well.
                if signal != SIGINT {
                    terminate_child();
                }
            }
        });
        Ok(())
    }

    pub(super) fn received() -> i32 {
        RECEIVED.load(Ordering::SeqCst)
    }

    pub(super) fn set_child(id: Option<u32>) {
        let pid = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        *CHILD.lock().unwrap_or_else(PoisonError::into_inner) = pid;
        // The signal may have arrived before the child was known.
        if !matches!(received(), 0 | SIGINT) {
            terminate_child();
        }
    }

    fn terminate_child() {
        if let Some(pid) = *CHILD.lock().unwrap_or_else(PoisonError::into_inner) {
            // It may have exited already.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

#[cfg(not(unix))]
mod signals {
    pub(super) fn watch() -> std::io::Result<()> {
        Ok(())
    }

    pub(super) fn received() -> i32 {
        0
    }

    pub(super) fn set_child(_: Option<u32>) {}
}

/// Handles SIGINT, SIGTERM and SIGHUP from now on. The last two are forwarded to the child process
/// as SIGTERM.
pub(crate) fn watch() -> Result {
    signals::watch().map_err(|error| Failure::new(format!("watching for signals: {error}")))
}

/// Fails if a signal was received, with 128 plus its number as the exit code.
pub(crate) fn check() -> Result {
    match signals::received() {
        0 => Ok(()),
        signal => Err(Failure::printed(u8::try_from(128 + signal).unwrap_or(1))),
    }
}

/// The child process that gets the forwarded signals, until this is dropped.
pub(crate) struct Forwarding;

impl Forwarding {
    /// Forwards signals to `child`.
    pub(crate) fn to(child: &Child) -> Self {
        signals::set_child(Some(child.id()));
        Self
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        signals::set_child(None);
    }
}
