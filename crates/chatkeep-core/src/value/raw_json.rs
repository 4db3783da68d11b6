//! Metadata as raw JSON text in archives. A parsed value would change how numbers are written.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Metadata;

pub(crate) fn serialize<S: Serializer>(
    metadata: &Metadata,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    raw(metadata).map_err(S::Error::custom)?.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Metadata, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?;
    Metadata::parse(text.get()).map_err(D::Error::custom)
}

fn raw(metadata: &Metadata) -> serde_json::Result<&RawValue> {
    serde_json::from_str(metadata.as_json())
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
