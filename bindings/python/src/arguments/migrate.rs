//! The arguments of `migrate`.

use chatkeep::MigrateCall;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::path::optional_path;
use super::{Given, optional_text, text};
use crate::errors::Refusal;

/// The arguments of `migrate` as Python gives them.
pub(crate) struct Migrate<'a, 'py> {
    pub(crate) verb: Given<'a, 'py>,
    pub(crate) revision: Option<Given<'a, 'py>>,
    pub(crate) folder: Option<Given<'a, 'py>>,
    pub(crate) from_revision: Option<Given<'a, 'py>>,
    pub(crate) description: Option<Given<'a, 'py>>,
    pub(crate) per_engine: Option<Given<'a, 'py>>,
}

pub(crate) fn migrate(given: &Migrate<'_, '_>) -> Result<MigrateCall, Refusal> {
    let named = |field, given: Option<_>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, Refusal>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    Ok(MigrateCall {
        verb: text("verb", given.verb)?.to_owned(),
        revision: named("revision", given.revision)?,
        folder: given.folder.map_or(Ok(None), |given| optional_path("folder", given))?,
        from: named("from_revision", given.from_revision)?,
        description: named("description", given.description)?,
        per_engine: given.per_engine.map_or(Ok(false), yes_or_no)?,
    })
}

fn yes_or_no(given: Given<'_, '_>) -> Result<bool, Refusal> {
    let given =
        given.cast::<PyBool>().map_err(|_| Refusal::wrong_type("per_engine", "a bool", given))?;
    Ok(given.is_true())
}
