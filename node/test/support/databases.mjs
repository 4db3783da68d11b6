/** A database of each test's own, on the servers that `chatkeep-testkit run` has around the tests. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import mysql from 'mysql2/promise';
import pg from 'pg';

const SERVERS = ['postgresql', 'mariadb', 'mysql'];
const HOW =
  'run the tests with `make test`, or with `chatkeep-testkit run --fast -- scripts/node-test.sh`';

/** Nothing listens there. */
export const DOWN = 'postgresql://bot:s3cret@127.0.0.1:9/chat';

/** The engines to test on. One that is missing is an error, unless the run says that it may be. */
export const ENGINES = ['sqlite', ...servers()];

function servers() {
  const only = process.env.CHATKEEP_TEST_ONLY?.split(',');
  return SERVERS.filter((engine) => {
    if (process.env[variable(engine)]) return true;
    if (only && !only.includes(engine)) return false;
    if (engine === 'mysql' && process.env.CHATKEEP_TEST_MYSQL_ABSENT) return false;
    throw new Error(`these tests need a ${engine} server: ${HOW}`);
  });
}

function variable(engine) {
  return `CHATKEEP_TEST_${engine.toUpperCase()}_URL`;
}

/** A folder that goes when the test does. */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'chatkeep-node-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty database that goes when the test does. */
export async function emptyDatabase(t, engine) {
  if (engine === 'sqlite') {
    const file = join(await temporaryFolder(t), 'chatkeep.db');
    return { engine, file, url: `sqlite:///${file}` };
  }
  const url = new URL(process.env[variable(engine)]);
  const name = `ck_node_${process.pid}_${randomBytes(4).toString('hex')}`;
  const isPostgresql = engine === 'postgresql';
  await execute(url, `CREATE DATABASE ${name}${isPostgresql ? '' : ' CHARACTER SET utf8mb4'}`);
  t.after(() => execute(url, `DROP DATABASE ${name}${isPostgresql ? ' WITH (FORCE)' : ''}`));
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { engine, url: own.href, query: (sql) => execute(own, sql) };
}

/** What another driver finds, for what chatkeep is not to know of. Not for SQLite, whose file has one library a process. */
async function execute(url, sql) {
  if (url.protocol.startsWith('postgres')) {
    const client = new pg.Client(url.href);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const connection = await mysql.createConnection({
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  });
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}
