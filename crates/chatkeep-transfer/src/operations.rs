//! Descriptions of all operations, those of this crate included.

use std::path::PathBuf;

use chatkeep::operation::{
    Form, Interface, Operation, Parameter, answer, interfaces as of_chatkeep,
};
use chatkeep_core::described::{DefaultValue, Described, Field, Placement};

use crate::{ImportReport, LegacyImport as _};

/// The import of another program's file. It is described here because it is a method of this
/// crate's trait.
const IMPORT: Operation = Operation {
    name: "migrate_from_old_sqlite",
    source: "migrate_from_old_sqlite",
    documentation: "\
Imports the messages and tokens of another chat program's SQLite file, all rows or none.

The file may be a `chatbot.db`, a `tokens.db`, or a file that SQLAlchemy created. It is not changed.
A row keeps its id unless another row already has that id. Tokens remain valid. Rows that an earlier
run imported are skipped.

# Arguments
- `path`: Path of the file.

# Returns
The rows found and stored, as in the output of `chatkeep db import-legacy --json`.

# Errors
- `InvalidInput`: a row has an invalid value, or a table has unknown columns. The message names
  them. The command `chatkeep db import-legacy` lists such rows, and with `--force` stores them
  where possible.
- `Corrupt`: the file is damaged, or is not a SQLite file.
- `Configuration`: reading the file failed.",
    form: Form::Call,
    is_write: true,
    parameters: &[Parameter::Single(Field {
        name: "path",
        source: "path",
        documentation: "",
        ty: PathBuf::TYPE,
        default: DefaultValue::Required,
        placement: Placement::Automatic,
    })],
    order: &[],
    defaults: &[],
    returns: ImportReport::TYPE,
    is_tuned: false,
    prepare: Some(|arguments| {
        let path: PathBuf = arguments.take()?;
        Ok(Box::new(move |chat| Ok(answer(chat.database().migrate_from_old_sqlite(&path)?))))
    }),
};

/// Returns all interfaces with their operations. A name that occurs twice has the operations of
/// both.
pub fn interfaces() -> impl Iterator<Item = Interface> {
    const IMPORTS: Interface = Interface {
        name: "database",
        class: "DatabaseManager",
        documentation: "",
        operations: &[IMPORT],
    };
    of_chatkeep().iter().copied().chain([IMPORTS])
}

/// Returns an operation by the names of its interface and its own.
///
/// ```
/// assert!(chatkeep_transfer::operation("tokens", "revoke_token").is_some());
/// assert!(chatkeep_transfer::operation("database", "migrate_from_old_sqlite").is_some());
/// assert!(chatkeep_transfer::operation("tokens", "no_such_operation").is_none());
/// ```
pub fn operation(interface: &str, name: &str) -> Option<&'static Operation> {
    interfaces()
        .filter(|found| found.name == interface)
        .flat_map(|found| found.operations)
        .find(|operation| operation.name == name)
}
