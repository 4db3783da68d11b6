//! The error type of chatkeep: the kind of failure, whether a retry may help, and how to fix it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::described::Record;

/// The result of every chatkeep call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`]. Programs should match on the kind; the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings are wrong, for example a malformed `DATABASE_URL`, a wrong password, or a
    /// database that does not exist.
    Configuration,
    /// An argument is invalid; [`Error::field`] names it.
    InvalidInput,
    /// The database is unreachable, the connection was lost, or it did not respond in time.
    Unavailable,
    /// No connection became free in time, or the server has reached its connection limit.
    PoolTimeout,
    /// The connection was lost during `COMMIT`; the change may or may not be stored.
    OutcomeUnknown,
    /// A conflict with another transaction (deadlock, serialization failure or lock wait)
    /// lasted until the deadline. If it is not retryable, the value of [`Error::field`] is taken.
    Conflict,
    /// The disk or the database's storage quota is full.
    StorageFull,
    /// The file, the folder or the server is read-only.
    ReadOnly,
    /// The file is damaged, or is not a chatkeep database. Or an encrypted value was changed.
    Corrupt,
    /// The database's schema does not match this program; see the [`SchemaState`].
    Schema(SchemaState),
    /// The caller interrupted the call while it waited; see [`interrupt`](crate::interrupt).
    Interrupted,
    /// A bug in chatkeep, or a response that it does not understand.
    Internal,
}

/// How a database's schema differs from the one that the program requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Record)]
#[record(name = "SchemaErrorState")]
#[non_exhaustive]
pub enum SchemaState {
    /// Migrations are pending; run `chatkeep migrate upgrade`.
    Behind,
    /// A newer chatkeep upgraded this database; upgrade this program.
    Newer,
    /// The text of an applied migration has changed since it was applied.
    Changed,
    /// The database has applied a migration that this program does not have.
    Missing,
    /// A pending migration precedes one that is already applied.
    OutOfOrder,
    /// A migration has started but not finished. It failed, or is still running.
    Dirty,
    /// The database rejected a statement of a migration.
    Failed,
    /// A copy or restore into this database was interrupted; run it again.
    Unfinished,
}

impl SchemaState {
    /// Returns the state's stable name, shared by all language bindings: `behind`, `newer`,
    /// `changed`, `missing`, `out_of_order`, `dirty`, `failed` or `unfinished`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Newer => "newer",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::OutOfOrder => "out_of_order",
            Self::Dirty => "dirty",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

/// The error of a failed chatkeep call.
///
/// The message is for people: it names the field or the cause, and how to fix it. It never
/// contains a token, a password, or the text of a message.
///
/// ```
/// use chatkeep_core::{Error, ErrorKind};
///
/// let error = Error::invalid_input("limit", "must be between 1 and 10000, not 0");
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.field(), Some("limit"));
/// assert_eq!(error.to_string(), "limit: must be between 1 and 10000, not 0");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    operation: Option<&'static str>,
    retryable: bool,
    /// Code of the server's error: MySQL's number, or PostgreSQL's SQLSTATE.
    server_code: Option<Box<str>>,
    /// Shared, because one failure may be reported to several callers.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of this kind. The kind determines whether it is retryable, unless
    /// [`Error::with_retryable`] overrides it.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let retryable = kind.description().is_retryable;
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            field: None,
            operation: None,
            retryable,
            server_code: None,
            source: None,
        }))
    }

    /// Creates an error about an invalid argument from the field's name and the accepted values.
    pub fn invalid_input(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::InvalidInput, message);
        error.0.field = Some(field.into());
        error
    }

    /// Creates an error about a value that must be unique and is taken, or about a rule between
    /// rows that the call would break. It is not retryable.
    pub fn taken(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::Conflict, message).with_field(field).with_retryable(false)
    }

    /// Creates an error about an invalid setting.
    pub fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// Creates an error for a bug in chatkeep.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds the name of the failed operation, for example `"log_message"`. The first name that is
    /// set is kept.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Sets the field or setting that caused the failure.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Sets the underlying error, which [`std::error::Error::source`] returns.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Overrides whether the error is retryable.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Sets the code of the server's error.
    pub(crate) fn with_server_code(mut self, code: Option<impl Into<Box<str>>>) -> Self {
        self.0.server_code = code.map(Into::into);
        self
    }

    /// Returns the code of the server's error: MySQL's number, or PostgreSQL's SQLSTATE.
    pub(crate) fn server_code(&self) -> Option<&str> {
        self.0.server_code.as_deref()
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the schema state for errors of kind [`ErrorKind::Schema`].
    ///
    /// ```
    /// use chatkeep_core::{Error, ErrorKind, SchemaState};
    ///
    /// let state = SchemaState::OutOfOrder;
    /// let error = Error::new(ErrorKind::Schema(state), "migration 3 was added before 4");
    /// assert_eq!(error.schema_state().map(SchemaState::name), Some("out_of_order"));
    /// ```
    pub fn schema_state(&self) -> Option<SchemaState> {
        match self.0.kind {
            ErrorKind::Schema(state) => Some(state),
            _ => None,
        }
    }

    /// Returns the invalid argument or setting, if the error is about one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns the name of the failed operation, if it was set.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns whether repeating the same call later may succeed. Never true when a repetition
    /// could store the data twice.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns the message without the field's name.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.0.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("message", &self.0.message);
        if let Some(field) = &self.0.field {
            out.field("field", field);
        }
        if let Some(operation) = &self.0.operation {
            out.field("operation", operation);
        }
        out.field("retryable", &self.0.retryable);
        if let Some(source) = &self.0.source {
            out.field("source", &format_args!("{source}"));
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
