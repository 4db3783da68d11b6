//! Reasons why an archive was not read completely.

use std::io;

use chatkeep_core::{Error, ErrorKind, SchemaState};

/// Reason why an archive was not read completely.
pub(crate) enum Failure {
    /// Reading the file failed.
    Read(io::Error),
    /// The archive is invalid.
    Damaged(String),
    /// The archive has a table, a column or a format that this version does not have.
    Newer(String),
    /// The callback returned an error.
    Caller(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl Failure {
    /// Returns the error for the file with this path.
    pub(super) fn into_error(self, shown: &str) -> Error {
        match self {
            Self::Read(error) => cannot_read(&error, shown),
            Self::Damaged(reason) => Error::new(ErrorKind::Corrupt, format!("{shown}: {reason}")),
            Self::Newer(reason) => Error::new(
                ErrorKind::Schema(SchemaState::Newer),
                format!(
                    "{shown}: {reason}, which chatkeep {} does not support; restore this backup \
                     with the version that wrote it, or a newer one",
                    env!("CARGO_PKG_VERSION")
                ),
            ),
            Self::Caller(error) => error,
        }
    }
}

fn cannot_read(error: &io::Error, shown: &str) -> Error {
    let cause = error.to_string();
    let reason = if cause.contains("Unknown frame descriptor") {
        "is not a chatkeep backup".to_owned()
    } else if error.kind() == io::ErrorKind::UnexpectedEof || cause.contains("incomplete frame") {
        "is truncated".to_owned()
    } else {
        format!("is damaged ({cause})")
    };
    Error::new(ErrorKind::Corrupt, format!("{shown} {reason}"))
}
