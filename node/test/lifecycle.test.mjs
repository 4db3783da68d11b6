/** Process exit, worker threads and concurrent processes. */

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

onEachEngine('a process without pending calls ends', async (t, { database }) => {
  const begin = performance.now();
  const { stdout } = await run(
    `
    const chat = new Chatkeep(process.argv[1]);
    const { messageLogger: log, tokenManager: tokens } = chat;
    // Only these pending calls keep the process alive.
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
  ['normally', ''],
  ['by process.exit', 'process.exit(0);'],
  ['by process.exit in a later turn', 'setImmediate(() => process.exit(0));'],
]) {
  onEachEngine(
    `pending messages are stored when the process ends ${name}`,
    async (_, { log, database }) => {
      await run(
        `
      const { messageLogger: log } = new Chatkeep(process.argv[1]);
      await log.logMessage('first');
      for (let index = 0; index < 500; index += 1) log.logMessage(String(index)).catch(() => {});
      ${ending}
      `,
        { args: [database.url] },
      );
      assert.equal(await log.getMessageCount(), 501);
    },
  );
}

test('an exit during reads and streams neither hangs nor crashes', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { messageLogger: log } = openStore(t, database);
  await log.logMessages(Array.from({ length: 2000 }, (_, index) => ({ message: String(index) })));
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
  test(`acknowledged messages survive ${signal}`, async (t) => {
    const database = await emptyDatabase(t, 'sqlite');
    const program = start(
      `
      import { writeSync } from 'node:fs';
      const { messageLogger: log } = new Chatkeep(process.argv[1]);
      const caller = async () => {
        for (;;) writeSync(1, (await log.logMessage('a')) + '\\n');
      };
      for (let index = 0; index < 8; index += 1) caller();
      `,
      { args: [database.url] },
    );
    let output = '';
    program.stdout.on('data', (text) => {
      output += text;
      if (output.length > 2000) program.kill(signal);
    });
    const ended = await outcome(program);
    assert.equal(ended.signal, signal);
    const acknowledged = output.split('\n').slice(0, -1).map(Number);
    const stored = new Set(
      (await all(openStore(t, database).messageLogger.iterMessages())).map(({ id }) => id),
    );
    assert.ok(acknowledged.length > 50 && acknowledged.every((id) => stored.has(id)));
  });
}

test('an unhandled rejection ends the process with the error', async () => {
  const program = start(
    "new Chatkeep('sqlite:///:memory:').messageLogger.getMessages({ limit: 0 });",
  );
  program.stdin.end();
  const { code, stderr } = await outcome(program);
  assert.equal(code, 1);
  assert.match(stderr, /ChatkeepError: limit: must be between 1 and 10000/);
  assert.match(stderr, /code: 'CHATKEEP_INVALID_INPUT'/);
});

/** Runs a program in a worker to completion, and returns the messages that it posted. */
async function inWorker(code, workerData, env) {
  const body = `import { parentPort, workerData } from 'node:worker_threads';
    import * as chatkeep from ${PACKAGE};
    ${code}`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(body)}`);
  const worker = new Worker(url, { workerData, ...(env ? { env } : {}) });
  const posted = [];
  worker.on('message', (message) => posted.push(message));
  const [exitCode] = await once(worker, 'exit');
  assert.equal(exitCode, 0);
  return posted;
}

onEachEngine('worker threads log concurrently', async (_, { log, database }) => {
  const workers = Array.from({ length: 4 }, (__, index) =>
    inWorker(
      `
      const { url, name } = workerData;
      const { messageLogger: log } = new chatkeep.Chatkeep(url);
      const ids = await Promise.all(Array.from({ length: 50 }, () => log.logMessage(name)));
      const error = await log.getMessages({ limit: 0 }).catch((error) => error);
      parentPort.postMessage([ids.length, error instanceof chatkeep.ChatkeepError]);
      `,
      { url: database.url, name: String(index) },
    ),
  );
  assert.deepEqual(await Promise.all(workers), Array(4).fill([[50, true]]));
  assert.equal(new Set(texts(await all(log.iterMessages()))).size, 4);
  assert.equal(await log.getMessageCount(), 200);
});

test('all threads of the process share the store of the environment', async (t) => {
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
    // The token is invalid immediately, because the worker has the same store.
    console.log(await messageLogger.getMessageCount(), await tokenManager.verifyToken(token));
    `,
    { args: [], variables: { DATABASE_URL: database.url } },
  );
  assert.equal(stdout, '2 false\n');
});

// `make endurance` runs 500 workers.
const WORKERS = process.env.CHATKEEP_ENDURANCE_CALLS ? 500 : 100;

test(`${WORKERS} workers start and end, most of them during calls, without leaking memory`, {
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
    async function runWorker(index) {
      const worker = new Worker(code, { eval: true, execArgv: [], workerData: index });
      const end = once(worker, 'exit');
      await Promise.race([once(worker, 'message'), end]);
      if (index % 5) await worker.terminate();
      await end;
    }
    const half = Number(process.argv[1]) / 2;
    const grown = [];
    for (const begin of [0, half]) {
      const before = process.memoryUsage.rss();
      const some = Array.from({ length: 4 }, async (_, lane) => {
        for (let index = begin + lane; index < begin + half; index += 4) await runWorker(index);
      });
      await Promise.all(some);
      grown.push(process.memoryUsage.rss() - before);
    }
    await messageLogger.flush();
    console.log(JSON.stringify({ stored: await messageLogger.getMessageCount(), grown }));
    `,
    { args: [String(WORKERS)], variables: { DATABASE_URL: database.url }, timeout: 600_000 },
  );
  const { stored, grown } = JSON.parse(stdout);
  // Submitted messages are stored even if their worker has ended.
  assert.equal(stored, WORKERS * 20 + 1);
  t.diagnostic(`${grown} bytes more after each half`);
  // A leak of half a megabyte per worker would exceed this.
  assert.ok(grown[1] < Math.max(20_000_000, WORKERS * 200_000), `${grown} bytes more`);
});

test('processes of a cluster log concurrently', async (t) => {
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
