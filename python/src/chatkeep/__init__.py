"""A chat backend's data layer: one message log and one API-token store.

It works the same over SQLite, PostgreSQL, MySQL and MariaDB, chosen by one ``DATABASE_URL``. Importing this connects to
nothing and reads no variable; the first call does.

Examples:
    >>> import chatkeep
    >>> with chatkeep.Chatkeep("sqlite:///:memory:") as chat:
    ...     message_id = chat.message_logger.log_message("What is WAL?", "Write-ahead logging.")
    ...     chat.message_logger.get_messages()[0]["user_message"]
    'What is WAL?'
"""

from chatkeep._native import (
    Chatkeep,
    DatabaseManager,
    MessageIterator,
    MessageLogger,
    TokenManager,
    from_environment,
)
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

_environment = from_environment()
#: The message log of the database that the environment names.
message_logger = _environment.message_logger
#: The API tokens of the database that the environment names.
token_manager = _environment.token_manager
#: The database that the environment names.
db_manager = _environment.db_manager
