"""The class ``ChatkeepSaver``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chatkeep._steps import T, awaited, run, run_awaited
from chatkeep.langgraph import _operations as operations
from chatkeep.langgraph._base import SaverBase
from chatkeep.langgraph._history import delta_history
from chatkeep.langgraph._listing import Listing
from chatkeep.langgraph._steps import Steps

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        CheckpointTuple,
        DeltaChannelHistory,
    )


class ChatkeepSaver(SaverBase):
    """Stores the checkpoints of LangGraph's graphs in a database of chatkeep.

    One class has blocking methods and coroutines, for graphs of both kinds, on one store. The
    coroutines hold no thread while they wait. An instance is safe to use from any number of
    threads, tasks and event loops.

    The saver closes a store that it opened from a URL: use it as ``with`` or ``async with``, or call
    ``close``. Errors are those of chatkeep; ``field`` names the value.

    Args:
        chat (str | chatkeep.Chatkeep | chatkeep.asyncio.Chatkeep | None): Database URL, or store to
            use. Without it, the environment variables name the database.
        serde (SerializerProtocol | None): Serializer of checkpoints, as in other savers.

    Examples:
        >>> from chatkeep.langgraph import ChatkeepSaver
        >>> saver = ChatkeepSaver("sqlite:///:memory:")
        >>> list(saver.list({"configurable": {"thread_id": "a"}}))
        []
        >>> saver.close()
    """

    # Each operation has one implementation, as steps, for both forms.

    def _run(self, steps: Steps[T]) -> T:
        return run(self._blocking.graph_manager, steps)

    async def _arun(self, steps: Steps[T]) -> T:
        return await run_awaited(self._awaited.graph_manager, steps)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Returns the checkpoint that the config names, or the newest one of its namespace.

        Args:
            config (RunnableConfig): ``thread_id``, and optionally ``checkpoint_ns`` and
                ``checkpoint_id``.

        Returns:
            CheckpointTuple | None: The checkpoint with its pending writes, or ``None``.

        Raises:
            InvalidInputError: The config has no ``thread_id``, or an invalid value.
            UnavailableError: The database does not answer. This is never reported as ``None``.
        """
        return self._run(operations.load(self.serde, config))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Returns a checkpoint; see ``get_tuple``."""
        return await self._arun(operations.load(self.serde, config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yields checkpoints, the newest first, over all namespaces and threads that are selected.

        Checkpoints are queried in pages. Between pages no connection is held.

        Args:
            config (RunnableConfig | None): Thread, and optionally ``checkpoint_ns`` and
                ``checkpoint_id``; without it, all threads.
            filter (dict[str, Any] | None): Keys of the metadata with their values, which must be
                equal. A missing key equals ``None``.
            before (RunnableConfig | None): Config of a checkpoint. Only those with a lesser id are
                yielded.
            limit (int | None): Maximum number of checkpoints. Zero yields none.

        Yields:
            CheckpointTuple: A checkpoint with its pending writes.

        Raises:
            InvalidInputError: A config has an invalid value.
        """
        listing = Listing(self.serde, config, filter, before, limit)
        while request := listing.request():
            for match in listing.matches(request(self._blocking.graph_manager)):
                yield self._run(operations.to_tuple(self.serde, *match))

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yields checkpoints, the newest first; see ``list``."""
        listing = Listing(self.serde, config, filter, before, limit)
        while request := listing.request():
            for match in listing.matches(await awaited(self._awaited.graph_manager, request)):
                yield await self._arun(operations.to_tuple(self.serde, *match))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Stores a checkpoint. One with the same id is replaced.

        Args:
            config (RunnableConfig): ``thread_id`` and ``checkpoint_ns``, and as ``checkpoint_id``
                the parent.
            checkpoint (Checkpoint): Checkpoint to store.
            metadata (CheckpointMetadata): Its metadata. Values of the config are added, as
                LangGraph's savers do; texts keep NUL characters.
            new_versions (ChannelVersions): Versions of the channels that have a new value.

        Returns:
            RunnableConfig: The config of the checkpoint.

        Raises:
            InvalidInputError: A value is invalid. Nothing was stored.
            TypeError: The serializer does not support a value. Nothing was stored.
            OutcomeUnknownError: The connection broke before the database confirmed. The same call
                may be repeated.
            UnavailableError, PoolTimeoutError, ConflictError, StorageFullError, ReadOnlyError:
                Nothing was stored.
        """
        return self._run(operations.put(self.serde, config, checkpoint, metadata, new_versions))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Stores a checkpoint; see ``put``."""
        steps = operations.put(self.serde, config, checkpoint, metadata, new_versions)
        return await self._arun(steps)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Stores the writes of a task. The checkpoint need not be stored yet.

        Args:
            config (RunnableConfig): Config of the checkpoint.
            writes (Sequence[tuple[str, Any]]): Channels and values. A write of the same task and
                position that is stored already stays, except errors, interrupts and the like.
            task_id (str): Id of the task.
            task_path (str): Path of the task.

        Raises:
            InvalidInputError: A value is invalid. Nothing was stored.
            TypeError: The serializer does not support a value. Nothing was stored.
        """
        self._run(operations.put_writes(self.serde, config, writes, task_id, task_path))

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Stores the writes of a task; see ``put_writes``."""
        await self._arun(operations.put_writes(self.serde, config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Deletes a thread with all its checkpoints and writes, if it exists.

        Args:
            thread_id (str): The thread.
        """
        self._run(operations.delete_thread(thread_id))

    async def adelete_thread(self, thread_id: str) -> None:
        """Deletes a thread; see ``delete_thread``."""
        await self._arun(operations.delete_thread(thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints that runs created, with their writes, in all threads.

        A run is the ``run_id`` of a checkpoint's metadata. Delta channels of later checkpoints may
        need the deleted ones; ``prune`` keeps those.

        Args:
            run_ids (Sequence[str]): Ids of the runs.
        """
        self._run(operations.delete_for_runs(run_ids))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints that runs created; see ``delete_for_runs``."""
        await self._arun(operations.delete_for_runs(run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies all checkpoints and writes of a thread.

        Checkpoints of the target with other ids stay; those with the same id are replaced.

        Args:
            source_thread_id (str): Thread to copy. Without checkpoints, nothing is copied.
            target_thread_id (str): Thread that gets the copies.
        """
        self._run(operations.copy_thread(source_thread_id, target_thread_id))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies all checkpoints and writes of a thread; see ``copy_thread``."""
        await self._arun(operations.copy_thread(source_thread_id, target_thread_id))

    def prune(  # type: ignore[override]
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int | None = None,
        dry_run: bool = False,
    ) -> int:
        """Deletes old checkpoints of threads, or all.

        ``keep_latest`` keeps the last ones of each namespace with their writes, and the ancestors
        that their delta channels need. Interrupted graphs can be resumed.

        Args:
            thread_ids (Sequence[str]): Threads to prune.
            strategy (str): ``keep_latest`` or ``delete``.
            keep_last (int | None): Number of checkpoints that ``keep_latest`` keeps in each
                namespace, 1 by default.
            dry_run (bool): Whether to count only.

        Returns:
            int: Number of checkpoints that were deleted, or with ``dry_run`` would be.

        Raises:
            InvalidInputError: An argument is invalid. Nothing was deleted.
        """
        return self._run(operations.prune(thread_ids, strategy, keep_last, dry_run))

    async def aprune(  # type: ignore[override]
        self,
        thread_ids: Sequence[str],
        *,
        strategy: str = "keep_latest",
        keep_last: int | None = None,
        dry_run: bool = False,
    ) -> int:
        """Deletes old checkpoints of threads; see ``prune``."""
        return await self._arun(operations.prune(thread_ids, strategy, keep_last, dry_run))

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Returns the writes to delta channels since their last stored values.

        Args:
            config (RunnableConfig): Config of a checkpoint. Its ancestors are read.
            channels (Sequence[str]): Names of the channels.

        Returns:
            Mapping[str, DeltaChannelHistory]: For each channel, its writes from the oldest on, and
                the stored value before them, if any.
        """
        return self._run(delta_history(self.serde, config, channels))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Returns the writes to delta channels; see ``get_delta_channel_history``."""
        return await self._arun(delta_history(self.serde, config, channels))

    def get_next_version(self, current: str | int | None, channel: None) -> str:
        """Returns the version that follows ``current``, as LangGraph's other savers make it.

        Args:
            current (str | int | None): Version of the channel, if it has one.
            channel (None): Not used.

        Returns:
            str: The number of the version with 32 digits, and a random fraction.
        """
        return operations.next_version(current)
