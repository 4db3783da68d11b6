//! Large values, which are stored once for each content.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::packed;
use crate::connection::{Connection, insert_many, on_engine};
use crate::error::Result;
use crate::schema::{Characters, graph_values};
use crate::token::hex;

/// Maximum number of values in one query.
const MAX_VALUES: usize = 100;

/// A serialized value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) format: String,
    pub(super) data: Vec<u8>,
}

/// A value to insert.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = graph_values)]
struct ValueRow<'a> {
    namespace_id: i64,
    digest: Characters<&'a str>,
    data: &'a [u8],
}

/// Values by namespace and digest.
#[derive(Debug, Default)]
pub(super) struct Values(HashMap<(i64, [u8; 32]), Value>);

impl Value {
    /// Returns the digest by which a value is found.
    pub(super) fn digest(format: &str, data: &[u8]) -> [u8; 32] {
        let mut sum = Sha256::new();
        // With the length, so that another format and value never have the same encoding.
        sum.update((format.len() as u64).to_le_bytes());
        sum.update(format);
        sum.update(data);
        sum.finalize().into()
    }
}

impl Values {
    /// Reads these values.
    pub(super) fn read(
        connection: &mut Connection,
        wanted: &BTreeSet<(i64, [u8; 32])>,
    ) -> Result<Self> {
        let mut found = HashMap::with_capacity(wanted.len());
        let wanted: Vec<_> = wanted.iter().collect();
        for values in wanted.chunks(MAX_VALUES) {
            let namespaces: BTreeSet<_> =
                values.iter().map(|(namespace_id, _)| *namespace_id).collect();
            let by_hex: HashMap<_, _> =
                values.iter().map(|(_, digest)| (hex(digest), *digest)).collect();
            let digests: Vec<_> = by_hex.keys().map(|digest| Characters(digest.as_str())).collect();
            let rows = on_engine!(connection, c => graph_values::table
                .filter(graph_values::namespace_id.eq_any(&namespaces))
                .filter(graph_values::digest.eq_any(&digests))
                .select((graph_values::namespace_id, graph_values::digest, graph_values::data))
                .load::<(i64, Characters<String>, Vec<u8>)>(c));
            for (namespace_id, Characters(digest), data) in
                rows.map_err(|error| connection.read_error(error))?
            {
                if let Some(digest) = by_hex.get(&digest) {
                    found.insert((namespace_id, *digest), packed::decode(&data)?);
                }
            }
        }
        Ok(Self(found))
    }

    /// Returns a value. `None` if it was deleted since the checkpoint was read.
    pub(super) fn get(&self, namespace_id: i64, digest: [u8; 32]) -> Option<&Value> {
        self.0.get(&(namespace_id, digest))
    }
}

/// Inserts the rows, by namespace and digest, that the locked namespaces do not have yet.
pub(super) fn insert_missing(
    connection: &mut Connection,
    mut rows: BTreeMap<(i64, String), Vec<u8>>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let namespaces: BTreeSet<_> = rows.keys().map(|(namespace_id, _)| *namespace_id).collect();
    let digests: Vec<_> = rows.keys().map(|(_, digest)| Characters(digest.as_str())).collect();
    let stored = on_engine!(connection, c => graph_values::table
        .filter(graph_values::namespace_id.eq_any(&namespaces))
        .filter(graph_values::digest.eq_any(&digests))
        .select((graph_values::namespace_id, graph_values::digest))
        .load::<(i64, Characters<String>)>(c));
    for (namespace_id, Characters(digest)) in
        stored.map_err(|error| connection.read_error(error))?
    {
        rows.remove(&(namespace_id, digest));
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|((namespace_id, digest), data)| ValueRow {
            namespace_id: *namespace_id,
            digest: Characters(digest),
            data,
        })
        .collect();
    let inserted = insert_many!(connection, graph_values, &rows[..], |row| row.data.len());
    inserted.map_err(|error| connection.insert_error(error))
}
