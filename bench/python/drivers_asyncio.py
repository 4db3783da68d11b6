"""Asyncio drivers, with the pool of their documentation and one connection per task."""

import importlib.metadata
import json
import platform

import protocol
import sql


class Driver:
    @classmethod
    async def open(cls, setup):
        self = cls()
        self.setup = setup
        self.metadata = json.loads(setup.row.metadata)
        await self.connect()
        return self

    def call(self, caller):
        path = self.setup.path
        if path == "verify":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.verify(protocol.hash_of(tokens.next()))
        return getattr(self, path)

    async def ready_with(self, versions, query_value):
        durability = {
            name: str(await query_value(query))
            for name, query in protocol.queries_of(self.setup).items()
        }
        return {
            "versions": {"Python": platform.python_version(), **versions},
            "durability": durability,
        }


class AioSqlite(Driver):
    """One connection for all tasks, served by a thread."""

    insert = sql.insert("?") + " RETURNING id"

    async def connect(self):
        import aiosqlite

        self.connection = await aiosqlite.connect(
            self.setup.file, timeout=120, isolation_level=None
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            await self.connection.execute(f"PRAGMA {pragma}")

    async def query_value(self, query):
        (row,) = await self.connection.execute_fetchall(query)
        return row[0]

    async def ready(self):
        import aiosqlite

        version = await self.query_value("SELECT sqlite_version()")
        return await self.ready_with(
            {"aiosqlite": aiosqlite.__version__, "sqlite": version}, self.query_value
        )

    def arguments(self):
        return sql.arguments(self.setup, protocol.now_text(), self.setup.row.metadata)

    async def log(self):
        (row,) = await self.connection.execute_fetchall(self.insert, self.arguments())
        return [row[0]]

    async def bulk(self):
        await self.connection.execute("BEGIN IMMEDIATE")
        rows = [self.arguments() for _ in range(self.setup.batch)]
        await self.connection.executemany(sql.insert("?"), rows)
        await self.connection.execute("COMMIT")
        return self.setup.batch

    async def page(self):
        rows = await self.connection.execute_fetchall(sql.page("?"), (self.setup.page,))
        return sql.mappings(rows, json.loads)

    async def verify(self, token_hash):
        (row,) = await self.connection.execute_fetchall(sql.verify("?"), (token_hash,))
        return protocol.check_token(*row)


class AsyncPg(Driver):
    """asyncpg, which automatically prepares and caches statements."""

    insert = sql.insert("{}").format(*(f"${number}" for number in range(1, 8))) + " RETURNING id"

    async def connect(self):
        import asyncpg

        setup = self.setup

        async def parse_json(connection):
            await connection.set_type_codec(
                "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
            )

        self.pool = await asyncpg.create_pool(
            host=setup.host,
            port=setup.port,
            user=setup.user,
            password=setup.password,
            database=setup.database,
            ssl=False,
            min_size=setup.callers,
            max_size=setup.callers,
            init=parse_json,
        )

    async def ready(self):
        import asyncpg

        version = await self.pool.fetchval("SHOW server_version")
        versions = {"asyncpg": asyncpg.__version__, "postgresql": version}
        return await self.ready_with(versions, self.pool.fetchval)

    def arguments(self):
        return sql.arguments(self.setup, protocol.now(), self.metadata)

    async def log(self):
        return [await self.pool.fetchval(self.insert, *self.arguments())]

    async def bulk(self):
        rows = [self.arguments() for _ in range(self.setup.batch)]
        return [row["id"] for row in await self.pool.fetchmany(self.insert, rows)]

    async def page(self):
        return sql.mappings(await self.pool.fetch(sql.page("$1"), self.setup.page))

    async def verify(self, token_hash):
        return protocol.check_token(*await self.pool.fetchrow(sql.verify("$1"), token_hash))


class PsycopgAsync(Driver):
    async def connect(self):
        import psycopg_pool

        setup = self.setup
        self.pool = psycopg_pool.AsyncConnectionPool(
            kwargs={
                "host": setup.host,
                "port": setup.port,
                "user": setup.user,
                "password": setup.password,
                "dbname": setup.database,
                "sslmode": "disable",
                "autocommit": True,
            },
            min_size=setup.callers,
            max_size=setup.callers,
            open=False,
        )
        await self.pool.open(wait=True, timeout=60)

    async def query_value(self, query):
        async with self.pool.connection() as connection:
            return (await (await connection.execute(query)).fetchone())[0]

    async def ready(self):
        import psycopg

        version = await self.query_value("SHOW server_version")
        versions = {"psycopg": psycopg.__version__, "postgresql": version}
        return await self.ready_with(versions, self.query_value)

    async def log(self):
        from psycopg.types.json import Jsonb

        metadata = Jsonb(self.metadata)
        arguments = sql.arguments(self.setup, protocol.now(), metadata)
        async with self.pool.connection() as connection:
            cursor = await connection.execute(sql.insert("%s") + " RETURNING id", arguments)
            return [(await cursor.fetchone())[0]]


class AsyncMy(Driver):
    async def connect(self):
        import asyncmy

        setup = self.setup
        self.pool = await asyncmy.create_pool(
            host=setup.host,
            port=setup.port,
            user=setup.user,
            password=setup.password,
            db=setup.database,
            charset="utf8mb4",
            autocommit=True,
            minsize=setup.callers,
            maxsize=setup.callers,
        )

    async def query_value(self, query):
        async with self.pool.acquire() as connection:
            async with connection.cursor() as cursor:
                await cursor.execute(query)
                return (await cursor.fetchone())[0]

    async def ready(self):
        version = await self.query_value("SELECT VERSION()")
        versions = {"asyncmy": importlib.metadata.version("asyncmy"), self.setup.engine: version}
        return await self.ready_with(versions, self.query_value)

    async def log(self):
        arguments = sql.arguments(self.setup, protocol.now(), self.setup.row.metadata)
        async with self.pool.acquire() as connection:
            async with connection.cursor() as cursor:
                await cursor.execute(sql.insert("%s"), arguments)
                return [cursor.lastrowid]
