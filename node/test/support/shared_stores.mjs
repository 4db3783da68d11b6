/** Stores that all tests of a file share: to create a database takes seconds on some engines. */

import { after, test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { ENGINES, emptyDatabase } from './databases.mjs';

const stores = new Map();
const ends = [];
after(async () => {
  for (const end of ends) await end();
});

async function openStore(engine) {
  const { url } = await emptyDatabase({ after: (end) => ends.unshift(end) }, engine);
  const chat = new Chatkeep(url);
  ends.unshift(() => chat.close());
  return { chat, url };
}

/** Defines a test per engine. `body` gets the store, its URL, and the context of the test. */
export function onEachSharedStore(name, body) {
  for (const engine of ENGINES) {
    test(`${name} (${engine})`, async (t) => {
      if (!stores.has(engine)) stores.set(engine, await openStore(engine));
      const { chat, url } = stores.get(engine);
      await body(chat, url, t);
    });
  }
}
