//! JSON values as raw JSON text in archives. A parsed value would change how numbers are written.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{JsonValue, Metadata};

/// A type whose canonical text is written.
pub(crate) trait RawJson: Sized {
    fn json_text(&self) -> &str;

    fn from_json_text(text: &str) -> crate::error::Result<Self>;
}

impl RawJson for Metadata {
    fn json_text(&self) -> &str {
        self.as_json()
    }

    fn from_json_text(text: &str) -> crate::error::Result<Self> {
        Self::parse(text)
    }
}

impl RawJson for JsonValue {
    fn json_text(&self) -> &str {
        self.as_json()
    }

    fn from_json_text(text: &str) -> crate::error::Result<Self> {
        Self::parse(text)
    }
}

pub(crate) fn serialize<T: RawJson, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    raw(value).map_err(S::Error::custom)?.serialize(serializer)
}

pub(crate) fn deserialize<'de, T: RawJson, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?;
    T::from_json_text(text.get()).map_err(D::Error::custom)
}

fn raw(value: &impl RawJson) -> serde_json::Result<&RawValue> {
    serde_json::from_str(value.json_text())
}

/// The same for metadata that may be absent.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        metadata: &Option<Metadata>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        metadata.as_ref().map(raw).transpose().map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Metadata>, D::Error> {
        let text = Option::<&RawValue>::deserialize(deserializer)?;
        text.map(|text| Metadata::parse(text.get())).transpose().map_err(D::Error::custom)
    }
}
