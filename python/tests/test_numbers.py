"""Integers of other types."""

import enum
from datetime import datetime

import pytest
from chatkeep import InvalidInputError


class Scalar:
    """Supports `__index__` without being an `int`, like a numpy integer."""

    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("given", "stored"),
    [(42.0, 42), (-0.0, 0), (Scalar(42), 42), (Level.HIGH, 3), (2.0**53 - 1, 2**53 - 1)],
)
def test_whole_numbers_of_any_type_are_accepted(memory, given, stored):
    log = memory.message_logger
    message_id = log.log_message("a", tokens_used=given)
    [second] = log.log_messages([{"message": "b", "tokens_used": given}])
    for logged in (message_id, second):
        tokens = log.get_message_by_id(logged)["tokens_used"]
        assert (tokens, type(tokens)) == (stored, int)


def test_every_integer_argument_accepts_them(memory):
    log = memory.message_logger
    ids = log.log_messages([{"message": text} for text in "abc"])
    assert log.get_message_by_id(Scalar(ids[0]))["user_message"] == "a"
    assert len(log.get_messages(limit=2.0, offset=Scalar(0))) == 2
    assert log.count_old_messages(30.0) == 0
    assert memory.token_manager.create_token(expires_days=Scalar(1))["expires_at"] is not None
    memory.flush(Scalar(5))


def test_metadata_stores_them_as_integers(memory):
    log = memory.message_logger
    message_id = log.log_message("a", metadata={"n": Scalar(2**64 - 1), "l": [Level.HIGH]})
    assert log.get_message_by_id(message_id)["metadata"] == {"n": 2**64 - 1, "l": [3]}
    with pytest.raises(InvalidInputError, match="does not fit in 64 bits"):
        log.log_message("a", metadata={"n": Scalar(10**29)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens_used": 1.5}, "tokens_used: must be a whole number, not 1.5"),
        ({"tokens_used": float("nan")}, "tokens_used: must be a whole number, not NaN"),
        ({"tokens_used": 10**29}, "tokens_used: does not fit in 64 bits"),
        (
            {"tokens_used": 1e29},
            "tokens_used: 1e29 is beyond 2^53 - 1, where floats are not exact; pass an int",
        ),
        (
            {"timestamp": datetime(9999, 12, 31)},
            "timestamp: must be between 1000-01-01T00:00:00 and 9999-12-30T21:59:59.999999 in UTC",
        ),
    ],
)
def test_error_messages_describe_invalid_numbers_and_times(memory, arguments, message):
    with pytest.raises(InvalidInputError) as caught:
        memory.message_logger.log_message("a", **arguments)
    assert str(caught.value) == message


def test_exceptions_in_index_propagate(memory):
    class Broken:
        def __index__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        memory.message_logger.log_message("a", tokens_used=Broken())
