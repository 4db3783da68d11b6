/** The saver for LangGraph: graphs, how a saver is made and closed, and its errors. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import {
  Annotation,
  Command,
  END,
  interrupt,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph';
import { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSaver } from 'chatkeep/langgraph';
import { checkpointOf, configOf, ids, onEachEngine, put } from './support/checkpoints.mjs';
import { DOWN, ENGINES, emptyDatabase, temporaryFolder } from './support/databases.mjs';
import { run } from './support/programs.mjs';
import { assertInvalid } from './support/rejections.mjs';
import { all, memoryStore } from './support/stores.mjs';

/** Returns a graph that answers each message. */
function chatbot(checkpointer) {
  return new StateGraph(MessagesAnnotation)
    .addNode('answer', ({ messages }) => ({
      messages: [new AIMessage(`You said: ${messages.at(-1).content}`)],
    }))
    .addEdge(START, 'answer')
    .addEdge('answer', END)
    .compile({ checkpointer });
}

const say = (text) => ({ messages: [new HumanMessage(text)] });
const contents = ({ messages }) => messages.map(({ content }) => content);

/** The same graph as a CommonJS program, which continues the thread `a`. */
const CONTINUE = `
  import { createRequire } from 'node:module';
  const require = createRequire(process.cwd() + '/program.cjs');
  const { AIMessage, HumanMessage } = require('@langchain/core/messages');
  const { MessagesAnnotation, StateGraph } = require('@langchain/langgraph');
  const { ChatkeepSaver } = require('chatkeep/langgraph');
  const saver = ChatkeepSaver.fromConnString(process.env.DATABASE_URL);
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('answer', ({ messages }) => ({
      messages: [new AIMessage('You said: ' + messages.at(-1).content)],
    }))
    .addEdge('__start__', 'answer')
    .compile({ checkpointer: saver });
  const config = { configurable: { thread_id: 'a' } };
  const { messages } = await graph.invoke({ messages: [new HumanMessage('Again')] }, config);
  console.log(messages.map(({ constructor }) => [AIMessage, HumanMessage].indexOf(constructor)));
  await saver.end();
`;

for (const engine of ENGINES) {
  test(`a thread is continued by another program on ${engine}`, async (t) => {
    const { url } = await emptyDatabase(t, engine);
    const config = configOf('a');
    const saver = new ChatkeepSaver(url);
    t.after(() => saver.close());
    await chatbot(saver).invoke(say('Hello'), config);
    const { stdout } = await run(CONTINUE, { variables: { DATABASE_URL: url } });
    assert.equal(stdout, '[ 1, 0, 1, 0 ]\n');
    const state = await chatbot(saver).invoke(say('Bye'), config);
    const said = ['Hello', 'Again', 'Bye'].flatMap((text) => [text, `You said: ${text}`]);
    assert.deepEqual(contents(state), said);
    assert.ok(state.messages[2] instanceof HumanMessage && state.messages[3] instanceof AIMessage);
    const history = await all(chatbot(saver).getStateHistory(config));
    assert.deepEqual(
      history.map(({ values }) => values.messages.length),
      [6, 5, 4, 4, 3, 2, 2, 1, 0],
    );
  });
}

onEachEngine('a graph is forked, copied and updated in the past', async (saver) => {
  const graph = chatbot(saver);
  const config = configOf('a');
  await graph.invoke(say('one'), config);
  const [past] = await all(graph.getStateHistory(config, { limit: 1 }));
  // Three branches whose channels have the same versions.
  for (const text of ['two', 'three', 'four']) await graph.invoke(say(text), past.config);
  const heads = await all(graph.getStateHistory(config, { filter: { step: 4, source: 'loop' } }));
  const said = heads.map(({ values }) => contents(values).slice(2));
  const expected = ['four', 'three', 'two'].map((text) => [text, `You said: ${text}`]);
  assert.deepEqual(said, expected);
  for (const [index, { config: head }] of heads.entries()) {
    const copy = await graph.updateState(head, null, '__copy__');
    assert.deepEqual(contents((await graph.getState(copy)).values).slice(2), expected[index]);
    const updated = await graph.updateState(head, say('update'), 'answer');
    const { values } = await graph.getState(updated);
    assert.deepEqual(contents(values).slice(2), [...expected[index], 'update']);
  }
});

