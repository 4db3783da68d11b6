"""The data layer of a chat backend: users, sessions, API tokens, conversations, streams, messages.

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

# imports

__all__ = []

# modules


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
# managers
