/** The end of a process, worker threads, and processes beside each other. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { emptyDatabase } from './support/databases.mjs';
import { environment, outcome, run, start } from './support/programs.mjs';
import { all, onEachEngine, openStore, texts } from './support/stores.mjs';

const PACKAGE = JSON.stringify(import.meta.resolve('chatkeep'));

onEachEngine('a process that has nothing to do ends by itself', async (t, { database }) => {
  const begin = performance.now();
  const { stdout } = await run(
    `
    const chat = new Chatkeep(process.argv[1]);
    const { messageLogger: log, tokenManager: tokens } = chat;
    // Nothing else keeps the process alive while these are waited for.
    await log.logMessage('a');
    const { token } = await tokens.createToken();
    console.log(await tokens.verifyToken(token), await log.getMessageCount());
    `,
    { args: [database.url] },
  );
  assert.equal(stdout, 'true 1\n');
  assert.ok(performance.now() - begin < 30_000);
  assert.ok(t);
});

for (const [name, ending] of [
  ['by itself', ''],
  ['by process.exit', 'process.exit(0);'],
  ['by process.exit in a later turn', 'setImmediate(() => process.exit(0));'],
]) {
  onEachEngine(
    `messages on their way are stored when the process ends ${name}`,
    async (_, { log, database }) => {
      await run(
        `
      const { messageLogger: log } = new Chatkeep(process.argv[1]);
      await log.logMessage('first');
      for (let place = 0; place < 500; place += 1) log.logMessage(String(place)).catch(() => {});
      ${ending}
      `,
        { args: [database.url] },
      );
      assert.equal(await log.getMessageCount(), 501);
    },
  );
}

test('an exit while reads and streams are under way neither hangs nor crashes', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { messageLogger: log } = openStore(t, database);
  await log.logMessages(Array.from({ length: 2000 }, (_, place) => ({ message: String(place) })));
  const { stdout } = await run(
    `
    const { messageLogger: log, dbManager: db } = new Chatkeep(process.argv[1]);
    for (let call = 0; call < 50; call += 1) {
      log.getMessages({ limit: 1000 });
      log.messageStream().resume();
      db.health();
    }
    await log.getMessageCount();
    console.log('bye');
    process.exit(0);
    `,
    { args: [database.url] },
  );
  assert.equal(stdout, 'bye\n');
});

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT']) {
  test(`what was acknowledged survives ${signal}`, async (t) => {
    const database = await emptyDatabase(t, 'sqlite');
    const program = start(
      `
      import { writeSync } from 'node:fs';
      const { messageLogger: log } = new Chatkeep(process.argv[1]);
      const caller = async () => {
        for (;;) writeSync(1, (await log.logMessage('a')) + '\\n');
      };
      for (let place = 0; place < 8; place += 1) caller();
      `,
      { args: [database.url] },
    );
    let said = '';
    program.stdout.on('data', (text) => {
      said += text;
      if (said.length > 2000) program.kill(signal);
    });
    const told = await outcome(program);
    assert.equal(told.signal, signal);
    const acknowledged = said.split('\n').slice(0, -1).map(Number);
    const stored = new Set(
      (await all(openStore(t, database).messageLogger.iterMessages())).map(({ id }) => id),
    );
    assert.ok(acknowledged.length > 50 && acknowledged.every((id) => stored.has(id)));
  });
}

test('an unhandled rejection is the usual one', async () => {
  const program = start(
    "new Chatkeep('sqlite:///:memory:').messageLogger.getMessages({ limit: 0 });",
  );
  program.stdin.end();
  const { code, stderr } = await outcome(program);
  assert.equal(code, 1);
  assert.match(stderr, /ChatkeepError: limit: must be between 1 and 10000/);
  assert.match(stderr, /code: 'CHATKEEP_INVALID_INPUT'/);
});

/** Runs a program in a worker to its end, and gives what it posted. */
async function inWorker(code, workerData, env) {
  const body = `import { parentPort, workerData } from 'node:worker_threads';
    import * as chatkeep from ${PACKAGE};
    ${code}`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(body)}`);
  const worker = new Worker(url, { workerData, ...(env ? { env } : {}) });
  const posted = [];
  worker.on('message', (message) => posted.push(message));
  const [code_] = await once(worker, 'exit');
  assert.equal(code_, 0);
  return posted;
}

onEachEngine('worker threads log side by side', async (_, { log, database }) => {
  const workers = Array.from({ length: 4 }, (__, place) =>
    inWorker(
      `
      const { messageLogger: log } = new chatkeep.Chatkeep(workerData.url);
      const ids = await Promise.all(Array.from({ length: 50 }, () => log.logMessage(workerData.name)));
      const error = await log.getMessages({ limit: 0 }).catch((error) => error);
      parentPort.postMessage([ids.length, error instanceof chatkeep.ChatkeepError]);
      `,
      { url: database.url, name: String(place) },
    ),
  );
  assert.deepEqual(await Promise.all(workers), Array(4).fill([[50, true]]));
  assert.equal(new Set(texts(await all(log.iterMessages()))).size, 4);
  assert.equal(await log.getMessageCount(), 200);
});

test("the environment's store is one for all threads of the process", async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { stdout } = await run(
    `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const { messageLogger, tokenManager } = await import('chatkeep');
    await messageLogger.logMessage('main');
    const { id, token } = await tokenManager.createToken();
    await tokenManager.verifyToken(token);
    const code = \`
      const { messageLogger, tokenManager, dbManager } = require('chatkeep');
      const { workerData } = require('node:worker_threads');
      (async () => {
        await messageLogger.logMessage('worker');
        await tokenManager.revokeToken(workerData);
      })();
    \`;
    await once(new Worker(code, { eval: true, execArgv: [], workerData: id }), 'exit');
    // Revoked in this process, so at once: the worker has the same store.
    console.log(await messageLogger.getMessageCount(), await tokenManager.verifyToken(token));
    `,
    { args: [], variables: { DATABASE_URL: database.url } },
  );
  assert.equal(stdout, '2 false\n');
});

