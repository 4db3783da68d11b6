"""The exception classes."""

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
def test_classes_derive_from_the_base_and_a_built_in_exception(name, built_in):
    raised = getattr(chatkeep, name)
    assert issubclass(raised, chatkeep.Error)
    assert issubclass(raised, built_in)
    assert raised.__module__ == "chatkeep"
    assert getattr(errors, name) is raised


@pytest.mark.parametrize("name", ["Error", *BUILT_IN])
def test_errors_can_be_pickled(name):
    error = getattr(chatkeep, name)(
        "limit: no", field="limit", retryable=True, operation="get_messages"
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "limit: no"
    assert (copy.field, copy.retryable, copy.operation) == ("limit", True, "get_messages")
    assert copy.kind == error.kind


def test_pickled_schema_error_preserves_its_state():
    copy = pickle.loads(pickle.dumps(chatkeep.SchemaError("no", state="out_of_order")))
    assert copy.state == "out_of_order"


def test_every_kind_has_a_class():
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


def test_underlying_error_is_the_cause(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "1")
    monkeypatch.setenv("DB_RETRY_DELAY", "0.2")
    with (
        chatkeep.Chatkeep("mysql://127.0.0.1:9/chat", connect_timeout=2) as chat,
        pytest.raises(chatkeep.UnavailableError) as caught,
    ):
        chat.message_logger.get_message_count()
    assert caught.value.__cause__ is not None
    assert caught.value.operation == "get_message_count"


def test_file_that_is_not_a_database_is_corrupt(tmp_path):
    (tmp_path / "a.db").write_bytes(b"no database at all, but long enough to have a header" * 100)
    with (
        chatkeep.Chatkeep(f"sqlite:///{tmp_path}/a.db") as chat,
        pytest.raises(chatkeep.CorruptError),
    ):
        chat.message_logger.get_message_count()


def test_read_only_database_rejects_writes(sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        chat.message_logger.log_message("a")
    with chatkeep.Chatkeep(sqlite.url + "?mode=ro") as chat:
        with pytest.raises(PermissionError) as caught:
            chat.message_logger.log_message("b")
        assert type(caught.value) is chatkeep.ReadOnlyError
        assert caught.value.errno == errno.EROFS
        assert chat.message_logger.get_message_count() == 1


def test_error_about_pending_migrations_names_the_command(database):
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
def test_setting_out_of_range_is_a_configuration_error(arguments, field):
    with pytest.raises(chatkeep.ConfigurationError) as caught:
        chatkeep.Chatkeep("sqlite:///:memory:", **arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "url",
    ["sqlit:///a.db", "a.db", "postgresql://host/db?sslmod=require", "mysql://u:p%zz@host/db", ""],
)
def test_invalid_url_is_a_configuration_error_and_creates_no_file(url, tmp_path):
    with pytest.raises(chatkeep.ConfigurationError):
        chatkeep.Chatkeep(url)
    assert list(tmp_path.iterdir()) == []
