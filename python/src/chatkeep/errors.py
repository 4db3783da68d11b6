"""The exceptions of chatkeep: a base class, and one class per kind of error.

Each class also derives from a matching built-in exception. An invalid value raises
``InvalidInputError``, which is a ``ValueError``. A value of the wrong type raises
``InvalidTypeError``, which is also a ``TypeError``. An unknown argument name raises Python's own
``TypeError``, which is not a chatkeep error.

Examples:
    >>> from chatkeep import Chatkeep, InvalidInputError
    >>> log = Chatkeep("sqlite:///:memory:").message_logger
    >>> try:
    ...     log.get_messages(limit=0)
    ... except InvalidInputError as error:
    ...     print(error.kind, error.field, error.retryable, error.operation)
    InvalidInput limit False get_messages
"""

from __future__ import annotations

import errno as _errno

# The import below is for type checkers only. Importing chatkeep does not import `typing`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatkeep.types import SchemaErrorState


class Error(Exception):
    """Base class of all chatkeep errors.

    The message names the field or the cause, and describes the valid values. It never contains a
    token, a password, or the text of a message. The underlying error is the ``__cause__``.

    Args:
        message (str): Description of the error.
        field (str | None): Invalid argument or setting.
        retryable (bool): Whether the same call may succeed later.
        operation (str | None): Call that failed.
    """

    #: Kind of the error, with the same name as in the Rust library.
    kind: str = "Internal"
    #: Invalid argument or setting, if any.
    field: str | None
    #: Whether the same call may succeed later. Never true if a retry could store data twice.
    retryable: bool
    #: Call that failed, if known.
    operation: str | None

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        retryable: bool = False,
        operation: str | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.retryable = retryable
        self.operation = operation

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling with all attributes, so that a worker process can return the error."""
        return type(self), self.args, self.__dict__


class ConfigurationError(Error, ValueError):
    """A setting is wrong: for example a malformed URL, a wrong password, or a missing database."""

    kind = "Configuration"


class InvalidInputError(Error, ValueError):
    """The value of an argument is invalid; ``field`` names it. Nothing was stored."""

    kind = "InvalidInput"


class InvalidTypeError(InvalidInputError, TypeError):
    """The type of an argument is invalid; ``field`` names it. Nothing was stored."""


class UnavailableError(Error, ConnectionError):
    """The database is unreachable, disconnected, or did not respond in time."""

    kind = "Unavailable"


class PoolTimeoutError(Error, TimeoutError):
    """No connection became free in time, or the server accepts no more connections."""

    kind = "PoolTimeout"


class OutcomeUnknownError(Error, ConnectionError):
    """The connection broke before the database confirmed a write, which may have been stored."""

    kind = "OutcomeUnknown"


class ConflictError(Error, RuntimeError):
    """A conflict with another transaction, such as a deadlock, lasted until the call timed out."""

    kind = "Conflict"


class StorageFullError(Error, OSError):
    """The disk or the quota of the database is full. ``errno`` is ``ENOSPC``."""

    kind = "StorageFull"
    errno = _errno.ENOSPC


class ReadOnlyError(Error, PermissionError):
    """The file, the directory or the server is read-only. ``errno`` is ``EROFS``."""

    kind = "ReadOnly"
    errno = _errno.EROFS


class CorruptError(Error, RuntimeError):
    """The file is damaged, or is not a chatkeep database."""

    kind = "Corrupt"


class SchemaError(Error, RuntimeError):
    """The database schema does not match this version; the message names the command to run.

    Args:
        message (str): Description of the error.
        field (str | None): Invalid argument or setting.
        retryable (bool): Whether the same call may succeed later.
        operation (str | None): Call that failed.
        state (SchemaErrorState | None): State of the schema.
    """

    kind = "Schema"
    #: State of the schema, set on every error that chatkeep raises:
    #:
    #: - ``behind``: migrations are pending.
    #: - ``newer``: a later version of chatkeep has run migrations.
    #: - ``changed``: a migration file changed after it was run.
    #: - ``missing``: the file of a migration that was run is missing.
    #: - ``out_of_order``: a migration was added before others that were run.
    #: - ``dirty``: a migration is running, or was interrupted.
    #: - ``failed``: the database rejected a migration.
    #: - ``unfinished``: a copy or restore into the database is not complete.
    state: SchemaErrorState | None

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        retryable: bool = False,
        operation: str | None = None,
        state: SchemaErrorState | None = None,
    ) -> None:
        super().__init__(message, field=field, retryable=retryable, operation=operation)
        self.state = state


class CallInterruptedError(Error, RuntimeError):
    """A signal handler interrupted the call; set as the cause of the ``KeyboardInterrupt``."""

    kind = "Interrupted"


class InternalError(Error, RuntimeError):
    """A bug in chatkeep, or an unexpected response from the database."""

    kind = "Internal"


for _class in (Error, *Error.__subclasses__(), InvalidTypeError):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = "chatkeep"
del _class
