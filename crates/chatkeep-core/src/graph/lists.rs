//! Lists whose elements are stored once.
//!
//! The elements of a list are in segments, under a random key and with positions from 0. A
//! checkpoint has ranges of them. The next checkpoint usually has the same elements and some more, and
//! appends a segment. If it has others, for example in a fork from an earlier checkpoint or after a
//! summary replaced the first ones, the common elements stay where they are, and the others begin a
//! new list.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::dsl::max;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use sha2::{Digest as _, Sha256};

use super::body::{List, Part};
use super::elements::{self, Format, join};
use super::packed::{pack, unpack, unreadable};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::graph_segments;
use crate::token::random_bytes;

/// Maximum number of parts of a list. Then it is stored as a whole again.
const MAX_PARTS: usize = 16;
/// Maximum size of the elements of one segment, unless one element is larger, in bytes.
const MAX_SEGMENT_BYTES: usize = 512 << 10;
/// Maximum number of lists in one query.
const MAX_KEYS: usize = 200;

/// A segment to insert.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = graph_segments)]
pub(super) struct SegmentRow<'a> {
    pub(super) namespace_id: i64,
    pub(super) list_key: i64,
    pub(super) position: i64,
    pub(super) elements: i64,
    pub(super) data: &'a [u8],
}

/// A segment that a list gains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewSegment {
    pub(super) key: i64,
    pub(super) position: u64,
    pub(super) elements: u64,
    pub(super) data: Vec<u8>,
}

/// The segments under one key: the number of elements and the elements, by the first position.
type ByPosition = BTreeMap<u64, (u64, Vec<u8>)>;

/// Elements that are read, by namespace and key.
#[derive(Debug, Default)]
pub(super) struct Segments(HashMap<(i64, i64), ByPosition>);

/// Returns where a list is stored that has these elements, and the segments to insert. `base` is the
/// list of the parent checkpoint, and `tail` the number of elements under the key of its last part.
pub(super) fn plan(
    format: Format,
    elements: &[&[u8]],
    base: Option<(&List, u64)>,
    read_base: impl FnOnce(&List) -> Result<Vec<Vec<u8>>>,
) -> Result<(List, Vec<NewSegment>)> {
    let base = base.filter(|(list, _)| list.format == format);
    let base_len = base.map_or(0, |(list, _)| list.len());
    let (prefix_hash, hash) = hashes(elements, base_len);
    let planned = |parts, segments| Ok((List { format, hash, parts }, segments));
    let new_key = random_bytes::<8>().map(i64::from_le_bytes)?;
    let whole = |elements: &[&[u8]]| Part { key: new_key, start: 0, end: elements.len() as u64 };
    let (parts, fresh) = match base {
        Some((list, tail)) if prefix_hash == Some(list.hash) => {
            let (mut parts, fresh) = (list.parts.clone(), &elements[base_len as usize..]);
            match parts.last_mut() {
                _ if fresh.is_empty() => return planned(parts, Vec::new()),
                // Nothing follows the last element, so the list continues there.
                Some(last) if last.end == tail => {
                    let (key, start) = (last.key, last.end);
                    last.end += fresh.len() as u64;
                    return planned(parts, segments(format, key, start, fresh));
                }
                _ => parts.push(whole(fresh)),
            }
            (parts, fresh.to_vec())
        }
        Some((list, _)) => reuse(elements, &read_base(list)?, list, new_key),
        None => (vec![whole(elements)], elements.to_vec()),
    };
    if parts.len() <= MAX_PARTS {
        return planned(parts, segments(format, new_key, 0, &fresh));
    }
    planned(vec![whole(elements)], segments(format, new_key, 0, elements))
}

/// Returns ranges for elements of which some are in a stored list, at any place, and the elements that
/// are not, which `new_key` gets.
fn reuse<'a>(
    elements: &[&'a [u8]],
    stored: &[Vec<u8>],
    list: &List,
    new_key: i64,
) -> (Vec<Part>, Vec<&'a [u8]>) {
    let mut places = HashMap::with_capacity(stored.len());
    let positions = list
        .parts
        .iter()
        .flat_map(|part| (part.start..part.end).map(|position| (part.key, position)));
    let positions: Vec<_> = positions.collect();
    for (element, place) in stored.iter().zip(&positions) {
        places.entry(element.as_slice()).or_insert(*place);
    }
    let by_place: HashMap<_, _> = positions.iter().zip(stored).collect();
    let (mut parts, mut fresh): (Vec<Part>, Vec<&[u8]>) = (Vec::new(), Vec::new());
    for element in elements {
        // Equal elements can be at several places; the next one continues the range.
        let next = parts.last().map(|last| (last.key, last.end));
        let next = next.filter(|next| by_place.get(next).is_some_and(|stored| stored == element));
        let (key, position) = match next.or_else(|| places.get(element).copied()) {
            Some(place) => place,
            None => {
                fresh.push(element);
                (new_key, fresh.len() as u64 - 1)
            }
        };
        match parts.last_mut() {
            Some(last) if last.key == key && last.end == position => last.end += 1,
            _ => parts.push(Part { key, start: position, end: position + 1 }),
        }
    }
    (parts, fresh)
}

