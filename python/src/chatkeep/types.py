"""The shapes of what chatkeep takes and returns, for type checkers.

At run time they are plain mappings, ready for a JSON response. Times are texts in ISO 8601, in UTC and with an offset.
"""

import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    # Pydantic, so FastAPI's response models, refuses the older ones of `typing`.
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
    "MigrationStatus",
    "Moment",
    "NewMessage",
    "PoolStatus",
    "SchemaErrorState",
    "Sums",
    "TokenCheck",
    "TokenInfo",
    "TokenReason",
    "TotalsCheck",
    "TotalsDifference",
    "UnknownColumn",
]

Moment: TypeAlias = datetime | date | str
"""A moment as it is given: without an offset it is UTC, and a date is its midnight in UTC."""

TokenReason: TypeAlias = Literal["valid", "malformed", "unknown", "revoked", "expired"]
"""Why a token is valid or not."""

SchemaErrorState: TypeAlias = Literal[
    "behind", "newer", "changed", "missing", "out_of_order", "dirty", "failed", "unfinished"
]
"""In what way a schema does not fit; docs/migrations.md says what to do about each."""


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
    """A message to be logged, with the names of the arguments of ``log_message``."""

    response: str | None
    provider: str | None
    model: str | None
    tokens_used: int | None
    metadata: Mapping[str, Any] | None
    timestamp: Moment | None


class Analytics(TypedDict):
    """Totals over the messages of a span of time."""

    total_messages: int
    total_tokens: int
    average_tokens: float | None
    providers: dict[str, int]
    models: dict[str, int]
    by_date: dict[str, int]


class Sums(TypedDict):
    """What messages add up to."""

    messages: int
    with_tokens: int
    tokens: int


class TotalsDifference(TypedDict):
    """Totals of an hour or a day that are wrong."""

    start: str
    hours: int
    provider: str
    model: str
    kept: Sums
    found: Sums


class TotalsCheck(TypedDict):
    """What a comparison of the totals with the messages found."""

    counted: int
    uncounted: int
    differences: list[TotalsDifference]


class TokenInfo(TypedDict):
    """A stored token: never the token itself."""

    id: int
    token_id: int
    description: str
    created_at: str
    expires_at: str | None
    is_active: bool
    last_used_at: str | None
    token_start: str | None


class CreatedToken(TypedDict):
    """A token that was just made. This is the only time that it can be shown."""

    token: str
    id: int
    token_id: int
    description: str
    created_at: str
    expires_at: str | None


class TokenCheck(TypedDict):
    """What a check of a token found."""

    valid: bool
    reason: TokenReason
    token: TokenInfo | None


class PoolStatus(TypedDict):
    """How many connections there are, and who has them."""

    pool_size: int
    checked_in: int
    checked_out: int
    overflow: int
    total: int
    max: int
    waiting: int


class Health(TypedDict):
    """A sign of life."""

    ok: bool
    engine: str
    server_version: str
    latency_ms: float
    schema: str
    pool: PoolStatus


class DatabaseHealth(TypedDict):
    """What ``/health/db-pool`` answers; ``error`` is the kind of the error."""

    status: Literal["healthy", "unhealthy"]
    engine: str
    latency_ms: float | None
    schema: str | None
    error: str | None
    pool: PoolStatus


class AppliedMigration(TypedDict):
    """A migration that the database has."""

    version: str
    name: str
    applied_at: str | None


class MigrationStatus(TypedDict):
    """Where a database stands among the migrations of this version."""

    applied: list[AppliedMigration]
    pending: list[list[str]]
    unknown: list[str]


class ImportCounts(TypedDict):
    """What became of the rows of a file that another program left behind."""

    found: int
    stored: int
    already_there: int
    with_new_id: int
    forced: int


class UnknownColumn(TypedDict):
    """A column of another program's table that has no place here."""

    table: str
    column: str
    rows: int
    can_be_forced: bool


class ImportedFile(TypedDict):
    """A file that another program left behind."""

    file: str
    messages: ImportCounts
    tokens: ImportCounts
    other_tables: list[str]
    times_are_unknown: bool
    unknown_columns: list[UnknownColumn]


class ImportProblem(TypedDict):
    """A value that cannot be stored as it is."""

    file: str
    table: str
    row: int
    field: str
    message: str
    can_be_forced: bool


class ImportReport(TypedDict):
    """What an import found and did."""

    stored: bool
    files: list[ImportedFile]
    bad_rows: int
    hopeless_rows: int
    problems: list[ImportProblem]
