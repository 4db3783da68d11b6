"""Migrations by verb, including those of an application."""

import asyncio
import json
import pathlib
from typing import get_args

import chatkeep
import chatkeep.asyncio
import pytest
from chatkeep.types import SchemaErrorState

STATES = pathlib.Path(__file__).parents[2] / "tests" / "vectors" / "schema" / "states.json"
CASES = json.loads(STATES.read_text(encoding="utf-8"))["cases"]


def write(folder, name, up, down):
    """Writes a migration."""
    migration = folder / name
    migration.mkdir(parents=True)
    (migration / "up.sql").write_text(up)
    (migration / "down.sql").write_text(down)


@pytest.fixture
def folder(tmp_path):
    """Migrations of an application with one table."""
    write(
        tmp_path,
        "20270101000000_create_users",
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);",
        "DROP TABLE users;",
    )
    return tmp_path


def test_application_migrations_upgrade_and_downgrade(chat, folder):
    migrate = chat.db_manager.migrate
    assert migrate("upgrade") == {
        "applied": [m["version"] + "_" + m["name"] for m in migrate("history")["migrations"]]
    }
    title = "app:20270101000000_create_users"
    assert migrate("current", folder=folder)["pending"] == [
        {"version": "app:20270101000000", "name": "create_users"}
    ]
    assert migrate("upgrade", folder=folder) == {"applied": [title]}
    assert migrate("upgrade", folder=str(folder)) == {"applied": []}
    assert migrate("current", folder=folder)["state"] == "head"
    last = migrate("history", folder=folder)["migrations"][-1]
    assert (last["state"], last["recorded"], last["error"]) == ("applied", "done", None)
    assert migrate("check", folder=folder)["matches"] is True
    assert "CREATE TABLE users" in migrate("sql", folder=folder, from_revision="base")["sql"]
    assert migrate("downgrade", folder=folder) == {"reverted": [title]}
    assert migrate("stamp", "create_users", folder=folder) == {"changed": [f"{title} was run"]}
    found = migrate("check", folder=folder)
    assert (found["matches"], found["messages"]) == (False, ["table users is missing"])
    assert found["differences"][0]["kind"] == "table"


def test_new_creates_a_migration_that_upgrade_reads(chat, tmp_path):
    made = chat.db_manager.migrate("new", folder=tmp_path, description="Add users")
    assert [pathlib.Path(file).name for file in made["files"]] == ["up.sql", "down.sql"]
    with pytest.raises(chatkeep.InvalidInputError, match="contains no statement"):
        chat.db_manager.migrate("upgrade", folder=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "options", "field"),
    [
        (("sideways",), {}, "verb"),
        (("upgrade", "nonsense"), {}, "revision"),
        (("stamp",), {}, "revision"),
        (("new",), {"description": "x"}, "folder"),
        (("upgrade",), {"folder": "/nowhere/at/all"}, "folder"),
        (("current",), {"folder": __file__}, "folder"),
        (("new",), {"folder": __file__, "description": "x"}, "folder"),
    ],
)
def test_invalid_arguments_are_rejected_with_the_field_name(memory, arguments, options, field):
    with pytest.raises(chatkeep.InvalidInputError) as raised:
        memory.db_manager.migrate(*arguments, **options)
    assert (raised.value.field, raised.value.operation) == (field, "migrate")
    for wrong in ({"folder": 7}, {"per_engine": 1}, {"from_revision": b"base"}):
        with pytest.raises(TypeError):
            memory.db_manager.migrate("upgrade", **wrong)


def test_changed_migration_raises_a_schema_error(chat, folder):
    chat.db_manager.migrate("upgrade", folder=folder)
    (folder / "20270101000000_create_users" / "up.sql").write_text("SELECT 1")
    with pytest.raises(chatkeep.SchemaError, match="was changed after it had been run") as raised:
        chat.db_manager.migrate("upgrade", folder=folder)
    assert raised.value.state == chat.db_manager.migrate("current", folder=folder)["state"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["state"])
def test_schema_error_has_the_state_of_the_schema(database, tmp_path, case):
    write(tmp_path / "migrations", "20270101000000_spoil", case["sql"], "")

    def spoil_and_use():
        with chatkeep.Chatkeep(database.url) as chat:
            chat.db_manager.migrate("upgrade", folder=tmp_path / "migrations")
        with chatkeep.Chatkeep(database.url, auto_migrate=False) as chat:
            chat.message_logger.get_message_count()

    with pytest.raises(chatkeep.SchemaError) as raised:
        spoil_and_use()
    assert raised.value.state == case["state"]


def test_schema_error_state_type_lists_every_state():
    assert list(get_args(SchemaErrorState)) == [case["state"] for case in CASES]


def test_migrate_can_be_awaited(chat, folder):
    async def main():
        manager = chatkeep.asyncio.Chatkeep.of(chat).db_manager
        ran = await manager.migrate("upgrade", folder=folder)
        return ran["applied"][-1], (await manager.migrate("check", folder=folder))["matches"]

    assert asyncio.run(main()) == ("app:20270101000000_create_users", True)


def test_health_reports_the_state_of_the_schema(database):
    with chatkeep.Chatkeep(database.url) as chat:
        chat.db_manager.upgrade()
        chat.db_manager.migrate("downgrade", "-1")
    with chatkeep.Chatkeep(database.url, auto_migrate=False) as chat:
        health = chat.db_manager.health()
        assert (health["ok"], health["schema"]) == (False, "behind")
