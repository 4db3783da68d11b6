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
"""State of a schema that does not match; docs/src/migrations.md describes how to resolve each."""


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
    average_tokens: float | None
    providers: dict[str, int]
    models: dict[str, int]
    by_date: dict[str, int]


class Sums(TypedDict):
    """Sums over messages."""

    messages: int
    with_tokens: int
    tokens: int


class TotalsDifference(TypedDict):
    """Incorrect totals of an hour or a day."""

    start: str
    hours: int
    provider: str
    model: str
    kept: Sums
    found: Sums


class TotalsCheck(TypedDict):
    """Result of comparing the totals with the messages."""

    counted: int
    uncounted: int
    differences: list[TotalsDifference]


class TokenInfo(TypedDict):
    """The record of a token. It does not contain the token."""

    id: int
    token_id: int
    description: str
    created_at: str
    expires_at: str | None
    is_active: bool
    last_used_at: str | None
    token_start: str | None


class CreatedToken(TypedDict):
    """A created token. Only ``create_token`` returns the token."""

    token: str
    id: int
    token_id: int
    description: str
    created_at: str
    expires_at: str | None


class TokenCheck(TypedDict):
    """Result of checking a token."""

    valid: bool
    reason: TokenReason
    token: TokenInfo | None


class PoolStatus(TypedDict):
    """Number of connections in the pool, by state."""

    pool_size: int
    checked_in: int
    checked_out: int
    overflow: int
    total: int
    max: int
    waiting: int


class Health(TypedDict):
    """Health of the database and its pool."""

    ok: bool
    engine: str
    server_version: str
    latency_ms: float
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
    pending: list[list[str]]
    unknown: list[str]


class ImportCounts(TypedDict):
    """Number of rows of an imported file, by outcome."""

    found: int
    stored: int
    already_there: int
    with_new_id: int
    forced: int


class UnknownColumn(TypedDict):
    """A column of an imported table that chatkeep cannot store."""

    table: str
    column: str
    rows: int
    can_be_forced: bool


class ImportedFile(TypedDict):
    """An imported file of another chat program."""

    file: str
    messages: ImportCounts
    tokens: ImportCounts
    other_tables: list[str]
    times_are_unknown: bool
    unknown_columns: list[UnknownColumn]


class ImportProblem(TypedDict):
    """An invalid value in an imported file."""

    file: str
    table: str
    row: int
    field: str
    message: str
    can_be_forced: bool


class ImportReport(TypedDict):
    """Result of an import."""

    stored: bool
    files: list[ImportedFile]
    bad_rows: int
    hopeless_rows: int
    problems: list[ImportProblem]
