"""The cases of tests/vectors/*.json, which every language must agree on."""

import json
import sys
from pathlib import Path

import chatkeep
import pytest

FOLDER = Path(__file__).parents[2] / "tests" / "vectors"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))
KINDS = {
    error.kind: error
    for error in (getattr(chatkeep, name) for name in chatkeep.__all__)
    if isinstance(error, type)
    and issubclass(error, chatkeep.Error)
    and error is not chatkeep.InvalidTypeError
}


def spelled_out(value):
    """The value with `$repeat` and `$concat` replaced by the texts that they stand for."""
    if isinstance(value, list):
        return [spelled_out(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$repeat"}:
        text, times = value["$repeat"]
        return text * times
    if value.keys() == {"$concat"}:
        return "".join(spelled_out(value["$concat"]))
    return {key: spelled_out(entry) for key, entry in value.items()}


def parsed(text):
    """The object of a JSON text; `None` when it nests deeper than Python's own reader can follow."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        return json.loads(text)
    except RecursionError:
        return None
    finally:
        sys.setrecursionlimit(limit)


def perform(chat, call, arguments):
    """Makes a call, and returns its answer in the form of the vectors."""
    log, tokens = chat.message_logger, chat.token_manager
    if call == "log_message":
        return log.get_message_by_id(log.log_message(**arguments))
    if call == "canonical_metadata":
        message_id = log.log_message("m", metadata=parsed(arguments["json"]))
        return log.get_message_by_id(message_id)["metadata"]
    if call in ("get_messages", "search_messages"):
        return [message["user_message"] for message in getattr(log, call)(**arguments)]
    if call == "check_token":
        check = tokens.check_token(**arguments)
        assert tokens.verify_token(**arguments) == check["valid"]
        return check
    return getattr(tokens if "token" in call else log, call)(**arguments)


def can_be_said(case):
    return (
        case["call"] != "canonical_metadata"
        or parsed(spelled_out(case["arguments"])["json"]) is not None
    )


def rows(chat):
    return chat.message_logger.get_message_count(), len(chat.token_manager.list_tokens())


def check(chat, case):
    """What is wrong with a case; `None` when nothing is."""
    call, arguments = case["call"], spelled_out(case["arguments"])
    before = rows(chat)
    try:
        answer = perform(chat, call, arguments)
    except chatkeep.Error as error:
        wanted = case.get("error")
        if wanted is None:
            return f"raised {error!r}"
        if not isinstance(error, KINDS[wanted["kind"]]) or error.field != wanted["field"]:
            return f"raised {error!r} about {error.field}"
        return None if rows(chat) == before else "something was stored"
    if "error" in case:
        return f"answered {answer!r}"
    expected = spelled_out(case["expect"])
    if call == "canonical_metadata":
        # Compared as text too, so that 1 is not taken for 1.0, nor for true.
        expected = json.loads(expected)
        agrees = json.dumps(answer, sort_keys=True) == json.dumps(expected, sort_keys=True)
    elif call in ("log_message", "create_token", "check_token"):
        agrees = all(answer[key] == value for key, value in expected.items())
    else:
        agrees = answer == expected
    return None if agrees else f"answered {answer!r:.300}"


@pytest.mark.parametrize("name", FILES)
def test_every_case_is_as_the_vectors_say(chat, name):
    file = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    for message in file.get("messages", []):
        perform(chat, "log_message", spelled_out(message))
    cases = [case for case in file["cases"] if not case.get("text_only") and can_be_said(case)]
    wrong = {case["name"]: what for case in cases if (what := check(chat, case))}
    assert wrong == {}
    assert len(cases) > 5


def test_all_seven_files_are_there():
    assert len(FILES) == 7