/// Returns the hash of the first `count` elements, if the list has that many, and that of all.
fn hashes(elements: &[&[u8]], count: u64) -> (Option<[u8; 16]>, [u8; 16]) {
    let short = |sum: Sha256| -> [u8; 16] {
        let digest: [u8; 32] = sum.finalize().into();
        std::array::from_fn(|at| digest[at])
    };
    let (mut sum, mut prefix) = (Sha256::new(), None);
    for (index, element) in elements.iter().enumerate() {
        if index as u64 == count {
            prefix = Some(short(sum.clone()));
        }
        // With the length, so that other elements never have the same encoding.
        sum.update((element.len() as u64).to_le_bytes());
        sum.update(element);
    }
    if elements.len() as u64 == count {
        prefix = Some(short(sum.clone()));
    }
    (prefix, short(sum))
}

/// Packs elements into segments of a limited size.
fn segments(format: Format, key: i64, start: u64, elements: &[&[u8]]) -> Vec<NewSegment> {
    let (mut new, mut position, mut rest) = (Vec::new(), start, elements);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |element: &&&[u8]| {
            bytes += element.len();
            bytes <= MAX_SEGMENT_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (group, later) = rest.split_at(count);
        let data = pack(&join(format, group));
        new.push(NewSegment { key, position, elements: count as u64, data });
        position += count as u64;
        rest = later;
    }
    new
}

/// The number of elements by namespace and key.
pub(super) type Tails = HashMap<(i64, i64), u64>;

