/** The saver for LangGraph: values, threads and lists. */

import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { DeltaSnapshot } from '@langchain/langgraph-checkpoint';
import { ChatkeepSaver } from 'chatkeep/langgraph';
import {
  checkpointOf,
  configOf,
  ids,
  onEachEngine,
  put,
  valuesOf,
} from './support/checkpoints.mjs';
import { all } from './support/stores.mjs';

const HOSTILE_TEXTS = [
  '',
  'a\0b',
  "'; DROP TABLE graph_checkpoints; --",
  '%_\\',
  '日本語 🎉',
  '\r\n\t',
];
const HOSTILE_VALUES = [
  ...HOSTILE_TEXTS,
  'a\ud800b\udfff',
  undefined,
  null,
  true,
  0,
  2 ** 53,
  0.1,
  1e308,
  new Uint8Array(256).map((_, index) => index),
  { inner: new Uint8Array([0, 255]) },
  [],
  {},
  [[], {}, [null]],
  { '\0': { '': ['a\0b', '\ud800'] } },
  new Map([['a', 1]]),
  new Set([1, 2]),
  /a\/b/giu,
  new DeltaSnapshot(['a']),
];

onEachEngine('hostile values are stored exactly', async (saver) => {
  const named = HOSTILE_VALUES.map((value, number) => [`name ${number} \u2028 '`, value]);
  const channels = { ...Object.fromEntries(named), constructor: 'a', toString: 'b' };
  const metadata = { source: 'loop', step: 1, parents: {}, ...Object.fromEntries(named) };
  const saved = await put(saver, configOf('a'), '1', channels, metadata);
  await saver.putWrites(saved, Object.entries(channels), 'task', 'path');
  const found = await saver.getTuple(configOf('a'));
  assert.deepEqual(found, {
    config: saved,
    checkpoint: checkpointOf('1', channels),
    metadata,
    pendingWrites: Object.entries(channels).map(([name, value]) => ['task', name, value]),
  });
  assert.equal(found.checkpoint.channel_values[named[14][0]].constructor, Uint8Array);
  assert.deepEqual(await all(saver.list(configOf('a'))), [found]);
});

onEachEngine('messages keep their classes', async (saver) => {
  const messages = [new HumanMessage('Hello'), new AIMessage({ content: 'Hi', id: '7' })];
  await put(saver, configOf('a'), '1', { messages });
  const { messages: found } = await valuesOf(saver, configOf('a'));
  assert.ok(found[0] instanceof HumanMessage && found[1] instanceof AIMessage);
  assert.deepEqual(
    found.map(({ content, id }) => [content, id]),
    [
      ['Hello', undefined],
      ['Hi', '7'],
    ],
  );
});

/** A serializer that supports every value except functions. */
const V8 = {
  dumpsTyped: async (value) => ['v8', serialize(value)],
  async loadsTyped(type, data) {
    assert.equal(type, 'v8');
    return deserialize(data);
  },
};

onEachEngine('another serializer stores what it supports, and nothing else', async (_, chat) => {
  const saver = new ChatkeepSaver(chat, { serde: V8 });
  const value = { numbers: [Number.NaN, -0, Infinity, 2n ** 70n], 'a\ud800b': new Date(7) };
  const saved = await put(saver, configOf('a'), '1', { c: value }, { note: value });
  await saver.putWrites(saved, [['c', value]], 'task');
  const expected = await saver.getTuple(saved);
  assert.deepEqual(expected.checkpoint.channel_values, { c: value });
  assert.deepEqual(expected.metadata.note, value);
  assert.deepEqual(expected.pendingWrites, [['task', 'c', value]]);

  const rejected = () => {};
  const versions = { c: 2 };
  for (const call of [
    () => put(saver, saved, '2', { c: rejected }, { versions }),
    () => put(saver, saved, '2', { c: 'after' }, { versions, note: rejected }),
    () =>
      saver.putWrites(
        saved,
        [
          ['c', 'after'],
          ['c', rejected],
        ],
        'another task',
      ),
  ]) {
    await assert.rejects(call, /could not be cloned/);
  }
  assert.deepEqual(await all(saver.list({})), [expected]);
});

onEachEngine('state of 10 megabytes is stored', async (saver) => {
  const text = 'wörd '.repeat(1_500_000);
  const saved = await put(saver, configOf('a'), '1', { c: { text, list: [text.slice(0, 10)] } });
  await saver.putWrites(saved, [['c', text]], 'task');
  const found = await saver.getTuple(saved);
  assert.ok(found.checkpoint.channel_values.c.text === text && found.pendingWrites[0][2] === text);
});

