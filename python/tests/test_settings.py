"""The constructors accept every setting of the environment."""

import inspect
import json
import re
from pathlib import Path

import chatkeep
import chatkeep.asyncio
import pytest
from chatkeep import ConfigurationError, InvalidTypeError

FILE = Path(__file__).parents[2] / "tests" / "vectors" / "settings" / "constructor.json"
SETTINGS = json.loads(FILE.read_text(encoding="utf-8"))["settings"]
ARGUMENTS = [setting["argument"] for setting in SETTINGS]
CLASSES = [chatkeep.Chatkeep, chatkeep.asyncio.Chatkeep]
MEMORY = "sqlite:///:memory:"
DOWN = "postgresql://127.0.0.1:9/chat"


@pytest.mark.parametrize("store", CLASSES)
def test_constructor_parameters_match_the_environment_variables(store):
    parameters = list(inspect.signature(store).parameters)
    assert parameters[0] == "url"
    assert sorted(parameters[1:]) == sorted(ARGUMENTS)


@pytest.mark.parametrize("store", CLASSES)
@pytest.mark.parametrize("setting", SETTINGS, ids=ARGUMENTS)
def test_settings_are_validated_with_the_argument_name(store, setting):
    argument = setting["argument"]
    for right in (setting["right"], None):
        store(MEMORY, **{argument: right})
    is_number = not isinstance(setting["right"], bool | str)
    for wrong in [*setting["wrong"], *([-3] if is_number else [])]:
        with pytest.raises(ConfigurationError) as caught:
            store(MEMORY, **{argument: wrong})
        assert (caught.value.field, caught.value.operation) == (argument, "Chatkeep")
        assert str(caught.value).startswith(f"{argument}: must be ")
    with pytest.raises(InvalidTypeError) as caught:
        store(MEMORY, **{argument: 3 if isinstance(setting["right"], str) else "3"})
    assert caught.value.field == argument


@pytest.mark.parametrize("setting", SETTINGS, ids=ARGUMENTS)
def test_environment_variables_have_the_same_limits(monkeypatch, setting):
    variable = setting["variable"]
    monkeypatch.setenv(variable, str(setting["right"]).lower())
    chatkeep.Chatkeep(MEMORY)
    for wrong in [*setting["wrong"], "nonsense"]:
        monkeypatch.setenv(variable, str(wrong))
        with pytest.raises(ConfigurationError) as caught:
            chatkeep.Chatkeep(MEMORY)
        assert caught.value.field == variable


def test_pool_size_is_the_configured_one():
    with chatkeep.Chatkeep(DOWN, pool_size=3, max_overflow=2) as chat:
        status = chat.db_manager.pool_status()
    assert (status["pool_size"], status["max"]) == (3, 5)


def test_wait_for_an_unavailable_database_is_configurable():
    def attempts(**settings):
        with (
            chatkeep.Chatkeep(DOWN, connect_timeout=2, **settings) as chat,
            pytest.raises(chatkeep.UnavailableError) as caught,
        ):
            chat.message_logger.get_message_count()
        return re.search(r"tried (\d+) times", str(caught.value))

    assert attempts(max_retries=0) is None
    assert attempts(max_retries=3, retry_delay=0.2) is not None


@pytest.mark.parametrize("unlimited", [0, -1, -1.0])
def test_connection_lifetime_can_be_unlimited(unlimited):
    with chatkeep.Chatkeep(MEMORY, pool_recycle=unlimited) as chat:
        assert chat.message_logger.log_message("a") == 1
