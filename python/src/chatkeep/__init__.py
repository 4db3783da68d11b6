"""The data layer of a chat backend: a message log and an API-token store.

It behaves identically on SQLite, PostgreSQL, MySQL and MariaDB; ``DATABASE_URL`` selects the
database. Importing the package reads no environment variable and opens no connection; the first
call does.

Examples:
    >>> import chatkeep
    >>> with chatkeep.Chatkeep("sqlite:///:memory:") as chat:
    ...     message_id = chat.message_logger.log_message("Explain WAL.", "Write-ahead logging.")
    ...     chat.message_logger.get_messages()[0]["user_message"]
    'Explain WAL.'
"""

from chatkeep._generated.blocking.database import DatabaseManager
from chatkeep._generated.blocking.messages import MessageLogger
from chatkeep._generated.blocking.store import Chatkeep
from chatkeep._generated.blocking.tokens import TokenManager
from chatkeep._native import MessageIterator
from chatkeep._native import Store as _Store
from chatkeep.errors import (
    CallInterruptedError,
    ConfigurationError,
    ConflictError,
    CorruptError,
    Error,
    InternalError,
    InvalidInputError,
    InvalidTypeError,
    OutcomeUnknownError,
    PoolTimeoutError,
    ReadOnlyError,
    SchemaError,
    StorageFullError,
    UnavailableError,
)

__all__ = [
    "CallInterruptedError",
    "Chatkeep",
    "ConfigurationError",
    "ConflictError",
    "CorruptError",
    "DatabaseManager",
    "Error",
    "InternalError",
    "InvalidInputError",
    "InvalidTypeError",
    "MessageIterator",
    "MessageLogger",
    "OutcomeUnknownError",
    "PoolTimeoutError",
    "ReadOnlyError",
    "SchemaError",
    "StorageFullError",
    "TokenManager",
    "UnavailableError",
    "db_manager",
    "from_environment",
    "message_logger",
    "token_manager",
]

for _class in (Chatkeep, DatabaseManager, MessageLogger, TokenManager):
    # Users import the classes from here, and tracebacks show this name.
    _class.__module__ = __name__
del _class


def from_environment() -> Chatkeep:
    """Returns the store that the environment variables configure.

    The variables are read at its first use.

    Returns:
        Chatkeep: The store; every call returns the same one.
    """
    chat = Chatkeep.__new__(Chatkeep)
    chat._set(_Store.from_environment())
    return chat


_environment = from_environment()
#: Message log of the database that the environment variables name.
message_logger = _environment.message_logger
#: API tokens of the database that the environment variables name.
token_manager = _environment.token_manager
#: Database that the environment variables name.
db_manager = _environment.db_manager
