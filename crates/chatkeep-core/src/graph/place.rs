//! Where the values of a new checkpoint are stored.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Channel, List, Place, VERSION};
use super::elements::{Format, split};
use super::lists::{self, NewSegment, Segments, Tails};
use super::new::{NewChannel, NewCheckpoint};
use super::packed::{self, unreadable};
use super::values::Value;
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::graph_checkpoints;
use crate::token::hex;
use crate::value::{Bytes, MAX_ROW_BYTES};

/// Maximum size of a value that is stored in the row of its checkpoint, in bytes.
const MAX_HERE: usize = 256;
/// Number of earlier checkpoints that one query reads.
const PAGE: i64 = 100;

/// Rows that a new checkpoint can refer to, in its locked namespace.
pub(super) struct Earlier<'a> {
    pub(super) namespace_id: i64,
    pub(super) parent: Option<&'a Body>,
    pub(super) tails: &'a Tails,
}

/// The row of a new checkpoint, and the rows to insert for its values.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) body: Vec<u8>,
    pub(super) segments: Vec<NewSegment>,
    /// The values by digest.
    pub(super) values: BTreeMap<String, Vec<u8>>,
}

impl Earlier<'_> {
    /// Returns the number of elements under the key of a list's last part.
    fn tail(&self, list: &List) -> u64 {
        let last = list.parts.last();
        let tail = last.and_then(|last| self.tails.get(&(self.namespace_id, last.key)));
        tail.copied().unwrap_or_default()
    }
}

/// Returns where the values of a checkpoint are stored, in a locked namespace.
pub(super) fn place(
    connection: &mut Connection,
    earlier: &Earlier<'_>,
    new: &NewCheckpoint,
) -> Result<Placed> {
    let mut placed = Placed::default();
    let (mut channels, mut unknown) = (Vec::with_capacity(new.channels.len()), Vec::new());
    for (index, channel) in new.channels.iter().enumerate() {
        let of_parent = earlier.parent.and_then(|parent| parent.channel(&channel.channel));
        let place = if channel.changed {
            let base = of_parent.map(|channel| &channel.value);
            place_value(connection, earlier, channel, base, &mut placed).map_err(|error| {
                match error.field() {
                    Some(_) => error.with_field(format!("channels[{index}].data")),
                    None => error,
                }
            })?
        } else {
            match of_parent.filter(|of_parent| of_parent.version == channel.version) {
                Some(of_parent) => of_parent.value.clone(),
                None => {
                    unknown.push(index);
                    Place::Empty
                }
            }
        };
        let (name, version) = (channel.channel.clone(), channel.version.clone());
        channels.push(Channel { channel: name, version, value: place });
    }
    if !unknown.is_empty() {
        find_versions(connection, earlier.namespace_id, &mut channels, unknown)?;
    }
    let body = Body {
        version: VERSION,
        format: new.format.clone(),
        data: new.data.as_slice().to_vec(),
        metadata_format: new.metadata_format.clone(),
        metadata: new.metadata.as_slice().to_vec(),
        source: new.source.clone(),
        step: new.step,
        delta_channels: new.delta_channels.clone().unwrap_or_default(),
        channels,
    };
    placed.body = body.encode()?;
    check_row(connection, "data", &placed.body)?;
    Ok(placed)
}

/// Returns where the new value of a channel is stored, and adds the rows to insert.
fn place_value(
    connection: &mut Connection,
    earlier: &Earlier<'_>,
    channel: &NewChannel,
    base: Option<&Place>,
    placed: &mut Placed,
) -> Result<Place> {
    let (Some(format), Some(data)) = (&channel.format, channel.data.as_ref().map(Bytes::as_slice))
    else {
        return Ok(Place::Empty);
    };
    if data.len() <= MAX_HERE {
        return Ok(Place::Here { format: format.clone(), data: data.to_vec() });
    }
    if let Some(format) = Format::named(format)
        && let Some(elements) = split(format, data)
    {
        let base = match base {
            Some(Place::List(list)) => Some((list, earlier.tail(list))),
            _ => None,
        };
        let (list, segments) = lists::plan(format, &elements, base, |list| {
            read_list(connection, earlier.namespace_id, list)
        })?;
        for segment in &segments {
            check_row(connection, "data", &segment.data)?;
        }
        placed.segments.extend(segments);
        return Ok(Place::List(list));
    }
    let digest = Value::digest(format, data);
    let value = Value { format: format.clone(), data: data.to_vec() };
    let row = packed::encode(&value)?;
    check_row(connection, "data", &row)?;
    placed.values.insert(hex(&digest), row);
    Ok(Place::Stored(digest))
}

fn read_list(connection: &mut Connection, namespace_id: i64, list: &List) -> Result<Vec<Vec<u8>>> {
    let segments = Segments::read(connection, [(namespace_id, list)].into_iter())?;
    let elements = segments.elements(namespace_id, list)?.ok_or_else(unreadable)?;
    Ok(elements.into_iter().map(<[u8]>::to_vec).collect())
}

/// Finds the values of channels that the parent does not have with this version: in the latest
/// checkpoint of the namespace that has it. Channels without one stay empty.
fn find_versions(
    connection: &mut Connection,
    namespace_id: i64,
    channels: &mut [Channel],
    mut unknown: Vec<usize>,
) -> Result<()> {
    let mut before: Option<String> = None;
    loop {
        let rows = on_engine!(connection, c => {
            let mut query = graph_checkpoints::table
                .filter(graph_checkpoints::namespace_id.eq(namespace_id))
                .order(graph_checkpoints::checkpoint_id.desc())
                .select((graph_checkpoints::checkpoint_id, graph_checkpoints::data))
                .limit(PAGE)
                .into_boxed();
            if let Some(before) = &before {
                query = query.filter(graph_checkpoints::checkpoint_id.lt(before));
            }
            query.load::<(String, Vec<u8>)>(c)
        });
        let rows = rows.map_err(|error| connection.read_error(error))?;
        for (_, data) in &rows {
            let body = Body::decode(data)?;
            unknown.retain(|index| {
                let channel = &mut channels[*index];
                let found = body.channel(&channel.channel);
                let found = found.filter(|found| found.version == channel.version);
                if let Some(found) = found {
                    channel.value.clone_from(&found.value);
                }
                found.is_none()
            });
        }
        match rows.into_iter().next_back() {
            Some((last, _)) if !unknown.is_empty() => before = Some(last),
            _ => return Ok(()),
        }
    }
}

/// Checks that the server accepts a row of this size.
pub(super) fn check_row(connection: &Connection, field: &'static str, row: &[u8]) -> Result<()> {
    let limit = connection.max_row_bytes().unwrap_or(MAX_ROW_BYTES).min(MAX_ROW_BYTES);
    let size = row.len() as u64;
    if size <= limit {
        return Ok(());
    }
    Err(Error::invalid_input(
        field,
        format!("has {size} bytes after compression; at most {limit} can be stored"),
    ))
}
