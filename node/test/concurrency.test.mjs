/** Many concurrent calls. */

import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { onEachEngine } from './support/stores.mjs';

onEachEngine('10,000 concurrent calls each get their own result', async (_, { log }) => {
  const logged = Array.from({ length: 10_000 }, (__, index) =>
    log.logMessage({ message: 'm', tokensUsed: index }),
  );
  const ids = await Promise.all(logged);
  assert.equal(new Set(ids).size, 10_000);
  assert.equal(await log.getMessageCount(), 10_000);
  const some = ids.map((id, index) => [id, index]).filter((__, index) => index % 97 === 0);
  const read = await Promise.all(some.map(([id]) => log.getMessageById(id)));
  assert.deepEqual(
    read.map(({ id, tokensUsed }) => [id, tokensUsed]),
    some,
  );
});

onEachEngine(
  'an invalid message fails without affecting concurrent messages',
  async (_, { log }) => {
    const calls = Array.from({ length: 300 }, (__, index) =>
      log.logMessage({ message: 'm', provider: index % 3 ? 'p' : 'p'.repeat(51) }),
    );
    const outcomes = await Promise.allSettled(calls);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 200);
    assert.ok(outcomes.every(({ reason }, index) => index % 3 || reason.field === 'provider'));
    assert.equal(await log.getMessageCount(), 200);
  },
);

onEachEngine('calls of all kinds run concurrently', async (_, { log, tokens, chat }) => {
  const { token } = await tokens.createToken();
  const calls = [];
  for (let round = 0; round < 50; round += 1) {
    calls.push(
      log.logMessage(`m${round}`),
      log.getMessages({ limit: 5 }),
      log.searchMessages('m'),
      tokens.verifyToken(token),
      tokens.checkToken(`unknown-${round}`),
      log.getAnalytics(),
      chat.dbManager.health(),
      log.logMessages([{ message: 'a' }, { message: 'b' }]),
    );
  }
  await Promise.all(calls);
  assert.equal(await log.getMessageCount(), 150);
});

test('timers run while thousands of calls are settled', async (t) => {
  const { memoryStore } = await import('./support/stores.mjs');
  const { messageLogger: log } = memoryStore(t);
  await log.logMessage('first');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  delay.enable();
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 2000 }, () => log.logMessage('m')));
  }
  delay.disable();
  clearInterval(timer);
  assert.ok(turns > 3, `${turns} turns`);
  assert.equal(await log.getMessageCount(), 10_001);
});
