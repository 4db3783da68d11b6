"""The exceptions."""

import errno
import pickle

import chatkeep
import pytest
from chatkeep import errors

BUILT_IN = {
    "CallInterruptedError": RuntimeError,
    "ConfigurationError": ValueError,
    "ConflictError": RuntimeError,
    "CorruptError": RuntimeError,
    "InternalError": RuntimeError,
    "InvalidInputError": ValueError,
    "InvalidTypeError": TypeError,
    "OutcomeUnknownError": ConnectionError,
    "PoolTimeoutError": TimeoutError,
    "ReadOnlyError": PermissionError,
    "SchemaError": RuntimeError,
    "StorageFullError": OSError,
    "UnavailableError": ConnectionError,
}


@pytest.mark.parametrize(("name", "built_in"), BUILT_IN.items())
def test_each_class_derives_from_the_base_and_from_what_callers_catch(name, built_in):
    raised = getattr(chatkeep, name)
    assert issubclass(raised, chatkeep.Error)
    assert issubclass(raised, built_in)
    assert raised.__module__ == "chatkeep"
    assert getattr(errors, name) is raised


@pytest.mark.parametrize("name", ["Error", *BUILT_IN])
def test_an_error_survives_pickling(name):
    error = getattr(chatkeep, name)(
        "limit: no", field="limit", retryable=True, operation="get_messages"
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "limit: no"
    assert (copy.field, copy.retryable, copy.operation) == ("limit", True, "get_messages")
    assert copy.kind == error.kind


def test_an_error_of_the_schema_keeps_its_state_when_it_is_pickled():
    copy = pickle.loads(pickle.dumps(chatkeep.SchemaError("no", state="out_of_order")))
    assert copy.state == "out_of_order"


def test_all_kinds_have_a_class():
    kinds = {getattr(chatkeep, name).kind for name in BUILT_IN}
    assert kinds == {
        "Configuration",
        "Conflict",
        "Corrupt",
        "Internal",
        "Interrupted",
        "InvalidInput",
        "OutcomeUnknown",
        "PoolTimeout",
        "ReadOnly",
        "Schema",
        "StorageFull",
        "Unavailable",
    }


def test_what_lies_underneath_is_the_cause(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "1")
    monkeypatch.setenv("DB_RETRY_DELAY", "0.2")
    with (
        chatkeep.Chatkeep("mysql://127.0.0.1:9/chat", connect_timeout=2) as chat,
        pytest.raises(chatkeep.UnavailableError) as caught,
    ):
        chat.message_logger.get_message_count()
    assert caught.value.__cause__ is not None
    assert caught.value.operation == "get_message_count"


def test_a_file_that_is_no_database_is_corrupt(tmp_path):
    (tmp_path / "a.db").write_bytes(b"no database at all, but long enough to have a header" * 100)
    with (
        chatkeep.Chatkeep(f"sqlite:///{tmp_path}/a.db") as chat,
        pytest.raises(chatkeep.CorruptError),
    ):
        chat.message_logger.get_message_count()


def test_a_database_that_is_only_read_takes_no_message(sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        chat.message_logger.log_message("a")
    with chatkeep.Chatkeep(sqlite.url + "?mode=ro") as chat:
        with pytest.raises(PermissionError) as caught:
            chat.message_logger.log_message("b")
        assert type(caught.value) is chatkeep.ReadOnlyError
        assert caught.value.errno == errno.EROFS
        assert chat.message_logger.get_message_count() == 1


def test_a_schema_that_is_behind_says_which_command_helps(database):
    with chatkeep.Chatkeep(database.url, auto_migrate=False) as chat:
        with pytest.raises(chatkeep.SchemaError, match="chatkeep migrate upgrade") as caught:
            chat.message_logger.log_message("a")
        assert caught.value.state == "behind"
        assert chat.db_manager.upgrade()
        assert chat.message_logger.log_message("a")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"pool_size": 0}, "pool_size"),
        ({"pool_size": -1}, "pool_size"),
        ({"query_timeout": 0}, "query_timeout"),
    ],
)
def test_a_setting_out_of_range_is_a_configuration_error(arguments, field):
    with pytest.raises(chatkeep.ConfigurationError) as caught:
        chatkeep.Chatkeep("sqlite:///:memory:", **arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "url",
    ["sqlit:///a.db", "a.db", "postgresql://host/db?sslmod=require", "mysql://u:p%zz@host/db", ""],
)
def test_a_wrong_url_is_a_configuration_error_and_makes_no_file(url, tmp_path):
    with pytest.raises(chatkeep.ConfigurationError):
        chatkeep.Chatkeep(url)
    assert list(tmp_path.iterdir()) == []
