"""The class ``Chatkeep``."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._bases import CanClose, CanFlush
from chatkeep._generated.blocking.database import DatabaseManager
from chatkeep._generated.blocking.messages import MessageLogger
from chatkeep._generated.blocking.tokens import TokenManager
from chatkeep._native import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class Chatkeep(CanFlush, CanClose):
    """Stores the messages and API tokens of a chat backend in one database.

    The first call opens the database, and creates or upgrades its schema. An instance is safe to
    use from any number of threads. Settings that are not passed are read from the environment.

    Args:
        url (str | None): Database URL, for example ``sqlite:///chat.db`` or
            ``postgresql://user:password@host/name``. Defaults to ``DATABASE_URL`` or the other
            variables that name a database.
        pool_size (int | None): Number of connections to keep open (``DB_POOL_SIZE``).
        max_overflow (int | None): Maximum number of additional connections under load
            (``DB_MAX_OVERFLOW``).
        pool_timeout (float | None): Maximum wait for a free connection, in seconds
            (``DB_POOL_TIMEOUT``).
        pool_recycle (float | None): Maximum connection lifetime, in seconds; 0 or -1 for no limit
            (``DB_POOL_RECYCLE``).
        pool_pre_ping (bool | None): Whether to check an idle connection before use
            (``DB_POOL_PRE_PING``).
        connect_timeout (float | None): Timeout for connecting, in seconds
            (``DB_CONNECT_TIMEOUT``).
        query_timeout (float | None): Timeout of a call, in seconds (``DB_QUERY_TIMEOUT``).
        max_retries (int | None): Maximum wait for the database at start-up, as a multiple of
            ``retry_delay`` (``DB_MAX_RETRIES``).
        retry_delay (float | None): Maximum delay between two attempts at start-up, in seconds
            (``DB_RETRY_DELAY``).
        auto_migrate (bool | None): Whether to upgrade the schema automatically
            (``DB_AUTO_MIGRATE``).
        writers (int | None): Number of connections that write messages of concurrent callers
            (``DB_WRITERS``).
        token_cache (float | None): How long a token lookup is cached, in seconds
            (``TOKEN_CACHE_SECONDS``).

    Attributes:
        message_logger (MessageLogger): The message log.
        token_manager (TokenManager): The API tokens.
        db_manager (DatabaseManager): Health, migrations and maintenance of the database.

    Raises:
        ConfigurationError: The URL or a setting is invalid. ``field`` is the argument, or the
            environment variable.

    Examples:
        >>> from chatkeep import Chatkeep
        >>> with Chatkeep("sqlite:///:memory:") as chat:
        ...     message_id = chat.message_logger.log_message("Explain WAL.", "Write-ahead logging.")
        ...     chat.message_logger.get_messages()[0]["bot_response"]
        'Write-ahead logging.'
    """

    __slots__ = ("db_manager", "message_logger", "token_manager")

    def __init__(
        self,
        url: str | None = None,
        *,
        pool_size: int | None = None,
        max_overflow: int | None = None,
        pool_timeout: float | None = None,
        pool_recycle: float | None = None,
        pool_pre_ping: bool | None = None,
        connect_timeout: float | None = None,
        query_timeout: float | None = None,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        auto_migrate: bool | None = None,
        writers: int | None = None,
        token_cache: float | None = None,
    ) -> None:
        self._set(
            Store(
                url,
                pool_size=pool_size,
                max_overflow=max_overflow,
                pool_timeout=pool_timeout,
                pool_recycle=pool_recycle,
                pool_pre_ping=pool_pre_ping,
                connect_timeout=connect_timeout,
                query_timeout=query_timeout,
                max_retries=max_retries,
                retry_delay=retry_delay,
                auto_migrate=auto_migrate,
                writers=writers,
                token_cache=token_cache,
            )
        )

    def _set(self, store: Store) -> None:
        self._store = store
        self.message_logger = MessageLogger(self)
        self.token_manager = TokenManager(self)
        self.db_manager = DatabaseManager(self)

    def __enter__(self) -> Chatkeep:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def from_environment() -> Chatkeep:
    """Returns the store that the environment variables configure.

    The variables are read at its first use.

    Returns:
        Chatkeep: The store; every call returns the same one.
    """
    chat = Chatkeep.__new__(Chatkeep)
    chat._set(Store.from_environment())
    return chat
