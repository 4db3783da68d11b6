"""The cases of tests/vectors/*.json, which are shared by all languages."""

import json
import sys

import chatkeep
import pytest
from vectors import FOLDER, expanded

FILES = sorted(path.name for path in FOLDER.glob("*.json"))
KINDS = {
    error.kind: error
    for error in (getattr(chatkeep, name) for name in chatkeep.__all__)
    if isinstance(error, type)
    and issubclass(error, chatkeep.Error)
    and error is not chatkeep.InvalidTypeError
}


def parsed(text):
    """Parses JSON text; returns `None` if it is nested too deeply for Python's parser."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        return json.loads(text)
    except RecursionError:
        return None
    finally:
        sys.setrecursionlimit(limit)


def perform(chat, call, arguments):
    """Runs a call and returns its result in the format of the vectors."""
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


def is_supported(case):
    return (
        case["call"] != "canonical_metadata"
        or parsed(expanded(case["arguments"])["json"]) is not None
    )


def rows(chat):
    return chat.message_logger.get_message_count(), len(chat.token_manager.list_tokens())


def check(chat, case):
    """Returns the failure of a case, or `None`."""
    call, arguments = case["call"], expanded(case["arguments"])
    before = rows(chat)
    try:
        answer = perform(chat, call, arguments)
    except chatkeep.Error as error:
        expected = case.get("error")
        if expected is None:
            return f"raised {error!r}"
        if not isinstance(error, KINDS[expected["kind"]]) or error.field != expected["field"]:
            return f"raised {error!r} about {error.field}"
        return None if rows(chat) == before else "data was stored"
    if "error" in case:
        return f"answered {answer!r}"
    expected = expanded(case["expect"])
    if call == "canonical_metadata":
        # Compared as text, because in Python 1 equals 1.0 and true.
        expected = json.loads(expected)
        matches = json.dumps(answer, sort_keys=True) == json.dumps(expected, sort_keys=True)
    elif call in ("log_message", "create_token", "check_token"):
        matches = all(answer[key] == value for key, value in expected.items())
    else:
        matches = answer == expected
    return None if matches else f"answered {answer!r:.300}"


@pytest.mark.parametrize("name", FILES)
def test_every_case_matches_the_vectors(chat, name):
    file = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    for message in file.get("messages", []):
        perform(chat, "log_message", expanded(message))
    cases = [case for case in file["cases"] if not case.get("text_only") and is_supported(case)]
    failures = {case["name"]: failure for case in cases if (failure := check(chat, case))}
    assert failures == {}
    assert len(cases) > 5


def test_seven_vector_files_exist():
    assert len(FILES) == 7
