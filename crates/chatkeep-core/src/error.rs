//! The one error of chatkeep: what kind of failure it was, whether trying again may help, and what to do about it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of every chatkeep call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure an [`Error`] is. Programs decide on this, people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings are wrong: a malformed `DATABASE_URL`, a wrong password, a database that does not exist.
    Configuration,
    /// An argument cannot be stored or asked for; [`Error::field`] names it.
    InvalidInput,
    /// The database cannot be reached, went away, or did not answer in time.
    Unavailable,
    /// No connection became free in time, or the server has none left.
    PoolTimeout,
    /// The connection broke during `COMMIT`: the change may or may not have been stored.
    OutcomeUnknown,
    /// Another transaction was in the way (deadlock, serialization failure, lock wait) until the deadline.
    Conflict,
    /// The disk, or the space given to the database, is full.
    StorageFull,
    /// The file, the folder or the server accepts no changes.
    ReadOnly,
    /// The file is damaged or is no database of ours.
    Corrupt,
    /// The database's schema does not fit this program; the [`SchemaState`] says in what way.
    Schema(SchemaState),
    /// The caller broke the call off while it waited; see [`interruption`](crate::interruption).
    Interrupted,
    /// A fault in chatkeep or an answer that it does not understand.
    Internal,
}

/// In what way a schema does not fit the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemaState {
    /// Migrations have to be run first: `chatkeep migrate upgrade`.
    Behind,
    /// A newer chatkeep has upgraded this database: this program has to be upgraded.
    Newer,
    /// A migration was run from another text than the one that is there now.
    Changed,
    /// The database has run a migration that is not there any more.
    Missing,
    /// A migration was added before others that have been run already.
    OutOfOrder,
    /// A migration was begun and did not come to its end, or runs just now.
    Dirty,
    /// The database refused a statement of a migration.
    Failed,
    /// Rows were being moved into this database, and that was cut off: it has to be run again.
    Unfinished,
}

impl SchemaState {
    /// The state's stable name, as programs and other languages see it: `behind`, `newer`, `changed`, `missing`,
    /// `out_of_order`, `dirty`, `failed`, `unfinished`.
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

impl ErrorKind {
    /// The kind's stable name, as programs and other languages see it: `InvalidInput`, `Schema`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::InvalidInput => "InvalidInput",
            Self::Unavailable => "Unavailable",
            Self::PoolTimeout => "PoolTimeout",
            Self::OutcomeUnknown => "OutcomeUnknown",
            Self::Conflict => "Conflict",
            Self::StorageFull => "StorageFull",
            Self::ReadOnly => "ReadOnly",
            Self::Corrupt => "Corrupt",
            Self::Schema(_) => "Schema",
            Self::Interrupted => "Interrupted",
            Self::Internal => "Internal",
        }
    }
}

/// A failed chatkeep call.
///
/// The message is made for people: it names the field or the cause and says what would be right. It never holds a
/// token, a password, or the text of a message.
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
    /// Shared, because one failure may be several callers'.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. Whether it may be retried follows from the kind, and can be overruled with
    /// [`Error::with_retryable`].
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let retryable =
            matches!(kind, ErrorKind::Unavailable | ErrorKind::PoolTimeout | ErrorKind::Conflict);
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            field: None,
            operation: None,
            retryable,
            source: None,
        }))
    }

    /// An argument that cannot be taken: the field's name, and what would be right.
    pub fn invalid_input(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut error = Self::new(ErrorKind::InvalidInput, message);
        error.0.field = Some(field.into());
        error
    }

    /// Settings that cannot work.
    pub fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// A fault of our own.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds the call that failed, for example `"log_message"`. The innermost name stays.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the field or setting that the failure is about.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Keeps the error underneath, for [`std::error::Error::source`].
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Overrules whether the same call may succeed when it is made again.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// In what way the schema does not fit, where that is what failed.
    ///
    /// ```
    /// use chatkeep_core::{Error, ErrorKind, SchemaState};
    ///
    /// let error = Error::new(ErrorKind::Schema(SchemaState::OutOfOrder), "a migration came too late");
    /// assert_eq!(error.schema_state().map(SchemaState::name), Some("out_of_order"));
    /// ```
    pub fn schema_state(&self) -> Option<SchemaState> {
        match self.0.kind {
            ErrorKind::Schema(state) => Some(state),
            _ => None,
        }
    }

    /// The argument or setting that was wrong, where there is one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The call that failed, where it is known.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Whether the same call, made again later, may succeed. Never true when a second try could store twice.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The message alone, without the field's name before it.
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
