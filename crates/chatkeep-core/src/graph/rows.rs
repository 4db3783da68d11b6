//! Complete rows of the tables, for copying them between databases.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use diesel::{Insertable, Queryable};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::body::Body;
use super::namespaces::key_hash;
use super::new::{check_id, check_namespace, check_optional, check_thread};
use super::packed;
use super::values::Value;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::schema::{
    Characters, graph_checkpoints, graph_namespaces, graph_segments, graph_threads, graph_values,
    graph_writes,
};
use crate::transfer::stored_rows;
use crate::value::{Timestamp, check_hex};

/// Loads the next rows of a namespace with an id greater than `$after`, ordered by id.
macro_rules! next_rows {
    ($connection:expr, $table:ident of $namespace:expr, $after:expr, $limit:expr) => {{
        use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
        let rows = $crate::connection::on_engine!($connection, c => $table::table
            .filter($table::namespace_id.eq($namespace))
            .filter($table::id.gt($after))
            .order($table::id.asc())
            .limit($limit)
            .load(c));
        rows.map_err(|error| $connection.read_error(error))
    }};
}

pub(super) use next_rows;

/// A thread with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_threads)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredThread {
    /// Internal id.
    pub id: i64,
    /// The application's key.
    pub thread: String,
    /// SHA-256 of the key, as 64 lower-case hexadecimal digits.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub thread_hash: String,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last activity.
    pub updated_at: Timestamp,
    /// Time at which it expires.
    pub expires_at: Option<Timestamp>,
}

/// A namespace with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_namespaces)]
#[serde(deny_unknown_fields)]
pub struct StoredNamespace {
    /// Internal id.
    pub id: i64,
    /// Internal id of the thread.
    pub thread_id: i64,
    /// The name.
    pub name: String,
    /// SHA-256 of the name, as 64 lower-case hexadecimal digits.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub name_hash: String,
    /// Number of deletions in it.
    pub generation: i64,
}

/// A checkpoint with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_checkpoints)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredCheckpoint {
    /// Internal id.
    pub id: i64,
    /// Internal id of the namespace.
    pub namespace_id: i64,
    /// The framework's id.
    pub checkpoint_id: String,
    /// Id of the parent.
    pub parent_id: Option<String>,
    /// Id of the run.
    pub run_id: Option<String>,
    /// Time at which it was stored.
    pub created_at: Timestamp,
    /// The content.
    #[serde(with = "as_base64")]
    pub data: Vec<u8>,
}

/// A large value with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_values)]
#[serde(deny_unknown_fields)]
pub struct StoredValue {
    /// Internal id.
    pub id: i64,
    /// Internal id of the namespace.
    pub namespace_id: i64,
    /// SHA-256 of the value, as 64 lower-case hexadecimal digits.
    #[diesel(deserialize_as = Characters<String>, serialize_as = Characters<String>)]
    pub digest: String,
    /// The value.
    #[serde(with = "as_base64")]
    pub data: Vec<u8>,
}

/// A segment of a list with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_segments)]
#[serde(deny_unknown_fields)]
pub struct StoredSegment {
    /// Internal id.
    pub id: i64,
    /// Internal id of the namespace.
    pub namespace_id: i64,
    /// Key of the list.
    pub list_key: i64,
    /// Position of the first element.
    pub position: i64,
    /// Number of elements.
    pub elements: i64,
    /// The elements.
    #[serde(with = "as_base64")]
    pub data: Vec<u8>,
}

/// A write with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = graph_writes)]
#[serde(deny_unknown_fields)]
pub struct StoredWrite {
    /// Internal id.
    pub id: i64,
    /// Internal id of the namespace.
    pub namespace_id: i64,
    /// Id of the checkpoint from which the task started.
    pub checkpoint_id: String,
    /// Id of the task.
    pub task_id: String,
    /// Number of the write in its task.
    pub write_index: i64,
    /// Path of the task.
    pub task_path: String,
    /// Name of the channel.
    pub channel: String,
    /// The value.
    #[serde(with = "as_base64")]
    pub data: Vec<u8>,
}

/// Binary columns in the JSON of an archive.
mod as_base64 {
    use super::*;

    pub(super) fn serialize<S: Serializer>(data: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&BASE64_STANDARD.encode(data))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        BASE64_STANDARD
            .decode(text.as_ref())
            .map_err(|_| de::Error::custom("data is not base64 text"))
    }
}

stored_rows! {
    StoredThread: graph_threads by id, |row| 300 + row.thread.len(), |row| {
        check_thread("thread", &row.thread)?;
        check_hash("thread_hash", &row.thread_hash, &row.thread)
    };
    StoredNamespace: graph_namespaces by id, |row| 200 + row.name.len(), |row| {
        check_namespace("name", &row.name)?;
        check_hash("name_hash", &row.name_hash, &row.name)
    };
    StoredCheckpoint: graph_checkpoints by id, |row| 400 + row.data.len(), |row| {
        check_id("checkpoint_id", &row.checkpoint_id)?;
        check_optional("parent_id", row.parent_id.as_deref())?;
        check_optional("run_id", row.run_id.as_deref())?;
        Body::decode(&row.data).map(drop).map_err(|_| unreadable())
    };
    StoredValue: graph_values by id, |row| 200 + row.data.len(), |row| {
        check_hex("digest", &row.digest, 64)?;
        let value: Value = packed::decode(&row.data).map_err(|_| unreadable())?;
        if crate::token::hex(&Value::digest(&value.format, &value.data)) == row.digest {
            return Ok(());
        }
        Err(Error::invalid_input("digest", "is not that of the value"))
    };
    StoredSegment: graph_segments by id, |row| 200 + row.data.len(), |row| {
        if row.position < 0 || row.elements < 1 {
            return Err(Error::invalid_input("position", "or the number of elements is negative"));
        }
        packed::unpack(&row.data).map(drop).map_err(|_| unreadable())
    };
    StoredWrite: graph_writes by id, |row| 400 + row.task_path.len() + row.data.len(), |row| {
        for (field, id) in [
            ("checkpoint_id", &row.checkpoint_id),
            ("task_id", &row.task_id),
            ("channel", &row.channel),
        ] {
            check_id(field, id)?;
        }
        check_namespace("task_path", &row.task_path)?;
        packed::decode::<Value>(&row.data).map(drop).map_err(|_| unreadable())
    };
}

fn check_hash(field: &'static str, hash: &str, key: &str) -> Result<()> {
    if key_hash(key) == hash {
        return Ok(());
    }
    Err(Error::invalid_input(field, "is not the SHA-256 of the key"))
}

fn unreadable() -> Error {
    Error::invalid_input("data", "is unreadable")
}
