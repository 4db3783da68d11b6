"""The thread, namespace and checkpoint that a config of LangGraph names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID

from chatkeep.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


class Target(NamedTuple):
    """The objects that a config names. ``thread_id`` is the caller's value, ``thread`` its text."""

    thread_id: object
    thread: str
    namespace: str | None
    checkpoint_id: str | None

    @classmethod
    def of(cls, config: RunnableConfig, operation: str) -> Target:
        """Reads a config. An empty ``checkpoint_id`` counts as missing, as LangGraph's savers do.

        Raises:
            InvalidInputError: ``thread_id`` or ``configurable`` is missing, or has a wrong type.
        """
        values = _configurable(config, operation)
        thread_id = values.get("thread_id")
        if thread_id is None:
            message = 'thread_id: must be given in config["configurable"]'
            raise InvalidInputError(message, field="thread_id", operation=operation)
        return cls(
            thread_id,
            id_text(thread_id, "thread_id", operation),
            _text(values, "checkpoint_ns", operation),
            _text(values, "checkpoint_id", operation) or None,
        )

    def config(self, checkpoint_id: str) -> RunnableConfig:
        """Returns the config of a checkpoint, with the thread as the caller named it."""
        return {
            "configurable": {
                "thread_id": self.thread_id,
                "checkpoint_ns": self.namespace or "",
                "checkpoint_id": checkpoint_id,
            }
        }


def checkpoint_id_of(config: RunnableConfig | None, operation: str) -> str | None:
    """Returns the checkpoint that a config names, without requiring a thread."""
    if not config:
        return None
    return _text(_configurable(config, operation), "checkpoint_id", operation) or None


def id_text(value: object, field: str, operation: str) -> str:
    """Returns the text of an id. Integers and UUIDs are stored as texts.

    Raises:
        InvalidTypeError: The value is of another type.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise _wrong_type(field, "a str, an int or a UUID", value, operation)


def _configurable(config: RunnableConfig, operation: str) -> Mapping[str, object]:
    values = config.get("configurable") if isinstance(config, Mapping) else None
    if isinstance(values, Mapping):
        return cast("Mapping[str, object]", values)
    raise _wrong_type("config", 'a dict with "configurable"', config, operation)


def _text(values: Mapping[str, object], field: str, operation: str) -> str | None:
    value = values.get(field)
    if value is None or isinstance(value, str):
        return value
    raise _wrong_type(field, "a str", value, operation)


def _wrong_type(field: str, expected: str, value: object, operation: str) -> InvalidTypeError:
    message = f"{field}: must be {expected}, not {type(value).__name__}"
    return InvalidTypeError(message, field=field, operation=operation)
