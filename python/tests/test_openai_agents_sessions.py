"""Sessions of the OpenAI Agents SDK. `cargo xtask frameworks` runs the SDK's own tests."""

import asyncio
import random

import chatkeep
import pytest
from agents import Agent, RunConfig, Runner
from agents.memory import Session, SessionSettings
from agents.testing import ScriptedModel, assistant_message
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.openai_agents import ChatkeepSession
from json_values import HOSTILE_IDS, VALUES, nested, random_value, same


def add(session, *items):
    asyncio.run(session.add_items(list(items)))


def items_of(session, limit=None):
    return asyncio.run(session.get_items(limit))


def pop(session):
    return asyncio.run(session.pop_item())


def test_items_are_returned_exactly(chat):
    session = ChatkeepSession("a", chat)
    assert isinstance(session, Session)
    values = [*VALUES, nested(30), nested(31), nested(300), "text", [1, [2]], None]
    for value in values:
        add(session, value)
    assert same(items_of(session), values)
    add(session, *values)
    assert same(items_of(session), values * 2)
    assert same(items_of(session, len(values)), values)
    for value in reversed(values * 2):
        assert same(pop(session), value)
    assert pop(session) is None
    # Tuples and keys that are not texts, as JSON has them.
    add(session, {"a": (1, 2), 5: True})
    assert items_of(session) == [{"a": [1, 2], "5": True}]


def test_session_ids_are_told_apart_by_their_characters(chat):
    users = [None, *(chat.user_manager.create_user(username=f"u{n}") for n in range(2))]
    sessions = [
        ChatkeepSession(one, chat, user_id=user and user["public_id"])
        for one in HOSTILE_IDS
        for user in users
    ]
    assert len({session.conversation_id for session in sessions}) == len(sessions)
    for number, session in enumerate(sessions):
        assert items_of(session) == []
        add(session, {"n": number})
    for number, session in enumerate(sessions):
        assert items_of(session) == [{"n": number}]
    asyncio.run(sessions[0].clear_session())
    assert [len(items_of(session)) for session in sessions] == [0] + [1] * (len(sessions) - 1)
    # The id of a conversation is not the id of a session.
    assert items_of(ChatkeepSession(sessions[1].conversation_id, chat)) == []


def test_random_operations_have_the_results_of_a_list(chat):
    chance = random.Random(81)
    lists = {one: [] for one in "abc"}
    for _ in range(300):
        name = chance.choice("abc")
        session, expected = ChatkeepSession(name, chat), lists[name]
        operation = chance.choice(["add", "add", "get", "last", "pop", "clear"])
        if operation == "add":
            items = [{"v": random_value(chance)} for _ in range(chance.randrange(4))]
            add(session, *items)
            expected += items
        elif operation == "get":
            assert same(items_of(session), expected)
        elif operation == "last":
            limit = chance.randrange(1, 8)
            assert same(items_of(session, limit), expected[-limit:])
        elif operation == "pop":
            assert same(pop(session), expected.pop() if expected else None)
        elif chance.random() < 0.3:
            asyncio.run(session.clear_session())
            expected.clear()


def test_limits_select_the_last_items(memory):
    settings = {"limit": 2}
    session = ChatkeepSession("a", memory, session_settings=settings)
    assert session.session_settings == SessionSettings(limit=2)
    add(session, *({"n": number} for number in range(5)))
    assert items_of(session) == [{"n": 3}, {"n": 4}]
    assert items_of(session, 3) == [{"n": 2}, {"n": 3}, {"n": 4}]
    assert items_of(session, 0) == []
    assert len(items_of(session, 10**6)) == len(items_of(session, -1)) == 5
    assert ChatkeepSession("a", memory).session_settings == SessionSettings()


def test_long_histories_are_read_in_pages(memory, monkeypatch):
    monkeypatch.setattr("chatkeep._item_lists.PAGE", 3)
    session = ChatkeepSession("a", memory)
    for count in range(1, 11):
        add(session, {"n": count})
        expected = [{"n": number + 1} for number in range(count)]
        assert items_of(session) == expected
        for limit in (1, 3, 4, 6, 9):
            assert items_of(session, limit) == expected[-limit:]


def test_concurrent_appends_keep_the_order_of_each_call(chat):
    async def append(session, name):
        for number in range(8):
            await session.add_items([{"by": name, "n": [number, part]} for part in range(3)])

    async def main(loop):
        # The first calls create the conversation at the same time.
        await asyncio.gather(*(append(ChatkeepSession("a", chat), [loop, n]) for n in range(8)))

    for loop in range(2):
        asyncio.run(main(loop))
    found = items_of(ChatkeepSession("a", chat))
    assert len(found) == 2 * 8 * 8 * 3
    for start in range(0, len(found), 3):
        assert [item["n"][1] for item in found[start : start + 3]] == [0, 1, 2]
        assert len({str(item["by"]) for item in found[start : start + 3]}) == 1
    for name in ([loop, n] for loop in range(2) for n in range(8)):
        numbers = [item["n"] for item in found if item["by"] == name]
        assert numbers == sorted(numbers)


