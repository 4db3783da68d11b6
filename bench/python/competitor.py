"""Runs the competitor whose name is the argument."""

import sys

import protocol

NAMES = {
    "chatkeep-python": ("chatkeep_python", "Facade"),
    "chatkeep-python-uncached": ("chatkeep_python", "Uncached"),
    "chatkeep-asyncio": ("chatkeep_asyncio", "Facade"),
    "sqlalchemy-orm": ("sqlalchemy_sync", "Orm"),
    "sqlalchemy-core": ("sqlalchemy_sync", "Core"),
    "sqlalchemy-orm-async": ("sqlalchemy_asyncio", "Orm"),
    "sqlalchemy-core-async": ("sqlalchemy_asyncio", "Core"),
    "sqlite3": ("drivers", "Sqlite3"),
    "psycopg": ("drivers", "Psycopg"),
    "pymysql": ("drivers", "PyMySql"),
    "aiosqlite": ("drivers_asyncio", "AioSqlite"),
    "asyncpg": ("drivers_asyncio", "AsyncPg"),
    "psycopg-async": ("drivers_asyncio", "PsycopgAsync"),
    "asyncmy": ("drivers_asyncio", "AsyncMy"),
}


def main():
    module, name = NAMES[sys.argv[1]]
    competitor = getattr(__import__(module), name)
    setup = protocol.read_setup()
    if module.endswith("asyncio"):
        protocol.serve_tasks(setup, competitor.open)
    else:
        protocol.serve_threads(setup, competitor(setup))


if __name__ == "__main__":
    main()
