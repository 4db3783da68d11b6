"""The message logger."""

import json
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import chatkeep
import pytest

BERLIN = ZoneInfo("Europe/Berlin")


#: The keys of a message that is logged without a conversation and without usage.
DETAILS = (
    "conversation_id",
    "user_id",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cost",
    "latency_ms",
    "ttft_ms",
    "status",
    "error",
)


def texts(messages):
    return [message["user_message"] for message in messages]


def test_positional_arguments_are_accepted(log):
    message_id = log.log_message(
        "q", "a", "openai", "gpt-4o", 42, {"session": "a1"}, "2024-02-29T12:00:00+01:00"
    )
    assert log.get_message_by_id(message_id) == {
        "id": message_id,
        "timestamp": "2024-02-29T11:00:00.000000+00:00",
        "user_message": "q",
        "bot_response": "a",
        "provider": "openai",
        "model": "gpt-4o",
        "tokens_used": 42,
        "metadata": {"session": "a1"},
        **dict.fromkeys(DETAILS),
    }


def test_messages_are_json_serializable(log):
    log.log_message("q", metadata={"n": 2**63, "f": 0.1, "l": [None, True, {"é": "😀"}]})
    read = json.loads(json.dumps(log.get_messages()))
    assert read == log.get_messages()
    assert list(read[0]) == [
        "id",
        "timestamp",
        "user_message",
        "bot_response",
        "provider",
        "model",
        "tokens_used",
        "metadata",
        *DETAILS,
    ]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (datetime(2024, 2, 29, 12, 0, 0, 1), "2024-02-29T12:00:00.000001+00:00"),
        (datetime(2024, 2, 29, 12, tzinfo=timezone.utc), "2024-02-29T12:00:00.000000+00:00"),
        (
            datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=5, minutes=30, seconds=1))),
            "2024-02-29T06:29:59.000000+00:00",
        ),
        # In a gap and in a fold of a clock change, as defined by Python.
        (datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN), "2024-03-31T01:30:00.000000+00:00"),
        (datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN), "2024-10-27T00:30:00.000000+00:00"),
        (datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1), "2024-10-27T01:30:00.000000+00:00"),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999), "1969-12-31T23:59:59.999999+00:00"),
        (datetime(1000, 1, 1), "1000-01-01T00:00:00.000000+00:00"),
        (date(2024, 2, 29), "2024-02-29T00:00:00.000000+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00.000000+00:00"),
    ],
)
def test_timestamps_are_stored_in_utc(memory, given, stored):
    log = memory.message_logger
    message = log.get_message_by_id(log.log_message("a", timestamp=given))
    assert message["timestamp"] == stored
    assert texts(log.get_messages(start_date=given, end_date=given)) == ["a"]


def test_subclasses_of_plain_types_are_accepted(memory):
    class Provider(str):
        """A str subclass, as created by `enum.Enum`."""

    log = memory.message_logger
    metadata = OrderedDict(a=(1, 2), b=Provider("x"))
    message_id = log.log_message(Provider("q"), provider=Provider("openai"), metadata=metadata)
    assert log.get_message_by_id(message_id)["metadata"] == {"a": [1, 2], "b": "x"}
    assert texts(log.get_messages(provider="openai")) == ["q"]


def test_cursor_keeps_its_position_while_messages_are_logged(log):
    log.log_messages(
        [{"message": text, "timestamp": f"2024-01-0{day}"} for day, text in enumerate("abcd", 1)]
    )
    first = log.get_messages(limit=2)
    log.log_message("new")
    cursor = log.cursor_after(first[-1])
    assert texts(log.get_messages(limit=2, cursor=cursor)) == ["b", "a"]
    assert log.get_messages(limit=2, cursor=first[-1]) == log.get_messages(limit=2, cursor=cursor)
    assert isinstance(cursor, str)


def test_returned_messages_can_be_logged_again(log):
    log.log_messages([{"message": "a", "response": "b", "metadata": {"n": 1}}, {"message": "c"}])
    read = list(log.iter_messages(oldest_first=True))
    ids = log.log_messages(iter(read))
    assert len(set(ids)) == 2
    copies = [log.get_message_by_id(message_id) for message_id in ids]
    assert [{**copy, "id": None} for copy in copies] == [
        {**message, "id": None} for message in read
    ]


def test_batch_with_an_invalid_message_stores_nothing(log):
    with pytest.raises(chatkeep.InvalidInputError, match=r"messages\[1\]\.provider"):
        log.log_messages([{"message": "a"}, {"message": "b", "provider": "p" * 51}])
    assert log.get_message_count() == 0
    assert log.log_messages([]) == []


def test_iterator_returns_every_message_once(memory):
    log = memory.message_logger
    log.log_messages({"message": str(number)} for number in range(1_203))
    numbers = [int(text) for text in texts(log.iter_messages())]
    assert sorted(numbers) == list(range(1_203))
    messages = log.iter_messages(oldest_first=True)
    assert iter(messages) is messages
    assert texts(messages) == texts(reversed(list(log.iter_messages())))
    assert list(messages) == []


def test_aliases_and_counts_match_get_messages(log):
    log.log_messages([{"message": "a", "provider": "x"}, {"message": "b", "metadata": {"k": True}}])
    assert log.retrieve_messages(limit=1) == log.get_messages(1)
    assert log.get_message_count() == 2
    assert log.get_message_count(provider="x") == 1
    assert log.get_message_count(metadata={"k": True}) == 1
    assert log.get_message_by_id(10**9) is None
    assert texts(log.search_messages("A")) == ["a"]


def test_old_messages_are_counted_and_deleted(log):
    now = datetime.now(timezone.utc)
    log.log_messages(
        {"message": str(days), "timestamp": now - timedelta(days=days)} for days in (0, 29, 31, 100)
    )
    assert log.count_old_messages() == 2
    assert log.delete_old_messages() == 2
    assert log.delete_old_messages(days=10) == 1
    assert texts(log.get_messages()) == ["0"]


def test_fine_tuning_data_contains_messages_with_a_response(log):
    log.log_messages([{"message": "q", "response": "é"}, {"message": "no answer"}])
    lines = log.export_for_fine_tuning().splitlines()
    roles = [part["role"] for part in json.loads(lines[0])["messages"]]
    assert (len(lines), roles) == (1, ["user", "assistant"])
    assert json.loads(log.export_for_fine_tuning("alpaca"))["output"] == "é"
    assert log.export_for_fine_tuning("sharegpt", provider="unused") == ""


def test_totals_can_be_checked_and_rebuilt(log):
    log.log_message("a", provider="x", tokens_used=2**62)
    log.log_message("b", provider="x", tokens_used=2**62)
    log.log_message("c", tokens_used=2**62)
    log.rebuild_totals()
    check = log.check_totals()
    assert check["differences"] == []
    assert check["counted"] + check["uncounted"] == 3
    # The sum exceeds 64 bits and is exact.
    assert log.get_analytics()["total_tokens"] == 3 * 2**62
