/** Sessions of the OpenAI Agents SDK: runs, how a session is made and closed, and its errors. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import {
  Agent,
  isSessionHistoryRewriteAwareSession,
  isSessionHistoryTransactionAwareSession,
  MemorySession,
  Runner,
  RunState,
  tool,
  Usage,
} from '@openai/agents';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSession } from 'chatkeep/openai-agents';
import { z } from 'zod';
import { DOWN, temporaryFolder } from './support/databases.mjs';
import { run } from './support/programs.mjs';
import { assertInvalid } from './support/rejections.mjs';
import { onEachSharedStore } from './support/shared_stores.mjs';
import { memoryStore } from './support/stores.mjs';

const user = (content) => ({ type: 'message', role: 'user', content });

/** A model that calls a tool once per question, and then answers with its result. */
class Model {
  inputs = [];

  async getResponse({ input }) {
    this.inputs.push(structuredClone(input));
    const number = this.inputs.length;
    const last = input.at(-1);
    const output =
      last.type === 'function_call_result'
        ? {
            type: 'message',
            id: `message ${number}`,
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: `Found ${last.output.text ?? last.output}` }],
          }
        : {
            type: 'function_call',
            id: `call ${number}`,
            callId: `call ${number}`,
            name: 'look_up',
            status: 'completed',
            arguments: JSON.stringify({ key: `key ${number}` }),
          };
    return { usage: new Usage(), output: [output], responseId: `response ${number}` };
  }

  getStreamedResponse() {
    throw new Error('not used');
  }
}

/** Returns an agent with its model, and a runner that exports no traces. */
function assistant(needsApproval = false) {
  const model = new Model();
  const agent = new Agent({
    name: 'assistant',
    model,
    tools: [
      tool({
        name: 'look_up',
        description: 'Looks up a value.',
        parameters: z.object({ key: z.string() }),
        needsApproval,
        execute: ({ key }) => `the value of ${key}`,
      }),
    ],
  });
  return { agent, model, runner: new Runner({ tracingDisabled: true }) };
}

onEachSharedStore('turns continue as with a session in memory', async (chat) => {
  const results = [];
  const memory = new MemorySession();
  const sessionId = await memory.getSessionId();
  for (const open of [() => memory, () => new ChatkeepSession(chat, { sessionId })]) {
    const { agent, model, runner } = assistant();
    for (const question of ['one', 'two', 'three']) {
      const { finalOutput } = await runner.run(agent, question, { session: open() });
      assert.match(finalOutput, /^Found the value of key \d$/);
    }
    results.push({ inputs: model.inputs, items: await open().getItems() });
  }
  assert.deepEqual(results[1], results[0]);
  assert.equal(results[1].items.length, 3 * 4);
});

onEachSharedStore('two stores lose no item and apply a transaction once', async (chat, url) => {
  const other = new Chatkeep(url);
  const session = new ChatkeepSession(chat);
  const twin = new ChatkeepSession(other, { sessionId: await session.getSessionId() });
  const call = { type: 'function_call', callId: 'call', name: 'add', arguments: '{}' };
  await session.addItems([call]);
  const numbers = Array.from({ length: 8 }, (_, number) => String(number));
  const append = (target) => async (number) =>
    await target.applyHistoryTransaction({
      operationId: number,
      transaction: { type: 'append_items', items: [user(number)] },
    });
  const replace = async (number) =>
    await twin.applyHistoryMutations({
      mutations: [
        {
          type: 'replace_function_call',
          callId: 'call',
          replacement: { ...call, arguments: number },
        },
      ],
    });
  await Promise.all([
    ...numbers.flatMap((number) => [session, twin].map((one) => append(one)(number))),
    ...numbers.map((number) => session.addItems([user(`added ${number}`)])),
    ...numbers.map(replace),
  ]);
  const items = await twin.getItems();
  assert.equal(items[0].type, 'function_call');
  const texts = items.slice(1).map(({ content }) => content);
  const expected = numbers.flatMap((number) => [number, `added ${number}`]);
  assert.deepEqual(texts.sort(), expected.sort());
  await other.close();
});

onEachSharedStore('a run that waits for an approval is resumed', async (chat) => {
  const session = new ChatkeepSession(chat);
  const { agent, runner } = assistant(true);
  const first = await runner.run(agent, 'question', { session });
  const [approval] = first.interruptions;
  const state = await RunState.fromString(agent, first.state.toString());
  state.approve(approval);
  const sessionId = await session.getSessionId();
  const again = new ChatkeepSession(chat, { sessionId });
  const second = await runner.run(agent, state, { session: again });
  assert.equal(second.finalOutput, 'Found the value of key 1');
  assert.deepEqual(
    (await session.getItems()).map(({ type }) => type),
    ['message', 'function_call', 'function_call_result', 'message'],
  );
});

test('the SDK detects what a session supports', (t) => {
  const session = new ChatkeepSession(memoryStore(t));
  assert.ok(isSessionHistoryRewriteAwareSession(session));
  assert.ok(isSessionHistoryTransactionAwareSession(session));
});

