"""SQLAlchemy 2: one engine with its pool, and a session (or connection) per call."""

import importlib.metadata
import json
import platform
import sqlite3

import protocol
import sqlalchemy
from models import ApiToken, Conversation, Message, Turn, check_session, session_query, values
from sqlalchemy import create_engine, event, insert, select, text
from sqlalchemy.orm import sessionmaker

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mysql+pymysql",
}


def url_of(setup, drivers):
    if setup.engine == "sqlite":
        return f"{drivers['sqlite']}:///{setup.file}"
    account = f"{setup.user}:{setup.password}@{setup.host}:{setup.port}"
    return f"{drivers[setup.engine]}://{account}/{setup.database}"


def set_pragmas(connection, _):
    """Sets the pragmas of each new connection, as in the SQLAlchemy documentation."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def versions_of(driver):
    versions = {"Python": platform.python_version(), "SQLAlchemy": sqlalchemy.__version__}
    if driver == "pysqlite":
        return versions | {"sqlite": sqlite3.sqlite_version}
    return versions | {driver: importlib.metadata.version(driver)}


class Sqlalchemy:
    def __init__(self, setup):
        self.setup = setup
        self.metadata = json.loads(setup.row.metadata)
        options = {"pool_timeout": 120}
        if setup.engine == "sqlite":
            # The default pool size: with a connection per caller they would wait for each other's
            # locks.
            options["connect_args"] = {"timeout": 120}
        else:
            options |= {"pool_size": setup.callers, "max_overflow": 0}
        if setup.engine == "postgresql":
            options["connect_args"] = {"sslmode": "disable"}
        self.engine = create_engine(url_of(setup, DRIVERS), **options)
        if setup.engine == "sqlite":
            event.listen(self.engine, "connect", set_pragmas)
        self.session = sessionmaker(self.engine)

    def ready(self):
        with self.engine.connect() as connection:
            durability = protocol.settings_of(self.setup, lambda sql: connection.scalar(text(sql)))
        return {"versions": versions_of(self.engine.dialect.driver), "durability": durability}

    def call(self, caller):
        path = self.setup.path
        if path == "verify":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.verify(tokens.next())
        if path == "session":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.check_session(tokens.next())
        if path == "turn":
            conversation = self.setup.conversations[caller]
            return lambda: self.turn(conversation)
        return getattr(self, path)


class Orm(Sqlalchemy):
    def message(self):
        row = values(self.setup.row, self.metadata, protocol.now(), "metadata_")
        return Message(**row)

    def log(self):
        with self.session() as session:
            message = self.message()
            session.add(message)
            session.commit()
            return [message.id]

    def bulk(self):
        with self.session() as session:
            messages = [self.message() for _ in range(self.setup.batch)]
            session.add_all(messages)
            session.flush()
            ids = [message.id for message in messages]
            session.commit()
            return ids

    def page(self):
        with self.session() as session:
            query = (
                select(Message)
                .order_by(Message.timestamp.desc(), Message.id.desc())
                .limit(self.setup.page)
            )
            return protocol.check_page([message.to_dict() for message in session.scalars(query)])

    def verify(self, token):
        with self.session() as session:
            query = select(ApiToken).where(ApiToken.token_hash == protocol.hash_of(token))
            found = session.scalars(query).one()
            return protocol.check_token(found.is_active, found.expires_at)

    def turn(self, conversation):
        with self.session() as session:
            now = protocol.now()
            turn = Turn(
                **values(self.setup.row, self.metadata, now, "metadata_"),
                conversation_id=conversation["id"],
                user_id=conversation["user_id"],
            )
            session.add(turn)
            found = session.get_one(Conversation, conversation["id"])
            found.last_message_at = now
            session.commit()
            return [turn.id]

    def check_session(self, secret):
        with self.session() as session:
            found = session.execute(session_query(protocol.hash_of(secret)))
            return check_session(found.one())


class Core(Sqlalchemy):
    messages = Message.__table__
    tokens = ApiToken.__table__

    def log(self):
        with self.engine.begin() as connection:
            row = values(self.setup.row, self.metadata, protocol.now())
            return [connection.execute(insert(self.messages).values(**row)).inserted_primary_key[0]]

    def bulk(self):
        rows = [
            values(self.setup.row, self.metadata, protocol.now()) for _ in range(self.setup.batch)
        ]
        with self.engine.begin() as connection:
            # MySQL has no RETURNING, so the ids are unknown.
            if self.engine.dialect.insert_executemany_returning:
                query = insert(self.messages).returning(self.messages.c.id)
                return connection.scalars(query, rows).all()
            connection.execute(insert(self.messages), rows)
            return len(rows)

    def page(self):
        columns = self.messages.c
        query = (
            select(self.messages)
            .order_by(columns.timestamp.desc(), columns.id.desc())
            .limit(self.setup.page)
        )
        with self.engine.connect() as connection:
            return protocol.check_page([dict(row) for row in connection.execute(query).mappings()])

    def verify(self, token):
        columns = self.tokens.c
        query = select(columns.is_active, columns.expires_at).where(
            columns.token_hash == protocol.hash_of(token)
        )
        with self.engine.connect() as connection:
            return protocol.check_token(*connection.execute(query).one())