onEachEngine('values are those at the time of the call', async (saver) => {
  const values = { list: [1], bytes: new Uint8Array([1]) };
  const checkpoint = checkpointOf('1', values);
  const versions = { ...checkpoint.channel_versions };
  const stored = saver.put(configOf('a'), checkpoint, { source: 'loop' }, versions);
  const written = saver.putWrites(configOf('a', '1'), [['list', values.list]], 'task');
  values.list.push(2);
  values.bytes[0] = 2;
  checkpoint.channel_versions.list = 9;
  await Promise.all([stored, written]);
  const found = await saver.getTuple(configOf('a'));
  assert.deepEqual(found.checkpoint.channel_values, { list: [1], bytes: new Uint8Array([1]) });
  assert.deepEqual(found.checkpoint.channel_versions, { list: 1, bytes: 1 });
  assert.deepEqual(found.pendingWrites, [['task', 'list', [1]]]);
});

onEachEngine(
  'only new versions change values, and values without a version are stored',
  async (saver) => {
    const first = await put(saver, configOf('a'), '1', { a: 1, b: 1 });
    const second = await put(
      saver,
      first,
      '2',
      { a: 2, b: 2, c: 2 },
      { changed: { b: 2 }, versions: { a: 1, b: 2 } },
    );
    assert.deepEqual(await valuesOf(saver, second), { a: 1, b: 2, c: 2 });
    const third = await put(
      saver,
      second,
      '3',
      { a: 1 },
      { versions: { a: 1, b: 3 }, changed: { b: 3 } },
    );
    assert.deepEqual(await valuesOf(saver, third), { a: 1 });
    // Callers that know no versions pass none.
    const fourth = await saver.put(third, checkpointOf('4', { a: 9, b: 9 }), { source: 'loop' });
    assert.deepEqual(await valuesOf(saver, fourth), { a: 9, b: 9 });
  },
);

onEachEngine('thread ids of other types are returned as given', async (saver) => {
  for (const threadId of [42, -1, 2n ** 70n]) {
    const first = await put(saver, configOf(threadId), '1', { c: 1 });
    const second = await put(saver, first, '2', { c: 1 }, { changed: {} });
    await saver.putWrites(second, [['c', 2]], 'task');
    assert.deepEqual(second, configOf(threadId, '2'));
    const found = await saver.getTuple(configOf(threadId));
    assert.deepEqual([found.config, found.parentConfig], [second, first]);
    assert.deepEqual(found.pendingWrites, [['task', 'c', 2]]);
    const listed = await all(saver.list(configOf(threadId)));
    assert.deepEqual(
      listed.map(({ config }) => config),
      [second, first],
    );
    // The same thread, named by its text.
    const [newest] = await all(saver.list({}, { limit: 1 }));
    assert.deepEqual(newest.config, configOf(String(threadId), '2'));
    await saver.copyThread(threadId, 'copy');
    assert.equal(await saver.prune([threadId]), 1);
    await saver.deleteThread(threadId);
    assert.equal(await saver.getTuple(configOf(threadId)), undefined);
    assert.deepEqual(ids(await all(saver.list(configOf('copy')))), ['2', '1']);
    await saver.deleteThread('copy');
  }
});

onEachEngine('long ids are stored exactly', async (saver) => {
  const [thread, namespace, last] = ['é'.repeat(32_768), 'n|'.repeat(32_768), 'ü'.repeat(255)];
  const channel = 'c'.repeat(255);
  const first = await put(saver, configOf(thread, undefined, namespace), 'ü'.repeat(254), { c: 1 });
  const versions = { [channel]: 'v'.repeat(253) };
  await put(saver, first, last, { [channel]: 1 }, { versions });
  const saved = configOf(thread, last, namespace);
  await saver.putWrites(saved, [[channel, 2]], 't'.repeat(255), 'p'.repeat(1000));
  const found = await saver.getTuple(configOf(thread, undefined, namespace));
  assert.deepEqual([found.config, found.parentConfig], [saved, first]);
  assert.deepEqual(found.checkpoint.channel_values, { [channel]: 1 });
  assert.deepEqual(found.pendingWrites, [['t'.repeat(255), channel, 2]]);
  // Ids that are equal up to their last characters are different threads.
  assert.equal(
    await saver.getTuple(configOf(`${thread.slice(0, -1)}e`, undefined, namespace)),
    undefined,
  );
});

