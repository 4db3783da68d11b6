"""Filters with values that no stored object can have, such as infinities and NUL characters.

The memory of chatkeep rejects them. A search with such a value has an answer nevertheless, except
one for texts that are less or greater than such a text.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, cast

from chatkeep._texts import is_storable

#: Integers that are stored exactly.
INTEGERS = range(-(2**63), 2**64)


def stored_filter(filter: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns the filter with values that can be stored. ``None`` if no object can match."""
    conditions: dict[str, Any] = {}
    for key, wanted in (filter or {}).items():
        if not _has_operators(wanted):
            wanted = _number(wanted)
            if not _is_stored(wanted):
                return None
            conditions[key] = wanted
        else:
            operators = _stored_operators(wanted)
            if operators is None:
                return None
            # Without operators that exclude a value, the key has any.
            if operators:
                conditions[key] = operators
    return conditions


def _has_operators(wanted: object) -> bool:
    return isinstance(wanted, dict) and any(str(name).startswith("$") for name in wanted)


def _stored_operators(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    operators: dict[str, Any] = {}
    for name, operand in wanted.items():
        operand = _number(operand)
        if _is_stored(operand):
            operators[name] = operand
        elif name == "$eq":
            return None
        elif name in ("$gt", "$gte", "$lt", "$lte") and isinstance(operand, float):
            bound = _bound(name, operand)
            if bound is None:
                return None
            operators.setdefault(*bound)
        elif name != "$ne":
            operators[name] = operand
    return operators


def _bound(name: str, operand: float) -> tuple[str, float] | None:
    """Returns the comparison that every number meets, or ``None`` if none meets the given one."""
    if math.isnan(operand) or (operand > 0) == name.startswith("$g"):
        return None
    limit = sys.float_info.max
    return ("$gte", -limit) if name.startswith("$g") else ("$lte", limit)


def _number(value: object) -> object:
    """Returns integers of more than 64 bits as floating-point numbers."""
    if isinstance(value, bool) or not isinstance(value, int) or value in INTEGERS:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_stored(value: object) -> bool:
    """Returns whether an object can have the value. Other types are rejected by the search."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return value in INTEGERS
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, dict):
        return all(map(_is_stored, value)) and all(map(_is_stored, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_stored, cast("list[object]", value)))
    return True
