/** Iteration over all messages: `for await` and streams. */

import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { temporaryFolder } from './support/databases.mjs';
import { all, memoryStore, onEachEngine, texts } from './support/stores.mjs';

function numbered(count) {
  return Array.from({ length: count }, (_, index) => ({
    message: String(index),
    response: `é${index}`,
  }));
}

onEachEngine('an iteration returns every message once', async (_, { log }) => {
  await log.logMessages(numbered(1203));
  const newestFirst = texts(await all(log.iterMessages()));
  assert.deepEqual(
    newestFirst.map(Number).sort((one, other) => one - other),
    [...Array(1203).keys()],
  );
  const messages = log.iterMessages({ oldestFirst: true });
  assert.equal(messages[Symbol.asyncIterator](), messages);
  assert.deepEqual(texts(await all(messages)), newestFirst.toReversed());
  assert.deepEqual(await all(messages), []);
  assert.deepEqual(await all(log.iterMessages({ provider: 'none' })), []);
});

test('an iteration can be left early and ignores new messages', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  await log.logMessages(numbered(700));
  const seen = [];
  for await (const { id } of log.iterMessages({ oldestFirst: true })) {
    seen.push(id);
    if (seen.length === 600) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
  const newest = log.iterMessages();
  const first = await newest.next();
  await log.logMessage('later');
  assert.equal((await all(newest)).length + 1, 700);
  assert.equal(first.value.id, 700);
});

test('a message stream is in object mode and respects backpressure', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  await log.logMessages(numbered(1500));
  const stream = log.messageStream({ oldestFirst: true });
  assert.ok(stream.readableObjectMode);
  const firstTen = await stream.take(10).toArray();
  assert.deepEqual(texts(firstTen), [...Array(10).keys()].map(String));
  const ids = await log
    .messageStream()
    .map(({ id }) => id)
    .toArray();
  assert.equal(new Set(ids).size, 1500);
});

onEachEngine('training data can be streamed into a file', async (t, { log }) => {
  await log.logMessages([...numbered(1100), { message: 'no response' }]);
  const file = join(await temporaryFolder(t), 'training.jsonl');
  await pipeline(log.exportStream('alpaca'), createWriteStream(file));
  const written = await readFile(file, 'utf8');
  assert.equal(written, await log.exportForFineTuning('alpaca'));
  assert.equal(written.trimEnd().split('\n').length, 1100);
});

test('a signal aborts an iteration and a stream with its reason', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  await log.logMessages(numbered(1200));
  for (const begin of [
    (signal) => log.iterMessages({ signal }),
    (signal) => log.messageStream({ signal }),
    (signal) => log.exportStream('jsonl', { signal }),
  ]) {
    const stop = new AbortController();
    const reason = new Error('enough');
    let count = 0;
    await assert.rejects(
      async () => {
        for await (const one of begin(stop.signal)) {
          count += one ? 1 : 0;
          if (count === 100) stop.abort(reason);
        }
      },
      (error) => error === reason,
    );
    // Messages that were already fetched may still be returned.
    assert.ok(count < 1200, String(count));
  }
});