onEachEngine('config without a namespace means the root', async (saver) => {
  const root = { configurable: { thread_id: 'a' } };
  const saved = await put(saver, root, '1', { c: 1 });
  assert.deepEqual(saved, configOf('a', '1'));
  await put(saver, configOf('a', undefined, 'child'), '2', { c: 2 });
  const empty = { configurable: { thread_id: 'a', checkpoint_id: '' } };
  assert.deepEqual((await saver.getTuple(empty)).config, saved);
  assert.deepEqual(ids(await all(saver.list(root))), ['2', '1']);
  assert.deepEqual(ids(await all(saver.list(configOf('a')))), ['1']);
  await saver.putWrites({ configurable: { thread_id: 'a', checkpoint_id: '1' } }, [['c', 1]], 't');
  assert.deepEqual((await saver.getTuple(saved)).pendingWrites, [['t', 'c', 1]]);
  assert.equal(await saver.getTuple({ configurable: {} }), undefined);
});

onEachEngine('filters compare whole values of the metadata', async (saver) => {
  const rows = [
    { user: { id: 1, name: 'Ada' }, tags: ['a', 'b'] },
    { user: { id: 1 }, tags: ['a'] },
    { user: null, score: 9 },
    { score: 10, "key'; --": 'a\0b' },
  ];
  for (const [number, row] of rows.entries()) {
    await put(saver, configOf('a'), String(number), {}, row);
  }
  const found = async (filter) => ids(await all(saver.list(configOf('a'), { filter })));
  assert.deepEqual(await found({ user: { id: 1 } }), ['1']);
  assert.deepEqual(await found({ user: { name: 'Ada', id: 1 } }), ['0']);
  assert.deepEqual(await found({ user: null }), ['2']);
  assert.deepEqual(await found({ user: undefined }), ['3']);
  assert.deepEqual(await found({ tags: ['a'] }), ['1']);
  assert.deepEqual(await found({ score: 9 }), ['2']);
  assert.deepEqual(await found({ score: '9' }), []);
  assert.deepEqual(await found({ source: 'loop', step: 1, score: 10 }), ['3']);
  assert.deepEqual(await found({ "key'; --": 'a\0b' }), ['3']);
  assert.deepEqual(await found({ 'user.id': 1 }), []);
  assert.deepEqual(await found({}), ['3', '2', '1', '0']);
});

onEachEngine('lists are paged over all threads without gaps or repetitions', async (saver) => {
  const names = Array.from({ length: 45 }, (_, number) => String(number).padStart(3, '0'));
  let config = configOf('a');
  for (const name of names) {
    config = await put(saver, config, name, { c: name }, { parity: Number(name) % 2 });
  }
  // The copies have the same ids, so pages begin within equal ones.
  await saver.copyThread('a', 'b');
  await saver.copyThread('a', 'c');
  const everything = await all(saver.list({}));
  const expected = names.flatMap((name) => [name, name, name]).reverse();
  assert.deepEqual(ids(everything), expected);
  const places = everything.map(({ config: { configurable } }) => JSON.stringify(configurable));
  assert.equal(new Set(places).size, 135);
  const before = configOf('another', '040');
  const four = await all(saver.list({}, { before, limit: 4 }));
  assert.deepEqual(ids(four), ['039', '039', '039', '038']);
  const odd = await all(saver.list(configOf('b'), { filter: { parity: 1 }, limit: 21 }));
  assert.deepEqual(
    ids(odd),
    names
      .filter((name) => name % 2 === 1)
      .reverse()
      .slice(0, 21),
  );
  assert.deepEqual(ids(await all(saver.list(configOf('b', '007')))), ['007']);
  assert.deepEqual(
    await all(saver.list(configOf('b', '007'), { before: configOf('b', '007') })),
    [],
  );
  for (const limit of [0, -1, 1, 20, 50, 51, 135, 136, Infinity]) {
    const page = await all(saver.list({}, { limit }));
    assert.deepEqual(page, everything.slice(0, Math.max(limit, 0)));
  }
});

onEachEngine('a list continues while other calls use the saver', async (saver) => {
  let config = configOf('a');
  const names = Array.from({ length: 70 }, (_, number) => String(number).padStart(3, '0'));
  for (const name of names) config = await put(saver, config, name, { c: name });
  const seen = [];
  for await (const { config: found, checkpoint } of saver.list(configOf('a'))) {
    seen.push(checkpoint.id);
    await saver.putWrites(found, [['c', 1]], 'task');
    await put(saver, configOf('a'), `9${checkpoint.id}`, {});
    if (checkpoint.id === '001') break;
  }
  assert.deepEqual(seen, names.slice(1).reverse());
});
