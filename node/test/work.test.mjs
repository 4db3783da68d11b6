/** Workers: the loop, its tasks, signals and errors. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChatkeepError } from 'chatkeep';
import { ENGINES, emptyDatabase } from './support/databases.mjs';
import { outcome, run, start } from './support/programs.mjs';
import { memoryStore, onEachEngine, openStore } from './support/stores.mjs';

async function add(chat, options) {
  return (await chat.taskManager.enqueueTask('k', { n: 1 }, options)).publicId;
}

onEachEngine('a handler completes or fails the task', async (_t, { chat }) => {
  const ids = [];
  for (let number = 0; number < 5; number += 1) ids.push(await add(chat, { priority: -number }));
  const errors = [];
  const onError = (error, action) => errors.push([error.name ?? error, action]);
  const work = chat.taskManager.work(['k'], { worker: 'w-1', onError });
  let number = 0;
  for await (const task of work) {
    assert.deepEqual([task.id, task.kind, task.input], [ids[number], 'k', { n: 1 }]);
    assert.deepEqual([task.userId, task.attempts, task.maxAttempts], [null, 1, 3]);
    assert.equal(task.task.worker, 'w-1');
    assert.equal(task.isCancelled, false);
    await task.run(async (same) => {
      assert.equal(same, task);
      if (number === 0) return { words: 3 };
      if (number === 1) throw new TypeError('no\0answer\ud800');
      if (number === 2) return 'text';
      if (number === 3) await task.fail('useless', { isFinal: true });
      if (number === 4) throw 'a string';
      return undefined;
    });
    assert.equal(task.isCancelled, true);
    number += 1;
    if (number === 5) work.stop();
  }
  const tasks = await Promise.all(ids.map((id) => chat.taskManager.getTask(id)));
  assert.deepEqual([tasks[0].status, tasks[0].result], ['completed', { words: 3 }]);
  assert.deepEqual(
    [tasks[1].status, tasks[1].error],
    ['queued', 'TypeError: no\ufffdanswer\ufffd'],
  );
  assert.equal(tasks[2].status, 'queued');
  assert.match(tasks[2].error, /^ChatkeepError: result/);
  assert.deepEqual([tasks[3].status, tasks[3].error], ['failed', 'useless']);
  assert.deepEqual([tasks[4].status, tasks[4].error], ['queued', 'a string']);
  const failed = (id) => `task ${id} of kind k failed`;
  assert.deepEqual(errors, [
    ['TypeError', failed(ids[1])],
    ['ChatkeepError', failed(ids[2])],
    ['a string', failed(ids[4])],
  ]);
  assert.deepEqual(await work.next(), { done: true, value: undefined });
});

test('methods end the task', async (t) => {
  const chat = memoryStore(t);
  const ids = [await add(chat, { priority: 1 }), await add(chat)];
  const work = chat.taskManager.work(['k']);
  const next = async () => (await work.next()).value;
  let task = await next();
  await task.complete({ a: 1 });
  await assert.rejects(task.complete(), { code: 'CHATKEEP_CONFLICT', field: 'leaseToken' });
  await assert.rejects(
    task.run(() => {
      throw new RangeError('after the end');
    }),
    RangeError,
  );
  task = await next();
  assert.equal((await task.release()).attempts, 0);
  task = await next();
  await assert.rejects(task.complete({ a: 'x'.repeat(1 << 20) }), { field: 'result' });
  assert.equal((await task.fail('slow', { retryAfterSeconds: 3600 })).status, 'queued');
  await work.return();
  assert.deepEqual((await chat.taskManager.getTask(ids[0])).result, { a: 1 });
  assert.equal((await chat.taskManager.getTask(ids[1])).error, 'slow');
});

test('a disposed task is released', { skip: !Symbol.asyncDispose }, async (t) => {
  const chat = memoryStore(t);
  const id = await add(chat);
  const work = chat.taskManager.work(['k']);
  const { value: task } = await work.next();
  await task[Symbol.asyncDispose]();
  assert.equal((await chat.taskManager.getTask(id)).status, 'queued');
  await task[Symbol.asyncDispose]();
  const { value: again } = await work.next();
  await again.complete();
  await again[Symbol.asyncDispose]();
  assert.equal((await chat.taskManager.getTask(id)).status, 'completed');
  work.stop();
});

test('the number of unfinished tasks is limited', async (t) => {
  const chat = memoryStore(t);
  const ids = [];
  for (let number = 0; number < 6; number += 1) ids.push(await add(chat));
  const work = chat.taskManager.work(['k'], { concurrency: 2 });
  const done = [];
  let [most, running] = [0, 0];
  for await (const task of work) {
    void task.run(async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(50);
      running -= 1;
      done.push(task.id);
      if (done.length === ids.length) work.stop();
    });
  }
  assert.equal(most, 2);
  assert.deepEqual(done.sort(), ids.sort());
});

onEachEngine('a task outlasts its lease and is cancelled', async (_t, { chat }) => {
  const id = await add(chat);
  for await (const task of chat.taskManager.work(['k'], { leaseSeconds: 1 })) {
    await sleep(3_000);
    assert.deepEqual(await chat.taskManager.claimTasks(['k'], 'w'), []);
    assert.equal(task.isCancelled, false);
    await chat.taskManager.cancelTask(id);
    assert.equal(task.isCancelled, true);
    assert.equal(task.leaseState, 'cancel_requested');
    await task.fail('stopped');
    break;
  }
  assert.equal((await chat.taskManager.getTask(id)).status, 'cancelled');
});

test('a lost lease is reported', async (t) => {
  const chat = memoryStore(t);
  const id = await add(chat);
  const actions = [];
  const onError = (_error, action) => actions.push(action);
  for await (const task of chat.taskManager.work(['k'], { onError })) {
    await chat.taskManager.releaseTask(id, task.leaseToken);
    assert.equal(task.leaseState, 'lost');
    await task.run(() => ({ late: true }));
    break;
  }
  assert.deepEqual(actions, [`the lease of task ${id} was lost`]);
  assert.equal((await chat.taskManager.getTask(id)).status, 'queued');
});

test('a signal ends the iteration, and listeners are removed', async (t) => {
  const chat = memoryStore(t);
  const names = ['SIGTERM', 'SIGINT'];
  const listeners = () => names.map((name) => process.listenerCount(name));
  const before = listeners();
  const controller = new AbortController();
  const id = await add(chat);
  for await (const task of chat.taskManager.work(['k'], { signal: controller.signal })) {
    assert.notDeepEqual(listeners(), before);
    controller.abort();
    await task.complete();
  }
  assert.equal((await chat.taskManager.getTask(id)).status, 'completed');
  assert.deepEqual(listeners(), before);
  const aborted = chat.taskManager.work(['k'], { signal: AbortSignal.abort() });
  assert.deepEqual(await aborted.next(), { done: true, value: undefined });
  await add(chat);
  for await (const task of chat.taskManager.work(['k'], { stopOnSignals: false })) {
    assert.deepEqual(listeners(), before);
    await task.complete();
    break;
  }
  // A waiting iterator, too.
  const work = chat.taskManager.work(['k']);
  const waiting = work.next();
  await sleep(100);
  work.stop();
  assert.deepEqual(listeners(), before);
  assert.deepEqual(await waiting, { done: true, value: undefined });
});

test('invalid arguments are rejected', async (t) => {
  const { taskManager } = memoryStore(t);
  for (const concurrency of [0, -1, 1.5, '2', Number.NaN]) {
    assert.throws(() => taskManager.work(['k'], { concurrency }), {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'concurrency',
    });
  }
  assert.throws(() => taskManager.work(['k'], { lease: 5 }), ChatkeepError);
  for (const [kinds, options, field] of [
    [[], {}, 'kinds'],
    ['email', {}, 'kinds'],
    [[''], {}, 'kinds[0]'],
    [['k'], { leaseSeconds: 0 }, 'leaseSeconds'],
    [['k'], { worker: '' }, 'worker'],
  ]) {
    const work = taskManager.work(kinds, options);
    await assert.rejects(work.next(), { code: 'CHATKEEP_INVALID_INPUT', field });
    assert.deepEqual(await work.next(), { done: true, value: undefined });
  }
});

test('a closed store ends the iteration', async (t) => {
  const chat = openStore(t, await emptyDatabase(t, 'sqlite'));
  const work = chat.taskManager.work(['k']);
  const rejected = assert.rejects(work.next(), { code: 'CHATKEEP_UNAVAILABLE', retryable: false });
  await sleep(300);
  await chat.close();
  await rejected;
});

const WORKER = `
  const chat = new Chatkeep(process.argv[1]);
  const { setTimeout: sleep } = await import('node:timers/promises');
  const options = { leaseSeconds: Number(process.argv[3]) };
  for await (const task of chat.taskManager.work(['k'], options)) {
    await task.run(async () => {
      console.log('running', task.id);
      await sleep(Number(process.argv[2]));
      return { done: true };
    });
  }
  await chat.close();
  console.log('ended');
`;

/** Waits for the first line of a program's output. */
async function firstLine(program) {
  let text = '';
  for await (const part of program.stdout.iterator({ destroyOnReturn: false })) {
    text += part;
    if (text.includes('\n')) return text;
  }
  return text;
}

