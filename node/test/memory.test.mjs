/** Memory stays constant over many calls, including failing ones. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINES, emptyDatabase } from './support/databases.mjs';
import { run } from './support/programs.mjs';

// `make endurance` makes a million calls on every engine; by default this is short and on SQLite.
const CALLS = Number(process.env.CHATKEEP_ENDURANCE_CALLS ?? 40_000);
const WHERE = process.env.CHATKEEP_ENDURANCE_CALLS ? ENGINES : ['sqlite'];

for (const engine of WHERE) {
  test(`memory stays constant over many calls (${engine})`, { timeout: 3_600_000 }, async (t) => {
    const database = await emptyDatabase(t, engine);
    const { stdout } = await run(
      `
      const chat = new Chatkeep(process.argv[1], { tokenCache: 0.5 });
      const { messageLogger: log, tokenManager: tokens, dbManager: db } = chat;
      const { token } = await tokens.createToken();
      const metadata = { a: [1, 2, { b: 'c'.repeat(100) }], n: 2n ** 60n };
      const kept = Array.from({ length: 50 }, () => ({ message: 'x'.repeat(1000), metadata }));
      await log.logMessages(kept.map((message) => ({ ...message, timestamp: new Date() })));
      const KINDS = [
        () => log.getMessages({ limit: 20 }),
        () => tokens.verifyToken(token),
        () => tokens.checkToken('unknown'),
        () => log.getMessageCount(),
        () => log.getMessages({ limit: 0 }),
        () => log.logMessage({ message: 'a\\0', metadata }),
        () => log.logMessage({ message: 'a\\ud800' }),
        () => log.logMessage({ message: 'm', metadata: { n: Number.NaN } }),
        () => log.logMessages([{ message: 'a' }, { message: 5 }]),
        () => log.getMessages({ signal: AbortSignal.abort() }),
        () => log.iterMessages({ signal: new AbortController().signal }).next(),
        () => db.health(),
      ];
      async function some(calls) {
        for (let made = 0; made < calls; made += 240) {
          const kinds = Array.from({ length: 240 }, (_, index) => KINDS[index % KINDS.length]);
          await Promise.allSettled(kinds.map((call) => call()));
        }
      }
      function resident() {
        for (let round = 0; round < 4; round += 1) globalThis.gc();
        return process.memoryUsage.rss();
      }
      const calls = Number(process.argv[2]);
      await some(calls / 4);
      await some(calls / 4);
      const before = resident();
      await some(calls / 2);
      console.log(JSON.stringify({ grown: resident() - before }));
      `,
      { args: [database.url, String(CALLS)], flags: ['--expose-gc'], timeout: 3_600_000 },
    );
    const { grown } = JSON.parse(stdout);
    t.diagnostic(`${grown} bytes more after ${CALLS / 2} calls`);
    // In the short run, a leak of one kilobyte per call would be twice the limit.
    assert.ok(grown < Math.max(10_000_000, (CALLS / 2) * 50), `${grown} bytes more`);
  });
}