/// Returns the number of elements under the keys of the last parts of lists.
pub(super) fn tails<'a>(
    connection: &mut Connection,
    lists: impl Iterator<Item = (i64, &'a List)>,
) -> Result<Tails> {
    let (mut namespaces, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for (namespace_id, list) in lists {
        if let Some(last) = list.parts.last() {
            namespaces.insert(namespace_id);
            keys.insert(last.key);
        }
    }
    if keys.is_empty() {
        return Ok(Tails::new());
    }
    let end = || max(graph_segments::position + graph_segments::elements);
    let rows = on_engine!(connection, c => graph_segments::table
        .filter(graph_segments::namespace_id.eq_any(&namespaces))
        .filter(graph_segments::list_key.eq_any(&keys))
        .group_by((graph_segments::namespace_id, graph_segments::list_key))
        .select((graph_segments::namespace_id, graph_segments::list_key, end()))
        .load::<(i64, i64, Option<i64>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let tails = rows.into_iter().map(|(namespace_id, key, end)| {
        ((namespace_id, key), end.unwrap_or_default().unsigned_abs())
    });
    Ok(tails.collect())
}

impl Segments {
    /// Reads the elements of these lists, each with its namespace.
    pub(super) fn read<'a>(
        connection: &mut Connection,
        lists: impl Iterator<Item = (i64, &'a List)>,
    ) -> Result<Self> {
        let mut ends: BTreeMap<i64, BTreeMap<i64, u64>> = BTreeMap::new();
        for (namespace_id, list) in lists {
            for part in &list.parts {
                let end = ends.entry(namespace_id).or_default().entry(part.key).or_default();
                *end = part.end.max(*end);
            }
        }
        let mut found = HashMap::<_, ByPosition>::new();
        for (namespace_id, ends) in ends {
            let keys: Vec<i64> = ends.keys().copied().collect();
            for keys in keys.chunks(MAX_KEYS) {
                // Elements after the last one that is needed belong to later checkpoints.
                let end = keys.iter().map(|key| ends[key]).max().unwrap_or_default() as i64;
                let rows = on_engine!(connection, c => graph_segments::table
                    .filter(graph_segments::namespace_id.eq(namespace_id))
                    .filter(graph_segments::list_key.eq_any(keys))
                    .filter(graph_segments::position.lt(end))
                    .select((
                        graph_segments::list_key,
                        graph_segments::position,
                        graph_segments::elements,
                        graph_segments::data,
                    ))
                    .load::<(i64, i64, i64, Vec<u8>)>(c));
                for (key, position, elements, data) in
                    rows.map_err(|error| connection.read_error(error))?
                {
                    found
                        .entry((namespace_id, key))
                        .or_default()
                        .insert(position.unsigned_abs(), (elements.unsigned_abs(), unpack(&data)?));
                }
            }
        }
        Ok(Self(found))
    }

    /// Returns the elements of a list. `None` if some are missing, because they were deleted since
    /// the checkpoint was read.
    pub(super) fn elements(&self, namespace_id: i64, list: &List) -> Result<Option<Vec<&[u8]>>> {
        let mut elements: Vec<&[u8]> = Vec::new();
        for part in &list.parts {
            let Some(segments) = self.0.get(&(namespace_id, part.key)) else { return Ok(None) };
            let mut position = part.start;
            while position < part.end {
                // The last segment that begins at or before the position.
                let Some((start, (count, data))) = segments.range(..=position).next_back() else {
                    return Ok(None);
                };
                if start + count <= position {
                    return Ok(None);
                }
                let all = elements::elements(list.format, data)
                    .filter(|all| all.len() as u64 == *count)
                    .ok_or_else(unreadable)?;
                let until = part.end.min(start + count);
                elements
                    .extend_from_slice(&all[(position - start) as usize..(until - start) as usize]);
                position = until;
            }
        }
        Ok(Some(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores lists as a database would.
    #[derive(Default)]
    struct Store {
        stored: Segments,
    }

    impl Store {
        fn put(&mut self, elements: &[&[u8]], base: Option<&List>) -> (List, usize) {
            let tail = |list: &List| {
                let last = list.parts.last().expect("a part").key;
                let segments = &self.stored.0[&(1, last)];
                segments.last_key_value().map_or(0, |(position, (count, _))| position + count)
            };
            let base = base.map(|list| (list, tail(list)));
            let read = |list: &List| Ok(self.elements(list));
            let (list, new) = plan(Format::MessagePack, elements, base, read).expect("a plan");
            let count = new.len();
            for segment in new {
                let segments = self.stored.0.entry((1, segment.key)).or_default();
                let data = unpack(&segment.data).expect("packed");
                let earlier = segments.insert(segment.position, (segment.elements, data));
                assert_eq!(earlier, None, "a segment is never replaced");
            }
            assert_eq!(self.elements(&list), elements);
            (list, count)
        }

        fn elements(&self, list: &List) -> Vec<Vec<u8>> {
            let elements = self.stored.elements(1, list).expect("readable").expect("complete");
            elements.into_iter().map(<[u8]>::to_vec).collect()
        }
    }

    const A: &[u8] = &[0xa1, b'a'];
    const B: &[u8] = &[0xa1, b'b'];
    const C: &[u8] = &[0xa1, b'c'];
    const D: &[u8] = &[0xa1, b'd'];

    #[test]
    fn elements_are_stored_once() {
        let mut store = Store::default();
        let (one, count) = store.put(&[A], None);
        assert_eq!((one.len(), count), (1, 1));
        let (three, count) = store.put(&[A, B, C], Some(&one));
        assert_eq!((three.parts.len(), count), (1, 1), "appended");
        let (same, count) = store.put(&[A, B, C], Some(&three));
        assert_eq!((&same, count), (&three, 0), "nothing is new");
        let (fork, count) = store.put(&[A, C], Some(&one));
        assert_eq!((fork.parts.len(), count), (2, 1), "the place after A is taken");
        let (edited, count) = store.put(&[A, B, D, D], Some(&three));
        assert_eq!((edited.parts.len(), count), (2, 1), "two are common");
        let (summary, count) = store.put(&[D, B, C], Some(&three));
        assert_eq!((summary.parts.len(), count), (2, 1), "the last two are common");
        let (cut, count) = store.put(&[B, C], Some(&three));
        assert_eq!((cut.parts.len(), count), (1, 0), "the last two are common");
        let (next, count) = store.put(&[B, C, D], Some(&cut));
        assert_eq!((next.parts.len(), count), (1, 1), "appended after the same list");
        let (shorter, count) = store.put(&[A, B], Some(&three));
        assert_eq!((shorter.len(), count), (2, 0), "nothing is new");
        let (after, _) = store.put(&[A, B, B], Some(&shorter));
        assert_eq!(after.parts.len(), 2, "the place after B is taken");
        let (other, count) = store.put(&[D, D], Some(&three));
        assert_eq!((other.parts.len(), count), (1, 1), "nothing is common");
        for (list, elements) in [(&one, &[A][..]), (&three, &[A, B, C]), (&fork, &[A, C])] {
            assert_eq!(store.elements(list), elements, "earlier lists are unchanged");
        }
    }

    #[test]
    fn the_number_of_parts_is_limited() {
        let mut store = Store::default();
        let mut elements = vec![A];
        let (mut list, _) = store.put(&elements, None);
        for _ in 0..40 {
            // Each time, another list takes the place after the last element.
            elements.push(B);
            store.put(&elements, Some(&list));
            *elements.last_mut().expect("an element") = C;
            list = store.put(&elements, Some(&list)).0;
            assert!(list.parts.len() <= MAX_PARTS);
        }
    }

    #[test]
    fn large_lists_have_several_segments() {
        let element = [vec![0xc6, 0, 3, 0, 0], vec![1; 3 << 16]].concat();
        let elements = vec![element.as_slice(); 7];
        let mut store = Store::default();
        let (list, count) = store.put(&elements, None);
        assert_eq!((list.len(), count), (7, 4));
    }

    #[test]
    fn missing_elements_are_noticed() {
        let mut store = Store::default();
        let (one, _) = store.put(&[A], None);
        let (two, _) = store.put(&[A, B], Some(&one));
        store.stored.0.get_mut(&(1, two.parts[0].key)).expect("the list").remove(&1);
        assert_eq!(store.stored.elements(1, &two).expect("readable"), None);
        assert!(store.stored.elements(1, &one).expect("readable").is_some());
    }
}