for (const engine of ENGINES) {
  for (const name of ['SIGTERM', 'SIGINT']) {
    test(`${name} stops a worker after its task (${engine})`, async (t) => {
      const database = await emptyDatabase(t, engine);
      const chat = openStore(t, database);
      const ids = [await add(chat, { priority: 1 }), await add(chat)];
      const worker = start(WORKER, { args: [database.url, '1000', '60'] });
      const line = await firstLine(worker);
      assert.equal(line, `running ${ids[0]}\n`);
      worker.kill(name);
      assert.deepEqual(await outcome(worker), {
        stdout: 'ended\n',
        stderr: '',
        code: 0,
        signal: null,
      });
      const tasks = await Promise.all(ids.map((id) => chat.taskManager.getTask(id)));
      assert.deepEqual(tasks[0].result, { done: true });
      assert.deepEqual([tasks[1].status, tasks[1].attempts], ['queued', 0]);
    });
  }

  test(`a killed worker is replaced (${engine})`, async (t) => {
    const database = await emptyDatabase(t, engine);
    const chat = openStore(t, database);
    const id = await add(chat);
    const worker = start(WORKER, { args: [database.url, '60000', '2'] });
    await firstLine(worker);
    // Longer than the lease, which is renewed.
    await sleep(3_000);
    assert.equal((await chat.taskManager.getTask(id)).attempts, 1);
    worker.kill('SIGKILL');
    await outcome(worker);
    for await (const task of chat.taskManager.work(['k'])) {
      assert.deepEqual([task.id, task.attempts], [id, 2]);
      await task.complete();
      break;
    }
  });
}

test('a second signal has its usual effect', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const chat = openStore(t, database);
  await add(chat);
  const worker = start(WORKER, { args: [database.url, '60000', '2'] });
  await firstLine(worker);
  worker.kill('SIGTERM');
  await sleep(500);
  assert.equal(worker.exitCode, null);
  worker.kill('SIGTERM');
  assert.equal((await outcome(worker)).signal, 'SIGTERM');
});

test('a normal exit releases unfinished tasks', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const chat = openStore(t, database);
  const id = await add(chat);
  await run(
    `const chat = new Chatkeep(process.argv[1]);
    await chat.taskManager.work(['k'], { leaseSeconds: 3600 }).next();`,
    { args: [database.url] },
  );
  const task = await chat.taskManager.getTask(id);
  assert.deepEqual([task.status, task.attempts], ['queued', 0]);
});
