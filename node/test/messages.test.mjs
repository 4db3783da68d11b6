/** The message log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyDatabase } from './support/databases.mjs';
import { all, memoryStore, onEachEngine, openStore, texts } from './support/stores.mjs';

onEachEngine('a message is returned with all fields and its keys in order', async (_, { log }) => {
  const id = await log.logMessage({
    message: 'q',
    response: 'a',
    provider: 'openai',
    model: 'gpt-4o',
    tokensUsed: 42,
    metadata: { session: 'a1' },
    timestamp: '2024-02-29T12:00:00+01:00',
  });
  const message = {
    id,
    timestamp: new Date('2024-02-29T11:00:00Z'),
    userMessage: 'q',
    botResponse: 'a',
    provider: 'openai',
    model: 'gpt-4o',
    tokensUsed: 42,
    metadata: { session: 'a1' },
    conversationId: null,
    userId: null,
    inputTokens: null,
    outputTokens: null,
    cachedTokens: null,
    reasoningTokens: null,
    cost: null,
    latencyMs: null,
    ttftMs: null,
    status: null,
    error: null,
  };
  const read = await log.getMessageById(id);
  assert.deepStrictEqual(read, message);
  assert.equal(JSON.stringify(read), JSON.stringify(message));
  assert.deepStrictEqual(await log.getMessages(), [message]);
});

onEachEngine('texts are returned exactly', async (_, { log }) => {
  const given = [
    '',
    '   ',
    '😀 👩‍👩‍👧‍👦 é ﷽ \u202eabc',
    'a\uFFFDb',
    'x'.repeat(65_537),
    'é'.repeat(100_000),
    '"\\\n\t\u2028\u0001\u007f',
  ];
  const ids = await log.logMessages(given.map((message) => ({ message, response: message })));
  for (const [index, id] of ids.entries()) {
    const { userMessage, botResponse } = await log.getMessageById(id);
    assert.equal(userMessage, given[index]);
    assert.equal(botResponse, given[index]);
  }
});

onEachEngine('integers are exact, and bigints beyond 2^53', async (_, { log }) => {
  const given = [0, 7, Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 63n - 1n];
  const metadata = {
    small: 1,
    safe: Number.MAX_SAFE_INTEGER,
    large: 2n ** 53n + 1n,
    largest: 2n ** 64n - 1n,
    smallest: -(2n ** 63n),
    double: 2 ** 60,
    list: [[2n ** 63n]],
    text: '9007199254740993',
  };
  await log.logMessages(given.map((tokensUsed) => ({ message: 'm', tokensUsed, metadata })));
  const read = await all(log.iterMessages({ oldestFirst: true }));
  assert.deepStrictEqual(
    read.map(({ tokensUsed }) => tokensUsed),
    given,
  );
  // Some engines store an integral double as an integer.
  for (const { metadata: kept } of read) {
    assert.deepStrictEqual({ ...kept, double: Number(kept.double) }, metadata);
  }
  const small = await log.logMessage({ message: 'm', tokensUsed: 3n });
  assert.equal((await log.getMessageById(small)).tokensUsed, 3);
  const { totalTokens } = await log.getAnalytics();
  assert.equal(totalTokens, 10n + 2n ** 53n - 1n + 2n ** 53n + 2n ** 63n - 1n);
});

test('metadata is stored as JSON.stringify would write it', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  class Answer {
    toJSON() {
      return { answer: 42n };
    }
  }
  const bare = Object.assign(Object.create(null), { a: 1 });
  const metadata = {
    at: new Date(0),
    none: undefined,
    list: [undefined, null],
    own: new Answer(),
    bare,
    zero: -0,
    é: '😀',
  };
  const { metadata: kept } = await log.getMessageById(
    await log.logMessage({ message: 'm', metadata }),
  );
  assert.deepStrictEqual(kept, {
    at: '1970-01-01T00:00:00.000Z',
    bare: { a: 1 },
    list: [null, null],
    own: { answer: 42 },
    zero: 0,
    é: '😀',
  });
});

test('a timestamp is a Date or a string, in UTC without an offset', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  for (const [given, stored] of [
    [new Date(0), 0],
    [new Date(-1), -1],
    [new Date('2024-02-29T12:00:00.001Z'), Date.UTC(2024, 1, 29, 12, 0, 0, 1)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2024-02-29 12:00:00', Date.UTC(2024, 1, 29, 12)],
    ['2024-02-29T12:00:00+05:30', Date.UTC(2024, 1, 29, 6, 30)],
    ['1000-01-01T00:00:00Z', Date.parse('1000-01-01T00:00:00Z')],
    // Microseconds are rounded down, also before 1970.
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2024-02-29T12:00:00.123999Z', Date.UTC(2024, 1, 29, 12, 0, 0, 123)],
  ]) {
    const id = await log.logMessage({ message: 'a', timestamp: given });
    const { timestamp } = await log.getMessageById(id);
    assert.ok(timestamp instanceof Date);
    assert.equal(timestamp.getTime(), stored);
    const found = await log.getMessages({ startDate: given, endDate: given, limit: 1 });
    assert.deepStrictEqual(
      found.map((message) => message.id),
      [id],
    );
  }
});

onEachEngine('a cursor is unaffected by new messages', async (_, { log }) => {
  await log.logMessages(
    ['a', 'b', 'c', 'd'].map((message, day) => ({ message, timestamp: `2024-01-0${day + 1}` })),
  );
  const first = await log.getMessages({ limit: 2 });
  await log.logMessage('new');
  const cursor = log.cursorAfter(first.at(-1));
  assert.equal(typeof cursor, 'string');
  assert.deepStrictEqual(texts(await log.getMessages({ limit: 2, cursor })), ['b', 'a']);
  assert.deepStrictEqual(texts(await log.getMessages({ limit: 2, cursor: first.at(-1) })), [
    'b',
    'a',
  ]);
  assert.deepStrictEqual(texts(await log.searchMessages('B', { cursor })), ['b']);
});

onEachEngine('pages include every message of the same millisecond', async (_, { log }) => {
  const micros = ['000', '001', '500', '998', '999'];
  await log.logMessages(
    micros.map((digits) => ({ message: digits, timestamp: `2024-02-29T12:00:00.123${digits}Z` })),
  );
  const seen = [];
  for (let cursor; ; ) {
    const page = await log.getMessages({ limit: 1, cursor });
    if (page.length === 0) break;
    seen.push(...texts(page));
    // A copy of the message with the same Date is also a cursor.
    cursor = { ...page[0] };
  }
  assert.deepStrictEqual(seen, micros.toReversed());
  const sent = JSON.parse(JSON.stringify((await log.getMessages())[0]));
  await assert.rejects(log.getMessages({ cursor: sent }), {
    field: 'cursor',
    message: /cursorAfter/,
  });
});

onEachEngine(
  'returned messages can be logged again, with microseconds',
  async (t, { log, database }) => {
    await log.logMessages([
      {
        message: 'a',
        response: 'b',
        metadata: { n: 2n ** 60n },
        timestamp: '2024-02-29T12:00:00.123456Z',
      },
      { message: 'c', tokensUsed: 2n ** 62n },
    ]);
    const read = await all(log.iterMessages({ oldestFirst: true }));
    const other = openStore(t, await emptyDatabase(t, 'sqlite')).messageLogger;
    const ids = await other.logMessages(read);
    const copies = await Promise.all(ids.map((id) => other.getMessageById(id)));
    assert.deepStrictEqual(
      copies.map((copy, index) => ({ ...copy, id: read[index].id })),
      read,
    );
    assert.equal(
      (
        await other.getMessages({
          startDate: '2024-02-29T12:00:00.123456Z',
          endDate: '2024-02-29T12:00:00.123456Z',
        })
      ).length,
      1,
    );
    assert.ok(database.url);
  },
);

onEachEngine('a batch with one invalid message stores none', async (_, { log }) => {
  const batch = [{ message: 'a' }, { message: 'b', provider: 'p'.repeat(51) }];
  await assert.rejects(log.logMessages(batch), {
    field: 'messages[1].provider',
    operation: 'logMessages',
  });
  assert.equal(await log.getMessageCount(), 0);
  assert.deepStrictEqual(await log.logMessages([]), []);
  assert.equal((await log.logMessages(new Set([{ message: 'a' }]))).length, 1);
});

onEachEngine('aliases and counts agree', async (_, { log }) => {
  await log.logMessages([
    { message: 'a', provider: 'x' },
    { message: 'b', metadata: { k: true, n: 2n ** 60n } },
  ]);
  assert.deepStrictEqual(
    await log.retrieveMessages({ limit: 1 }),
    await log.getMessages({ limit: 1 }),
  );
  assert.equal(await log.getMessageCount(), 2);
  assert.equal(await log.getMessageCount({ provider: 'x' }), 1);
  assert.equal(await log.getMessageCount({ metadata: { k: true } }), 1);
  assert.equal(await log.getMessageCount({ metadata: { n: 2n ** 60n } }), 1);
  assert.equal(await log.getMessageCount({ provider: null, model: undefined, metadata: null }), 2);
  assert.equal(await log.getMessageById(10 ** 9), null);
  assert.equal(await log.getMessageById(10n ** 18n), null);
  assert.deepStrictEqual(texts(await log.searchMessages('A')), ['a']);
});

onEachEngine('old messages are counted and deleted', async (_, { log }) => {
  const ago = (days) => new Date(Date.now() - days * 86_400_000);
  await log.logMessages(
    [0, 29, 31, 100].map((days) => ({ message: String(days), timestamp: ago(days) })),
  );
  assert.equal(await log.countOldMessages(), 2);
  assert.equal(await log.deleteOldMessages(), 2);
  assert.equal(await log.deleteOldMessages(10), 1);
  assert.deepStrictEqual(texts(await log.getMessages()), ['0']);
});

onEachEngine('training data contains the messages with a response', async (_, { log }) => {
  await log.logMessages([{ message: 'q', response: 'é' }, { message: 'no response' }]);
  const lines = (await log.exportForFineTuning()).trimEnd().split('\n');
  assert.equal(lines.length, 1);
  assert.deepStrictEqual(
    JSON.parse(lines[0]).messages.map(({ role }) => role),
    ['user', 'assistant'],
  );
  assert.equal(JSON.parse(await log.exportForFineTuning('alpaca')).output, 'é');
  assert.equal(await log.exportForFineTuning('sharegpt', { provider: 'none' }), '');
});

onEachEngine('totals can be checked and rebuilt', async (_, { log }) => {
  const tokensUsed = 2n ** 62n;
  await log.logMessages([
    { message: 'a', provider: 'x', tokensUsed },
    { message: 'b', provider: 'x', tokensUsed },
    { message: 'c', tokensUsed },
  ]);
  assert.equal(await log.rebuildTotals(), undefined);
  const { differences, counted, uncounted } = await log.checkTotals();
  assert.deepStrictEqual(differences, []);
  assert.equal(counted + uncounted, 3);
  const { totalTokens, totalMessages, providers } = await log.getAnalytics();
  // Beyond 64 bits, and exact.
  assert.equal(totalTokens, 3n * 2n ** 62n);
  assert.deepStrictEqual([totalMessages, { ...providers }], [3, { unknown: 1, x: 2 }]);
});
