"""The base of ``ChatkeepSaver``: how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph.checkpoint.base import BaseCheckpointSaver

from chatkeep._opened import Opened

if TYPE_CHECKING:
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from typing_extensions import Self

    import chatkeep
    import chatkeep.asyncio


class SaverBase(Opened, BaseCheckpointSaver[str]):
    """A saver without operations."""

    def __init__(
        self,
        chat: str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None = None,
        *,
        serde: SerializerProtocol | None = None,
    ) -> None:
        super().__init__(serde=serde)
        self._open(chat)

    @classmethod
    def from_conn_string(
        cls,
        conn_string: str,
        *,
        pipeline: bool = False,
        serde: SerializerProtocol | None = None,
    ) -> Self:
        """Returns a saver for a database URL, as ``with`` and ``async with`` expect it.

        Args:
            conn_string (str): Database URL.
            pipeline (bool): Accepted as by LangGraph's savers, without effect.
            serde (SerializerProtocol | None): Serializer of checkpoints.

        Returns:
            ChatkeepSaver: The saver. It is usable at once; the end of the block closes it.

        Raises:
            ConfigurationError: The URL is invalid.
        """
        return cls(conn_string, serde=serde)
