// Prisma over the driver adapters of its documentation for each engine: pg, better-sqlite3,
// mariadb. The schemas are in the folder `prisma`; `cargo xtask setup bench` generates their clients.

import { connect } from './pg.mjs';
import {
  checkPage,
  checkToken,
  folder,
  hashOf,
  load,
  nowText,
  queriesOf,
  versionOf,
} from './protocol.mjs';

const PACKAGES = {
  sqlite: ['@prisma/adapter-better-sqlite3', 'better-sqlite3'],
  postgresql: ['@prisma/adapter-pg', 'pg'],
  mysql: ['@prisma/adapter-mariadb', 'mariadb'],
};

async function adapterOf(setup, kind) {
  const adapters = load(PACKAGES[kind][0]);
  if (kind === 'sqlite') {
    return new adapters.PrismaBetterSqlite3({ url: `file:${setup.file}`, timeout: 120_000 });
  }
  if (kind === 'postgresql') {
    // The adapter caches a prepared statement only if it has a name.
    const names = new Map();
    const statementNameGenerator = ({ sql }) => {
      if (!names.has(sql)) names.set(sql, `s${names.size}`);
      return names.get(sql);
    };
    return new adapters.PrismaPg(await connect(setup), { statementNameGenerator });
  }
  const { host, port, user, password, database, callers } = setup;
  return new adapters.PrismaMariaDb({
    host,
    port,
    user,
    password,
    database,
    connectionLimit: callers,
    // The default of the driver; the adapter disables the cache of prepared statements by default.
    prepareCacheLength: 256,
    // Required by MySQL's password authentication without TLS.
    allowPublicKeyRetrieval: true,
  });
}

export async function open(setup) {
  const { row, engine } = setup;
  const kind = engine === 'mariadb' ? 'mysql' : engine;
  const { PrismaClient } = await import(`${folder}/prisma/${kind}/client.mjs`);
  const prisma = new PrismaClient({ adapter: await adapterOf(setup, kind) });
  await prisma.$connect();
  const query = async (sql) => String(Object.values((await prisma.$queryRawUnsafe(sql))[0])[0]);
  const isText = kind === 'sqlite';
  if (isText) {
    // The adapter has no settings for these pragmas, and uses one connection.
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL'])
      await prisma.$queryRawUnsafe(`PRAGMA ${pragma}`);
  }
  const parsed = JSON.parse(row.metadata);
  const message = () => ({
    timestamp: isText ? nowText() : new Date(),
    userMessage: row.user_message,
    botResponse: row.bot_response,
    provider: row.provider,
    model: row.model,
    tokensUsed: row.tokens_used,
    metadata: isText ? JSON.stringify(parsed) : parsed,
  });
  const select = { id: true };
  return {
    async ready() {
      const names = ['@prisma/client', ...PACKAGES[kind]];
      // The driver for MariaDB has the same name as the server.
      const label = (name) => (name === 'mariadb' ? 'mariadb for Node' : name);
      const versions = Object.fromEntries(names.map((name) => [label(name), versionOf(name)]));
      const version = { sqlite: 'SELECT sqlite_version()', postgresql: 'SHOW server_version' }[
        kind
      ];
      versions[engine] = await query(version ?? 'SELECT VERSION()');
      const durability = {};
      for (const [name, sql] of Object.entries(queriesOf(setup)))
        durability[name] = await query(sql);
      return { versions, durability };
    },
    async log() {
      const { id } = await prisma.message.create({ data: message(), select });
      return [Number(id)];
    },
    async bulk() {
      const data = Array.from({ length: setup.batch }, message);
      // MySQL has no RETURNING, so Prisma returns no ids.
      if (kind === 'mysql') return (await prisma.message.createMany({ data })).count;
      const stored = await prisma.message.createManyAndReturn({ data, select });
      return stored.map(({ id }) => Number(id));
    },
    async page() {
      const orderBy = [{ timestamp: 'desc' }, { id: 'desc' }];
      const page = await prisma.message.findMany({ orderBy, take: setup.page });
      // 64-bit integers are BigInt, which JSON does not support.
      const one = ({ id, tokensUsed, metadata, ...rest }) => ({
        ...rest,
        id: Number(id),
        tokensUsed: tokensUsed === null ? null : Number(tokensUsed),
        metadata: isText ? JSON.parse(metadata) : metadata,
      });
      return checkPage(page.map(one));
    },
    async verify(token) {
      const where = { tokenHash: hashOf(token) };
      return checkToken(
        await prisma.apiToken.findUnique({ where, select: { isActive: true, expiresAt: true } }),
      );
    },
  };
}
