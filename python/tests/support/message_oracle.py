"""Random operations on message histories, compared with lists of Pydantic AI's messages."""

import random

import chatkeep
from chatkeep.pydantic_ai import ChatkeepConversationStore
from json_values import random_value
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

#: Number of operations in a run.
OPERATIONS = 300


def random_text(chance):
    return chance.choice(["", "Hello", "Grüße 🎉", "a\0b", "x" * 5_000, '{"a": 1}'])


def random_message(chance):
    """Returns a message as Pydantic AI's adapter loads it, with narrower classes of some parts."""
    text = json_of([_random_message(chance)])
    (message,) = ModelMessagesTypeAdapter.validate_json(text)
    return message


def _random_message(chance):
    if chance.random() < 0.5:
        parts = [
            SystemPromptPart(random_text(chance)),
            UserPromptPart(random_text(chance)),
            UserPromptPart(
                [
                    random_text(chance),
                    ImageUrl("https://example.org/a.png"),
                    BinaryContent(chance.randbytes(20), media_type="image/png"),
                ]
            ),
            ToolReturnPart("tool", random_value(chance), tool_call_id="call 1"),
            ToolReturnPart("tool", random_text(chance), tool_call_id="call 2", outcome="failed"),
        ]
        kept = chance.sample(parts, chance.randrange(1, 4))
        return ModelRequest(kept, instructions=chance.choice([None, "Be brief"]))
    parts = [
        TextPart(random_text(chance)),
        ThinkingPart(random_text(chance), signature="abc"),
        ToolCallPart("tool", '{"b": 1, "a": 2}', tool_call_id="call 1"),
        ToolCallPart("tool", {"b": 2**70, "a": {"z": 1, "y": 2}}, tool_call_id="call 2"),
    ]
    return ModelResponse(
        chance.sample(parts, chance.randrange(1, 4)),
        usage=RequestUsage(input_tokens=chance.randrange(100), output_tokens=5),
        model_name="test",
        provider_details={"b": [1], "a": None} if chance.random() < 0.5 else None,
    )


def json_of(messages):
    """Returns the text of messages, in which the order of keys counts."""
    return ModelMessagesTypeAdapter.dump_json(messages)


def run_operations(url, seed=81):
    """Makes random operations on a database. Returns their number, and failures."""
    chance = random.Random(seed)
    expected = {one: [] for one in ("a", "A", "a ", "a%")}
    with chatkeep.Chatkeep(url) as chat:
        for number in range(OPERATIONS):
            conversations = ChatkeepConversationStore(chat)
            name = chance.choice(list(expected))
            operation = chance.choice(["append", "append", "append", "replace", "delete"])
            messages = [random_message(chance) for _ in range(chance.randrange(4))]
            if operation == "append":
                conversations.append(name, messages)
                expected[name] += messages
            elif operation == "replace":
                keep = chance.randrange(len(expected[name]) + 1)
                expected[name] = messages + expected[name][keep:]
                conversations.replace(name, expected[name])
            elif chance.random() < 0.3:
                conversations.delete(name)
                expected[name] = []
            found = conversations.load(name)
            if found != expected[name] or json_of(found) != json_of(expected[name]):
                return number, [f"{operation} {name!r}: {found} is not {expected[name]}"]
        for name, messages in expected.items():
            if ChatkeepConversationStore(chat).load(name) != messages:
                return OPERATIONS - 1, [f"{name!r} has other messages at the end"]
    return OPERATIONS, []
