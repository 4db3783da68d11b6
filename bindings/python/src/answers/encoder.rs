//! A serializer whose output is Python objects.

use std::fmt;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer,
};

use super::shape::{Shapes, Slot};

/// The name of a secret among the types that the library serializes.
const SECRET: &str = "Secret";

/// Converts one value.
#[derive(Clone, Copy)]
pub(super) struct Encoder<'a, 'py> {
    shapes: &'a Shapes<'py>,
    /// The field that the value is of, if its last string is remembered.
    slot: Option<Slot>,
}

type Object<'py> = Bound<'py, PyAny>;
type Encoded<T> = Result<T, EncodeError>;

#[derive(Debug)]
pub(super) enum EncodeError {
    Python(PyErr),
    Other(String),
}

impl<'a, 'py> Encoder<'a, 'py> {
    pub(super) fn new(shapes: &'a Shapes<'py>) -> Self {
        Self { shapes, slot: None }
    }

    fn object(self, value: impl IntoPyObjectExt<'py>) -> Encoded<Object<'py>> {
        Ok(value.into_bound_py_any(self.shapes.py)?)
    }
}

impl<'a, 'py> Serializer for Encoder<'a, 'py> {
    type Ok = Object<'py>;
    type Error = EncodeError;
    type SerializeSeq = ListEncoder<'a, 'py>;
    type SerializeTuple = Impossible<Self::Ok, EncodeError>;
    type SerializeTupleStruct = Impossible<Self::Ok, EncodeError>;
    type SerializeTupleVariant = Impossible<Self::Ok, EncodeError>;
    type SerializeMap = MapEncoder<'a, 'py>;
    type SerializeStruct = RecordEncoder<'a, 'py>;
    type SerializeStructVariant = Impossible<Self::Ok, EncodeError>;

    /// `Bytes` is base64 text in readable formats. No other type of a result depends on this.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_i8(self, value: i8) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_i16(self, value: i16) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_i32(self, value: i32) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_i64(self, value: i64) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_i128(self, value: i128) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_u8(self, value: u8) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_u16(self, value: u16) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_u32(self, value: u32) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_u64(self, value: u64) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_f32(self, value: f32) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_f64(self, value: f64) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_char(self, value: char) -> Encoded<Self::Ok> {
        self.object(value)
    }

    fn serialize_str(self, value: &str) -> Encoded<Self::Ok> {
        Ok(match self.slot {
            Some(slot) => self.shapes.text(slot, value),
            None => PyString::new(self.shapes.py, value),
        }
        .into_any())
    }

    fn serialize_bytes(self, value: &[u8]) -> Encoded<Self::Ok> {
        Ok(PyBytes::new(self.shapes.py, value).into_any())
    }

