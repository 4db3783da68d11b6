//! A pair of sockets: what is written into one makes the other readable.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;

use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;

pub(crate) struct Pair {
    rung: UnixStream,
    heard: UnixStream,
}

/// A pair that this loop can watch; `None` when it can watch none.
pub(super) fn watchable(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Pair>> {
    let (rung, heard) = UnixStream::pair()?;
    rung.set_nonblocking(true)?;
    heard.set_nonblocking(true)?;
    let pair = Pair { rung, heard };
    // Asked in a way that changes nothing: it is watched only once there is something to call.
    match event_loop.call_method1(intern!(event_loop.py(), "remove_reader"), (pair.number(),)) {
        Ok(_) => Ok(Some(pair)),
        Err(error) if error.is_instance_of::<PyNotImplementedError>(event_loop.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Pair {
    /// The number of the end that the loop watches.
    pub(super) fn number(&self) -> RawFd {
        self.heard.as_raw_fd()
    }

    pub(super) fn ring(&self) {
        // When it is full, it is rung already.
        let _ = (&self.rung).write(&[1]);
    }

    pub(super) fn silence(&self) {
        let mut rings = [0; 64];
        while (&self.heard).read(&mut rings).is_ok_and(|count| count == rings.len()) {}
    }
}
