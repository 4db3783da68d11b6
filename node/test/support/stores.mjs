/** Stores for tests, each with a separate database. */

import { test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { ENGINES, emptyDatabase } from './databases.mjs';

/** Opens a store that is closed after the test. */
export function openStore(t, database, options) {
  const chat = new Chatkeep(database.url, options);
  // Runs before the database is removed: hooks run in reverse order of registration.
  t.after(() => chat.close());
  return chat;
}

/** Opens a store in memory. */
export function memoryStore(t) {
  return openStore(t, { url: 'sqlite:///:memory:' });
}

/** Defines a test per engine. `body` gets the context and `{ chat, log, tokens, database }`. */
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

/** Collects the items of an iterable. */
export async function all(iterable) {
  const found = [];
  for await (const item of iterable) found.push(item);
  return found;
}
