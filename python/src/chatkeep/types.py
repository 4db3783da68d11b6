"""The types of arguments and results, for type checkers.

At run time, the results are plain mappings that are ready for a JSON response. Timestamps are
ISO 8601 strings in UTC, with an offset.
"""

import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    # Pydantic, and so FastAPI's response models, rejects `typing.TypedDict` before Python 3.12.
    try:
        from typing_extensions import TypedDict
    except ImportError:
        from typing import TypedDict

__all__ = [
    "Analytics",
    "AppliedMigration",
    "CreatedToken",
    "DatabaseHealth",
    "Health",
    "ImportCounts",
    "ImportProblem",
    "ImportReport",
    "ImportedFile",
    "Message",
    "MetadataFilter",
    "MigrationStatus",
    "NewMessage",
    "PoolStatus",
    "SchemaErrorState",
    "Sums",
    "TimestampInput",
    "TokenCheck",
    "TokenInfo",
    "TokenReason",
    "TotalsCheck",
    "TotalsDifference",
    "UnknownColumn",
]

TimestampInput: TypeAlias = datetime | date | str
"""A timestamp argument. A value without an offset is UTC, and a date is midnight UTC."""

MetadataFilter: TypeAlias = Mapping[str, str | int | float | bool | None]
"""Required metadata of messages; every key must exist with its value."""

TokenReason: TypeAlias = Literal["valid", "malformed", "unknown", "revoked", "expired"]
"""Reason why a token is valid or invalid."""

SchemaErrorState: TypeAlias = Literal[
    "behind", "newer", "changed", "missing", "out_of_order", "dirty", "failed", "unfinished"
]
"""State of a schema that does not match this version; ``SchemaError.state`` describes each.

The chapter on migrations of the guide, docs/src/migrations.md, describes how to resolve them.
"""


class Message(TypedDict):
    """A logged message."""

    id: int
    timestamp: str
    user_message: str
    bot_response: str | None
    provider: str | None
    model: str | None
    tokens_used: int | None
    metadata: dict[str, Any] | None


class _Text(TypedDict):
    message: str


class NewMessage(_Text, total=False):
    """A message to log; the keys are the arguments of ``log_message``."""

    response: str | None
    provider: str | None
    model: str | None
    tokens_used: int | None
    metadata: Mapping[str, Any] | None
    timestamp: TimestampInput | None


class Analytics(TypedDict):
    """Totals of the messages of a time range."""

    total_messages: int
    total_tokens: int
    #: Average over the messages that have a token count; ``None`` if there are none.
    average_tokens: float | None
    #: Number of messages per provider; ``unknown`` for messages without one.
    providers: dict[str, int]
    #: Number of messages per model; ``unknown`` for messages without one.
    models: dict[str, int]
    #: Number of messages per day in UTC, as ``YYYY-MM-DD``.
    by_date: dict[str, int]


class Sums(TypedDict):
    """Sums over messages."""

    #: Number of messages.
    messages: int
    #: Number of messages with a token count.
    with_tokens: int
    #: Total number of tokens.
    tokens: int


class TotalsDifference(TypedDict):
    """Stored totals of a period that differ from the messages."""

    #: Start of the period.
    start: str
    #: Length of the period in hours: 1, 24 (a day) or 720 (30 days).
    hours: int
    #: Provider, or ``unknown``.
    provider: str
    #: Model, or ``unknown``.
    model: str
    #: Stored sums.
    kept: Sums
    #: Actual sums of the messages.
    found: Sums


class TotalsCheck(TypedDict):
    """Result of comparing the totals with the messages."""

    #: Number of messages that should be in the totals.
    counted: int
    #: Number of messages that are not counted yet. ``get_analytics`` reads these rows directly.
    uncounted: int
    #: Incorrect totals. Empty if all totals are correct.
    differences: list[TotalsDifference]


