"""Settings of the application: values of Python, and the environment."""

import asyncio
import math

import chatkeep.asyncio
import pytest
from chatkeep import ConfigurationError, ConflictError, InvalidInputError, InvalidTypeError


@pytest.fixture
def settings(memory):
    return memory.app_setting_manager


class Flag(int):
    """An integer of a class of its own."""


def containing_itself():
    value = []
    value.append({"self": value})
    return value


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        (Flag(7), 7),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        ("é😀", "é😀"),
        ((1, [2.0, None]), [1, [2.0, None]]),
        ({"b": (), "a": {"c": False}}, {"a": {"c": False}, "b": []}),
    ],
)
def test_values_are_stored_as_json(settings, value, stored):
    setting = settings.set_setting("a", value)
    assert (setting["value"], type(setting["value"])) == (stored, type(stored))
    assert settings.get_setting("a") == setting
    assert settings.set_settings({"b": value})["b"]["value"] == stored
    assert settings.get_setting("c", default_value=value) == (
        None
        if value is None
        else {
            "scope": "",
            "key": "c",
            "value": stored,
            "version": 0,
            "source": "default",
            "updated_at": None,
            "updated_by": None,
        }
    )


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (math.nan, InvalidInputError),
        ([math.inf], InvalidInputError),
        (2**64, InvalidInputError),
        ("a\0", InvalidInputError),
        ("a\ud800", InvalidInputError),
        (containing_itself(), InvalidInputError),
        ({1, 2}, InvalidTypeError),
        (b"a", InvalidTypeError),
        ({1: 2}, InvalidTypeError),
        (object(), InvalidTypeError),
    ],
)
def test_other_values_are_errors_that_name_the_argument(settings, value, error):
    with pytest.raises(error) as caught:
        settings.set_setting("a", value)
    assert caught.value.field == "value"
    with pytest.raises(error) as caught:
        settings.set_settings({"first": 1, "api_version": value})
    assert caught.value.field == "values[api_version]"
    with pytest.raises(error) as caught:
        settings.get_setting("a", default_value=value)
    assert caught.value.field == "default_value"
    assert settings.get_settings() == {}


@pytest.mark.parametrize("values", [None, [("a", 1)], "a", {1: 2}, {b"a": 1}])
def test_values_by_key_are_a_dict(settings, values):
    with pytest.raises(InvalidTypeError) as caught:
        settings.set_settings(values)
    assert caught.value.field == "values"


def test_variables_take_precedence_at_each_call(settings, monkeypatch):
    settings.set_setting("ui.theme", "dark", "tenant:7")
    monkeypatch.setenv("CHATKEEP_SETTING_TENANT_7__UI_THEME", '{"name": "light"}')
    setting = settings.get_setting("ui.theme", "tenant:7")
    assert (setting["value"], setting["source"]) == ({"name": "light"}, "environment")
    assert (setting["version"], setting["updated_by"]) == (1, None)
    assert settings.get_settings("tenant:7")["ui.theme"] == setting
    monkeypatch.setenv("CHATKEEP_SETTING_TENANT_7__UI_THEME", "plain text")
    assert settings.get_setting("ui.theme", "tenant:7")["value"] == "plain text"
    monkeypatch.delenv("CHATKEEP_SETTING_TENANT_7__UI_THEME")
    assert settings.get_setting("ui.theme", "tenant:7")["value"] == "dark"
    monkeypatch.setenv("CHATKEEP_SETTING_NEW", "[1]")
    assert settings.get_setting("new", default_value=2)["value"] == [1]
    assert settings.get_settings() == {}


def test_a_variable_that_is_not_text_is_an_error(settings, monkeypatch):
    monkeypatch.setenv("CHATKEEP_SETTING_A", "b\udcff")
    with pytest.raises(ConfigurationError) as caught:
        settings.get_setting("a")
    assert caught.value.field == "CHATKEEP_SETTING_A"


def test_conflicts_are_not_retryable(settings):
    settings.set_setting("a", 1)
    with pytest.raises(ConflictError, match="has version 1") as caught:
        settings.set_setting("a", 2, expected_version=0)
    assert (caught.value.field, caught.value.retryable) == ("expected_version", False)


def test_coroutines_see_their_own_changes():
    async def main():
        chat = chatkeep.asyncio.Chatkeep("sqlite:///:memory:")
        settings = chat.app_setting_manager
        for number in range(20):
            await settings.set_setting("a", number)
            setting = await settings.get_setting("a")
            assert (setting["value"], setting["version"]) == (number, number + 1)
        await chat.close()

    asyncio.run(main())
