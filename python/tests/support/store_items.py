"""Items of the LangGraph store, and calls in both forms."""

import asyncio


def keys(found):
    return [item.key for item in found]


def both_forms(store, method, *arguments, **named):
    """Yields the blocking form of a call, and its coroutine."""
    yield lambda: getattr(store, method)(*arguments, **named)
    yield lambda: asyncio.run(getattr(store, f"a{method}")(*arguments, **named))