    fn serialize_none(self) -> Encoded<Self::Ok> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Encoded<Self::Ok> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Encoded<Self::Ok> {
        Ok(self.shapes.py.None().into_bound(self.shapes.py))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Encoded<Self::Ok> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Encoded<Self::Ok> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Encoded<Self::Ok> {
        static SECRET_CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let value = value.serialize(self)?;
        if name != SECRET {
            return Ok(value);
        }
        Ok(SECRET_CLASS.import(self.shapes.py, "chatkeep._secret", SECRET)?.call1((value,))?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Encoded<Self::Ok> {
        let dict = PyDict::new(self.shapes.py);
        dict.set_item(variant, value.serialize(Encoder::new(self.shapes))?)?;
        Ok(dict.into_any())
    }

    fn serialize_seq(self, _: Option<usize>) -> Encoded<Self::SerializeSeq> {
        Ok(ListEncoder { shapes: self.shapes, list: PyList::empty(self.shapes.py) })
    }

    fn serialize_tuple(self, _: usize) -> Encoded<Self::SerializeTuple> {
        Err(EncodeError::custom("a tuple is not a described type"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Encoded<Self::SerializeTupleStruct> {
        Err(EncodeError::custom("a tuple is not a described type"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Encoded<Self::SerializeTupleVariant> {
        Err(EncodeError::custom("a tuple is not a described type"))
    }

    fn serialize_map(self, _: Option<usize>) -> Encoded<Self::SerializeMap> {
        let dict = PyDict::new(self.shapes.py);
        Ok(MapEncoder { shapes: self.shapes, dict, key: None })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Encoded<Self::SerializeStruct> {
        RecordEncoder::new(self.shapes, name, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Encoded<Self::SerializeStructVariant> {
        Err(EncodeError::custom("a variant with fields is not a described type"))
    }
}

pub(super) struct ListEncoder<'a, 'py> {
    shapes: &'a Shapes<'py>,
    list: Bound<'py, PyList>,
}

impl<'py> SerializeSeq for ListEncoder<'_, 'py> {
    type Ok = Object<'py>;
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded<()> {
        Ok(self.list.append(value.serialize(Encoder::new(self.shapes))?)?)
    }

    fn end(self) -> Encoded<Self::Ok> {
        Ok(self.list.into_any())
    }
}

pub(super) struct MapEncoder<'a, 'py> {
    shapes: &'a Shapes<'py>,
    dict: Bound<'py, PyDict>,
    key: Option<Object<'py>>,
}

impl<'py> SerializeMap for MapEncoder<'_, 'py> {
    type Ok = Object<'py>;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Encoded<()> {
        self.key = Some(key.serialize(Encoder::new(self.shapes))?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Encoded<()> {
        let value = value.serialize(Encoder::new(self.shapes))?;
        match self.key.take() {
            Some(key) => Ok(self.dict.set_item(key, value)?),
            None => Err(EncodeError::custom("a value has no key")),
        }
    }

    fn end(self) -> Encoded<Self::Ok> {
        Ok(self.dict.into_any())
    }
}

pub(super) struct RecordEncoder<'a, 'py> {
    shapes: &'a Shapes<'py>,
    name: &'static str,
    dict: Bound<'py, PyDict>,
    /// The known keys, or the keys so far of a record that is converted for the first time.
    keys: Keys,
    field: usize,
}

enum Keys {
    Known(usize),
    New(Vec<(&'static str, Py<PyString>)>),
    /// The record's name is that of others with different keys.
    Ambiguous,
}

impl<'a, 'py> RecordEncoder<'a, 'py> {
    fn new(shapes: &'a Shapes<'py>, name: &'static str, len: usize) -> Encoded<Self> {
        let (dict, keys) = match shapes.find(name, len) {
            Some(shape) => (shapes.row(shape)?, Keys::Known(shape)),
            None => (PyDict::new(shapes.py), Keys::New(Vec::with_capacity(len))),
        };
        Ok(Self { shapes, name, dict, keys, field: 0 })
    }

    /// Removes the keys of the template that have no value yet.
    fn forget_shape(&mut self) -> PyResult<()> {
        let dict = PyDict::new(self.shapes.py);
        for (key, value) in self.dict.iter().take(self.field) {
            dict.set_item(key, value)?;
        }
        self.dict = dict;
        self.keys = Keys::Ambiguous;
        Ok(())
    }
}

impl<'py> SerializeStruct for RecordEncoder<'_, 'py> {
    type Ok = Object<'py>;
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Encoded<()> {
        let py = self.shapes.py;
        if let Keys::Known(shape) = self.keys {
            let slot = Slot::new(shape, self.field);
            if self.shapes.has_key(slot, name) {
                let value = value.serialize(Encoder { shapes: self.shapes, slot: Some(slot) })?;
                self.field += 1;
                // The template already has `None`, which many fields are.
                if !value.is_none() {
                    self.dict.set_item(self.shapes.key(slot), value)?;
                }
                return Ok(());
            }
            self.forget_shape()?;
        }
        let value = value.serialize(Encoder::new(self.shapes))?;
        let key = PyString::intern(py, name);
        self.dict.set_item(&key, value)?;
        if let Keys::New(keys) = &mut self.keys {
            keys.push((name, key.unbind()));
        }
        self.field += 1;
        Ok(())
    }

    fn end(self) -> Encoded<Self::Ok> {
        if let Keys::New(keys) = self.keys {
            self.shapes.remember(self.name, keys)?;
        }
        Ok(self.dict.into_any())
    }
}

impl From<PyErr> for EncodeError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

impl std::error::Error for EncodeError {}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(error) => error.fmt(f),
            Self::Other(message) => f.write_str(message),
        }
    }
}
