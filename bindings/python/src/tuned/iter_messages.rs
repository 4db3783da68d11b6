//! `iter_messages`, which returns an iterator.

use chatkeep::operation::Arguments;
use chatkeep::{MessageFilter, Order, SharedHandle};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::ResultKeys;
use crate::call::enter_nonblocking;
use crate::message_iterator::MessageIterator;
use crate::operation::Entry;

/// Returns an iterator over messages.
pub(super) fn call<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let messages = enter_nonblocking(py, entry.name(), || {
        let values = entry.values(given, &mut ResultKeys::default())?;
        let mut arguments = Arguments::new(&entry.fields, values);
        // The order is the last parameter, and the others are the filter's.
        let filter: MessageFilter = arguments.group(entry.fields.len() - 1)?;
        let order: Order = arguments.take()?;
        let messages = handle.chat()?.messages().iter_messages(&filter, order);
        Ok(MessageIterator::new(SharedHandle::clone(handle), entry, messages))
    })?;
    Ok(Bound::new(py, messages)?.into_any())
}
