//! The arguments of `migrate`.

use std::path::PathBuf;

use chatkeep::MigrateRequest;

use super::{ArgResult, JsArg, optional_bool, optional_text, text};

/// The arguments of `migrate` as JavaScript passes them.
pub(crate) struct MigrateArgs<'a, 'env> {
    pub(crate) verb: &'a JsArg<'env>,
    pub(crate) revision: &'a JsArg<'env>,
    pub(crate) folder: &'a JsArg<'env>,
    pub(crate) from_revision: &'a JsArg<'env>,
    pub(crate) description: &'a JsArg<'env>,
    pub(crate) per_engine: &'a JsArg<'env>,
}

pub(crate) fn migrate_request(args: &MigrateArgs<'_, '_>) -> ArgResult<MigrateRequest> {
    Ok(MigrateRequest {
        verb: text("verb", args.verb)?,
        revision: optional_text("revision", args.revision)?,
        folder: optional_text("folder", args.folder)?.map(PathBuf::from),
        from: optional_text("from_revision", args.from_revision)?,
        description: optional_text("description", args.description)?,
        per_engine: optional_bool("per_engine", args.per_engine)?.unwrap_or_default(),
    })
}
