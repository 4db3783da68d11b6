//! Arguments of `migrate`.

use chatkeep::MigrateRequest;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::path::optional_path;
use super::{PyArg, optional_text, text};
use crate::errors::{ArgError, ArgResult};

/// Arguments of `migrate`.
pub(crate) struct MigrateArgs<'a, 'py> {
    pub(crate) verb: PyArg<'a, 'py>,
    pub(crate) revision: Option<PyArg<'a, 'py>>,
    pub(crate) folder: Option<PyArg<'a, 'py>>,
    pub(crate) from_revision: Option<PyArg<'a, 'py>>,
    pub(crate) description: Option<PyArg<'a, 'py>>,
    pub(crate) per_engine: Option<PyArg<'a, 'py>>,
}

pub(crate) fn migrate_request(given: &MigrateArgs<'_, '_>) -> ArgResult<MigrateRequest> {
    let optional = |field, given: Option<_>| {
        given.map_or(Ok(None), |given| {
            Ok::<_, ArgError>(optional_text(field, given)?.map(str::to_owned))
        })
    };
    Ok(MigrateRequest {
        verb: text("verb", given.verb)?.to_owned(),
        revision: optional("revision", given.revision)?,
        folder: given.folder.map_or(Ok(None), |given| optional_path("folder", given))?,
        from: optional("from_revision", given.from_revision)?,
        description: optional("description", given.description)?,
        per_engine: given.per_engine.map_or(Ok(false), per_engine)?,
    })
}

fn per_engine(given: PyArg<'_, '_>) -> ArgResult<bool> {
    let given =
        given.cast::<PyBool>().map_err(|_| ArgError::wrong_type("per_engine", "a bool", given))?;
    Ok(given.is_true())
}
