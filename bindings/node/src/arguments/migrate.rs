//! The arguments of `migrate`.

use std::path::PathBuf;

use chatkeep::MigrateCall;

use super::{Given, Taken, optional_text, switch, text};

/// The arguments of `migrate` as JavaScript gives them.
pub(crate) struct Migrate<'a, 'env> {
    pub(crate) verb: &'a Given<'env>,
    pub(crate) revision: &'a Given<'env>,
    pub(crate) folder: &'a Given<'env>,
    pub(crate) from_revision: &'a Given<'env>,
    pub(crate) description: &'a Given<'env>,
    pub(crate) per_engine: &'a Given<'env>,
}

pub(crate) fn migrate(given: &Migrate<'_, '_>) -> Taken<MigrateCall> {
    Ok(MigrateCall {
        verb: text("verb", given.verb)?,
        revision: optional_text("revision", given.revision)?,
        folder: optional_text("folder", given.folder)?.map(PathBuf::from),
        from: optional_text("from_revision", given.from_revision)?,
        description: optional_text("description", given.description)?,
        per_engine: switch("per_engine", given.per_engine)?.unwrap_or_default(),
    })
}
