"""Drivers used directly as in their documentation, with one connection per thread."""

import importlib.metadata
import json
import platform
import sqlite3

import protocol
import sql


class Driver:
    def __init__(self, setup):
        self.setup = setup
        self.metadata = json.loads(setup.row.metadata)
        self.connections = [self.connect() for _ in range(setup.callers)]

    def call(self, caller):
        connection = self.connections[caller]
        path = self.setup.path
        if path == "verify":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.verify(connection, protocol.hash_of(tokens.next()))
        run = getattr(self, path)
        return lambda: run(connection)

    def ready_with(self, versions, query_value):
        return {
            "versions": {"Python": platform.python_version(), **versions},
            "durability": protocol.settings_of(self.setup, query_value),
        }


class Sqlite3(Driver):
    """The module of the standard library: a thin layer over SQLite in C, so it is also a limit."""

    insert = sql.insert("?") + " RETURNING id"

    def connect(self):
        connection = sqlite3.connect(self.setup.file, timeout=120, check_same_thread=False)
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def ready(self):
        connection = self.connections[0]
        return self.ready_with(
            {"sqlite": sqlite3.sqlite_version},
            lambda query: connection.execute(query).fetchone()[0],
        )

    def arguments(self):
        return sql.arguments(self.setup, protocol.now_text(), self.setup.row.metadata)

    def log(self, connection):
        return [connection.execute(self.insert, self.arguments()).fetchall()[0][0]]

    def bulk(self, connection):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(sql.insert("?"), [self.arguments() for _ in range(self.setup.batch)])
        connection.execute("COMMIT")
        return self.setup.batch

    def page(self, connection):
        return sql.mappings(connection.execute(sql.page("?"), (self.setup.page,)), json.loads)

    def verify(self, connection, token_hash):
        return protocol.check_token(*connection.execute(sql.verify("?"), (token_hash,)).fetchone())


class Psycopg(Driver):
    """psycopg 3, which automatically prepares frequent statements."""

    def connect(self):
        import psycopg

        setup = self.setup
        return psycopg.connect(
            host=setup.host,
            port=setup.port,
            user=setup.user,
            password=setup.password,
            dbname=setup.database,
            sslmode="disable",
            autocommit=True,
        )

    def ready(self):
        import psycopg

        connection = self.connections[0]
        version = connection.execute("SHOW server_version").fetchone()[0]
        return self.ready_with(
            {"psycopg": psycopg.__version__, "postgresql": version},
            lambda query: connection.execute(query).fetchone()[0],
        )

    def arguments(self):
        from psycopg.types.json import Jsonb

        metadata = Jsonb(self.metadata)
        return sql.arguments(self.setup, protocol.now(), metadata)

    def log(self, connection):
        return [
            connection.execute(sql.insert("%s") + " RETURNING id", self.arguments()).fetchone()[0]
        ]

    def bulk(self, connection):
        rows = [self.arguments() for _ in range(self.setup.batch)]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(sql.insert("%s") + " RETURNING id", rows, returning=True)
            ids = []
            while True:
                ids.append(cursor.fetchone()[0])
                if not cursor.nextset():
                    return ids

    def page(self, connection):
        return sql.mappings(connection.execute(sql.page("%s"), (self.setup.page,)).fetchall())

    def verify(self, connection, token_hash):
        return protocol.check_token(*connection.execute(sql.verify("%s"), (token_hash,)).fetchone())


class PyMySql(Driver):
    def connect(self):
        import pymysql

        setup = self.setup
        return pymysql.connect(
            host=setup.host,
            port=setup.port,
            user=setup.user,
            password=setup.password,
            database=setup.database,
            charset="utf8mb4",
            autocommit=True,
        )

    def query_value(self, query):
        with self.connections[0].cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    def ready(self):
        # Its `__version__` is that of another driver, which it can replace.
        version = importlib.metadata.version("pymysql")
        versions = {"pymysql": version, self.setup.engine: self.query_value("SELECT VERSION()")}
        return self.ready_with(versions, self.query_value)

    def arguments(self):
        return sql.arguments(self.setup, protocol.now(), self.setup.row.metadata)

    def log(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(sql.insert("%s"), self.arguments())
            return [cursor.lastrowid]

    def bulk(self, connection):
        with connection.cursor() as cursor:
            # It combines several rows into one statement automatically, and returns no ids.
            cursor.executemany(
                sql.insert("%s"), [self.arguments() for _ in range(self.setup.batch)]
            )
            return self.setup.batch

    def page(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(sql.page("%s"), (self.setup.page,))
            return sql.mappings(cursor.fetchall(), json.loads)

    def verify(self, connection, token_hash):
        with connection.cursor() as cursor:
            cursor.execute(sql.verify("%s"), (token_hash,))
            return protocol.check_token(*cursor.fetchone())
