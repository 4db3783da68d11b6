"""Texts that databases cannot store."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Returns whether a text has neither a NUL character nor a lone surrogate."""
    return _UNSTORABLE.search(text) is None
