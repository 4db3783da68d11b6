"""The operations of the store, as steps; see ``chatkeep._steps``."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)

from chatkeep._steps import T
from chatkeep.errors import InvalidInputError, InvalidTypeError
from chatkeep.langgraph._store_filter import stored_filter

if TYPE_CHECKING:
    from langgraph.store.base import Op, Result

    from chatkeep import MemoryManager
    from chatkeep.types import Memory, NewMemory

try:
    from langgraph.store.base import validate_op_namespace
except ImportError:
    # Before version 4.3. The memory checks the segments itself.
    def validate_op_namespace(op: Op) -> None:
        """Accepts every operation."""


#: The class of an item.
ItemT = TypeVar("ItemT", bound=Item)
#: A call of the memory manager; with that of ``chatkeep.asyncio``, its result is awaited.
Request = Callable[["MemoryManager"], Any]
Steps = Generator[Request, Any, T]

#: Maximum number of results of one call.
MAX_LIMIT = 10_000
OPERATIONS = (GetOp, SearchOp, ListNamespacesOp, PutOp)


def checked(ops: Iterable[Op]) -> list[Op]:
    """Returns the operations, if all of them are valid.

    Raises:
        InvalidNamespaceError: A segment of a namespace is invalid.
        InvalidInputError: An operation is of an unknown type, or a time to live is invalid.
    """
    checked = list(ops)
    for op in checked:
        if not isinstance(op, OPERATIONS):
            message = f"ops: must be operations of LangGraph's stores, not {type(op).__name__}"
            raise InvalidTypeError(message, field="ops", operation="batch")
        validate_op_namespace(op)
    return checked


def batch(ops: Sequence[Op]) -> Steps[list[Result]]:
    """Runs operations as LangGraph's other stores do: reads first, then all changes together."""
    results: list[Result] = [None] * len(ops)
    items: list[NewMemory] = [_new_memory(op) for op in ops if isinstance(op, PutOp)]
    for index, op in enumerate(ops):
        if isinstance(op, GetOp):
            results[index] = yield from _get(op)
        elif isinstance(op, SearchOp):
            results[index] = yield from _search(op)
        elif isinstance(op, ListNamespacesOp):
            results[index] = yield from _list_namespaces(op)
    if items:
        yield lambda memory: memory.put_memories(items)
    return results


@contextmanager
def fields_of(ops: Sequence[Op]) -> Iterator[None]:
    """Renames the fields of errors to those of the operations.

    The values of one operation have the names of ``put``. Among several, they have its position.
    """
    try:
        yield
    except InvalidInputError as error:
        index, _, rest = (error.field or "").removeprefix("items[").partition("].")
        if not rest or not index.isdecimal():
            raise
        name = "ttl" if rest == "ttl_seconds" else rest
        puts = [position for position, op in enumerate(ops) if isinstance(op, PutOp)]
        field = name if len(ops) == 1 else f"ops[{puts[int(index)]}].{name}"
        error.args = (str(error).replace(error.field or "", field, 1),)
        error.field = field
        raise


def _get(op: GetOp) -> Steps[Item | None]:
    if not op.namespace:
        return None
    record: Memory | None = yield lambda memory: memory.get_memory(
        op.namespace, op.key, refresh_ttl=op.refresh_ttl
    )
    return None if record is None else _item(Item, record)


def _search(op: SearchOp) -> Steps[list[SearchItem]]:
    filter = stored_filter(op.filter)
    if filter is None:
        return []
    records: list[Memory] = yield from _in_pages(
        op.limit,
        op.offset,
        lambda limit, offset: (
            lambda memory: memory.search_memories(
                op.namespace_prefix,
                filter=filter,
                limit=limit,
                offset=offset,
                refresh_ttl=op.refresh_ttl,
            )
        ),
    )
    return [_item(SearchItem, record) for record in records]


def _item(form: type[ItemT], record: Memory) -> ItemT:
    return form(
        namespace=tuple(record["namespace"]),
        key=record["key"],
        value=record["value"],
        created_at=datetime.fromisoformat(record["created_at"]),
        updated_at=datetime.fromisoformat(record["updated_at"]),
    )


def _list_namespaces(op: ListNamespacesOp) -> Steps[list[tuple[str, ...]]]:
    paths: dict[str, list[str] | None] = {"prefix": [], "suffix": []}
    for condition in op.match_conditions or ():
        kind = condition.match_type
        if kind not in paths:
            message = f"match_conditions: must match a prefix or a suffix, not {kind!r}"
            raise InvalidInputError(message, field="match_conditions", operation="list_namespaces")
        known = paths[kind]
        if known is not None:
            paths[kind] = _both(known, condition)
    prefix, suffix = paths["prefix"], paths["suffix"]
    if prefix is None or suffix is None:
        return []
    namespaces: list[list[str]] = yield from _in_pages(
        op.limit,
        op.offset,
        lambda limit, offset: (
            lambda memory: memory.list_memory_namespaces(
                prefix=prefix,
                suffix=suffix,
                max_depth=op.max_depth,
                limit=limit,
                offset=offset,
            )
        ),
    )
    return [tuple(namespace) for namespace in namespaces]


def _both(known: list[str], condition: MatchCondition) -> list[str] | None:
    """Returns the path that matches what both paths match; ``None`` if nothing does."""
    one, other = known, list(condition.path)
    if condition.match_type == "suffix":
        one, other = one[::-1], other[::-1]
    merged = list(one if len(one) > len(other) else other)
    for index, (first, second) in enumerate(zip(one, other, strict=False)):
        if "*" not in (first, second) and first != second:
            return None
        merged[index] = second if first == "*" else first
    return merged[::-1] if condition.match_type == "suffix" else merged


def _in_pages(limit: int, offset: int, request: Callable[[int, int], Request]) -> Steps[list[Any]]:
    """Requests up to ``limit`` results. A limit of 0 gives no results, as in LangGraph's other stores.

    A limit of another type is accepted or rejected by the call.
    """
    found: list[Any] = []
    if not isinstance(limit, int):
        found = yield request(limit, offset)
        return found
    while len(found) < limit:
        size = min(limit - len(found), MAX_LIMIT)
        page: list[Any] = yield request(size, offset + len(found))
        found += page
        if len(page) < size:
            break
    return found


def _new_memory(op: PutOp) -> NewMemory:
    item: NewMemory = {
        "namespace": op.namespace,
        "key": op.key,
        "value": None if op.value is None else dict(op.value),
    }
    if op.ttl is not None and op.value is not None:
        item["ttl_seconds"] = seconds(op.ttl)
    return item


def seconds(ttl: float) -> int:
    """Returns a time to live, in minutes, as whole seconds.

    Raises:
        InvalidTypeError: It is not a number.
        InvalidInputError: It is not more than zero, or not finite.
    """
    if isinstance(ttl, bool) or not isinstance(ttl, (int, float)):
        message = f"ttl: must be a number of minutes, not {type(ttl).__name__}"
        raise InvalidTypeError(message, field="ttl", operation="put")
    if not 0 < ttl < math.inf:
        message = f"ttl: must be more than 0 minutes, not {ttl}"
        raise InvalidInputError(message, field="ttl", operation="put")
    # Rounded up, but 7/60 of a minute are 7 seconds, although 7 / 60 * 60 is slightly more.
    return math.ceil(round(ttl * 60, 6)) or 1
