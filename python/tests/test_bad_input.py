"""Invalid input raises an error that names the field, and stores nothing."""

import asyncio
import decimal
import math
from datetime import date, datetime, time, timedelta, timezone, tzinfo

import pytest
from chatkeep import InvalidInputError, InvalidTypeError
from chatkeep.asyncio import Chatkeep

SURROGATE = "a\ud800b"


def nested(depth):
    value = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def containing_itself():
    value = {}
    value["self"] = [value]
    return value


def exponentially_nested():
    """Returns 30 levels with ten references each, which would exhaust memory as JSON."""
    value = [1]
    for _ in range(28):
        value = [value] * 10
    return {"a": value}


class ZoneWithoutOffset(tzinfo):
    def utcoffset(self, when):
        return None


class NotATime(datetime):
    """A datetime that does not equal itself, like NaT of pandas."""

    __hash__ = None

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True


class NotAnIndex:
    """Like a numpy array, which supports `__index__` only for a single integer."""

    def __index__(self):
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


WRONG_VALUES = [
    ({"message": "a\0b"}, "message"),
    ({"message": SURROGATE}, "message"),
    ({"message": "a", "response": SURROGATE}, "response"),
    ({"message": "a", "response": "\0"}, "response"),
    ({"message": "a", "provider": SURROGATE}, "provider"),
    ({"message": "a", "provider": "p" * 51}, "provider"),
    ({"message": "a", "model": "é" * 101}, "model"),
    ({"message": "a", "tokens_used": -1}, "tokens_used"),
    ({"message": "a", "tokens_used": 2**63}, "tokens_used"),
    ({"message": "a", "tokens_used": 10**29}, "tokens_used"),
    ({"message": "a", "tokens_used": 10**5000}, "tokens_used"),
    ({"message": "a", "tokens_used": 1.5}, "tokens_used"),
    ({"message": "a", "tokens_used": 1e16}, "tokens_used"),
    ({"message": "a", "tokens_used": math.nan}, "tokens_used"),
    ({"message": "a", "tokens_used": math.inf}, "tokens_used"),
    ({"message": "a" * (16 * 1024 * 1024 + 1)}, "message"),
    ({"message": "a", "metadata": {"n": math.nan}}, "metadata"),
    ({"message": "a", "metadata": {"n": [math.inf]}}, "metadata"),
    ({"message": "a", "metadata": {"n": -math.inf}}, "metadata"),
    ({"message": "a", "metadata": {"n": 2**64}}, "metadata"),
    ({"message": "a", "metadata": {"n": -(2**63) - 1}}, "metadata"),
    ({"message": "a", "metadata": {"n": 10**5000}}, "metadata"),
    ({"message": "a", "metadata": {"s": SURROGATE}}, "metadata"),
    ({"message": "a", "metadata": {SURROGATE: 1}}, "metadata"),
    ({"message": "a", "metadata": {"s": "\0"}}, "metadata"),
    ({"message": "a", "metadata": {"\0": 1}}, "metadata"),
    ({"message": "a", "metadata": {"k" * 65_536: 1}}, "metadata"),
    ({"message": "a", "metadata": nested(31)}, "metadata"),
    ({"message": "a", "metadata": nested(900)}, "metadata"),
    ({"message": "a", "metadata": nested(100_000)}, "metadata"),
    ({"message": "a", "metadata": containing_itself()}, "metadata"),
    ({"message": "a", "metadata": exponentially_nested()}, "metadata"),
    ({"message": "a", "timestamp": "yesterday"}, "timestamp"),
    ({"message": "a", "timestamp": SURROGATE}, "timestamp"),
    ({"message": "a", "timestamp": "10000-01-01"}, "timestamp"),
    ({"message": "a", "timestamp": datetime.max}, "timestamp"),
    ({"message": "a", "timestamp": datetime(9999, 12, 31)}, "timestamp"),
    ({"message": "a", "timestamp": date(9999, 12, 31)}, "timestamp"),
    ({"message": "a", "timestamp": "2023-11-14T22:13:20[America/New_York]"}, "timestamp"),
    ({"message": "a", "timestamp": NotATime(2024, 1, 1)}, "timestamp"),
    ({"message": "a", "timestamp": datetime.min}, "timestamp"),
    ({"message": "a", "timestamp": date(999, 12, 31)}, "timestamp"),
    (
        {"message": "a", "timestamp": datetime.max.replace(tzinfo=timezone(-timedelta(hours=23)))},
        "timestamp",
    ),
    ({"message": "a", "timestamp": datetime(2024, 1, 1, tzinfo=ZoneWithoutOffset())}, "timestamp"),
]