def test_concurrent_pops_return_each_item_once(chat):
    session = ChatkeepSession("a", chat)
    add(session, *({"n": number} for number in range(20)))

    async def main():
        return await asyncio.gather(*(session.pop_item() for _ in range(24)))

    popped = asyncio.run(main())
    assert sorted(item["n"] for item in popped if item) == list(range(20))
    assert popped.count(None) == 4


def test_cancelled_changes_have_a_known_outcome(chat):
    async def main():
        for number in range(20):
            session = ChatkeepSession(f"cancelled {number}", chat)
            task = asyncio.create_task(session.add_items([{"n": number}]))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await session.get_items() == [{"n": number}]

    asyncio.run(main())


def test_values_that_json_does_not_have_are_rejected(memory):
    session = ChatkeepSession("a", memory)
    circular = {}
    circular["self"] = circular
    for wrong in (circular, 10**5_000, nested(301), nested(100_000)):
        with pytest.raises(InvalidInputError) as caught:
            add(session, {"n": 1}, wrong)
        assert (caught.value.field, caught.value.operation) == ("items[1]", "add_items")
    for wrong in (object(), {"a": b"bytes"}, {(1, 2): 3}, {1, 2}):
        with pytest.raises(TypeError):
            add(session, {"n": 1}, wrong)
    with pytest.raises(InvalidInputError) as caught:
        add(session, {"n": 1}, {"long": "x" * (17 * 1024 * 1024)})
    assert caught.value.field == "items[1].content"
    assert items_of(session) == []
    for arguments, named, field in [
        ((5, memory), {}, "session_id"),
        ((None, memory), {}, "session_id"),
        (("a", memory), {"user_id": 5}, "user_id"),
        (("a", 5), {}, "chat"),
    ]:
        with pytest.raises(InvalidTypeError) as caught:
            ChatkeepSession(*arguments, **named)
        assert caught.value.field == field
    with pytest.raises(InvalidInputError) as caught:
        add(ChatkeepSession("a", memory, user_id="missing"), {"n": 1})
    assert caught.value.field == "user_id"


def test_session_of_a_user_is_erased_with_the_user(memory):
    user = memory.user_manager.create_user(username="ada")["public_id"]
    session = ChatkeepSession("a", memory, user_id=user)
    add(session, {"role": "user", "content": "Hello"})
    add(ChatkeepSession("a", memory), {"n": 1})
    (listed,) = memory.conversation_manager.list_conversations(user)["conversations"]
    assert (listed["public_id"], listed["title"]) == (session.conversation_id, "a")
    memory.user_manager.erase_user(user)
    assert items_of(session) == []
    assert items_of(ChatkeepSession("a", memory)) == [{"n": 1}]


def test_roles_and_kinds_are_those_of_the_items(memory):
    session = ChatkeepSession("a", memory)
    add(
        session,
        {"role": "developer", "content": "a"},
        {"type": "function_call", "name": "f"},
        {"type": "function_call_output", "output": "1"},
    )
    stored = memory.conversation_manager.get_items(session.conversation_id)
    assert [(item["role"], item["kind"]) for item in stored] == [
        ("developer", "message"),
        ("assistant", "function_call"),
        ("tool", "function_call_output"),
    ]
    assert stored[0]["content"] == {"role": "developer", "content": "a"}


def test_agents_continue_a_session(chat):
    model = ScriptedModel([[assistant_message("Hi Ada")], [assistant_message("Ada")]])
    agent = Agent(name="test", model=model)
    config = RunConfig(tracing_disabled=True)

    async def main():
        await Runner.run(agent, "I am Ada", session=ChatkeepSession("a", chat), run_config=config)
        return await Runner.run(
            agent, "Who am I?", session=ChatkeepSession("a", chat), run_config=config
        )

    assert asyncio.run(main()).final_output == "Ada"
    assert [item.get("content") for item in model.calls[-1].input][::2] == ["I am Ada", "Who am I?"]
    assert len(items_of(ChatkeepSession("a", chat))) == 4


def test_session_from_a_url_is_closed_at_the_end_of_its_block(sqlite, monkeypatch):
    async def main():
        async with ChatkeepSession("a", sqlite.url) as session:
            await session.setup()
            await session.add_items([{"n": 1}])
        with pytest.raises(chatkeep.UnavailableError):
            await session.get_items()

    asyncio.run(main())
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    try:
        assert items_of(ChatkeepSession("a")) == [{"n": 1}]
    finally:
        chatkeep.db_manager.close()
