"""SQLAlchemy 2 on asyncio: one engine with its pool, and a session (or connection) per call."""

import json

import protocol
from models import ApiToken, Conversation, Message, Turn, check_session, session_query, values
from sqlalchemy import event, insert, select, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy_sync import set_pragmas, url_of, versions_of

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mariadb": "mariadb+asyncmy",
    "mysql": "mysql+asyncmy",
}


class Sqlalchemy:
    @classmethod
    async def open(cls, setup):
        self = cls()
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
            options["connect_args"] = {"ssl": False}
        self.engine = create_async_engine(url_of(setup, DRIVERS), **options)
        if setup.engine == "sqlite":
            event.listen(self.engine.sync_engine, "connect", set_pragmas)
        # As in the documentation: committed objects are not read again.
        self.session = async_sessionmaker(self.engine, expire_on_commit=False)
        return self

    async def ready(self):
        async with self.engine.connect() as connection:
            durability = {
                name: str(await connection.scalar(text(sql)))
                for name, sql in protocol.queries_of(self.setup).items()
            }
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

    async def log(self):
        async with self.session() as session:
            message = self.message()
            session.add(message)
            await session.commit()
            return [message.id]

    async def bulk(self):
        async with self.session() as session:
            messages = [self.message() for _ in range(self.setup.batch)]
            session.add_all(messages)
            await session.commit()
            return [message.id for message in messages]

    async def page(self):
        async with self.session() as session:
            query = (
                select(Message)
                .order_by(Message.timestamp.desc(), Message.id.desc())
                .limit(self.setup.page)
            )
            found = await session.scalars(query)
            return protocol.check_page([message.to_dict() for message in found])

    async def verify(self, token):
        async with self.session() as session:
            query = select(ApiToken).where(ApiToken.token_hash == protocol.hash_of(token))
            found = (await session.scalars(query)).one()
            return protocol.check_token(found.is_active, found.expires_at)

    async def turn(self, conversation):
        async with self.session() as session:
            now = protocol.now()
            turn = Turn(
                **values(self.setup.row, self.metadata, now, "metadata_"),
                conversation_id=conversation["id"],
                user_id=conversation["user_id"],
            )
            session.add(turn)
            found = await session.get_one(Conversation, conversation["id"])
            found.last_message_at = now
            await session.commit()
            return [turn.id]

    async def check_session(self, secret):
        async with self.session() as session:
            found = await session.execute(session_query(protocol.hash_of(secret)))
            return check_session(found.one())


class Core(Sqlalchemy):
    messages = Message.__table__
    tokens = ApiToken.__table__

    async def log(self):
        async with self.engine.begin() as connection:
            row = values(self.setup.row, self.metadata, protocol.now())
            result = await connection.execute(insert(self.messages).values(**row))
            return [result.inserted_primary_key[0]]

    async def bulk(self):
        rows = [
            values(self.setup.row, self.metadata, protocol.now()) for _ in range(self.setup.batch)
        ]
        async with self.engine.begin() as connection:
            # MySQL has no RETURNING, so the ids are unknown.
            if self.engine.dialect.insert_executemany_returning:
                query = insert(self.messages).returning(self.messages.c.id)
                return (await connection.scalars(query, rows)).all()
            await connection.execute(insert(self.messages), rows)
            return len(rows)

    async def page(self):
        columns = self.messages.c
        query = (
            select(self.messages)
            .order_by(columns.timestamp.desc(), columns.id.desc())
            .limit(self.setup.page)
        )
        async with self.engine.connect() as connection:
            found = await connection.execute(query)
            return protocol.check_page([dict(row) for row in found.mappings()])

    async def verify(self, token):
        columns = self.tokens.c
        query = select(columns.is_active, columns.expires_at).where(
            columns.token_hash == protocol.hash_of(token)
        )
        async with self.engine.connect() as connection:
            return protocol.check_token(*(await connection.execute(query)).one())