class TokenInfo(TypedDict):
    """The record of a token. It does not contain the token."""

    id: int
    #: The same number as ``id``, under the name that older code uses.
    token_id: int
    #: Purpose of the token.
    description: str
    created_at: str
    #: Time of expiry; ``None`` if the token never expires.
    expires_at: str | None
    #: Whether the token has not been revoked.
    is_active: bool
    #: Time of the last use, to the minute; ``None`` if the token has not been used.
    last_used_at: str | None
    #: First characters of the token, to distinguish it from others.
    token_start: str | None


class CreatedToken(TypedDict):
    """A created token. Only ``create_token`` returns the token."""

    token: str
    id: int
    #: The same number as ``id``, under the name that older code uses.
    token_id: int
    description: str
    created_at: str
    expires_at: str | None


class TokenCheck(TypedDict):
    """Result of checking a token."""

    valid: bool
    reason: TokenReason
    #: Stored record of the token; ``None`` if there is none.
    token: TokenInfo | None


class PoolStatus(TypedDict):
    """Number of connections in the pool, by state."""

    #: Maximum number of connections that stay open when idle.
    pool_size: int
    #: Number of idle connections.
    checked_in: int
    #: Number of connections in use, including those being opened.
    checked_out: int
    #: Number of connections in use beyond ``pool_size``.
    overflow: int
    #: Sum of ``checked_in`` and ``checked_out``.
    total: int
    #: Maximum number of connections: ``pool_size`` plus the allowed overflow.
    max: int
    #: Number of calls waiting for a connection.
    waiting: int


class Health(TypedDict):
    """Health of the database and its pool."""

    ok: bool
    engine: str
    server_version: str
    latency_ms: float
    #: ``head`` if the schema is current, otherwise the kind of mismatch, for example ``behind``.
    schema: str
    pool: PoolStatus


class DatabaseHealth(TypedDict):
    """Response of ``/health/db-pool``; ``error`` is the kind of the error."""

    status: Literal["healthy", "unhealthy"]
    engine: str
    latency_ms: float | None
    schema: str | None
    error: str | None
    pool: PoolStatus


class AppliedMigration(TypedDict):
    """A migration that was run on the database."""

    version: str
    name: str
    applied_at: str | None


class MigrationStatus(TypedDict):
    """Applied and pending migrations, and applied ones that this version does not know."""

    applied: list[AppliedMigration]
    #: Version and name of each migration that has not been run, in order.
    pending: list[list[str]]
    #: Versions that a newer chatkeep has run.
    unknown: list[str]


class ImportCounts(TypedDict):
    """Number of rows of an imported file, by outcome."""

    #: Rows in the file.
    found: int
    #: Rows that were stored.
    stored: int
    #: Rows that an earlier run had already stored.
    already_there: int
    #: Stored rows with a new id, because another row has the original one.
    with_new_id: int
    #: Stored rows that differ from the originals.
    forced: int


class UnknownColumn(TypedDict):
    """A column of an imported table that chatkeep cannot store."""

    table: str
    column: str
    #: Number of rows whose value is not NULL.
    rows: int
    #: Whether ``chatkeep db import-legacy --force`` stores the rows.
    can_be_forced: bool


class ImportedFile(TypedDict):
    """An imported file of another chat program."""

    file: str
    messages: ImportCounts
    tokens: ImportCounts
    #: Tables that were not imported, because chatkeep has no equivalent.
    other_tables: list[str]
    #: Whether the messages have no timestamps, and get the modification time of the file.
    times_are_unknown: bool
    unknown_columns: list[UnknownColumn]


class ImportProblem(TypedDict):
    """An invalid value in an imported file."""

    file: str
    table: str
    #: Row number in SQLite (``rowid``).
    row: int
    field: str
    #: Description of the problem.
    message: str
    #: Whether ``chatkeep db import-legacy --force`` stores the row.
    can_be_forced: bool


class ImportReport(TypedDict):
    """Result of an import."""

    #: Whether the rows were stored.
    stored: bool
    files: list[ImportedFile]
    #: Number of rows with invalid values.
    bad_rows: int
    #: Number of these rows that even ``--force`` does not store.
    hopeless_rows: int
    #: Problems, at most the first 10,000.
    problems: list[ImportProblem]
