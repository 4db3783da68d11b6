//! Tables of any row type. A call is dispatched once per batch or part, never per row.

use std::io::Read;

use chatkeep_core::{Connection, Result};

use super::TransferTable;
use super::batch::{Batch, Rows};
use crate::archive::{Failure, Part, read_part};

/// Receives the batches that are read.
pub(crate) type HandOver<'a> = dyn FnMut(Box<dyn Batch>) -> Result<()> + 'a;

/// A [`TransferTable`] of any row type.
pub(crate) trait AnyTable: Sync {
    fn name(&self) -> &'static str;

    fn noun(&self) -> &'static str;

    fn generates_ids(&self) -> bool;

    fn count(&self, connection: &mut Connection) -> Result<u64>;

    /// Returns the next rows with an id greater than `id`; an empty batch at the end.
    fn batch_after_id(&self, connection: &mut Connection, id: i64) -> Result<Box<dyn Batch>>;

    /// Passes the rows of an archive's part to `hand_over` in batches. Returns the part's entry for
    /// the manifest.
    fn read_part(
        &self,
        name: &str,
        source: &mut dyn Read,
        hand_over: &mut HandOver<'_>,
    ) -> Result<Part, Failure>;

    fn after_import(&self, connection: &mut Connection) -> Result<()>;

    fn after_truncate(&self, connection: &mut Connection) -> Result<()>;
}

impl<T: TransferTable> AnyTable for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn noun(&self) -> &'static str {
        T::NOUN
    }

    fn generates_ids(&self) -> bool {
        T::GENERATES_IDS
    }

    fn count(&self, connection: &mut Connection) -> Result<u64> {
        T::count(connection)
    }

    fn batch_after_id(&self, connection: &mut Connection, id: i64) -> Result<Box<dyn Batch>> {
        Ok(Box::new(Rows::<T>(T::list_after_id(connection, id)?)))
    }

    fn read_part(
        &self,
        name: &str,
        source: &mut dyn Read,
        hand_over: &mut HandOver<'_>,
    ) -> Result<Part, Failure> {
        read_part::<T>(name, source, hand_over)
    }

    fn after_import(&self, connection: &mut Connection) -> Result<()> {
        T::after_import(connection)
    }

    fn after_truncate(&self, connection: &mut Connection) -> Result<()> {
        T::after_truncate(connection)
    }
}
