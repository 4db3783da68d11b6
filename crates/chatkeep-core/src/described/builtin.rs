//! The types that need no derive.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::argument::{FromValue, unexpected};
use super::types::{Described, Type};
use super::value::Value;
use crate::error::{Error, Result};
use crate::message::{Cursor, MetadataFilter, Order};
use crate::session::SessionSecret;
use crate::token::PlainToken;
use crate::value::{Bytes, JsonValue, Metadata, Secret, Timestamp};

/// Describes types, and converts values of these types if they can be arguments.
macro_rules! describe {
    ($($type:ty => $described:expr $(, $variant:ident as $expected:literal)?;)*) => {
        $(
            impl Described for $type {
                const TYPE: Type = $described;
            }
            $(
                impl FromValue for $type {
                    fn from_value(value: Value) -> Result<Self> {
                        match value {
                            Value::$variant(value) => Ok(value),
                            _ => Err(unexpected($expected)),
                        }
                    }
                }
            )?
        )*
    };
}

describe! {
    () => Type::Nothing;
    bool => Type::Bool, Bool as "a boolean";
    i64 => Type::Integer, Integer as "an integer";
    i32 => Type::Integer;
    u32 => Type::Integer;
    u64 => Type::Integer;
    usize => Type::Integer;
    i128 => Type::HugeInteger;
    Duration => Type::Seconds;
    &'static str => Type::Text;
    String => Type::Text, Text as "a string";
    PathBuf => Type::Path, Path as "a path";
    PlainToken => Type::Secret;
    Secret => Type::Secret;
    SessionSecret => Type::Secret;
    Timestamp => Type::Timestamp, Timestamp as "a timestamp";
    Bytes => Type::Bytes, Bytes as "binary data";
    Metadata => Type::Metadata, Metadata as "a JSON object";
    Vec<MetadataFilter> => Type::MetadataFilter;
    Cursor => Type::Cursor, Cursor as "a cursor";
    JsonValue => Type::Json, Json as "a JSON value";
    serde_json::Value => Type::Json;
    Order => Type::Bool;
    f64 => Type::Float;
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Float(value) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "a caller's integer is small")]
            Value::Integer(value) => Ok(value as f64),
            _ => Err(unexpected("a number")),
        }
    }
}

impl FromValue for Secret {
    fn from_value(value: Value) -> Result<Self> {
        String::from_value(value).map(Self::from)
    }
}

impl FromValue for Duration {
    fn from_value(value: Value) -> Result<Self> {
        let invalid = |_| Error::invalid_input("timeout", "must be 0 or more seconds");
        match value {
            Value::Seconds(value) => Ok(value),
            // The default of a parameter.
            Value::Float(seconds) => Self::try_from_secs_f64(seconds).map_err(invalid),
            _ => Err(unexpected("a duration")),
        }
    }
}

impl FromValue for Vec<MetadataFilter> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::MetadataFilter(value) => Ok(value),
            Value::Nothing => Ok(Self::new()),
            _ => Err(unexpected("a filter of metadata")),
        }
    }
}

/// In other languages the argument is `oldest_first`.
impl FromValue for Order {
    fn from_value(value: Value) -> Result<Self> {
        Ok(if bool::from_value(value)? { Self::OldestFirst } else { Self::NewestFirst })
    }
}

impl<T: Described> Described for Option<T> {
    const TYPE: Type = Type::Optional(&T::TYPE);
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Nothing => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: Described> Described for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::List(values) => {
                let element = |(index, value)| {
                    T::from_value(value).map_err(|error| {
                        let field = error.field().map(|field| format!(".{field}"));
                        error.with_field(format!("[{index}]{}", field.unwrap_or_default()))
                    })
                };
                values.into_iter().enumerate().map(element).collect()
            }
            _ => Err(unexpected("a list")),
        }
    }
}

impl<T: Described> Described for BTreeMap<String, T> {
    const TYPE: Type = Type::Map(&T::TYPE);
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Map(values) => {
                let entry = |(key, value)| {
                    let value = T::from_value(value).map_err(|error| {
                        let field = error.field().map(|field| format!(".{field}"));
                        error.with_field(format!("[{key}]{}", field.unwrap_or_default()))
                    });
                    value.map(|value| (key, value))
                };
                values.into_iter().map(entry).collect()
            }
            _ => Err(unexpected("a map")),
        }
    }
}