// `make endurance` has 500 of them.
const WORKERS = process.env.CHATKEEP_ENDURANCE_CALLS ? 500 : 100;

test(`${WORKERS} workers come and go, most of them in the middle of calls`, {
  timeout: 600_000,
}, async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { stdout } = await run(
    `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const { messageLogger } = await import('chatkeep');
    await messageLogger.logMessage('main');
    const code = \`
      const { messageLogger, Chatkeep } = require('chatkeep');
      const { parentPort, workerData } = require('node:worker_threads');
      const own = workerData % 10 === 0 ? new Chatkeep(process.env.DATABASE_URL) : undefined;
      const log = own?.messageLogger ?? messageLogger;
      for (let call = 0; call < 20; call += 1) {
        log.logMessage('worker').catch(() => {});
        log.getMessages().catch(() => {});
      }
      parentPort.postMessage('busy');
    \`;
    async function come(place) {
      const worker = new Worker(code, { eval: true, execArgv: [], workerData: place });
      const end = once(worker, 'exit');
      await Promise.race([once(worker, 'message'), end]);
      if (place % 5) await worker.terminate();
      await end;
    }
    const half = Number(process.argv[1]) / 2;
    const grown = [];
    for (const begin of [0, half]) {
      const before = process.memoryUsage.rss();
      const some = Array.from({ length: 4 }, async (_, lane) => {
        for (let place = begin + lane; place < begin + half; place += 4) await come(place);
      });
      await Promise.all(some);
      grown.push(process.memoryUsage.rss() - before);
    }
    await messageLogger.flush();
    console.log(JSON.stringify({ stored: await messageLogger.getMessageCount(), grown }));
    `,
    { args: [String(WORKERS)], variables: { DATABASE_URL: database.url }, patience: 600_000 },
  );
  const { stored, grown } = JSON.parse(stdout);
  // What was handed in is written, whether or not its worker still lives.
  assert.equal(stored, WORKERS * 20 + 1);
  t.diagnostic(`${grown} bytes more after each half`);
  // Half a megabyte that each of them left behind would be more.
  assert.ok(grown[1] < Math.max(20_000_000, WORKERS * 200_000), `${grown} bytes more`);
});

test('processes of a cluster log side by side', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { messageLogger: log } = openStore(t, database);
  const program = fileURLToPath(new URL('support/clustered.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env: environment({ DATABASE_URL: database.url }),
  });
  assert.equal(stdout, 'served 0 0 0\n');
  const stored = texts(await all(log.iterMessages()));
  assert.equal(stored.filter((text) => text === 'primary').length, 2);
  assert.equal(stored.filter((text) => text === 'worker').length, 3 * 20);
});
