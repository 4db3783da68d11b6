"""The compiled module."""

from asyncio import Future
from typing import Any, Generic, TypeVar, final

from chatkeep.types import Message

__all__ = [
    "MessageIterator",
    "Operation",
    "Store",
    "cached",
    "call",
    "cursor_after",
    "operation",
    "run_command",
    "submit",
]

_T = TypeVar("_T")

@final
class MessageIterator:
    def __iter__(self) -> MessageIterator: ...
    def __next__(self) -> Message: ...
    def _next_page(self, /) -> Future[list[Message]]: ...

@final
class Operation(Generic[_T]): ...

@final
class Store:
    def __new__(
        cls,
        url: str | None = None,
        *,
        pool_size: int | None = None,
        max_overflow: int | None = None,
        pool_timeout: float | None = None,
        pool_recycle: float | None = None,
        pool_pre_ping: bool | None = None,
        connect_timeout: float | None = None,
        query_timeout: float | None = None,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        auto_migrate: bool | None = None,
        writers: int | None = None,
        token_cache: float | None = None,
    ) -> Store: ...
    def describe(self, /, class_name: str) -> str: ...
    @staticmethod
    def from_environment() -> Store: ...

def cached(store: Store, operation: Operation[_T], arguments: tuple[object, ...]) -> _T | None: ...
def call(store: Store, operation: Operation[_T], arguments: tuple[object, ...]) -> _T: ...
def cursor_after(message: Message) -> str: ...
def operation(interface: str, name: str) -> Operation[Any]: ...
def run_command(arguments: list[str]) -> int: ...
def submit(store: Store, operation: Operation[_T], arguments: tuple[object, ...]) -> Future[_T]: ...
