/** The saver for LangGraph: forks, writes, delta channels, and deletion. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BaseCheckpointSaver,
  INTERRUPT,
  MemorySaver,
  TASKS,
} from '@langchain/langgraph-checkpoint';
import { ChatkeepSaver } from 'chatkeep/langgraph';
import {
  checkpointOf,
  configOf,
  deltaThread,
  ids,
  onEachEngine,
  put,
  valuesOf,
} from './support/checkpoints.mjs';
import { all, memoryStore } from './support/stores.mjs';

onEachEngine('forks with equal integer versions keep their own values', async (saver) => {
  const root = await put(saver, configOf('a'), '00', { kept: ['root'], list: [0] });
  const branches = [root, root, root];
  for (let step = 1; step <= 5; step += 1) {
    for (const [branch, parent] of branches.entries()) {
      const added = Array.from({ length: step }, (_, number) => `${branch} ${number}`);
      const versions = { kept: 1, list: 1 + step };
      branches[branch] = await put(
        saver,
        parent,
        `${step}${branch}`,
        { kept: ['root'], list: [0, ...added] },
        { versions, changed: { list: versions.list } },
      );
    }
  }
  for (const [branch, head] of branches.entries()) {
    const added = [0, 1, 2, 3, 4].map((number) => `${branch} ${number}`);
    const expected = { kept: ['root'], list: [0, ...added] };
    assert.deepEqual(await valuesOf(saver, head), expected);
    const { checkpoint, parentConfig } = await saver.getTuple(head);
    // As LangGraph copies a checkpoint: beside it, without new versions.
    const copied = { ...checkpoint, id: `9${branch}` };
    const copy = await saver.put(parentConfig, copied, { source: 'fork', step: 6 }, {});
    assert.deepEqual(await valuesOf(saver, copy), expected);
  }
  assert.deepEqual(await valuesOf(saver, root), { kept: ['root'], list: [0] });
});

onEachEngine('writes of a position stay and special writes are replaced', async (saver) => {
  const config = configOf('a', '1');
  // The checkpoint is stored after its writes, as with the durability "exit".
  await saver.putWrites(
    config,
    [
      ['x', 1],
      [INTERRUPT, 1],
      ['y', 1],
    ],
    'task',
    'b',
  );
  await saver.putWrites(
    config,
    [
      ['x', 2],
      [INTERRUPT, 2],
      [INTERRUPT, 3],
    ],
    'task',
    'b',
  );
  await saver.putWrites(config, [['x', 4]], 'another', 'a');
  await saver.putWrites(config, [], 'nothing');
  await put(saver, configOf('a'), '1', {});
  assert.deepEqual((await saver.getTuple(config)).pendingWrites, [
    ['another', 'x', 4],
    ['task', INTERRUPT, 3],
    ['task', 'x', 1],
    ['task', 'y', 1],
  ]);
});

onEachEngine('pending sends of old checkpoints are a channel', async (saver) => {
  const parent = await saver.put(configOf('a'), checkpointOf('1', {}, { x: 3 }, 3), {}, {});
  await saver.putWrites(
    parent,
    [
      [TASKS, 'send 1'],
      ['x', 1],
      [TASKS, 'send 2'],
    ],
    'task',
  );
  await saver.put(parent, checkpointOf('2', {}, { x: 3 }, 3), {}, {});
  await saver.put(parent, checkpointOf('3', {}, { x: 3 }, 4), {}, {});
  const found = await saver.getTuple(configOf('a', '2'));
  assert.deepEqual(found.checkpoint.channel_values, { [TASKS]: ['send 1', 'send 2'] });
  assert.deepEqual(found.checkpoint.channel_versions, { x: 3, [TASKS]: 3 });
  assert.deepEqual(await valuesOf(saver, configOf('a', '3')), {});
  assert.deepEqual(await all(saver.list(configOf('a', '2'))), [found]);
});

test('random operations have the results of the saver in memory', async (t) => {
  const saver = new ChatkeepSaver(memoryStore(t));
  const memory = new MemorySaver();
  let state = 3;
  const chance = (count) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % count;
  };
  const known = new Map();
  for (let number = 0; number < 300; number += 1) {
    const [thread, namespace] = ['ab'[chance(2)], ['', 'child:1'][chance(2)]];
    const key = JSON.stringify([thread, namespace]);
    if (!known.has(key)) known.set(key, []);
    const nodes = known.get(key);
    const parent = nodes[chance(nodes.length || 1)] ?? { values: {}, versions: {} };
    const config = configOf(thread, parent.id, namespace);
    if (parent.id && chance(5) < 2) {
      const writes = [1, 2, 3].map(() => [['x', 'y', INTERRUPT][chance(3)], number]);
      const [task, path] = [`task ${chance(3)}`, ['', 'a', 'b'][chance(3)]];
      for (const one of [saver, memory]) await one.putWrites(config, writes, task, path);
      continue;
    }
    const [values, versions, changed] = [{ ...parent.values }, { ...parent.versions }, {}];
    for (const name of ['x', 'y', 'z'].filter(() => chance(2) === 0)) {
      changed[name] = memory.getNextVersion(versions[name]);
      versions[name] = changed[name];
      values[name] = [number, [number, number], { a: [number] }, null][chance(4)];
      if (chance(5) === 0) delete values[name];
    }
    const id = String(number).padStart(4, '0');
    for (const one of [saver, memory]) {
      await put(one, config, id, values, { versions, changed, number });
    }
    nodes.push({ id, values, versions });
  }
  for (const [key, nodes] of known) {
    const [thread, namespace] = JSON.parse(key);
    for (const { id } of nodes) {
      const config = configOf(thread, id, namespace);
      assert.deepEqual(await saver.getTuple(config), await memory.getTuple(config));
    }
    const config = configOf(thread, undefined, namespace);
    assert.deepEqual(await all(saver.list(config)), await all(memory.list(config)));
  }
});

onEachEngine('delta history is that of the base class', async (saver) => {
  const heads = await deltaThread(saver, 'd');
  const others = [undefined, '015 1', '000'].map((id) => configOf('d', id));
  for (const config of [...heads, ...others, configOf('none')]) {
    const options = { config, channels: ['m', 'n', 'other', 'constructor'] };
    const expected = await BaseCheckpointSaver.prototype.getDeltaChannelHistory.call(
      saver,
      options,
    );
    assert.deepEqual(await saver.getDeltaChannelHistory(options), expected);
  }
  const { m, n } = await saver.getDeltaChannelHistory({ config: others[1], channels: ['m', 'n'] });
  assert.deepEqual(m.seed, ['snapshot 1 10']);
  assert.deepEqual(
    m.writes.map(([, , value]) => value),
    [11, 12, 13, 14, 15].map((step) => `1 ${step}`),
  );
  assert.ok(!('seed' in n));
  assert.deepEqual(await saver.getDeltaChannelHistory({ config: heads[0], channels: [] }), {});
});

onEachEngine('delta history ends at a checkpoint that is its own parent', async (saver) => {
  const saved = await put(saver, configOf('a'), '1', {}, { versions: { m: 1 } });
  await saver.putWrites(saved, [['m', 'x']], 'task');
  await put(saver, saved, '1', {}, { versions: { m: 1 } });
  await put(saver, saved, '2', {}, { versions: { m: 2 } });
  const history = await saver.getDeltaChannelHistory({
    config: configOf('a', '2'),
    channels: ['m'],
  });
  assert.deepEqual(history, { m: { writes: [['task', 'm', 'x']] } });
});

onEachEngine('pruning keeps what delta channels need', async (saver) => {
  const [config] = await deltaThread(saver, 'd', { branches: 1, steps: 25, channels: ['m'] });
  const options = { config, channels: ['m'] };
  const expected = await saver.getDeltaChannelHistory(options);
  assert.deepEqual(expected.m.seed, ['snapshot 0 20']);
  // The last checkpoint, and its ancestors up to the snapshot.
  assert.equal(await saver.prune(['d'], { dryRun: true }), 20);
  assert.equal(await saver.prune(['d']), 20);
  const kept = [25, 24, 23, 22, 21, 20].map((step) => `0${step} 0`);
  assert.deepEqual(ids(await all(saver.list(configOf('d')))), kept);
  assert.deepEqual(await saver.getDeltaChannelHistory(options), expected);
  // Without a snapshot of "n", every checkpoint is needed.
  await deltaThread(saver, 'e', { branches: 1, steps: 25 });
  assert.equal(await saver.prune(['d', 'e'], { keepLast: 2 }), 0);
});

onEachEngine('pruning keeps the last checkpoints of each namespace', async (saver) => {
  for (const namespace of ['', 'child:1']) {
    let config = configOf('a', undefined, namespace);
    for (let number = 0; number < 6; number += 1) {
      const changed = number === 0 ? { c: 1 } : {};
      config = await put(saver, config, String(number), { c: 1 }, { changed });
    }
    await saver.putWrites(config, [['c', namespace]], 'task');
  }
  await saver.copyThread('a', 'b');
  assert.equal(await saver.prune(['a'], { keepLast: 2, dryRun: true }), 8);
  assert.equal((await all(saver.list(configOf('a')))).length, 6);
  assert.equal(await saver.prune(['a'], { keepLast: 2 }), 8);
  assert.equal(await saver.prune(['a', 'missing'], { keepLast: 2 }), 0);
  for (const namespace of ['', 'child:1']) {
    const found = await all(saver.list(configOf('a', undefined, namespace)));
    assert.deepEqual(ids(found), ['5', '4']);
    assert.deepEqual(
      found.map(({ checkpoint }) => checkpoint.channel_values),
      [{ c: 1 }, { c: 1 }],
    );
    assert.deepEqual(found[0].pendingWrites, [['task', 'c', namespace]]);
  }
  assert.equal(await saver.prune(['a']), 2);
  assert.equal(await saver.prune(['a'], { strategy: 'delete', dryRun: true }), 2);
  assert.equal(await saver.prune(['a', 'b', 'a'], { strategy: 'delete' }), 14);
  assert.deepEqual(await all(saver.list({})), []);
  assert.equal(await saver.prune([]), 0);
});

onEachEngine('runs are deleted in all threads', async (saver) => {
  for (const thread of ['a', 'b']) {
    // The run of the config is not part of the stored metadata.
    const config = { ...configOf(thread), metadata: { run_id: 'run 1' } };
    const first = await put(saver, config, '1', {});
    await put(saver, first, '2', {}, { run_id: 'run 2' });
    assert.equal((await saver.getTuple(first)).metadata.run_id, undefined);
  }
  await saver.deleteForRuns(['run 1', 'missing']);
  assert.deepEqual(ids(await all(saver.list({}))), ['2', '2']);
  await put(saver, configOf('c'), '3', {}, { run_id: 7 });
  await saver.deleteForRuns([7]);
  await saver.deleteForRuns([]);
  assert.deepEqual(ids(await all(saver.list({}))), ['2', '2']);
});

onEachEngine('texts that no column holds are only in the metadata', async (saver) => {
  const metadata = { source: 's\0'.repeat(300), step: 2 ** 60, parents: {}, user: 'a\ud800' };
  await put(saver, configOf('a'), '1', {}, metadata);
  assert.deepEqual((await saver.getTuple(configOf('a'))).metadata, metadata);
});
