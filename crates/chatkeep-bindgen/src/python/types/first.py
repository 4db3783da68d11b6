"""The types of arguments and results, for type checkers.

At run time, the results are plain mappings that are ready for a JSON response, unless they contain
binary data (``bytes``). Timestamps are ISO 8601 strings in UTC, with an offset.
"""

import sys
from collections.abc import Iterable, Mapping
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

__all__ = []

TimestampInput: TypeAlias = datetime | date | str
"""A timestamp argument. A value without an offset is UTC, and a date is midnight UTC."""

MetadataFilter: TypeAlias = Mapping[str, str | int | float | bool | None]
"""Required metadata of messages; every key must exist with its value."""

SchemaErrorState: TypeAlias = Literal[
    "behind", "newer", "changed", "missing", "out_of_order", "dirty", "failed", "unfinished"
]
"""State of a schema that does not match this version; ``SchemaError.state`` describes each.

The chapter on migrations of the guide, docs/src/migrations.md, describes how to resolve them.
"""
