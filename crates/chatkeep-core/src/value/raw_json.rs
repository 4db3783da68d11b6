//! JSON values as raw JSON text in archives. A parsed value would change how numbers are written.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::Error;

pub(crate) fn serialize<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    raw(value).map_err(S::Error::custom)?.serialize(serializer)
}

pub(crate) fn deserialize<'de, T: FromStr<Err = Error>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?;
    text.get().parse().map_err(D::Error::custom)
}

/// Returns the canonical text, which a value is displayed as.
fn raw(value: &impl Display) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(value.to_string())
}

/// The same for a value that may be absent.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<impl Display>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(raw).transpose().map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: FromStr<Err = Error>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<&RawValue>::deserialize(deserializer)?;
        text.map(|text| text.get().parse()).transpose().map_err(D::Error::custom)
    }
}
