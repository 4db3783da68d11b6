//! The unique indexes of users.

use crate::db_error::constraint::{Unique, explain_duplicate};
use crate::error::Error;

const UNIQUE: &[Unique] = &[
    Unique { column: "email_key", field: "email", message: "another user has this e-mail address" },
    Unique { column: "username_key", field: "username", message: "another user has this username" },
    Unique { column: "public_id", field: "public_id", message: "another user has this id" },
];

/// Returns the error about the argument whose value another user has.
pub(super) fn explain(error: Error) -> Error {
    explain_duplicate(error, UNIQUE)
}
