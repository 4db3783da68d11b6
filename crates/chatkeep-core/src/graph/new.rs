//! Checkpoints and writes to store, and the rules that they must meet.

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{Bytes, check_bytes, check_name, check_nonempty_name, refuse_nul};

/// Maximum length of an id, a channel and a version, in characters.
const MAX_NAME: usize = 255;
/// Maximum size of a thread's key and of a namespace, in bytes.
const MAX_KEY_BYTES: u64 = 64 << 10;
/// Maximum length of a serializer's name, in characters.
const MAX_FORMAT: usize = 64;
/// Maximum size of a serialized value, in bytes.
const MAX_VALUE_BYTES: usize = 64 << 20;

/// A checkpoint to store: the state of a graph between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Record)]
#[record(argument)]
pub struct NewCheckpoint {
    /// Id of the checkpoint. A later checkpoint has a greater id, compared by bytes.
    pub id: String,
    /// Namespace of the graph, empty for the outermost one.
    pub namespace: Option<String>,
    /// Id of the checkpoint from which this one was computed.
    pub parent_id: Option<String>,
    /// Name of the serializer's format, such as `msgpack`.
    pub format: String,
    /// The serialized checkpoint without the values of its channels.
    pub data: Bytes,
    /// Name of the serializer's format of the metadata.
    pub metadata_format: String,
    /// The serialized metadata.
    pub metadata: Bytes,
    /// Origin of the checkpoint, such as `input` or `loop`.
    pub source: Option<String>,
    /// Number of the step.
    pub step: Option<i64>,
    /// Id of the run that created it.
    pub run_id: Option<String>,
    /// Channels whose value is computed from the writes since an earlier checkpoint. A deletion keeps
    /// these writes.
    pub delta_channels: Option<Vec<String>>,
    /// All channels that have a version.
    pub channels: Vec<NewChannel>,
}

/// A channel of a checkpoint to store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Record)]
#[record(argument)]
pub struct NewChannel {
    /// Name of the channel.
    pub channel: String,
    /// Version of the value, as JSON.
    pub version: String,
    /// Whether this checkpoint changes the channel. Otherwise it has the value of the parent, or of
    /// the latest checkpoint with the same version.
    pub changed: bool,
    /// Name of the serializer's format of the value.
    pub format: Option<String>,
    /// The serialized value. A changed channel without a value is empty.
    pub data: Option<Bytes>,
}

/// A write of a task to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Record)]
#[record(argument)]
pub struct NewGraphWrite {
    /// Number of the write in its task. A write with a number of 0 or more is stored once, and one with
    /// a negative number replaces an earlier one.
    pub index: i64,
    /// Name of the channel.
    pub channel: String,
    /// Name of the serializer's format of the value.
    pub format: String,
    /// The serialized value.
    pub data: Bytes,
}

impl NewCheckpoint {
    /// Creates a checkpoint in the outermost namespace, without a parent and channels.
    pub fn new(
        id: impl Into<String>,
        format: impl Into<String>,
        data: Bytes,
        metadata_format: impl Into<String>,
        metadata: Bytes,
    ) -> Self {
        Self {
            id: id.into(),
            format: format.into(),
            data,
            metadata_format: metadata_format.into(),
            metadata,
            ..Self::default()
        }
    }

    /// Validates the checkpoint without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_id("id", &self.id)?;
        check_namespace("namespace", self.namespace())?;
        check_optional("parent_id", self.parent_id.as_deref())?;
        check_optional("run_id", self.run_id.as_deref())?;
        check_name("source", self.source.as_deref().unwrap_or_default(), MAX_NAME)?;
        check_value(&self.format, &self.data, ["format", "data"])?;
        check_value(&self.metadata_format, &self.metadata, ["metadata_format", "metadata"])?;
        for channel in self.delta_channels.iter().flatten() {
            check_name("delta_channels", channel, MAX_NAME)?;
        }
        for (index, channel) in self.channels.iter().enumerate() {
            channel.check().map_err(|error| {
                let field = format!("channels[{index}].{}", error.field().unwrap_or_default());
                error.with_field(field)
            })?;
        }
        let mut names: Vec<_> = self.channels.iter().map(|channel| &channel.channel).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::invalid_input(
                "channels",
                format!("contains the channel {:?} twice", pair[0]),
            )),
            None => Ok(()),
        }
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }
}

impl NewChannel {
    /// Creates a channel with a new value.
    pub fn with_value(
        channel: impl Into<String>,
        version: impl Into<String>,
        format: impl Into<String>,
        data: Bytes,
    ) -> Self {
        Self {
            channel: channel.into(),
            version: version.into(),
            changed: true,
            format: Some(format.into()),
            data: Some(data),
        }
    }

