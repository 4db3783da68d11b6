"""The compiled module; made from it by python/stubs.py."""

import os
from asyncio import Future
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from os import PathLike
from typing import Any, final

from chatkeep.types import (
    Analytics,
    CreatedToken,
    Health,
    ImportReport,
    Message,
    MigrationStatus,
    NewMessage,
    PoolStatus,
    TokenCheck,
    TokenInfo,
    TotalsCheck,
)

__all__ = [
    "AsyncDatabaseManager",
    "AsyncMessageLogger",
    "AsyncMessagePages",
    "AsyncTokenManager",
    "Chatkeep",
    "DatabaseManager",
    "MessageIterator",
    "MessageLogger",
    "TokenManager",
    "from_environment",
    "run_command",
]

@final
class AsyncDatabaseManager:
    def __new__(cls, chat: Chatkeep) -> AsyncDatabaseManager: ...
    def close(self, /, timeout: float = 30.0) -> Future[None]: ...
    def create_search_index(self, /) -> Future[bool]: ...
    def drop_search_index(self, /) -> Future[bool]: ...
    def flush(self, /, timeout: float = 30.0) -> Future[None]: ...
    def health(self, /) -> Future[Health]: ...
    def migrate(
        self,
        /,
        verb: str,
        revision: str | None = None,
        *,
        folder: str | PathLike[str] | None = None,
        from_revision: str | None = None,
        description: str | None = None,
        per_engine: bool = False,
    ) -> Future[dict[str, Any]]: ...
    def migrate_from_old_sqlite(self, /, path: str | os.PathLike[str]) -> Future[ImportReport]: ...
    def migration_status(self, /) -> Future[MigrationStatus]: ...
    def search_index(self, /) -> Future[str]: ...
    def upgrade(self, /) -> Future[list[str]]: ...
    def wait_until_ready(self, /) -> Future[None]: ...

