//! A pair of connected sockets: writing to one makes the other readable.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;

use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;

pub(crate) struct WakeSocket {
    writer: UnixStream,
    reader: UnixStream,
}

/// Returns a socket pair for this loop, or `None` if the loop cannot watch sockets.
pub(super) fn watchable(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<WakeSocket>> {
    let (writer, reader) = UnixStream::pair()?;
    writer.set_nonblocking(true)?;
    reader.set_nonblocking(true)?;
    let socket = WakeSocket { writer, reader };
    // Removing a reader that was never added has no effect, but fails if the loop has no support.
    let removed =
        event_loop.call_method1(intern!(event_loop.py(), "remove_reader"), (socket.reader_fd(),));
    match removed {
        Ok(_) => Ok(Some(socket)),
        Err(error) if error.is_instance_of::<PyNotImplementedError>(event_loop.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

impl WakeSocket {
    /// Returns the file descriptor that the loop watches.
    pub(super) fn reader_fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    pub(super) fn wake(&self) {
        // If the buffer is full, a wake-up is already pending.
        let _ = (&self.writer).write(&[1]);
    }

    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while (&self.reader).read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
    }
}
