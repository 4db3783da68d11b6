"""Texts that databases cannot store."""

from __future__ import annotations


def is_storable(text: str) -> bool:
    """Returns whether a text has neither a NUL character nor a lone surrogate."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)
