"""Conversion between messages of Pydantic AI and items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest, ModelResponse

from chatkeep._exact import TEXT
from chatkeep._item_lists import new_items, values_of
from chatkeep.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

    from chatkeep.types import ConversationItem, NewItem


def new_messages(messages: Sequence[ModelMessage], operation: str) -> list[NewItem]:
    """Returns the items of messages.

    Raises:
        InvalidInputError: A message is of another type, or nests too deep, or Pydantic AI could not
            load it again.
    """
    for index, message in enumerate(messages):
        if not isinstance(message, (ModelRequest, ModelResponse)):
            field = f"messages[{index}]"
            text = f"{field}: must be a ModelMessage, not {type(message).__name__}"
            raise InvalidTypeError(text, field=field, operation=operation)
    try:
        values = _values(messages)
        items = new_items(values, "messages", operation)
        reloaded = _values(_parsed(values, sort_keys=True))
    except ValidationError as error:
        reason = f"they could not be loaded again ({error.error_count()} errors)"
        raise _invalid(reason, operation) from error
    except ValueError as error:
        if isinstance(error, InvalidInputError):
            raise
        # The serializer's errors, such as those about texts with lone surrogates.
        raise _invalid(str(error), operation) from error
    for item, value, again in zip(items, values, reloaded, strict=True):
        # Databases sort keys. Messages where the order matters are stored as text: providers cache
        # prompts, which contain the arguments and results of tools.
        if (text := json.dumps(value)) != json.dumps(again):
            item["content"] = {TEXT: text}
    return items


def loaded_messages(items: Sequence[ConversationItem]) -> list[ModelMessage]:
    """Returns the messages of items."""
    return _parsed(values_of(items))


def _values(messages: Sequence[ModelMessage]) -> list[object]:
    values: list[object] = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return values


def _parsed(values: Sequence[object], *, sort_keys: bool = False) -> list[ModelMessage]:
    # Pydantic decodes Base64 only in JSON texts.
    return ModelMessagesTypeAdapter.validate_json(json.dumps(values, sort_keys=sort_keys))


def _invalid(reason: str, operation: str) -> InvalidInputError:
    return InvalidInputError(f"messages: {reason}", field="messages", operation=operation)
