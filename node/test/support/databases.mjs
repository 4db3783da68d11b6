/** A separate database per test, on the servers that `chatkeep-testkit run` starts. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import mysql from 'mysql2/promise';
import pg from 'pg';

const SERVERS = ['postgresql', 'mariadb', 'mysql'];
const HOW =
  'run the tests with `make test`, or with `chatkeep-testkit run --fast -- cargo xtask node-test`';

/** A URL whose port refuses connections. */
export const DOWN = 'postgresql://bot:s3cret@127.0.0.1:9/chat';

/** The engines to test. A missing engine is an error unless the environment excludes it. */
export const ENGINES = ['sqlite', ...servers()];

function servers() {
  const only = process.env.CHATKEEP_TEST_ONLY?.split(',');
  // Plain `npm test` tests SQLite only. Under `chatkeep-testkit run` and in CI, a missing server is
  // an error.
  const isPlain = !process.env.CHATKEEP_TEST_HOME && !process.env.CI;
  return SERVERS.filter((engine) => {
    if (process.env[variable(engine)]) return true;
    if (isPlain || (only && !only.includes(engine))) return false;
    if (engine === 'mysql' && process.env.CHATKEEP_TEST_MYSQL_ABSENT) return false;
    throw new Error(`these tests need a ${engine} server: ${HOW}`);
  });
}

function variable(engine) {
  return `CHATKEEP_TEST_${engine.toUpperCase()}_URL`;
}

/** Creates a folder that is removed after the test. */
export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'chatkeep-node-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates an empty database that is removed after the test. */
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

/**
 * Runs SQL with another driver. Not available for SQLite: a process must not open a file with two
 * SQLite libraries.
 */
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
