"""The store of the environment variables, and the lifecycle of a store."""

import ast
import weakref

import chatkeep
import pytest
from programs import run


def test_environment_is_read_at_the_first_use(monkeypatch, tmp_path):
    log, database = chatkeep.message_logger, chatkeep.db_manager
    assert "not opened yet" in repr(log)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/later.db")
    try:
        message_id = log.log_message("a")
        assert (tmp_path / "later.db").exists()
        assert database.db_type == "sqlite"
        assert log.get_message_by_id(message_id)["user_message"] == "a"
        assert chatkeep.asyncio.db_manager.database_url == database.database_url
    finally:
        database.close()
    # The store opens again, with the new value of the variable.
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    try:
        assert log.get_message_count() == 0
    finally:
        database.close()


def test_invalid_setting_raises_at_the_first_use(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:s3cret@host/db?nonsense=1")
    with pytest.raises(chatkeep.ConfigurationError) as caught:
        chatkeep.token_manager.list_tokens()
    assert "s3cret" not in str(caught.value)


def test_import_creates_no_file_and_loads_few_modules(tmp_path):
    out = run(
        """
        import sys
        before = set(sys.modules)
        import chatkeep, chatkeep.asyncio
        assert chatkeep.message_logger is not None
        print(sorted({name.split(".")[0] for name in set(sys.modules) - before}))
        """,
        DB_TYPE="nonsense",
        PWD=str(tmp_path),
    )
    assert set(ast.literal_eval(out)) <= {"__future__", "chatkeep", "errno"}
    assert list(tmp_path.iterdir()) == []


def test_closed_store_rejects_calls(sqlite):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        assert chat.message_logger.log_message("a") == 1
        assert chat.message_logger is chat.message_logger
    with pytest.raises(chatkeep.UnavailableError, match="closed"):
        chat.message_logger.log_message("b")
    chat.close()


def test_database_manager_reports_health_and_status(chat, database):
    manager = chat.db_manager
    manager.wait_until_ready()
    health = manager.health()
    assert (health["ok"], health["engine"], health["schema"]) == (True, database.engine, "head")
    assert manager.db_type == database.engine
    status = manager.pool_status()
    assert status["total"] == status["checked_in"] + status["checked_out"]
    assert manager.migration_status()["pending"] == []
    assert manager.upgrade() == []
    assert manager.search_index() == ("unsupported" if database.engine == "mariadb" else "absent")


@pytest.mark.parametrize("name", ["Chatkeep", "MessageLogger", "TokenManager", "DatabaseManager"])
def test_classes_are_final_and_their_repr_has_no_password(name):
    chat = chatkeep.Chatkeep("postgresql://bot:s3cret@db.example/chat")
    shown = [
        repr(part) for part in (chat, chat.message_logger, chat.token_manager, chat.db_manager)
    ]
    assert all("db.example" in text and "s3cret" not in text for text in shown)
    with pytest.raises(TypeError):
        type("Mine", (getattr(chatkeep, name),), {})
    assert weakref.ref(chat)() is chat