onEachEngine('an interrupted graph is resumed after pruning', async (saver) => {
  const State = Annotation.Root({
    steps: Annotation({ reducer: (left, right) => [...left, ...right], default: () => [] }),
  });
  const subgraph = new StateGraph(State)
    .addNode('ask', () => ({ steps: [`answer: ${interrupt('question')}`] }))
    .addEdge(START, 'ask')
    .compile();
  const graph = new StateGraph(State)
    .addNode('first', () => ({ steps: ['first'] }))
    .addNode('inner', async (state) => ({ steps: (await subgraph.invoke(state)).steps.slice(-1) }))
    .addNode('beside', () => ({ steps: ['beside'] }))
    .addEdge(START, 'first')
    .addEdge('first', 'inner')
    .addEdge('first', 'beside')
    .compile({ checkpointer: saver });
  const config = configOf(7);
  await graph.invoke({ steps: ['input'] }, config);
  assert.deepEqual((await graph.getState(config)).next, ['inner']);
  assert.ok((await saver.prune([7])) > 0);
  await saver.copyThread(7, 'copy');
  for (const one of [config, configOf('copy')]) {
    const { steps } = await graph.invoke(new Command({ resume: 'yes' }), one);
    assert.deepEqual(steps.slice(0, 2), ['input', 'first']);
    assert.deepEqual(steps.slice(2).sort(), ['answer: yes', 'beside']);
  }
});

onEachEngine('concurrent graphs share a saver', async (saver) => {
  const graph = chatbot(saver);
  const threads = Array.from({ length: 24 }, (_, number) => configOf(number));
  await Promise.all(
    threads.map(async (config) => {
      for (let turn = 0; turn < 4; turn += 1) await graph.invoke(say(`${turn}`), config);
      assert.equal((await graph.getState(config)).values.messages.length, 8);
    }),
  );
  assert.equal((await all(saver.list({}, { filter: { step: 10 } }))).length, 24);
});

