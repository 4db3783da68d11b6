"""The conversation of a transcript, and its entry in the list of a project's transcripts.

Conversations have no list by project, so the lists are memories: one namespace for the sessions of
a project, and one for the subagents of each session.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from claude_agent_sdk import fold_session_summary

from chatkeep._exact import decode, encode
from chatkeep._item_lists import (
    ItemList,
    Steps,
    append,
    digest,
    item_list,
    items_after,
    or_none,
    values_of,
)
from chatkeep.errors import Error, InvalidInputError

if TYPE_CHECKING:
    from claude_agent_sdk import SessionKey, SessionStoreEntry, SessionSummaryEntry

    from chatkeep.types import Memory, NewItem

FRAMEWORK = "claude-agent"
#: Maximum number of memories in a query.
PAGE = 1_000
LOGGER = logging.getLogger("chatkeep.claude_agent")


class Transcript(NamedTuple):
    """The transcript that a key of the SDK names."""

    key: SessionKey
    conversation: ItemList
    namespace: list[str]

    @classmethod
    def of(cls, key: Mapping[str, object], operation: str) -> Transcript:
        """Reads a key.

        Raises:
            InvalidInputError: A part of the key is missing, is not a text, or ``subpath`` is empty.
        """
        keys = {name: key[name] for name in ("project_key", "session_id", "subpath") if name in key}
        for name in ("project_key", "session_id"):
            if name not in keys:
                message = f"{name}: must be given in the key"
                raise InvalidInputError(message, field=name, operation=operation)
        if keys.get("subpath", "-") == "":
            message = "subpath: must not be empty; omit it for the main transcript"
            raise InvalidInputError(message, field="subpath", operation=operation)
        texts = cast("dict[str, str]", keys)
        title = texts.get("subpath", texts["session_id"])
        conversation = item_list(FRAMEWORK, texts, None, title, operation)
        found = cast("SessionKey", texts)
        is_main = "subpath" not in texts
        namespace = sessions_of(found["project_key"]) if is_main else subpaths_of(found)
        return cls(found, conversation, namespace)

    @property
    def is_main(self) -> bool:
        """Whether it is the transcript of the session itself."""
        return "subpath" not in self.key

    def entry(self, position: int, data: dict[str, Any] | None) -> dict[str, Any]:
        """Returns the value of its memory, with a summary of the items up to a position."""
        value = {**self.key, "position": position, "summary": data}
        return encode(value, "entries", "append")


def sessions_of(project_key: str) -> list[str]:
    """Returns the namespace of a project's sessions."""
    return [FRAMEWORK, "sessions", digest(project_key)]


def subpaths_of(key: Mapping[str, Any]) -> list[str]:
    """Returns the namespace of the subagents of a session."""
    return [FRAMEWORK, "subpaths", digest(key["project_key"], key["session_id"])]


def store(transcript: Transcript, items: list[NewItem]) -> Steps[None]:
    """Appends items to a transcript. It is in its list before the first items are stored."""
    public_id = transcript.conversation.public_id
    stored = yield from or_none(
        lambda chat: chat.conversation_manager.append_items(public_id, items)
    )
    if stored is None:
        yield put_entry(transcript, transcript.entry(0, None))
        yield from append(transcript.conversation, items)
    if transcript.is_main:
        try:
            yield from summarize(transcript)
        except Error as error:
            # The SDK would append the stored entries again. The next entries update the summary.
            LOGGER.warning("the summary of a session is not up to date: %s", error)


def put_entry(transcript: Transcript, value: dict[str, Any]) -> Any:
    """Returns the request that stores the memory of a transcript."""
    namespace, key = transcript.namespace, transcript.conversation.public_id
    return lambda chat: chat.memory_manager.put_memory(namespace, key, value)


def summarize(transcript: Transcript) -> Steps[None]:
    """Adds the items that are not in the summary yet to it.

    A summary is that of all items up to a position, so concurrent callers store different ones, of
    which each is correct. After storing one, a caller looks for items that it does not include.
    Hence the last one that is stored includes all items.
    """
    namespace, key = transcript.namespace, transcript.conversation.public_id
    memory: Memory | None = yield lambda chat: chat.memory_manager.get_memory(namespace, key)
    entry: dict[str, Any] = decode(memory["value"]) if memory else {"position": 0, "summary": None}
    position, data = entry["position"], entry["summary"]
    while items := (yield from items_after(transcript.conversation, position)):
        previous: SessionSummaryEntry | None = None
        if data is not None:
            session_id = transcript.key["session_id"]
            previous = {"session_id": session_id, "mtime": 0, "data": data}
        folded = fold_session_summary(previous, transcript.key, distinct(values_of(items)))
        position, data = items[-1]["position"], folded["data"]
        yield put_entry(transcript, transcript.entry(position, data))


def distinct(entries: list[Any]) -> list[SessionStoreEntry]:
    """Returns the entries without those whose ``uuid`` an earlier one has.

    The SDK appends entries again after an error, although they may be stored.
    """
    seen: set[str] = set()
    found: list[SessionStoreEntry] = []
    for entry in entries:
        uuid = entry.get("uuid") if isinstance(entry, dict) else None
        if isinstance(uuid, str):
            if uuid in seen:
                continue
            seen.add(uuid)
        found.append(entry)
    return found


def entries_of(namespace: list[str]) -> Steps[list[tuple[dict[str, Any], int]]]:
    """Returns the values of the memories of a namespace, and their times in milliseconds."""
    found: dict[str, tuple[dict[str, Any], int]] = {}
    newest = ""
    offset = 0
    while True:
        page: list[Memory] = yield _search(namespace, offset)
        newest = newest or (page[0]["updated_at"] if page else "")
        _collect(page, found)
        if len(page) < PAGE:
            break
        offset += PAGE
    # Memories that were stored again since the first page was read come before its items now.
    is_changed = offset > 0
    offset = 0
    while is_changed:
        page = yield _search(namespace, offset)
        _collect(page, found)
        is_changed = len(page) == PAGE and page[-1]["updated_at"] >= newest
        offset += PAGE
    return list(found.values())


def _collect(page: list[Memory], found: dict[str, tuple[dict[str, Any], int]]) -> None:
    for memory in page:
        time = datetime.fromisoformat(memory["updated_at"]).timestamp()
        # A memory that was moved by the changes of others is in two pages.
        found.setdefault(memory["key"], (decode(memory["value"]), int(time * 1000)))


def _search(namespace: list[str], offset: int) -> Any:
    return lambda chat: chat.memory_manager.search_memories(namespace, limit=PAGE, offset=offset)


def delete(transcript: Transcript) -> Steps[None]:
    """Deletes a transcript, and those of its subagents if it is the main one.

    Their memories are deleted last, so that an interrupted deletion can be repeated.
    """
    deleted = [transcript]
    if transcript.is_main:
        deleted += [
            Transcript.of(entry, "delete")
            for entry, _ in (yield from entries_of(subpaths_of(transcript.key)))
        ]
    for one in deleted:
        yield _delete_conversation(one)
    yield lambda chat: chat.memory_manager.put_memories(
        [
            {"namespace": one.namespace, "key": one.conversation.public_id, "value": None}
            for one in deleted
        ]
    )


def _delete_conversation(transcript: Transcript) -> Any:
    public_id = transcript.conversation.public_id
    return lambda chat: chat.conversation_manager.delete_conversation(public_id)
