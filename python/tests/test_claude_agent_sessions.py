"""Session transcripts of the Claude Agent SDK."""

import asyncio
import logging

import chatkeep
import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.claude_agent import ChatkeepSessionStore
from claude_agent_sdk import InMemorySessionStore, fold_session_summary
from claude_conformance import TESTS, run_conformance
from json_values import HOSTILE_IDS, VALUES, same


def run(coroutine):
    return asyncio.run(coroutine)


def key_of(session="s", project="p", subpath=None):
    key = {"project_key": project, "session_id": session}
    return key if subpath is None else {**key, "subpath": subpath}


def entry(number, **more):
    return {"type": "user", "uuid": f"u{number}", **more}


def test_store_conforms_to_the_sdk(database):
    assert run_conformance(database.url) == (TESTS, [])


def test_entries_are_returned_exactly(chat):
    store = ChatkeepSessionStore(chat)
    run(store.append(key_of(), VALUES))
    run(store.append(key_of(), VALUES))
    assert same(run(store.load(key_of())), VALUES * 2)


def test_keys_are_told_apart_by_their_characters(chat):
    store = ChatkeepSessionStore(chat)
    ids = [one for one in HOSTILE_IDS if one]
    keys = [key_of(one) for one in ids]
    keys += [key_of("s", one) for one in ids]
    keys += [key_of("s", "p", one) for one in ids]
    keys += [key_of("a", "b/c"), key_of("b/c", "a"), key_of("a", "b", "c"), key_of("b", "a", "c")]

    async def main():
        for number, key in enumerate(keys):
            assert await store.load(key) is None
            await store.append(key, [entry(number)])
        for number, key in enumerate(keys):
            assert await store.load(key) == [entry(number)]
        assert {one["session_id"] for one in await store.list_sessions("p")} == set(ids)
        for one in ids:
            listed = [found["session_id"] for found in await store.list_sessions(one)]
            assert listed == (["s", "b/c"][::-1] if one == "a" else ["s"])
        assert sorted(await store.list_subkeys(key_of())) == sorted(ids)
        await store.delete(key_of("a"))
        await store.delete(key_of("s", "p", "a%"))
        for number, key in enumerate(keys):
            is_deleted = key in (key_of("a"), key_of("s", "p", "a%"))
            assert await store.load(key) == (None if is_deleted else [entry(number)])

    run(main())


def test_concurrent_appends_are_stored_in_the_order_of_the_calls(chat):
    store = ChatkeepSessionStore(chat)

    async def main():
        calls = [store.append(key_of(), [entry(2 * n), entry(2 * n + 1)]) for n in range(30)]
        await asyncio.gather(*calls)
        assert await store.load(key_of()) == [entry(number) for number in range(60)]

    run(main())


def test_appends_of_several_stores_have_one_summary(chat):
    async def append(name):
        store = ChatkeepSessionStore(chat)
        for number in range(10):
            await store.append(key_of(), [entry(f"{name} {number}", customTitle=f"{name}{number}")])

    async def main():
        await asyncio.gather(*(append(name) for name in range(6)))

    run(main())
    store = ChatkeepSessionStore(chat)
    entries = run(store.load(key_of()))
    (summary,) = run(store.list_session_summaries("p"))
    assert len(entries) == 60
    assert summary["data"] == fold_session_summary(None, key_of(), entries)["data"]
    (listed,) = run(store.list_sessions("p"))
    assert listed == {"session_id": "s", "mtime": summary["mtime"]}


def test_cancelled_append_does_not_overtake_later_ones(chat):
    store = ChatkeepSessionStore(chat)

    async def main():
        for number in range(10):
            task = asyncio.create_task(store.append(key_of(), [entry(2 * number)]))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await store.append(key_of(), [entry(2 * number + 1)])
        assert await store.load(key_of()) == [entry(number) for number in range(20)]

    run(main())


def test_entries_that_are_appended_again_are_returned_once(chat):
    store = ChatkeepSessionStore(chat)
    title = {"type": "title", "customTitle": "a"}
    run(store.append(key_of(), [entry(1), title, entry(2)]))
    run(store.append(key_of(), [entry(2, text="again"), title, entry(3), entry(1)]))
    assert run(store.load(key_of())) == [entry(1), title, entry(2), title, entry(3)]