test('a saver from a URL is closed, and one from a store leaves it open', async (t) => {
  const url = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const saver = ChatkeepSaver.fromConnString(url);
  assert.ok(saver instanceof ChatkeepSaver && saver instanceof BaseCheckpointSaver);
  await saver.setup();
  await put(saver, configOf('a'), '1', {});
  await saver.end();
  await saver.close();
  const closed = { code: 'CHATKEEP_UNAVAILABLE' };
  await assert.rejects(saver.getTuple(configOf('a')), closed);

  const chat = new Chatkeep(url);
  t.after(() => chat.close());
  const shared = new ChatkeepSaver(chat);
  assert.equal(shared.chat, chat);
  await shared[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
  await shared.close({ timeout: 1 });
  assert.deepEqual(ids(await all(shared.list({}))), ['1']);
  assert.equal(JSON.stringify({ saver: shared }), '{"saver":"[ChatkeepSaver]"}');
});

test('a saver without an argument uses the environment', async (t) => {
  const DATABASE_URL = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const program = `
    import { ChatkeepSaver } from 'chatkeep/langgraph';
    const [one, other] = [new ChatkeepSaver(), new ChatkeepSaver(null, {})];
    await one.put({ configurable: { thread_id: 'a' } }, { id: '1' }, {}, {});
    await one.close();
    console.log((await other.getTuple({ configurable: { thread_id: 'a' } })).config.configurable);
  `;
  const { stdout } = await run(program, { variables: { DATABASE_URL } });
  assert.equal(stdout, "{ thread_id: 'a', checkpoint_ns: '', checkpoint_id: '1' }\n");
});

test('import and require use the module of LangGraph that the program uses', async () => {
  const require = createRequire(import.meta.url);
  const required = require('chatkeep/langgraph');
  assert.deepEqual(Object.keys(required), ['ChatkeepSaver']);
  assert.equal(required.ChatkeepSaver.name, 'ChatkeepSaver');
  const { BaseCheckpointSaver: Base } = require('@langchain/langgraph-checkpoint');
  assert.ok(required.ChatkeepSaver.prototype instanceof Base);
  assert.ok(!(required.ChatkeepSaver.prototype instanceof BaseCheckpointSaver));
  const { stdout } = await run(`
    import { createRequire } from 'node:module';
    await import('chatkeep/langgraph');
    const loaded = Object.keys(createRequire(process.cwd() + '/a.js').cache);
    console.log(loaded.filter((path) => path.includes('langchain')));
  `);
  assert.equal(stdout, '[]\n');
});

test('a database that is down is never reported as no checkpoint', async () => {
  const chat = new Chatkeep(DOWN, { connectTimeout: 2, maxRetries: 0 });
  const saver = new ChatkeepSaver(chat);
  const down = { code: 'CHATKEEP_UNAVAILABLE' };
  await assert.rejects(saver.getTuple(configOf('a')), down);
  await assert.rejects(all(saver.list(configOf('a'))), down);
  await assert.rejects(put(saver, configOf('a'), '1', {}), down);
});

const LONG = 'x'.repeat(256);
const NO_CHECKPOINT = { configurable: { thread_id: 'a' } };
const WRONG = [
  ['thread_id', (saver) => saver.getTuple(configOf(1.5))],
  ['thread_id', (saver) => saver.getTuple(configOf(2 ** 53))],
  ['thread_id', (saver) => saver.getTuple(configOf(true))],
  ['thread_id', (saver) => saver.getTuple(configOf({}))],
  ['config', (saver) => saver.getTuple('a')],
  ['config.configurable', (saver) => saver.getTuple({ configurable: 'a' })],
  ['thread', (saver) => saver.getTuple(configOf(''))],
  ['thread', (saver) => saver.getTuple(configOf('a\0'))],
  ['thread', (saver) => saver.getTuple(configOf('\ud800'))],
  ['thread', (saver) => saver.getTuple(configOf('é'.repeat(32_769)))],
  ['namespace', (saver) => saver.getTuple(configOf('a', undefined, 'n'.repeat(65_537)))],
  ['checkpoint_ns', (saver) => saver.getTuple(configOf('a', undefined, 5))],
  ['checkpoint_id', (saver) => saver.getTuple(configOf('a', 5))],
  ['checkpointId', (saver) => saver.getTuple(configOf('a', LONG))],
  ['thread_id', (saver) => saver.putWrites(configOf(undefined, '1'), [['c', 1]], 't')],
  ['checkpoint_id', (saver) => saver.putWrites(NO_CHECKPOINT, [['c', 1]], 't')],
  ['taskId', (saver) => saver.putWrites(configOf('a', '1'), [['c', 1]], LONG)],
  ['taskId', (saver) => saver.putWrites(configOf('a', '1'), [['c', 1]], 5)],
  ['writes[0].channel', (saver) => saver.putWrites(configOf('a', '1'), [[LONG, 1]], 't')],
  ['thread_id', (saver) => saver.put({}, checkpointOf('1'), {}, {})],
  ['thread_id', (saver) => saver.put(configOf(null), checkpointOf('1'), {}, {})],
  ['checkpoint.id', (saver) => saver.put(configOf('a'), {}, {}, {})],
  ['checkpoint.id', (saver) => saver.put(configOf('a'), checkpointOf(LONG), {}, {})],
  ['checkpoint.id', (saver) => saver.put(configOf('a'), checkpointOf('\0'), {}, {})],
  ['checkpoint.parentId', (saver) => saver.put(configOf('a', LONG), checkpointOf('1'), {}, {})],
  ['checkpoint.channels[0].channel', (saver) => put(saver, configOf('a'), '1', { [LONG]: 1 })],
  [
    'checkpoint.channels[0].version',
    (saver) => put(saver, configOf('a'), '1', {}, { versions: { c: 'v'.repeat(254) } }),
  ],
  ['checkpoint.runId', (saver) => put(saver, configOf('a'), '1', {}, { run_id: LONG })],
  ['threadId', (saver) => saver.deleteThread(undefined)],
  ['thread', (saver) => saver.deleteThread('')],
  ['runIds', (saver) => saver.deleteForRuns('run')],
  ['runIds[0]', (saver) => saver.deleteForRuns([null])],
  ['runIds[0]', (saver) => saver.deleteForRuns([''])],
  ['source', (saver) => saver.copyThread('', 'b')],
  ['target', (saver) => saver.copyThread('a', 'a')],
  ['targetThreadId', (saver) => saver.copyThread('a', 1.5)],
  ['threadIds', (saver) => saver.prune('a')],
  ['threadIds[1]', (saver) => saver.prune(['a', null])],
  ['strategy', (saver) => saver.prune(['a'], { strategy: 'oldest' })],
  ['keepLast', (saver) => saver.prune(['a'], { strategy: 'delete', keepLast: 1 })],
  ['keepLast', (saver) => saver.prune(['a'], { keepLast: 0 })],
  ['keep', (saver) => saver.prune(['a'], { keep: 1 })],
  ['thread_id', (saver) => all(saver.list(configOf(1.5)))],
  ['checkpoint_id', (saver) => all(saver.list({}, { before: configOf('a', 5) }))],
  ['limit', (saver) => all(saver.list({}, { limit: '5' }))],
  ['limit', (saver) => all(saver.list({}, { limit: 1.5 }))],
  ['thread_id', (saver) => saver.getDeltaChannelHistory({ config: configOf(), channels: ['c'] })],
  ['chat', async () => new ChatkeepSaver(5)],
  ['options', async (saver) => new ChatkeepSaver(saver.chat, saver.serde)],
  ['schema', async () => ChatkeepSaver.fromConnString('sqlite://', { schema: 'a' })],
];

test('invalid arguments are rejected with the name of the field', async (t) => {
  const saver = new ChatkeepSaver(memoryStore(t));
  await assertInvalid(saver, WRONG);
  assert.deepEqual(await all(saver.list({})), []);
  assert.throws(() => new ChatkeepSaver('chat.db'), { code: 'CHATKEEP_CONFIGURATION' });
});
