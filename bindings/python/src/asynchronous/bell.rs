//! How another thread wakes an event loop.

#[cfg(unix)]
mod socket;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

/// Wakes a loop, which then calls the `drain` of its mailbox.
pub(super) enum Bell {
    /// By a socket that the loop watches: without a word to the interpreter.
    #[cfg(unix)]
    Socket(socket::Pair),
    /// For loops that watch no sockets, as Windows' own: by entering the interpreter. The loop is gone some day.
    Loop(Py<PyWeakrefReference>),
}

impl Bell {
    /// A bell for this loop. The mailbox must hang on the loop by this name before it is first rung.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        #[cfg(unix)]
        if let Some(pair) = socket::watchable(event_loop)? {
            return Ok(Self::Socket(pair));
        }
        Ok(Self::Loop(PyWeakrefReference::new(event_loop)?.unbind()))
    }

    /// Has the loop call this when the bell rings.
    pub(super) fn connect(
        &self,
        event_loop: &Bound<'_, PyAny>,
        drain: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        #[cfg(unix)]
        if let Self::Socket(pair) = self {
            let watched = event_loop
                .call_method1(intern!(event_loop.py(), "add_reader"), (pair.number(), drain));
            return watched.map(|_| ());
        }
        let _ = (event_loop, drain);
        Ok(())
    }

    /// Rings. A loop that is closed by now hears nothing, and nobody waits there.
    pub(super) fn ring(&self) {
        match self {
            #[cfg(unix)]
            Self::Socket(pair) => pair.ring(),
            Self::Loop(event_loop) => {
                // None of it when the interpreter is ending.
                Python::try_attach(|py| {
                    if let Some(event_loop) = event_loop.bind(py).upgrade() {
                        let _ = ring_inside(&event_loop);
                    }
                });
            }
        }
    }

    /// It was heard.
    pub(super) fn silence(&self) {
        #[cfg(unix)]
        if let Self::Socket(pair) = self {
            pair.silence();
        }
    }
}

fn ring_inside(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let mailbox = event_loop.getattr(super::mailbox::name(py))?;
    let drain = mailbox.getattr(intern!(py, "drain"))?;
    event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (drain,)).map(|_| ())
}