def test_summaries_and_lists_are_those_of_the_memory_store(chat):
    stores = [ChatkeepSessionStore(chat), InMemorySessionStore()]
    for store in stores:
        for number in range(20):
            session = f"s{number % 3}"
            more = {"timestamp": f"2026-01-01T00:00:{number:02}Z", "message": {"content": "a\0b"}}
            run(store.append(key_of(session), [entry(number, **more)]))
            run(store.append(key_of(session, "q"), [entry(number, isSidechain=True, cwd="/tmp")]))
            run(store.append(key_of(session, "p", f"agent-{number}"), [entry(number)]))
        run(store.delete(key_of("s1")))
        run(store.delete(key_of("s2", "p", "agent-5")))
    ours, theirs = stores
    for project in ("p", "q", "none"):
        for method in ("list_sessions", "list_session_summaries"):
            one, other = (
                sorted(run(getattr(store, method)(project)), key=lambda found: found["session_id"])
                for store in stores
            )
            for found in one + other:
                assert found.pop("mtime") > 1e12
            assert one == other
    for session in ("s0", "s1", "s2", "none"):
        found = run(ours.list_subkeys(key_of(session)))
        assert sorted(found) == sorted(run(theirs.list_subkeys(key_of(session))))


def test_long_lists_are_read_in_pages(memory, monkeypatch):
    monkeypatch.setattr("chatkeep.claude_agent._transcript.PAGE", 3)
    store = ChatkeepSessionStore(memory)
    for number in range(10):
        run(store.append(key_of(f"s{number}"), [entry(number)]))
    listed = [found["session_id"] for found in run(store.list_sessions("p"))]
    assert listed == [f"s{number}" for number in reversed(range(10))]


def test_session_that_changes_while_a_long_list_is_read_is_listed(memory, monkeypatch):
    monkeypatch.setattr("chatkeep.claude_agent._transcript.PAGE", 3)
    store = ChatkeepSessionStore(memory)
    for number in range(10):
        run(store.append(key_of(f"s{number}"), [entry(number)]))
    manager = type(store._awaited.memory_manager)
    search = manager.search_memories
    changed = []

    async def search_and_change(self, *arguments, **named):
        page = await search(self, *arguments, **named)
        # The oldest sessions, which later pages would have.
        if len(changed) < 5:
            changed.append(f"s{len(changed)}")
            await store.append(key_of(changed[-1]), [entry("more")])
        return page

    monkeypatch.setattr(manager, "search_memories", search_and_change)
    listed = [found["session_id"] for found in run(store.list_sessions("p"))]
    assert sorted(listed) == [f"s{number}" for number in range(10)]


def test_append_succeeds_although_the_summary_fails(memory, monkeypatch, caplog):
    store = ChatkeepSessionStore(memory)
    run(store.append(key_of(), [entry(1)]))

    def fail(*arguments, **named):
        raise chatkeep.UnavailableError("the database is down")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "chatkeep.claude_agent"):
        patch.setattr(type(store._awaited.memory_manager), "get_memory", fail)
        run(store.append(key_of(), [entry(2, customTitle="a")]))
    assert "not up to date: the database is down" in caplog.text
    assert run(store.load(key_of())) == [entry(1), entry(2, customTitle="a")]
    # The next entries update it.
    run(store.append(key_of(), [entry(3)]))
    (summary,) = run(store.list_session_summaries("p"))
    assert summary["data"]["custom_title"] == "a"


def test_wrong_arguments_are_rejected_with_the_field_name(memory):
    store = ChatkeepSessionStore(memory)
    for key, field, kind in [
        ({}, "project_key", InvalidInputError),
        ({"project_key": "p"}, "session_id", InvalidInputError),
        (key_of(5), "session_id", InvalidTypeError),
        (key_of(None), "session_id", InvalidTypeError),
        (key_of("s", b"p"), "project_key", InvalidTypeError),
        (key_of("s", "p", ""), "subpath", InvalidInputError),
        (key_of("s", "p", 5), "subpath", InvalidTypeError),
    ]:
        for call in (
            lambda key=key: store.append(key, [entry(1)]),
            lambda key=key: store.load(key),
            lambda key=key: store.delete(key),
        ):
            with pytest.raises(InvalidInputError) as caught:
                run(call())
            assert type(caught.value) is kind
            assert (caught.value.field, caught.value.kind) == (field, "InvalidInput")
    with pytest.raises(InvalidInputError, match="project_key"):
        run(store.list_subkeys({}))
    with pytest.raises(TypeError):
        run(store.append(key_of(), [entry(1), {"type": object()}]))
    with pytest.raises(InvalidInputError) as caught:
        run(store.append(key_of(), [entry(1), {"long": "x" * (17 * 1024 * 1024)}]))
    assert caught.value.field == "items[1].content"
    run(store.append(key_of(), []))
    assert run(store.load(key_of())) is None


def test_store_from_a_url_is_closed_at_the_end_of_its_block(sqlite):
    async def main():
        async with ChatkeepSessionStore(sqlite.url) as store:
            await store.append(key_of(), [entry(1)])
        with pytest.raises(chatkeep.UnavailableError):
            await store.load(key_of())

    run(main())
