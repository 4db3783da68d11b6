//! The kinds of errors in every language, defined once.

use crate::error::{ErrorKind, SchemaState};

/// An error kind's names and codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindDescription {
    /// Stable name, such as `InvalidInput`.
    pub name: &'static str,
    /// Code in JavaScript, such as `CHATKEEP_INVALID_INPUT`.
    pub code: &'static str,
    /// Exception class in Python, such as `InvalidInputError`.
    pub exception: &'static str,
    /// Python's own exception from which the class derives, too.
    pub builtin: &'static str,
    /// HTTP status with which a web backend should respond to its client.
    pub http_status: u16,
    /// Exit code of the command. A [`Schema`](ErrorKind::Schema) error has one for each state; see
    /// [`SchemaState::exit_code`].
    pub exit_code: u8,
    /// Whether a retry usually may succeed. [`Error::is_retryable`](crate::Error::is_retryable)
    /// is exact for each error.
    pub is_retryable: bool,
    /// Documentation, in Markdown.
    pub documentation: &'static str,
}

macro_rules! kinds {
    ($($kind:pat, $name:literal, $code:literal, $exception:literal, $builtin:literal, $http:literal, $exit:literal,
       $retryable:literal, $documentation:literal;)+) => {
        /// All kinds, in the order of the documentation.
        pub const ERROR_KINDS: &[KindDescription] = &[$(KindDescription {
            name: $name,
            code: concat!("CHATKEEP_", $code),
            exception: $exception,
            builtin: $builtin,
            http_status: $http,
            exit_code: $exit,
            is_retryable: $retryable,
            documentation: $documentation,
        },)+];

        impl ErrorKind {
            /// Returns the kind's stable name, shared by all languages: `InvalidInput`, `Schema`, …
            pub fn name(self) -> &'static str {
                match self {
                    $($kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    ErrorKind::Configuration, "Configuration", "CONFIGURATION", "ConfigurationError", "ValueError", 500, 2, false,
    "The settings are wrong: a malformed URL, a wrong password, or a missing database.";

    ErrorKind::InvalidInput, "InvalidInput", "INVALID_INPUT", "InvalidInputError", "ValueError", 422, 2, false,
    "An argument is invalid; the error's `field` names it. Nothing was stored.";

    ErrorKind::Unavailable, "Unavailable", "UNAVAILABLE", "UnavailableError", "ConnectionError", 503, 5, true,
    "The database is unreachable, the connection was lost, or it did not respond in time.";

    ErrorKind::PoolTimeout, "PoolTimeout", "POOL_TIMEOUT", "PoolTimeoutError", "TimeoutError", 503, 5, true,
    "No connection became free in time, or the server has reached its connection limit.";

    ErrorKind::Conflict, "Conflict", "CONFLICT", "ConflictError", "RuntimeError", 503, 1, true,
    "A deadlock, a serialization failure or a lock lasted until the deadline. If it is not retryable, a value that must be unique is taken; the error's field names it.";

    ErrorKind::OutcomeUnknown, "OutcomeUnknown", "OUTCOME_UNKNOWN", "OutcomeUnknownError", "ConnectionError", 503, 5, false,
    "The connection broke before the database confirmed a change, which may have been stored.";

    ErrorKind::StorageFull, "StorageFull", "STORAGE_FULL", "StorageFullError", "OSError", 507, 1, false,
    "The disk, or the space assigned to the database, is full.";

    ErrorKind::ReadOnly, "ReadOnly", "READ_ONLY", "ReadOnlyError", "PermissionError", 503, 1, false,
    "The file, the directory or the server accepts no changes.";

    ErrorKind::Corrupt, "Corrupt", "CORRUPT", "CorruptError", "RuntimeError", 500, 1, false,
    "The file is damaged, or is not a chatkeep database. Or an encrypted value was changed.";

    ErrorKind::Schema(_), "Schema", "SCHEMA", "SchemaError", "RuntimeError", 503, 3, false,
    "The database's schema does not match this program; the error's `state` is the difference.";

    ErrorKind::Interrupted, "Interrupted", "INTERRUPTED", "CallInterruptedError", "RuntimeError", 503, 1, false,
    "The caller interrupted the call while it waited, for example with Ctrl-C.";

    ErrorKind::Internal, "Internal", "INTERNAL", "InternalError", "RuntimeError", 500, 1, false,
    "A bug in chatkeep, or a response that it does not understand.";
}

impl ErrorKind {
    /// Returns the kind's names and codes.
    ///
    /// ```
    /// use chatkeep_core::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::Conflict.description().code, "CHATKEEP_CONFLICT");
    /// assert_eq!(ErrorKind::Conflict.description().exception, "ConflictError");
    /// ```
    pub fn description(self) -> &'static KindDescription {
        let name = self.name();
        ERROR_KINDS
            .iter()
            .find(|description| description.name == name)
            // Every kind is in the table, because `name` is generated from it.
            .unwrap_or(&ERROR_KINDS[ERROR_KINDS.len() - 1])
    }

    /// Returns the exit code of the command for this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Schema(state) => state.exit_code(),
            kind => kind.description().exit_code,
        }
    }
}

impl SchemaState {
    /// All states, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Behind,
        Self::Newer,
        Self::Changed,
        Self::Missing,
        Self::OutOfOrder,
        Self::Dirty,
        Self::Failed,
        Self::Unfinished,
    ];

    /// Returns the exit code of the command for this state.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Behind | Self::Unfinished => 3,
            Self::Newer => 31,
            Self::Changed => 32,
            Self::Missing => 33,
            Self::OutOfOrder => 34,
            Self::Dirty => 35,
            Self::Failed => 36,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::{Described as _, Type};

    #[test]
    fn all_schema_states_are_listed() {
        let Type::Enum(described) = SchemaState::TYPE else { panic!("a state is an enum") };
        let described = described.variants.iter().map(|variant| variant.name);
        assert!(described.eq(SchemaState::ALL.iter().map(|state| state.name())));
    }
}
