//! `flush` and `close`, which wait for other calls. They do not open a store.

use std::sync::Arc;
use std::time::Duration;

use chatkeep::operation::Arguments;
use chatkeep::{Chatkeep, SharedHandle};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::ResultKeys;
use crate::asynchronous::submit_waiting;
use crate::call::enter_if_open;
use crate::errors::ArgResult;
use crate::operation::Entry;

type Wait = fn(&Chatkeep, Duration) -> chatkeep::Result<()>;

const FLUSH: Wait = Chatkeep::flush;
const CLOSE: Wait = Chatkeep::close;

pub(super) fn flush<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    call(py, || handle.opened(), entry, given, FLUSH)
}

pub(super) fn close<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    call(py, || handle.take(), entry, given, CLOSE)
}

pub(super) fn submit_flush<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    submit_waiting(py, entry.name(), || timeout(entry, given), || handle.opened(), FLUSH)
}

pub(super) fn submit_close<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    submit_waiting(py, entry.name(), || timeout(entry, given), || handle.take(), CLOSE)
}

fn call<'py>(
    py: Python<'py>,
    find: impl FnOnce() -> Option<Arc<Chatkeep>>,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
    wait: Wait,
) -> PyResult<Bound<'py, PyAny>> {
    enter_if_open(py, entry.name(), || timeout(entry, given), find, wait)?;
    Ok(py.None().into_bound(py))
}

fn timeout(entry: &Entry, given: &Bound<'_, PyTuple>) -> ArgResult<Duration> {
    let values = entry.values(given, &mut ResultKeys::default())?;
    Ok(Arguments::new(&entry.fields, values).take()?)
}
