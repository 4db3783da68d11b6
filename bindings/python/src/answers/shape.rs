//! The keys of records. Rows of the same record share them.

use std::cell::RefCell;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// The keys of a record.
pub(super) struct Shape {
    name: &'static str,
    keys: Vec<(&'static str, Py<PyString>)>,
    /// A `dict` with all keys, copied for each row. Adding the keys one by one would resize it.
    template: Py<PyDict>,
}

/// All shapes that were used. There are few, and they are never removed.
static KNOWN: Mutex<Vec<Arc<Shape>>> = Mutex::new(Vec::new());

/// The shapes of one answer, with the last string of each field, which the next row often repeats.
pub(super) struct Shapes<'py> {
    pub(super) py: Python<'py>,
    used: RefCell<Vec<Used<'py>>>,
}

struct Used<'py> {
    shape: Arc<Shape>,
    last: Vec<Option<Bound<'py, PyString>>>,
}

/// A field of a shape.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    shape: usize,
    field: usize,
}

impl<'py> Shapes<'py> {
    pub(super) fn new(py: Python<'py>) -> Self {
        Self { py, used: RefCell::default() }
    }

    /// Returns the number of a record's shape, if the record was converted before.
    pub(super) fn find(&self, name: &'static str, len: usize) -> Option<usize> {
        let is_same = |shape: &Shape| ptr::eq(shape.name, name) && shape.keys.len() == len;
        let mut used = self.used.borrow_mut();
        if let Some(at) = used.iter().position(|used| is_same(&used.shape)) {
            return Some(at);
        }
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let shape = Arc::clone(known.iter().find(|shape| is_same(shape))?);
        used.push(Used { last: vec![None; len], shape });
        Some(used.len() - 1)
    }

    /// Remembers the keys of a record.
    pub(super) fn remember(
        &self,
        name: &'static str,
        keys: Vec<(&'static str, Py<PyString>)>,
    ) -> PyResult<()> {
        let template = PyDict::new(self.py);
        for (_, key) in &keys {
            template.set_item(key, self.py.None())?;
        }
        let shape = Arc::new(Shape { name, keys, template: template.unbind() });
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(shape);
        Ok(())
    }

    /// Returns a `dict` with all keys and without values.
    pub(super) fn row(&self, shape: usize) -> PyResult<Bound<'py, PyDict>> {
        self.used.borrow()[shape].shape.template.bind(self.py).copy()
    }

    /// Returns whether the field at this position has this name.
    pub(super) fn has_key(&self, slot: Slot, name: &'static str) -> bool {
        let used = self.used.borrow();
        let known = used[slot.shape].shape.keys.get(slot.field);
        known.is_some_and(|(known, _)| ptr::eq(*known, name) || *known == name)
    }

    /// Returns the key of a field, which exists.
    pub(super) fn key(&self, slot: Slot) -> Bound<'py, PyString> {
        self.used.borrow()[slot.shape].shape.keys[slot.field].1.bind(self.py).clone()
    }

    /// Converts a string of a field.
    pub(super) fn text(&self, slot: Slot, text: &str) -> Bound<'py, PyString> {
        let last = &mut self.used.borrow_mut()[slot.shape].last[slot.field];
        if let Some(last) =
            last.as_ref().filter(|last| last.to_str().is_ok_and(|last| last == text))
        {
            return last.clone();
        }
        let converted = PyString::new(self.py, text);
        *last = Some(converted.clone());
        converted
    }
}

impl Slot {
    pub(super) fn new(shape: usize, field: usize) -> Self {
        Self { shape, field }
    }
}
