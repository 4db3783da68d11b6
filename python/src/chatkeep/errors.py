"""What chatkeep raises: one base class, and one class for each kind of failure.

Each class also derives from the built-in exception that a caller would catch. A value that cannot be stored or asked for
raises ``InvalidInputError``, a ``ValueError``; when its very type is wrong, ``InvalidTypeError``, which is a ``TypeError``
as well. An argument that does not exist is Python's own ``TypeError``.

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

# For type checkers alone: importing chatkeep loads nothing of `typing`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatkeep.types import SchemaErrorState


class Error(Exception):
    """A call that failed.

    The message is made for people: it names the field or the cause and says what would be right. It never holds a token, a
    password, or the text of a message. What lies underneath is the ``__cause__``.

    Args:
        message (str): What happened.
        field (str | None): The argument or setting that was wrong.
        retryable (bool): Whether the same call may succeed when it is made again.
        operation (str | None): The call that failed.
    """

    #: The kind's name, the same in every language.
    kind: str = "Internal"
    #: The argument or setting that was wrong, where there is one.
    field: str | None
    #: Whether the same call, made again later, may succeed. Never true when a second try could store twice.
    retryable: bool
    #: The call that failed, where it is known.
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
        """Pickles with all attributes, so that the error can cross from a worker process."""
        return type(self), self.args, self.__dict__


class ConfigurationError(Error, ValueError):
    """The settings are wrong: a malformed URL, a wrong password, a database that does not exist."""

    kind = "Configuration"


class InvalidInputError(Error, ValueError):
    """An argument cannot be stored or asked for; ``field`` names it. Nothing was stored."""

    kind = "InvalidInput"


class InvalidTypeError(InvalidInputError, TypeError):
    """An argument is of a type that cannot be stored or asked for; ``field`` names it. Nothing was stored."""


class UnavailableError(Error, ConnectionError):
    """The database cannot be reached, went away, or did not answer in time."""

    kind = "Unavailable"


class PoolTimeoutError(Error, TimeoutError):
    """No connection became free in time, or the server has none left."""

    kind = "PoolTimeout"


class OutcomeUnknownError(Error, ConnectionError):
    """The connection broke before the database confirmed: the change may or may not have been stored."""

    kind = "OutcomeUnknown"


class ConflictError(Error, RuntimeError):
    """Another transaction was in the way until the deadline."""

    kind = "Conflict"


class StorageFullError(Error, OSError):
    """The disk, or the space given to the database, is full. ``errno`` is ``ENOSPC``."""

    kind = "StorageFull"
    errno = _errno.ENOSPC


class ReadOnlyError(Error, PermissionError):
    """The file, the folder or the server accepts no changes. ``errno`` is ``EROFS``."""

    kind = "ReadOnly"
    errno = _errno.EROFS


class CorruptError(Error, RuntimeError):
    """The file is damaged or is no database of chatkeep's."""

    kind = "Corrupt"


class SchemaError(Error, RuntimeError):
    """The database's schema does not fit this version; the message says which command helps.

    Args:
        message (str): What happened.
        field (str | None): The argument or setting that was wrong.
        retryable (bool): Whether the same call may succeed when it is made again.
        operation (str | None): The call that failed.
        state (SchemaErrorState | None): In what way it does not fit.
    """

    kind = "Schema"
    #: In what way it does not fit: ``behind`` (migrations are missing), ``newer`` (a later version has run some),
    #: ``changed`` (one was run from another text), ``missing`` (one that was run is not there), ``out_of_order`` (one was
    #: added before others that were run), ``dirty`` (one is being run, or was cut off), ``failed`` (the database refused
    #: one), ``unfinished`` (rows were being moved in). Every error that chatkeep raises has it.
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
    """A signal handler ended the wait: the cause of the ``KeyboardInterrupt``, which says what became of the call."""

    kind = "Interrupted"


class InternalError(Error, RuntimeError):
    """A fault in chatkeep, or an answer that it does not understand."""

    kind = "Internal"


for _class in (Error, *Error.__subclasses__(), InvalidTypeError):
    # The name under which it is imported and reported.
    _class.__module__ = "chatkeep"
del _class
