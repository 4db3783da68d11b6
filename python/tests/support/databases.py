"""A database of each test's own, on the servers that `chatkeep-testkit run` has around the tests."""

import os
import secrets
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pymysql

SERVERS = ("postgresql", "mariadb", "mysql")
#: Nothing listens there.
DOWN = "postgresql://bot:s3cret@127.0.0.1:9/chat"
HOW = "run the tests with `make test`, or with `chatkeep-testkit run --fast -- scripts/pytest.sh`"


def engines():
    """The engines to test on. One that is missing is an error, unless the run says that it may be."""
    only = os.environ.get("CHATKEEP_TEST_ONLY")
    present = ["sqlite"]
    for engine in SERVERS:
        if os.environ.get(f"CHATKEEP_TEST_{engine.upper()}_URL"):
            present.append(engine)
        elif (only and engine not in only.split(",")) or (
            engine == "mysql" and os.environ.get("CHATKEEP_TEST_MYSQL_ABSENT")
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
        """A connection of another driver's, for what chatkeep is not to know of."""
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
    """An empty database that goes when the test does."""
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