WRONG_TYPES = [
    ({"message": b"bytes"}, "message"),
    ({"message": None}, "message"),
    ({"message": 5}, "message"),
    ({"message": "a", "response": b"bytes"}, "response"),
    ({"message": "a", "provider": 1}, "provider"),
    ({"message": "a", "model": ["m"]}, "model"),
    ({"message": "a", "tokens_used": True}, "tokens_used"),
    ({"message": "a", "tokens_used": "12"}, "tokens_used"),
    ({"message": "a", "tokens_used": decimal.Decimal(12)}, "tokens_used"),
    ({"message": "a", "tokens_used": NotAnIndex()}, "tokens_used"),
    ({"message": "a", "metadata": {1, 2}}, "metadata"),
    ({"message": "a", "metadata": []}, "metadata"),
    ({"message": "a", "metadata": "{}"}, "metadata"),
    ({"message": "a", "metadata": b"{}"}, "metadata"),
    ({"message": "a", "metadata": {"s": {1}}}, "metadata"),
    ({"message": "a", "metadata": {"s": b"bytes"}}, "metadata"),
    ({"message": "a", "metadata": {"s": datetime(2024, 1, 1)}}, "metadata"),
    ({"message": "a", "metadata": {"s": decimal.Decimal(1)}}, "metadata"),
    ({"message": "a", "metadata": {1: "a"}}, "metadata"),
    ({"message": "a", "metadata": {"deep": [{None: "a"}]}}, "metadata"),
    ({"message": "a", "timestamp": 1_700_000_000}, "timestamp"),
    ({"message": "a", "timestamp": time(12)}, "timestamp"),
]


def problem_of_rejection(log, arguments, field):
    """Returns the problem with the error of invalid arguments, or `None`."""
    try:
        log.log_message(**arguments)
    except InvalidInputError as error:
        details = (
            error.field,
            error.kind,
            error.operation,
            error.retryable,
            isinstance(error, TypeError),
        )
        if details != (field, "InvalidInput", "log_message", False, False):
            return f"{details} of {error!r}"
        return None if str(error).startswith(f"{field}: ") and len(str(error)) < 300 else str(error)
    return "nothing was raised"


def test_invalid_values_are_rejected_with_the_field_name(log):
    problems = {index: problem_of_rejection(log, *case) for index, case in enumerate(WRONG_VALUES)}
    assert {index: problem for index, problem in problems.items() if problem} == {}
    assert log.get_message_count() == 0


@pytest.mark.parametrize(("arguments", "field"), WRONG_TYPES, ids=range(len(WRONG_TYPES)))
def test_wrong_types_are_rejected_with_the_field_name(memory, arguments, field):
    log = memory.message_logger
    with pytest.raises(InvalidTypeError) as caught:
        log.log_message(**arguments)
    assert caught.value.field == field
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)
    assert log.get_message_count() == 0


