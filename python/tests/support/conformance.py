"""LangGraph's conformance suite for savers, with coroutines and with blocking calls."""

import asyncio

from chatkeep.langgraph import ChatkeepSaver
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.report import ProgressCallbacks

#: The suite reports success for capabilities that it does not detect.
CAPABILITIES = {
    "put",
    "put_writes",
    "get_tuple",
    "list",
    "delete_thread",
    "delete_for_runs",
    "copy_thread",
    "prune",
}
TESTS = 81


class BlockingForms(BaseCheckpointSaver):
    """The coroutines of a saver, made of its blocking methods."""

    def __init__(self, saver):
        super().__init__(serde=saver.serde)
        self._saver = saver

    async def aget_tuple(self, config):
        return self._saver.get_tuple(config)

    async def alist(self, config, **arguments):
        for found in self._saver.list(config, **arguments):
            yield found

    async def aput(self, *arguments):
        return self._saver.put(*arguments)

    async def aput_writes(self, *arguments, **more):
        return self._saver.put_writes(*arguments, **more)

    async def adelete_thread(self, thread_id):
        return self._saver.delete_thread(thread_id)

    async def adelete_for_runs(self, run_ids):
        return self._saver.delete_for_runs(run_ids)

    async def acopy_thread(self, source_thread_id, target_thread_id):
        return self._saver.copy_thread(source_thread_id, target_thread_id)

    async def aprune(self, thread_ids, **arguments):
        return self._saver.prune(thread_ids, **arguments)


def run_conformance(url, form):
    """Runs the suite on a database with the `form` async or sync.

    Returns the number of tests that passed, and the failures, among them missing capabilities.
    """

    @checkpointer_test(name=f"ChatkeepSaver, {form}")
    async def saver():
        async with ChatkeepSaver.from_conn_string(url) as opened:
            yield opened if form == "async" else BlockingForms(opened)

    failures = []

    def note(capability, test, passed, error):
        if not passed:
            failures.append(f"{capability}: {test}: {error}")

    report = asyncio.run(validate(saver, progress=ProgressCallbacks(on_test_result=note)))
    detected = {name for name, result in report.results.items() if result.detected}
    failures += [f"{name}: not detected" for name in sorted(CAPABILITIES - detected)]
    return sum(result.tests_passed for result in report.results.values()), failures
