"""Lists of JSON values of a framework, as the items of conversations.

The id of a conversation is a hash of the framework's name and its keys. Keys of any length and any
characters are distinguished, and no key names a conversation that the framework did not create.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from chatkeep._exact import decode, encode
from chatkeep._steps import T
from chatkeep._texts import is_storable
from chatkeep.errors import ConflictError, InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from chatkeep import Chatkeep
    from chatkeep.types import ConversationItem, NewItem

#: A call of a store; with that of ``chatkeep.asyncio``, its result is awaited.
Request = Callable[["Chatkeep"], Any]
Steps = Generator[Request, Any, T]

#: Maximum number of items in a query.
PAGE = 10_000
#: Maximum length of a conversation's title, and of an item's role and kind, in characters.
MAX_TITLE = 255
MAX_ROLE = 50


class ItemList(NamedTuple):
    """The conversation of a framework's keys. It may not exist yet."""

    public_id: str
    user_id: str | None
    title: str | None
    metadata: dict[str, Any]


def item_list(
    framework: str, keys: dict[str, str], user_id: str | None, title: str, operation: str
) -> ItemList:
    """Returns the conversation of these keys and this user.

    Raises:
        InvalidTypeError: A key or the user is not a text.
    """
    for field, key in {**keys, "user_id": user_id}.items():
        if not isinstance(key, str) and (field, key) != ("user_id", None):
            message = f"{field}: must be a str, not {type(key).__name__}"
            raise InvalidTypeError(message, field=field, operation=operation)
    return ItemList(
        digest(framework, user_id, *keys.values()),
        user_id,
        title[:MAX_TITLE] if title and is_storable(title[:MAX_TITLE]) else None,
        encode({"framework": framework, **keys}, "metadata", operation),
    )


def digest(*keys: str | None) -> str:
    """Returns 64 hexadecimal digits, which are different for other keys."""
    # JSON has one text for each list of texts, and escapes lone surrogates.
    return hashlib.sha256(json.dumps(keys).encode()).hexdigest()


def new_items(values: Sequence[object], field: str, operation: str) -> list[NewItem]:
    """Returns the items of JSON values.

    Raises:
        TypeError: A part of a value is not a JSON value.
        InvalidInputError: A value nests too deep, or contains itself.
    """
    return [
        {
            "role": _role(value),
            "kind": _name(value, "type") or _name(value, "kind") or "message",
            "content": encode(value, f"{field}[{index}]", operation),
        }
        for index, value in enumerate(values)
    ]


def _role(value: object) -> str:
    if role := _name(value, "role"):
        return role
    kind = _name(value, "type") or _name(value, "kind") or ""
    if kind in ("user", "request"):
        return "user"
    return "tool" if kind.endswith("_output") else "assistant"


def _name(value: object, key: str) -> str | None:
    name = value.get(key) if isinstance(value, dict) else None
    if isinstance(name, str) and 0 < len(name) <= MAX_ROLE and is_storable(name):
        return name
    return None


def values_of(items: Sequence[ConversationItem]) -> list[Any]:
    """Returns the JSON values of items."""
    return [decode(item["content"]) for item in items]


def create(conversation: ItemList) -> Steps[None]:
    """Creates a conversation, unless another caller has done so."""
    try:
        yield lambda chat: chat.conversation_manager.create_conversation(
            user_id=conversation.user_id,
            title=conversation.title,
            metadata=conversation.metadata,
            public_id=conversation.public_id,
        )
    except ConflictError as error:
        if error.field != "public_id":
            raise


def or_none(request: Request) -> Steps[Any]:
    """Makes a request about a conversation. Returns ``None`` if it does not exist."""
    try:
        return (yield request)
    except InvalidInputError as error:
        if error.field != "conversation_id":
            raise
        return None


def append(conversation: ItemList, items: Sequence[NewItem]) -> Steps[list[int]]:
    """Appends items to a conversation, and creates it if it does not exist.

    Returns their positions.
    """
    public_id = conversation.public_id
    positions: list[int] = yield from _created(
        conversation,
        lambda chat: chat.conversation_manager.append_items(public_id, items),
    )
    return positions


def replace(conversation: ItemList, items: Sequence[NewItem]) -> Steps[None]:
    """Replaces all items of a conversation, and creates it if it does not exist."""
    public_id = conversation.public_id
    yield from _created(
        conversation,
        lambda chat: chat.conversation_manager.replace_items(public_id, 1, items),
    )


def _created(conversation: ItemList, request: Request) -> Steps[Any]:
    positions = yield from or_none(request)
    if positions is None:
        yield from create(conversation)
        positions = yield request
    return positions


def last_items(conversation: ItemList, limit: int) -> Steps[list[ConversationItem]]:
    """Returns the last items of a conversation."""
    found: list[ConversationItem] = []
    before: int | None = None
    while len(found) < limit:
        size = min(limit - len(found), PAGE)
        page = yield _page(conversation, size, before=before)
        found = page + found
        if len(page) < size:
            break
        before = page[0]["position"]
    return found


def items_after(conversation: ItemList, position: int = 0) -> Steps[list[ConversationItem]]:
    """Returns the items of a conversation after a position, by default all."""
    found: list[ConversationItem] = []
    while True:
        page = yield _page(conversation, PAGE, after=position)
        found += page
        if len(page) < PAGE:
            return found
        position = page[-1]["position"]


def _page(
    conversation: ItemList, limit: int, before: int | None = None, after: int | None = None
) -> Request:
    return lambda chat: chat.conversation_manager.get_items(
        conversation.public_id, limit=limit, before=before, after=after
    )