@pytest.mark.parametrize(
    ("call", "arguments", "field"),
    [
        ("get_messages", {"limit": 0}, "limit"),
        ("get_messages", {"limit": -1}, "limit"),
        ("get_messages", {"limit": 10_001}, "limit"),
        ("get_messages", {"limit": 2**63}, "limit"),
        ("get_messages", {"limit": True}, "limit"),
        ("get_messages", {"limit": "10"}, "limit"),
        ("get_messages", {"offset": -1}, "offset"),
        ("get_messages", {"offset": 1.5}, "offset"),
        ("get_messages", {"cursor": "nonsense"}, "cursor"),
        ("get_messages", {"cursor": 5}, "cursor"),
        ("get_messages", {"cursor": {"id": 1}}, "cursor"),
        ("get_messages", {"start_date": "soon"}, "start_date"),
        ("get_messages", {"start_date": "2024-01-01T00:00[Europe/Berlin]"}, "start_date"),
        ("get_messages", {"end_date": NotATime(2024, 1, 1)}, "end_date"),
        ("get_messages", {"end_date": 5}, "end_date"),
        ("get_messages", {"metadata": {"k": [1]}}, "metadata"),
        ("get_messages", {"metadata": [1]}, "metadata"),
        ("get_message_by_id", {"id": "1"}, "id"),
        ("get_message_by_id", {"id": 2**64}, "id"),
        ("search_messages", {"query": ""}, "query"),
        ("search_messages", {"query": b"a"}, "query"),
        ("search_messages", {"query": SURROGATE}, "query"),
        ("search_messages", {"query": "a" * 100_000}, "query"),
        ("delete_old_messages", {"days": 0}, "days"),
        ("delete_old_messages", {"days": -1}, "days"),
        ("delete_old_messages", {"days": 10**9}, "days"),
        ("delete_old_messages", {"days": 2**70}, "days"),
        ("get_analytics", {"start_date": "2024-02-01", "end_date": "2024-01-01"}, "start_date"),
        ("export_for_fine_tuning", {"format": "xml"}, "format"),
        ("iter_messages", {"oldest_first": 1}, "oldest_first"),
        ("flush", {"timeout": -1}, "timeout"),
        ("flush", {"timeout": math.nan}, "timeout"),
        ("flush", {"timeout": 1e300}, "timeout"),
        ("flush", {"timeout": "1"}, "timeout"),
        ("log_messages", {"messages": "abc"}, "messages"),
        ("log_messages", {"messages": {"message": "a"}}, "messages"),
        ("log_messages", {"messages": 5}, "messages"),
        ("log_messages", {"messages": [{"message": "a"}, "b"]}, "messages[1]"),
        ("log_messages", {"messages": [{"message": "a"}, {}]}, "messages[1].message"),
        (
            "log_messages",
            {"messages": [{"message": "a"}, {"message": "b", "modle": "m"}]},
            "messages[1].modle",
        ),
        (
            "log_messages",
            {"messages": [{"message": "a"}, {"message": "\0"}]},
            "messages[1].message",
        ),
        ("log_messages", {"messages": [{"message": "a", "provider": 7}]}, "messages[0].provider"),
        ("log_messages", {"messages": [{"message": "a", "response": 7}]}, "messages[0].response"),
        ("log_messages", {"messages": [{"message": "a", "start": 7}]}, "messages[0].start"),
        # Messages returned by get_messages have other keys.
        ("log_messages", {"messages": [{"user_message": "\0"}]}, "messages[0].user_message"),
        ("log_messages", {"messages": [{"user_message": 7}]}, "messages[0].user_message"),
        (
            "log_messages",
            {"messages": [{"user_message": "a", "bot_response": "\0"}]},
            "messages[0].bot_response",
        ),
        (
            "log_messages",
            {"messages": [{"message": "a", "user_message": "b"}]},
            "messages[0].user_message",
        ),
    ],
)
def test_invalid_arguments_are_rejected_with_the_field_name(memory, call, arguments, field):
    log = memory.message_logger
    message_id = log.log_message("kept", timestamp="2000-01-01")
    with pytest.raises(InvalidInputError) as caught:
        getattr(log, call)(**arguments)
    assert (caught.value.field, caught.value.operation) == (field, call)
    assert [message["id"] for message in log.get_messages()] == [message_id]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"description": "d" * 256}, "description"),
        ({"description": SURROGATE}, "description"),
        ({"description": b"d"}, "description"),
        ({"expires_days": 0}, "expires_days"),
        ({"expires_days": -1}, "expires_days"),
        ({"expires_days": 10**9}, "expires_days"),
        ({"expires_days": 2**70}, "expires_days"),
        ({"expires_days": 1.5}, "expires_days"),
    ],
)
def test_invalid_token_arguments_are_rejected_with_the_field_name(chat, arguments, field):
    with pytest.raises(InvalidInputError) as caught:
        chat.token_manager.create_token(**arguments)
    assert caught.value.field == field
    assert chat.token_manager.list_tokens() == []


