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
