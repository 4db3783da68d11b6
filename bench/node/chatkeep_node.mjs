// chatkeep from Node, with one promise per caller.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { checkPage, load, queriesOf } from './protocol.mjs';

// Built by `cargo xtask build node --release`.
const { Chatkeep } = createRequire(import.meta.url)('../../node/dist/index.js');

/** Number of checks per timing, because cached checks are too short to be timed individually. */
const CHECKS = 100;
/** Size of the connection pool, as in Rust. Logged messages share one connection anyway. */
const POOL = 8;

function urlOf({ engine, file, user, password, host, port, database }) {
  // Set explicitly although it is the default, because the durability check below reads it from the
  // URL.
  if (engine === 'sqlite') return `sqlite:///${file}?synchronous=full`;
  return `${engine}://${user}:${password}@${host}:${port}/${database}?sslmode=disable`;
}

/** Opens chatkeep with its default settings, except for TLS (unused here) and `settings`. */
export function openStore(setup, settings = {}) {
  return new Chatkeep(urlOf(setup), { poolSize: POOL, ...settings });
}

export function messageOf({ row }) {
  const {
    user_message: message,
    bot_response: response,
    provider,
    model,
    tokens_used: tokensUsed,
  } = row;
  return { message, response, provider, model, tokensUsed, metadata: JSON.parse(row.metadata) };
}

/**
 * Returns the durability settings. chatkeep does not expose its sessions, so these are settings of
 * the server. The flushes are counted as well.
 */
async function durabilityOf(setup) {
  const { engine, host, port, user, password, database, file } = setup;
  if (engine === 'sqlite') {
    // The journal mode belongs to the file. It is read by another process, because two SQLite
    // libraries in one process release each other's locks.
    const code = `import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode').fetchone())`;
    const journal_mode = execFileSync('python3', ['-c', code, file], { encoding: 'utf8' }).trim();
    return {
      journal_mode,
      synchronous: urlOf(setup).endsWith('?synchronous=full') ? '2' : 'less than 2',
    };
  }
  const durability = {};
  if (engine === 'postgresql') {
    const client = new (load('pg').Client)({ host, port, user, password, database, ssl: false });
    await client.connect();
    for (const [name, sql] of Object.entries(queriesOf(setup))) {
      durability[name] = String(Object.values((await client.query(sql)).rows[0])[0]);
    }
    await client.end();
    return durability;
  }
  const client = await load('mysql2/promise').createConnection({
    host,
    port,
    user,
    password,
    database,
  });
  for (const [name, sql] of Object.entries(queriesOf(setup))) {
    durability[name] = String(Object.values((await client.query(sql))[0][0])[0]);
  }
  await client.end();
  return durability;
}

export async function open(setup, name) {
  const isCached = !name?.endsWith('uncached');
  const checks = isCached ? CHECKS : 1;
  const { messageLogger, tokenManager, dbManager } = openStore(
    setup,
    isCached ? {} : { tokenCache: 0 },
  );
  await dbManager.waitUntilReady();
  const message = messageOf(setup);
  const batch = Array(setup.batch).fill(message);
  return {
    async ready() {
      const { serverVersion } = await dbManager.health();
      const versions = { [setup.engine]: serverVersion };
      return { versions, durability: await durabilityOf(setup) };
    },
    async log() {
      return [await messageLogger.logMessage(message)];
    },
    bulk: () => messageLogger.logMessages(batch),
    page: async () => checkPage(await messageLogger.getMessages({ limit: setup.page })),
    async verify(token) {
      for (let check = 0; check < checks; check += 1) {
        if (!(await tokenManager.verifyToken(token))) throw new Error('a valid token was rejected');
      }
      return checks;
    },
  };
}