@final
class AsyncMessageLogger:
    def __new__(cls, chat: Chatkeep) -> AsyncMessageLogger: ...
    def check_totals(self, /) -> Future[TotalsCheck]: ...
    def count_old_messages(self, /, days: int = 30) -> Future[int]: ...
    def delete_old_messages(self, /, days: int = 30) -> Future[int]: ...
    def export_for_fine_tuning(
        self,
        /,
        format: str = "jsonl",
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> Future[str]: ...
    def get_analytics(
        self,
        /,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> Future[Analytics]: ...
    def get_message_by_id(self, /, id: int) -> Future[Message | None]: ...
    def get_message_count(
        self,
        /,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> Future[int]: ...
    def get_messages(
        self,
        /,
        limit: int = 100,
        offset: int = 0,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
        cursor: str | Message | None = None,
    ) -> Future[list[Message]]: ...
    def iter_messages(
        self,
        /,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
        *,
        oldest_first: bool = False,
    ) -> AsyncMessagePages: ...
    def log_message(
        self,
        /,
        message: str,
        response: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        tokens_used: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | date | str | None = None,
    ) -> Future[int]: ...
    def log_messages(self, /, messages: Iterable[NewMessage | Message]) -> Future[list[int]]: ...
    def rebuild_totals(self, /) -> Future[None]: ...
    def search_messages(
        self, /, query: str, limit: int = 50, offset: int = 0, cursor: str | Message | None = None
    ) -> Future[list[Message]]: ...

@final
class AsyncMessagePages:
    def next_page(self, /) -> Future[list[Message]]: ...

@final
class AsyncTokenManager:
    def __new__(cls, chat: Chatkeep) -> AsyncTokenManager: ...
    def check_at_once(self, /, token: str) -> TokenCheck | None: ...
    def check_token(self, /, token: str) -> Future[TokenCheck]: ...
    def create_token(
        self, /, description: str = "API Token", expires_days: int | None = None
    ) -> Future[CreatedToken]: ...
    def delete_expired_tokens(self, /) -> Future[int]: ...
    def get_token_info(self, /, id: int) -> Future[TokenInfo | None]: ...
    def list_tokens(self, /) -> Future[list[TokenInfo]]: ...
    def revoke_token(self, /, token_id: int) -> Future[bool]: ...
    def verify_at_once(self, /, token: str) -> bool | None: ...
    def verify_token(self, /, token: str) -> Future[bool]: ...

@final
class Chatkeep:
    def __enter__(self) -> Chatkeep: ...
    def __exit__(self, /, kind: object, value: object, traceback: object) -> None: ...
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
    ) -> Chatkeep: ...
    def close(self, /, timeout: float = 30.0) -> None: ...
    @property
    def db_manager(self) -> DatabaseManager: ...
    def flush(self, /, timeout: float = 30.0) -> None: ...
    @property
    def message_logger(self) -> MessageLogger: ...
    @property
    def token_manager(self) -> TokenManager: ...

@final
class DatabaseManager:
    def close(self, /, timeout: float = 30.0) -> None: ...
    def create_search_index(self, /) -> bool: ...
    @property
    def database_url(self) -> str: ...
    @property
    def db_type(self) -> str: ...
    def drop_search_index(self, /) -> bool: ...
    def health(self, /) -> Health: ...
    def migrate(
        self,
        /,
        verb: str,
        revision: str | None = None,
        *,
        folder: str | PathLike[str] | None = None,
        from_revision: str | None = None,
        description: str | None = None,
        per_engine: bool = False,
    ) -> dict[str, Any]: ...
    def migrate_from_old_sqlite(self, /, path: str | os.PathLike[str]) -> ImportReport: ...
    def migration_status(self, /) -> MigrationStatus: ...
    def pool_status(self, /) -> PoolStatus: ...
    def search_index(self, /) -> str: ...
    def upgrade(self, /) -> list[str]: ...
    def wait_until_ready(self, /) -> None: ...

@final
class MessageIterator:
    def __iter__(self) -> MessageIterator: ...
    def __next__(self) -> Message: ...

@final
class MessageLogger:
    def check_totals(self, /) -> TotalsCheck: ...
    def count_old_messages(self, /, days: int = 30) -> int: ...
    def cursor_after(self, /, message: Message) -> str: ...
    def delete_old_messages(self, /, days: int = 30) -> int: ...
    def export_for_fine_tuning(
        self,
        /,
        format: str = "jsonl",
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> str: ...
    def flush(self, /, timeout: float = 30.0) -> None: ...
    def get_analytics(
        self,
        /,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> Analytics: ...
    def get_message_by_id(self, /, id: int) -> Message | None: ...
    def get_message_count(
        self,
        /,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> int: ...
    def get_messages(
        self,
        /,
        limit: int = 100,
        offset: int = 0,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
        cursor: str | Message | None = None,
    ) -> list[Message]: ...
    def iter_messages(
        self,
        /,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
        *,
        oldest_first: bool = False,
    ) -> MessageIterator: ...
    def log_message(
        self,
        /,
        message: str,
        response: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        tokens_used: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | date | str | None = None,
    ) -> int: ...
    def log_messages(self, /, messages: Iterable[NewMessage | Message]) -> list[int]: ...
    def rebuild_totals(self, /) -> None: ...
    def retrieve_messages(
        self,
        /,
        limit: int = 100,
        offset: int = 0,
        provider: str | None = None,
        model: str | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
        metadata: Mapping[str, str | int | float | bool | None] | None = None,
        cursor: str | Message | None = None,
    ) -> list[Message]: ...
    def search_messages(
        self, /, query: str, limit: int = 50, offset: int = 0, cursor: str | Message | None = None
    ) -> list[Message]: ...

@final
class TokenManager:
    def check_token(self, /, token: str) -> TokenCheck: ...
    def create_token(
        self, /, description: str = "API Token", expires_days: int | None = None
    ) -> CreatedToken: ...
    def delete_expired_tokens(self, /) -> int: ...
    def get_token_info(self, /, id: int) -> TokenInfo | None: ...
    def list_tokens(self, /) -> list[TokenInfo]: ...
    def revoke_token(self, /, token_id: int) -> bool: ...
    def verify_token(self, /, token: str) -> bool: ...

def from_environment() -> Chatkeep: ...
def run_command(arguments: list[str]) -> int: ...
