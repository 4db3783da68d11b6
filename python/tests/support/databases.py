"""A database per test, on the servers that `chatkeep-testkit run` starts."""

import os
import secrets
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pymysql

SERVERS = ("postgresql", "mariadb", "mysql")
#: URL of a port without a server.
DOWN = "postgresql://bot:s3cret@127.0.0.1:9/chat"
HOW = "run the tests with `make test`, or with `chatkeep-testkit run --fast -- cargo xtask pytest`"


def engines():
    """Returns the engines to test. Raises if one is missing, unless the environment permits it."""
    only = os.environ.get("CHATKEEP_TEST_ONLY")
    # Plain pytest tests SQLite only. Under `chatkeep-testkit run` and in CI, a missing server is an
    # error.
    is_plain = not os.environ.get("CHATKEEP_TEST_HOME") and not os.environ.get("CI")
    present = ["sqlite"]
    for engine in SERVERS:
        if os.environ.get(f"CHATKEEP_TEST_{engine.upper()}_URL"):
            present.append(engine)
        elif (
            is_plain
            or (only and engine not in only.split(","))
            or (engine == "mysql" and os.environ.get("CHATKEEP_TEST_MYSQL_ABSENT"))
        ):
            continue
        else:
            raise RuntimeError(f"these tests need a {engine} server: {HOW}")
    return present


class Database:
    """An empty database."""

    def __init__(self, engine, url):
        self.engine, self.url = engine, url

    @contextmanager
    def connection(self):
        """Opens a connection with another driver, for changes without chatkeep."""
        parts = urlsplit(self.url)
        if self.engine == "sqlite":
            raise RuntimeError("another SQLite in this process could drop chatkeep's locks")
        if self.engine == "postgresql":
            with psycopg.connect(self.url, autocommit=True) as connection:
                yield connection
            return
        connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=parts.password,
            database=parts.path.strip("/") or None,
            autocommit=True,
        )
        try:
            yield connection
        finally:
            connection.close()

    def execute(self, sql):
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql)


@contextmanager
def database(engine, folder):
    """Creates an empty database and drops it after the test."""
    if engine == "sqlite":
        yield Database(engine, f"sqlite:///{folder}/chatkeep.db")
        return
    admin = Database(engine, os.environ[f"CHATKEEP_TEST_{engine.upper()}_URL"])
    name = f"ck_py_{os.getpid()}_{secrets.token_hex(4)}"
    admin.execute(
        f"CREATE DATABASE {name}" + ("" if engine == "postgresql" else " CHARACTER SET utf8mb4")
    )
    try:
        yield Database(engine, urlunsplit(urlsplit(admin.url)._replace(path=f"/{name}")))
    finally:
        admin.execute(f"DROP DATABASE {name}" + (" WITH (FORCE)" if engine == "postgresql" else ""))
