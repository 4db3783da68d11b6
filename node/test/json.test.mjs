/** JSON form of results with a `bigint`: in HTTP responses, and when they are logged again. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { all, memoryStore, onEachEngine } from './support/stores.mjs';

const GUILD = 1546130668394913822n;
const METADATA = {
  guild: GUILD,
  user: { id: 2n ** 64n - 1n, names: ['a'] },
  roles: [-(2n ** 63n), 5],
  small: 5,
  toJSON: 'a key of this name is data',
};
const WRITTEN = {
  guild: '1546130668394913822',
  user: { id: '18446744073709551615', names: ['a'] },
  roles: ['-9223372036854775808', 5],
  small: 5,
  toJSON: 'a key of this name is data',
};

onEachEngine('a bigint in a page becomes a string of digits in JSON', async (_, { log }) => {
  const id = await log.logMessage({ message: 'a', metadata: METADATA, tokensUsed: 2n ** 62n });
  await log.logMessage('b');
  const page = await log.getMessages();
  assert.deepStrictEqual(
    page.map(({ metadata }) => metadata),
    [null, METADATA],
  );
  assert.equal(page[1].tokensUsed, 2n ** 62n);
  const [plain, large] = JSON.parse(JSON.stringify({ messages: page })).messages;
  assert.deepEqual(large.metadata, WRITTEN);
  assert.equal(large.tokensUsed, '4611686018427387904');
  assert.equal(large.timestamp, page[1].timestamp.toISOString());
  assert.deepEqual(Object.keys(large), Object.keys(plain));

  for (const one of [await log.getMessageById(id), (await all(log.iterMessages())).at(-1)]) {
    assert.deepEqual(JSON.parse(JSON.stringify(one)), large);
  }
  const [found] = await log.getMessages({ metadata: { guild: GUILD } });
  assert.equal(found.id, id);
  assert.equal(JSON.parse(JSON.stringify(await log.getAnalytics())).totalTokens, large.tokensUsed);
});

test('parts of a message and modified messages can be serialized', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  const { toJSON: _, ...metadata } = METADATA;
  await log.logMessage({ message: 'a', metadata });
  const [message] = await log.getMessages();
  for (const value of [
    { ...message, more: true },
    message.metadata,
    message.metadata.user,
    message.metadata.roles,
    Object.assign(message, { extra: 7n }),
  ]) {
    assert.match(
      JSON.stringify(value),
      /"(1546130668394913822|18446744073709551615|-9223372036854775808)"/,
    );
  }
  assert.equal(JSON.parse(JSON.stringify(message)).extra, '7');
  assert.deepEqual(Object.keys(message.metadata), ['guild', 'roles', 'small', 'user']);
  assert.deepStrictEqual(structuredClone(message.metadata), message.metadata);
});

onEachEngine('logging a returned message keeps its bigints', async (_, { log }) => {
  await log.logMessage({ message: 'a', metadata: METADATA, tokensUsed: 2n ** 62n });
  const [read] = await log.getMessages();
  const id = await log.logMessage(read);
  const [again] = await log.logMessages([{ message: 'b', metadata: read.metadata }]);
  assert.deepStrictEqual((await log.getMessageById(id)).metadata, METADATA);
  assert.equal((await log.getMessageById(id)).tokensUsed, 2n ** 62n);
  assert.deepStrictEqual((await log.getMessageById(again)).metadata, METADATA);
  const filter = { guild: read.metadata.guild };
  assert.equal(await log.getMessageCount({ metadata: filter }), 3);
});

test('Express and Fastify serialize messages with bigints', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  await log.logMessage({ message: 'a', metadata: METADATA });

  const app = express();
  app.get('/messages', async (_request, response) => {
    response.json(await log.getMessages());
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());

  const other = fastify();
  other.get('/messages', () => log.getMessages());
  await other.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => other.close());

  for (const { port } of [server.address(), other.server.address()]) {
    const answer = await fetch(`http://127.0.0.1:${port}/messages`);
    assert.equal(answer.status, 200);
    assert.deepEqual((await answer.json())[0].metadata, WRITTEN);
  }
});