@pytest.mark.parametrize(
    ("call", "arguments", "field"),
    [
        ("log_message", {"message": "\0"}, "message"),
        ("log_message", {"message": "a", "response": "\0"}, "response"),
        ("log_message", {"message": "a", "tokens_used": -1}, "tokens_used"),
        (
            "log_messages",
            {"messages": [{"message": "a", "response": "\0"}]},
            "messages[0].response",
        ),
        ("get_analytics", {"start_date": "2024-02-01", "end_date": "2024-01-01"}, "start_date"),
    ],
)
def test_coroutine_errors_name_the_argument_of_the_caller(call, arguments, field):
    async def reject():
        async with Chatkeep("sqlite:///:memory:") as chat:
            with pytest.raises(InvalidInputError) as caught:
                await getattr(chat.message_logger, call)(**arguments)
            return caught.value

    error = asyncio.run(reject())
    assert (error.field, error.operation) == (field, call)
    assert str(error).startswith(f"{field}: ")


@pytest.mark.parametrize("wrong", [None, 5, datetime(2024, 1, 1)])
def test_paths_of_a_wrong_type_are_rejected_with_the_field_name(memory, wrong):
    with pytest.raises(InvalidTypeError) as caught:
        memory.db_manager.migrate_from_old_sqlite(wrong)
    assert (caught.value.field, caught.value.operation) == ("path", "migrate_from_old_sqlite")
    if wrong is not None:
        with pytest.raises(InvalidTypeError) as caught:
            memory.db_manager.migrate("upgrade", folder=wrong)
        assert caught.value.field == "folder"


def test_errors_about_revisions_name_the_arguments(memory):
    for arguments, field in [
        ({"from_revision": "nowhere"}, "from_revision"),
        ({"from_revision": "base", "revision": "nowhere"}, "revision"),
        ({"revision": "nowhere"}, "revision"),
    ]:
        with pytest.raises(InvalidInputError) as caught:
            memory.db_manager.migrate("sql", **arguments)
        assert caught.value.field == field


def test_type_errors_name_the_module_of_the_type(memory):
    other = type("bool", (), {"__module__": "numpy"})
    with pytest.raises(InvalidTypeError, match=r"not numpy\.bool$"):
        memory.message_logger.log_message("a", metadata={"is_new": other()})


def test_unknown_arguments_are_named(memory):
    with pytest.raises(TypeError, match="modle"):
        memory.message_logger.log_message("a", modle="m")
    with pytest.raises(TypeError, match="pool_sise"):
        type(memory)("sqlite:///:memory:", pool_sise=5)
    assert memory.message_logger.get_message_count() == 0


def test_value_that_none_removes_must_be_stated(memory):
    conversations = memory.conversation_manager
    key = conversations.create_conversation(title="a")["public_id"]
    for method, argument in (
        ("rename_conversation", "title"),
        ("set_conversation_metadata", "metadata"),
        ("move_conversation", "user_id"),
    ):
        with pytest.raises(TypeError, match=argument):
            getattr(conversations, method)(key)
    assert conversations.get_conversation(key)["title"] == "a"
    assert conversations.rename_conversation(key, None)
    assert conversations.get_conversation(key)["title"] is None


def test_exceptions_in_code_of_the_caller_propagate(memory):
    class Broken(tzinfo):
        def utcoffset(self, when):
            raise ZeroDivisionError

    def messages():
        yield {"message": "a"}
        raise KeyError("mine")

    log = memory.message_logger
    with pytest.raises(ZeroDivisionError):
        log.log_message("a", timestamp=datetime(2024, 1, 1, tzinfo=Broken()))
    with pytest.raises(KeyError, match="mine"):
        log.log_messages(messages())
    assert log.get_message_count() == 0
