"""chatkeep from Python, one thread per caller."""

import json
import platform
import subprocess
import sys

import protocol
from chatkeep import Chatkeep

#: Number of checks per timing, because cached checks are too short to be timed individually.
CHECKS = 100
#: Size of the connection pool, as in Rust. Threads that log share one connection anyway.
POOL = 8


def url_of(setup):
    if setup.engine == "sqlite":
        # Set explicitly although it is the default, because the durability check below reads it
        # from the URL.
        return f"sqlite:///{setup.file}?synchronous=full"
    account = f"{setup.user}:{setup.password}@{setup.host}:{setup.port}"
    return f"{setup.engine}://{account}/{setup.database}?sslmode=disable"


def open_store(setup, **settings):
    """Opens chatkeep with its default settings, except for TLS (unused here) and `settings`."""
    chat = Chatkeep(url_of(setup), pool_size=POOL, **settings)
    chat.db_manager.wait_until_ready()
    return chat


def message_of(setup):
    row = setup.row
    return {
        "message": row.user_message,
        "response": row.bot_response,
        "provider": row.provider,
        "model": row.model,
        "tokens_used": row.tokens_used,
        "metadata": json.loads(row.metadata),
    }


def output_of(*arguments):
    """Runs another Python process and returns its output."""
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def durability_of(setup):
    """Returns the durability settings.

    chatkeep does not expose its sessions, so these are settings of the server. The flushes are
    counted as well.
    """
    if setup.engine == "postgresql":
        import psycopg

        with psycopg.connect(
            host=setup.host,
            port=setup.port,
            user=setup.user,
            password=setup.password,
            dbname=setup.database,
            sslmode="disable",
        ) as connection:
            query = lambda sql: connection.execute(sql).fetchone()[0]  # noqa: E731
            return protocol.settings_of(setup, query)
    if setup.engine != "sqlite":
        import pymysql

        with (
            pymysql.connect(
                host=setup.host, port=setup.port, user=setup.user, password=setup.password
            ) as connection,
            connection.cursor() as cursor,
        ):

            def query(sql):
                cursor.execute(sql)
                return cursor.fetchone()[0]

            return protocol.settings_of(setup, query)
    # The journal mode belongs to the file. It is read by another process, because two SQLite
    # libraries in one process release each other's locks.
    code = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode').fetchone())"
    journal_mode = output_of("-c", code, setup.file)
    synchronous = "2" if url_of(setup).endswith("?synchronous=full") else "less than 2"
    return {"journal_mode": journal_mode, "synchronous": synchronous}


def ready_of(setup, chat):
    versions = {
        "Python": platform.python_version(),
        "chatkeep": output_of("-m", "chatkeep", "--version").split()[-1],
        setup.engine: chat.db_manager.health()["server_version"],
    }
    return {"versions": versions, "durability": durability_of(setup)}


class Facade:
    settings = {}
    checks = CHECKS

    def __init__(self, setup):
        self.setup = setup
        self.chat = open_store(setup, **self.settings)
        self.message = message_of(setup)
        self.batch = [self.message] * setup.batch

    def ready(self):
        return ready_of(self.setup, self.chat)

    def call(self, caller):
        path = self.setup.path
        if path == "verify":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.verify(tokens)
        if path == "session":
            secrets = protocol.Tokens(self.setup, caller)
            return lambda: self.session(secrets)
        if path == "turn":
            conversation = self.setup.conversations[caller]["public_id"]
            return lambda: self.turn(conversation)
        return getattr(self, path)

    def log(self):
        return [self.chat.message_logger.log_message(**self.message)]

    def bulk(self):
        return self.chat.message_logger.log_messages(self.batch)

    def page(self):
        return protocol.check_page(self.chat.message_logger.get_messages(limit=self.setup.page))

    def verify(self, tokens):
        verify_token = self.chat.token_manager.verify_token
        for _ in range(self.checks):
            if not verify_token(tokens.next()):
                raise ValueError("a valid token was rejected")
        return self.checks

    def session(self, secrets):
        verify_session = self.chat.session_manager.verify_session
        for _ in range(self.checks):
            if not verify_session(secrets.next()):
                raise ValueError("a valid session was rejected")
        return self.checks

    def turn(self, conversation):
        return [self.chat.conversation_manager.append_turn(conversation, **self.message)]


class Uncached(Facade):
    settings = {"token_cache": 0}
    checks = 1
