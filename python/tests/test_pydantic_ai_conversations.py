"""Message histories of Pydantic AI."""

import asyncio
import random

import chatkeep
import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.pydantic_ai import ChatkeepConversationStore
from json_values import HOSTILE_IDS
from message_oracle import OPERATIONS, json_of, random_message, run_operations
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.test import TestModel


def request(text):
    return ModelRequest([UserPromptPart(text)])


def test_random_operations_have_the_results_of_a_list(database):
    assert run_operations(database.url) == (OPERATIONS, [])


def test_both_forms_have_the_same_results(chat):
    conversations = ChatkeepConversationStore(chat)
    first, second = random_message(random.Random(1)), random_message(random.Random(2))

    async def main():
        await conversations.aappend("a", [first])
        assert await conversations.aload("a") == conversations.load("a") == [first]
        conversations.append("a", [second])
        assert await conversations.aload("a") == [first, second]
        await conversations.areplace("a", [second])
        assert conversations.load("a") == [second]
        assert (await conversations.adelete("a"), conversations.delete("a")) == (True, False)
        await conversations.areplace("b", [])
        assert conversations.load("b") == []

    asyncio.run(main())


def test_order_of_keys_in_arguments_of_tools_is_kept(chat):
    messages = [
        ModelResponse([ToolCallPart("t", {"z": {"b": 1, "a": 2}, "y": 3}, tool_call_id="1")]),
        ModelResponse([ToolCallPart("t", {"a": 1, "b": 2}, tool_call_id="2"), TextPart("text")]),
    ]
    conversations = ChatkeepConversationStore(chat)
    conversations.append("a", messages)
    assert json_of(conversations.load("a")) == json_of(messages)
    public_id = conversations.public_id("a")
    first, second = chat.conversation_manager.get_items(public_id)
    # Only the message whose order the database would change is stored as text.
    assert (list(first["content"]), second["content"]["kind"]) == (["$json"], "response")
    assert (second["role"], second["kind"]) == ("assistant", "response")


def test_conversation_ids_are_told_apart_by_their_characters(chat):
    users = [chat.user_manager.create_user(username=f"u{n}")["public_id"] for n in range(2)]
    stores = [ChatkeepConversationStore(chat, user_id=user) for user in (None, *users)]
    names = [(store, one) for store in stores for one in HOSTILE_IDS]
    for number, (store, one) in enumerate(names):
        assert store.load(one) == []
        store.append(one, [request(str(number))])
    for number, (store, one) in enumerate(names):
        (message,) = store.load(one)
        assert message.parts[0].content == str(number)
    chat.user_manager.erase_user(users[0])
    assert [len(store.load("a")) for store in stores] == [1, 0, 1]


def test_concurrent_appends_stay_together(chat):
    conversations = ChatkeepConversationStore(chat)

    async def append(number):
        messages = [request(f"{number} {part}") for part in range(3)]
        await conversations.aappend("a", messages)

    async def main():
        await asyncio.gather(*(append(number) for number in range(20)))

    asyncio.run(main())
    texts = [message.parts[0].content for message in conversations.load("a")]
    for start in range(0, 60, 3):
        number = texts[start].split()[0]
        assert texts[start : start + 3] == [f"{number} {part}" for part in range(3)]


def test_wrong_messages_are_rejected(memory):
    conversations = ChatkeepConversationStore(memory)
    for method in (conversations.append, conversations.replace):
        with pytest.raises(InvalidTypeError) as caught:
            method("a", [request("a"), "b"])
        assert caught.value.field == "messages[1]"
        with pytest.raises(InvalidInputError) as caught:
            method("a", [request("\ud800")])
        assert caught.value.field == "messages"
        with pytest.raises(InvalidTypeError) as caught:
            method(5, [])
        assert caught.value.field == "conversation_id"
    assert conversations.load("a") == []
    with pytest.raises(InvalidTypeError):
        ChatkeepConversationStore(memory, user_id=5)
    with pytest.raises(InvalidInputError) as caught:
        ChatkeepConversationStore(memory, user_id="missing").append("a", [request("a")])
    assert caught.value.field == "user_id"


def test_agents_continue_a_conversation(chat):
    agent = Agent(TestModel(custom_output_text="Hi"))
    conversations = ChatkeepConversationStore(chat)

    async def main():
        for text in ("Hello", "And again"):
            result = await agent.run(text, message_history=await conversations.aload("a"))
            await conversations.aappend("a", result.new_messages())
        return result.all_messages()

    messages = asyncio.run(main())
    assert conversations.load("a") == messages
    assert len(messages) == 4


def test_store_from_a_url_is_closed_at_the_end_of_its_block(sqlite):
    with ChatkeepConversationStore(sqlite.url) as conversations:
        conversations.append("a", [request("a")])
    with pytest.raises(chatkeep.UnavailableError):
        conversations.load("a")

    async def main():
        async with ChatkeepConversationStore(sqlite.url) as conversations:
            assert len(await conversations.aload("a")) == 1

    asyncio.run(main())
