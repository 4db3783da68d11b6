"""Import of SQLite files from other programs."""

import asyncio
import hashlib
import sqlite3

import chatkeep
import chatkeep.asyncio
import pytest


def legacy_file(folder):
    path = folder / "chatbot.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            f"""
            CREATE TABLE messages (id INTEGER PRIMARY KEY,
                timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, user_message TEXT NOT NULL,
                bot_response TEXT, provider TEXT, model TEXT, tokens_used INTEGER, metadata TEXT);
            INSERT INTO messages VALUES
                (4, '2024-01-01 10:00:00', 'hi', 'ho', 'openai', NULL, 3, '{{"a": 1}}');
            CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT UNIQUE, description TEXT,
                created_at TEXT, expires_at TEXT, is_active INTEGER DEFAULT 1, last_used_at TEXT);
            INSERT INTO tokens (token_hash, created_at)
                VALUES ('{hashlib.sha256(b"old-secret").hexdigest()}', '2024-01-01T10:00:00');
            """
        )
    connection.close()
    return path


def test_rows_are_imported_once(chat, tmp_path):
    path = legacy_file(tmp_path)
    report = chat.db_manager.migrate_from_old_sqlite(path)
    assert report["stored"] is True
    assert report["files"][0]["messages"]["stored"] == 1
    again = chat.db_manager.migrate_from_old_sqlite(str(path))
    assert again["files"][0]["messages"] == {
        "found": 1,
        "stored": 0,
        "already_there": 1,
        "with_new_id": 0,
        "forced": 0,
    }
    (message,) = chat.message_logger.get_messages()
    assert (message["id"], message["timestamp"]) == (4, "2024-01-01T10:00:00.000000+00:00")
    assert chat.token_manager.verify_token("old-secret")


def test_error_names_a_row_that_is_invalid(chat, tmp_path):
    path = legacy_file(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE messages SET metadata = '{'")
    connection.close()
    with pytest.raises(chatkeep.InvalidInputError, match="row 4: metadata"):
        chat.db_manager.migrate_from_old_sqlite(path)
    (tmp_path / "none.db").write_text("nothing of the kind")
    with pytest.raises(chatkeep.CorruptError, match="is not a SQLite file"):
        chat.db_manager.migrate_from_old_sqlite(tmp_path / "none.db")
    with pytest.raises(TypeError):
        chat.db_manager.migrate_from_old_sqlite(5)
    assert chat.message_logger.get_message_count() == 0


def test_error_names_unknown_columns(memory, tmp_path):
    path = legacy_file(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE messages ADD COLUMN mood")
        connection.execute("ALTER TABLE tokens ADD COLUMN scopes DEFAULT 'read'")
    connection.close()
    with pytest.raises(
        chatkeep.InvalidInputError, match="column mood: is unknown to chatkeep"
    ) as caught:
        memory.db_manager.migrate_from_old_sqlite(path)
    assert "--force stores the rows" in str(caught.value)
    assert "table tokens, column scopes" in str(caught.value)
    assert memory.message_logger.get_message_count() == 0


def test_utf_16_file_is_imported(memory, tmp_path):
    path = tmp_path / "chatbot.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT NOT NULL)")
        connection.execute("INSERT INTO messages VALUES (1, 'naïve ✍️')")
    connection.close()
    report = memory.db_manager.migrate_from_old_sqlite(path)
    assert (report["stored"], report["files"][0]["unknown_columns"]) == (True, [])
    assert memory.message_logger.get_messages()[0]["user_message"] == "naïve ✍️"


def test_import_can_be_awaited(database, tmp_path):
    path = legacy_file(tmp_path)

    async def run():
        async with chatkeep.asyncio.Chatkeep(database.url) as chat:
            report = await chat.db_manager.migrate_from_old_sqlite(path)
            return report["stored"], await chat.message_logger.get_message_count()

    assert asyncio.run(run()) == (True, 1)
