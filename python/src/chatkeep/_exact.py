"""JSON values as JSON objects that every database stores exactly.

An object that databases store as it is stays readable for other programs. Any other value is stored
as its text: ``{"$json": "[1, 2]"}``. Such values have NUL characters, lone surrogates, integers of
more than 64 bits, ``NaN``, negative zero, more than 30 levels, or are not objects.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

from chatkeep._texts import is_storable
from chatkeep.errors import InvalidInputError

#: The only key of an object that has a value as text.
TEXT = "$json"
#: Limits of JSON in databases (``Metadata`` in the Rust library).
MAX_LEVELS = 30
MAX_KEY_BYTES = 65_535
#: Limit of values that are stored as text, so that Python's parser can load them at any depth of
#: the caller's stack.
MAX_TEXT_LEVELS = 300


def encode(value: object, field: str, operation: str) -> dict[str, Any]:
    """Returns the object that stores a value.

    Raises:
        TypeError: A part of the value is not a JSON value.
        InvalidInputError: The value nests too deep, contains itself, or has an integer that Python
            does not convert to text.
    """
    if _is_storable_object(value):
        return value
    try:
        text = json.dumps(value)
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{field}: {error}", field=field, operation=operation) from error
    # Tuples are lists now, and the keys of objects are texts.
    if _is_storable_object(parsed):
        return parsed
    if not _is_within(parsed, MAX_TEXT_LEVELS):
        message = f"{field}: nests deeper than {MAX_TEXT_LEVELS} levels"
        raise InvalidInputError(message, field=field, operation=operation)
    return {TEXT: text}


def decode(stored: dict[str, Any]) -> Any:
    """Returns the value of an object of ``encode``."""
    if len(stored) == 1 and isinstance(text := stored.get(TEXT), str):
        return json.loads(text)
    return stored


def _is_storable_object(value: object) -> TypeGuard[dict[str, Any]]:
    return type(value) is dict and list(value) != [TEXT] and _is_storable(value, MAX_LEVELS)


def _is_storable(value: object, levels: int) -> bool:
    """Returns whether a value of JSON's own types is stored as it is."""
    if type(value) is str:
        return is_storable(value)
    if type(value) is dict:
        return levels > 0 and all(
            _is_storable_key(key) and _is_storable(item, levels - 1) for key, item in value.items()
        )
    if type(value) is list:
        return levels > 0 and all(_is_storable(item, levels - 1) for item in value)
    if type(value) is int:
        return -(2**63) <= value < 2**64
    if type(value) is float:
        return math.isfinite(value) and (value != 0 or math.copysign(1, value) > 0)
    return value is None or type(value) is bool


def _is_storable_key(key: object) -> bool:
    return type(key) is str and is_storable(key) and len(key.encode()) <= MAX_KEY_BYTES


def _is_within(value: object, levels: int) -> bool:
    """Returns whether a value nests at most this number of levels, without recursion."""
    layer = [value]
    while layer and levels > 0:
        levels -= 1
        layer = [
            item
            for outer in layer
            if isinstance(outer, (dict, list))
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, (dict, list))
        ]
    return not layer
