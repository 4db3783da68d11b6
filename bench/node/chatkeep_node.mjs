// chatkeep from Node: a promise for each caller.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { checkPage, load, questionsOf } from './protocol.mjs';

// As scripts/build-node.sh --release put it together.
const { Chatkeep } = createRequire(import.meta.url)('../../node/dist/index.js');

/** Checks of a warm token are too short to be timed one by one. */
const CHECKS = 100;
/** As in Rust: reads take connections of the pool; messages share one by themselves. */
const POOL = 8;

function urlOf({ engine, file, user, password, host, port, database }) {
  // Said although it is the default, so that what is told of it below is what was asked for.
  if (engine === 'sqlite') return `sqlite:///${file}?synchronous=full`;
  return `${engine}://${user}:${password}@${host}:${port}/${database}?sslmode=disable`;
}

/** With the default settings, but for TLS, which nobody here speaks, and for what is given. */
export function openStore(setup, settings = {}) {
  return new Chatkeep(urlOf(setup), { poolSize: POOL, ...settings });
}

export function messageOf({ row }) {
  const { user_message: message, bot_response: response, provider, model, tokens_used: tokensUsed } = row;
  return { message, response, provider, model, tokensUsed, metadata: JSON.parse(row.metadata) };
}

/** chatkeep lets nobody into its sessions: these are the server's settings, and the flushes are counted besides. */
async function durabilityOf(setup) {
  const { engine, host, port, user, password, database, file } = setup;
  if (engine === 'sqlite') {
    // The journal is the file's, and is asked for by another process: two SQLites in one drop each other's locks.
    const code = `import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode').fetchone())`;
    const journal_mode = execFileSync('python3', ['-c', code, file], { encoding: 'utf8' }).trim();
    return { journal_mode, synchronous: urlOf(setup).endsWith('?synchronous=full') ? '2' : 'less than 2' };
  }
  const told = {};
  if (engine === 'postgresql') {
    const client = new (load('pg').Client)({ host, port, user, password, database, ssl: false });
    await client.connect();
    for (const [name, sql] of Object.entries(questionsOf(setup))) {
      told[name] = String(Object.values((await client.query(sql)).rows[0])[0]);
    }
    await client.end();
    return told;
  }
  const client = await load('mysql2/promise').createConnection({ host, port, user, password, database });
  for (const [name, sql] of Object.entries(questionsOf(setup))) {
    told[name] = String(Object.values((await client.query(sql))[0][0])[0]);
  }
  await client.end();
  return told;
}

export async function open(setup, name) {
  const isCached = !name?.endsWith('uncached');
  const checks = isCached ? CHECKS : 1;
  const { messageLogger, tokenManager, dbManager } = openStore(setup, isCached ? {} : { tokenCache: 0 });
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
        if (!(await tokenManager.verifyToken(token))) throw new Error('a valid token was refused');
      }
      return checks;
    },
  };
}