test('a session from a URL is closed, and one from a store leaves it open', async (t) => {
  const url = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const session = new ChatkeepSession(url, { sessionId: 'a' });
  await session.addItems([user('Hello')]);
  await session[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
  await session.close();
  await assert.rejects(session.getItems(), { code: 'CHATKEEP_UNAVAILABLE' });

  const chat = new Chatkeep(url);
  t.after(() => chat.close());
  const shared = new ChatkeepSession(chat, { sessionId: 'a' });
  assert.equal(shared.chat, chat);
  await shared.close({ timeout: 1 });
  assert.deepEqual(await shared.getItems(), [user('Hello')]);
  const [one, other] = [new ChatkeepSession(chat), new ChatkeepSession(chat, {})];
  assert.notEqual(await one.getSessionId(), await other.getSessionId());
});

test('a session without an argument uses the environment and does not load the SDK', async (t) => {
  const DATABASE_URL = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const program = `
    import { createRequire } from 'node:module';
    import { ChatkeepSession } from 'chatkeep/openai-agents';
    await new ChatkeepSession(null, { sessionId: 'a' }).addItems([{ role: 'user', content: 'b' }]);
    console.log(await new ChatkeepSession(undefined, { sessionId: 'a' }).getItems());
    const loaded = Object.keys(createRequire(process.cwd() + '/a.js').cache);
    console.log(loaded.filter((path) => /openai.agents.(core|openai)|zod/.test(path)));
  `;
  const { stdout } = await run(program, { variables: { DATABASE_URL } });
  assert.equal(stdout, "[ { role: 'user', content: 'b' } ]\n[]\n");
});

test('import and require return the same class', () => {
  const required = createRequire(import.meta.url)('chatkeep/openai-agents');
  assert.deepEqual(Object.keys(required), ['ChatkeepSession']);
  assert.equal(required.ChatkeepSession, ChatkeepSession);
});

test('a database that is down is never reported as an empty history', async () => {
  const session = new ChatkeepSession(new Chatkeep(DOWN, { connectTimeout: 2, maxRetries: 0 }));
  const down = { code: 'CHATKEEP_UNAVAILABLE' };
  await assert.rejects(session.getItems(), down);
  await assert.rejects(session.getItems(1), down);
  await assert.rejects(session.popItem(), down);
  await assert.rejects(session.addItems([user('a')]), down);
  await assert.rejects(session.clearSession(), down);
});

const transaction = (fields) => ({ operationId: 'a', transaction: fields });
const append = { type: 'append_items', items: [] };
const WRONG = [
  ['chat', () => new ChatkeepSession(5)],
  ['options', (session) => new ChatkeepSession(session.chat, 'a')],
  ['session', (session) => new ChatkeepSession(session.chat, { session: 'a' })],
  ['sessionId', (session) => new ChatkeepSession(session.chat, { sessionId: '' })],
  ['sessionId', (session) => new ChatkeepSession(session.chat, { sessionId: 5 })],
  ['userId', (session) => new ChatkeepSession(session.chat, { userId: 5 })],
  ['items', (session) => session.addItems({})],
  ['items[1]', (session) => session.addItems([{}, null])],
  ['limit', (session) => session.getItems(0.5)],
  ['items', (session) => session.replaceHistoryWithCompaction('a')],
  ['mutations', (session) => session.applyHistoryMutations({})],
  ['mutations', (session) => session.applyHistoryMutations(undefined)],
  ['mutations[0].type', (session) => session.applyHistoryMutations({ mutations: [{}] })],
  ['expected', (session) => session.applyHistoryMutations({ mutations: [{ expected: {} }] })],
  [
    'mutations[0].replacement',
    (session) =>
      session.applyHistoryMutations({ mutations: [{ type: 'replace_function_call', callId: '' }] }),
  ],
  ['operationId', (session) => session.applyHistoryTransaction(undefined)],
  ['operationId', (session) => session.applyHistoryTransaction({ operationId: ' ' })],
  ['transaction', (session) => session.applyHistoryTransaction(transaction(null))],
  ['type', (session) => session.applyHistoryTransaction(transaction({ type: 'clear' }))],
  ['items', (session) => session.applyHistoryTransaction(transaction({ ...append, items: 5 }))],
  [
    'items[0]',
    (session) => session.applyHistoryTransaction(transaction({ ...append, items: [5] })),
  ],
  ['more', (session) => session.applyHistoryTransaction(transaction({ ...append, more: 1 }))],
  [
    'replacement',
    (session) =>
      session.applyHistoryTransaction(transaction({ type: 'replace_suffix', expectedSuffix: [] })),
  ],
];

test('invalid arguments are rejected with the name of the field', async (t) => {
  const session = new ChatkeepSession(memoryStore(t));
  await assertInvalid(session, WRONG);
  assert.deepEqual(await session.getItems(), []);
  assert.throws(() => new ChatkeepSession('chat.db'), { code: 'CHATKEEP_CONFIGURATION' });
});
