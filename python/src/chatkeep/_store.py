"""The base of the generated class ``Chatkeep``."""

# Annotations are not evaluated, so their types are imported for type checkers only.
from __future__ import annotations

from chatkeep._generated.blocking.managers import Managers
from chatkeep._native import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    Self = TypeVar("Self", bound="ChatkeepBase")


class ChatkeepBase(Managers):
    """The base of ``Chatkeep``."""

    __slots__ = ()

    def _open(self, url: str | None, settings: dict[str, object]) -> None:
        self._set(Store(url, settings))

    def _set(self, store: Store) -> None:
        self._store = store
        self._create_managers(self)

    def close(self, timeout: float = 30.0) -> None:
        """Closes the store."""
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
