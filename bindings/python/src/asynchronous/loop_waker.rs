//! Wakes an event loop from another thread.

#[cfg(unix)]
mod socket;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

/// Wakes an event loop, which then calls `drain` of its mailbox.
pub(super) enum LoopWaker {
    /// Writes to a socket that the loop watches, without entering the interpreter.
    #[cfg(unix)]
    Socket(socket::WakeSocket),
    /// Enters the interpreter, for loops that watch no sockets, such as the default loop of
    /// Windows.
    ///
    /// The reference is weak, so the waker does not keep the loop alive.
    Loop(Py<PyWeakrefReference>),
}

impl LoopWaker {
    /// Creates a waker of this loop.
    ///
    /// The mailbox must be set as an attribute of the loop before the first call of `wake`.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        #[cfg(unix)]
        if let Some(socket) = socket::watchable(event_loop)? {
            return Ok(Self::Socket(socket));
        }
        Ok(Self::Loop(PyWeakrefReference::new(event_loop)?.unbind()))
    }

    /// Registers `drain` with the loop, to be called on every wake-up.
    pub(super) fn register(
        &self,
        event_loop: &Bound<'_, PyAny>,
        drain: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        #[cfg(unix)]
        if let Self::Socket(socket) = self {
            let reader = (socket.reader_fd(), drain);
            let registered =
                event_loop.call_method1(intern!(event_loop.py(), "add_reader"), reader);
            return registered.map(|_| ());
        }
        let _ = (event_loop, drain);
        Ok(())
    }

    /// Wakes the loop. Does nothing if the loop is closed, because no future of it is awaited.
    pub(super) fn wake(&self) {
        match self {
            #[cfg(unix)]
            Self::Socket(socket) => socket.wake(),
            Self::Loop(event_loop) => {
                // Skipped if the interpreter is shutting down.
                Python::try_attach(|py| {
                    if let Some(event_loop) = event_loop.bind(py).upgrade() {
                        let _ = schedule_drain(&event_loop);
                    }
                });
            }
        }
    }

    /// Clears pending wake-ups.
    pub(super) fn clear(&self) {
        #[cfg(unix)]
        if let Self::Socket(socket) = self {
            socket.clear();
        }
    }
}

fn schedule_drain(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let mailbox = event_loop.getattr(super::mailbox::attribute_name(py))?;
    let drain = mailbox.getattr(intern!(py, "drain"))?;
    event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (drain,)).map(|_| ())
}