    /// Creates a channel that has the value of an earlier checkpoint.
    pub fn unchanged(channel: impl Into<String>, version: impl Into<String>) -> Self {
        Self { channel: channel.into(), version: version.into(), ..Self::default() }
    }

    fn check(&self) -> Result<()> {
        check_id("channel", &self.channel)?;
        check_id("version", &self.version)?;
        match (&self.format, &self.data) {
            (None, None) => Ok(()),
            (Some(format), Some(data)) if self.changed => {
                check_value(format, data, ["format", "data"])
            }
            (Some(_), Some(_)) => Err(Error::invalid_input(
                "data",
                "is given for a channel that is not changed; set changed, or omit format and data",
            )),
            (None, Some(_)) => Err(Error::invalid_input("format", "is missing for this data")),
            (Some(_), None) => Err(Error::invalid_input("data", "is missing for this format")),
        }
    }
}

impl NewGraphWrite {
    fn check(&self) -> Result<()> {
        check_id("channel", &self.channel)?;
        check_value(&self.format, &self.data, ["format", "data"])
    }
}

/// Validates the writes of a task.
///
/// # Errors
/// `InvalidInput` with the write's position and field (`writes[3].channel`).
pub(super) fn check_writes(writes: &[NewGraphWrite]) -> Result<()> {
    for (index, write) in writes.iter().enumerate() {
        write.check().map_err(|error| {
            let field = format!("writes[{index}].{}", error.field().unwrap_or_default());
            error.with_field(field)
        })?;
    }
    let mut numbers: Vec<_> = writes.iter().map(|write| write.index).collect();
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(Error::invalid_input("writes", format!("contains the index {} twice", pair[0])))
        }
        None => Ok(()),
    }
}

/// Validates the key of a thread.
///
/// # Errors
/// `InvalidInput` with this field if it is empty, longer than 64 KiB, or contains a NUL character.
pub fn check_thread(field: &'static str, thread: &str) -> Result<()> {
    if thread.is_empty() {
        return Err(Error::invalid_input(field, "is empty"));
    }
    check_namespace(field, thread)
}

/// Validates a namespace, which may be empty.
///
/// # Errors
/// `InvalidInput` with this field if it is longer than 64 KiB, or contains a NUL character.
pub fn check_namespace(field: &'static str, namespace: &str) -> Result<()> {
    refuse_nul(field, namespace)?;
    check_bytes(field, namespace, MAX_KEY_BYTES)
}

/// Validates an id or a name.
///
/// # Errors
/// `InvalidInput` with this field if it is empty, has more than 255 characters, or contains a NUL
/// character.
pub fn check_id(field: &'static str, id: &str) -> Result<()> {
    check_nonempty_name(field, id, MAX_NAME)
}

pub(super) fn check_optional(field: &'static str, id: Option<&str>) -> Result<()> {
    id.map_or(Ok(()), |id| check_id(field, id))
}

fn check_value(
    format: &str,
    data: &Bytes,
    [format_field, data_field]: [&'static str; 2],
) -> Result<()> {
    check_nonempty_name(format_field, format, MAX_FORMAT)?;
    let size = data.as_slice().len();
    if size > MAX_VALUE_BYTES {
        return Err(Error::invalid_input(
            data_field,
            format!("has {size} bytes; at most {MAX_VALUE_BYTES} can be stored"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> NewChannel {
        NewChannel {
            channel: name.to_owned(),
            version: "1".to_owned(),
            changed: true,
            format: Some("json".to_owned()),
            data: Some(Bytes::from(b"1".to_vec())),
        }
    }

    #[test]
    fn invalid_checkpoints_are_refused_by_field() {
        let valid = NewCheckpoint {
            id: "1".to_owned(),
            format: "json".to_owned(),
            metadata_format: "json".to_owned(),
            channels: vec![channel("a"), channel("b")],
            ..NewCheckpoint::default()
        };
        valid.check().expect("it is valid");
        type Change = fn(&mut NewCheckpoint);
        let changes: [(Change, &str); 9] = [
            (|new| new.id.clear(), "id"),
            (|new| new.id = "a".repeat(256), "id"),
            (|new| new.namespace = Some("a\0".to_owned()), "namespace"),
            (|new| new.parent_id = Some(String::new()), "parent_id"),
            (|new| new.format.clear(), "format"),
            (|new| new.channels[1].channel = "a".to_owned(), "channels"),
            (|new| new.channels[1].version.clear(), "channels[1].version"),
            (|new| new.channels[1].changed = false, "channels[1].data"),
            (|new| new.channels[0].format = None, "channels[0].format"),
        ];
        for (change, field) in changes {
            let mut new = valid.clone();
            change(&mut new);
            assert_eq!(new.check().expect_err(field).field(), Some(field));
        }
    }
}
