/** Stores for tests, each with a database of its own. */

import { test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { ENGINES, emptyDatabase } from './databases.mjs';

/** A store on a database; it is closed with the test. */
export function openStore(t, database, options) {
  const chat = new Chatkeep(database.url, options);
  // Before the database goes: what was registered last is done first.
  t.after(() => chat.close());
  return chat;
}

/** A store in memory. */
export function memoryStore(t) {
  return openStore(t, { url: 'sqlite:///:memory:' });
}

/** The test once on each engine; it is given the test's context and `{ chat, log, tokens, database }`. */
export function onEachEngine(name, body, engines = ENGINES) {
  for (const engine of engines) {
    test(`${name} (${engine})`, async (t) => {
      const database = await emptyDatabase(t, engine);
      const chat = openStore(t, database);
      const { messageLogger: log, tokenManager: tokens } = chat;
      await body(t, { chat, log, tokens, database });
    });
  }
}

export function texts(messages) {
  return messages.map(({ userMessage }) => userMessage);
}

/** All that comes. */
export async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}
