/** Streams of chats of the AI SDK: they are stored, resumed in other processes, and stopped. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  convertToModelMessages,
  createUIMessageStream,
  createUIMessageStreamResponse,
  parseJsonEventStream,
  readUIMessageStream,
  streamText,
  toUIMessageStream,
  UI_MESSAGE_STREAM_HEADERS,
  uiMessageChunkSchema,
} from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { Chatkeep } from 'chatkeep';
import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
import { DOWN } from './support/databases.mjs';
import { outcome, start } from './support/programs.mjs';
import { onEachSharedStore } from './support/shared_stores.mjs';

/** Defines a test per engine. `body` gets two stores of chats, as two programs have them. */
function onEachEngine(name, body) {
  onEachSharedStore(name, async (chat, url, t) => {
    const other = new Chatkeep(url);
    t.after(() => other.close());
    await body(new ChatkeepChatStore(chat), new ChatkeepChatStore(other), url);
  });
}

const HOSTILE = ['a\0b', 'a\ud800b', '日本語 🎉', '\r\n\n', 'x'.repeat(100_000)];

/** Creates a stream of strings, and functions that add to it and end it. */
function source() {
  let controller;
  let isCancelled = false;
  const stream = new ReadableStream({
    start(created) {
      controller = created;
    },
    cancel() {
      isCancelled = true;
    },
  });
  return {
    stream,
    add: (text) => controller.enqueue(text),
    end: () => controller.close(),
    fail: (error) => controller.error(error),
    isCancelled: () => isCancelled,
  };
}

const textOf = (stream) => new Response(stream).text();

/** Waits until a condition holds. */
async function until(condition) {
  for (let wait = 0; !(await condition()); wait += 1) {
    assert.ok(wait < 600, 'it takes too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts to store a source, and waits until its stream is the active one. */
async function started(store, chatId, options = {}) {
  const events = source();
  const before = await store.getActiveStreamId(chatId);
  const stored = store.storeStream({ chatId, stream: events.stream, ...options });
  await until(async () => (await store.getActiveStreamId(chatId)) !== before);
  return { ...events, stored, streamId: await store.getActiveStreamId(chatId) };
}

onEachEngine('readers in other programs get all events', async (store, other) => {
  const chatId = await store.createChat();
  assert.equal(await other.resumeStream(chatId), null);
  const events = await started(store, chatId);
  events.add('first ');
  const early = textOf(await other.resumeStream(chatId));
  events.add('second ');
  const own = textOf(await store.resumeStream(chatId));
  events.add('');
  events.add('third');
  events.end();
  assert.deepEqual(await events.stored, { streamId: events.streamId, status: 'completed' });
  for (const text of [await early, await own]) assert.equal(text, 'first second third');
  assert.equal(await other.getActiveStreamId(chatId), null);
  assert.equal(await other.resumeStream(chatId), null);
});

onEachEngine('a response of the AI SDK is resumed as it was sent', async (store, other) => {
  const chatId = randomUUID();
  const pause = withResolvers();
  const response = createUIMessageStreamResponse({
    stream: createUIMessageStream({
      async execute({ writer }) {
        writer.write({ type: 'start', messageId: 'answer' });
        writer.write({ type: 'text-start', id: '1' });
        for (const delta of HOSTILE) writer.write({ type: 'text-delta', id: '1', delta });
        await pause.promise;
        writer.write({ type: 'text-end', id: '1' });
      },
      onFinish: ({ messages }) => store.saveChat({ chatId, messages }),
    }),
    consumeSseStream: ({ stream }) => store.storeStream({ chatId, stream }),
  });
  const sent = response.text();
  let resumed;
  await until(async () => {
    resumed = await other.resumeStream(chatId);
    return resumed !== null;
  });
  const body = new Response(resumed, { headers: UI_MESSAGE_STREAM_HEADERS }).body;
  const [events, copy] = body.tee();
  pause.resolve();
  assert.equal(await textOf(events), await sent);
  const chunks = parseJsonEventStream({ stream: copy, schema: uiMessageChunkSchema });
  let message;
  const values = chunks.pipeThrough(
    new TransformStream({ transform: ({ value }, controller) => controller.enqueue(value) }),
  );
  for await (const one of readUIMessageStream({ stream: values })) message = one;
  assert.equal(message.parts[0].text, HOSTILE.join(''));
  const [saved] = await other.loadChat(chatId);
  assert.deepEqual([saved.id, saved.parts[0].text], ['answer', HOSTILE.join('')]);
});

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

onEachEngine('a model’s response is stored, stopped and saved', async (store, other) => {
  const question = { id: '1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };
  const chatId = await store.createChat({ messages: [question] });
  const abortController = new AbortController();
  const model = new MockLanguageModelV4({
    doStream: async ({ abortSignal }) => ({
      stream: new ReadableStream({
        start(controller) {
          controller.enqueue({ type: 'stream-start', warnings: [] });
          controller.enqueue({ type: 'text-start', id: '1' });
          controller.enqueue({ type: 'text-delta', id: '1', delta: 'Half of' });
          // The rest is never generated.
          abortSignal.addEventListener('abort', () => controller.error(abortSignal.reason));
        },
      }),
    }),
  });
  const messages = await store.loadChat(chatId, { validate: true });
  const result = streamText({
    model,
    messages: await convertToModelMessages(messages),
    abortSignal: abortController.signal,
  });
  let stored;
  const response = createUIMessageStreamResponse({
    stream: toUIMessageStream({
      stream: result.stream,
      originalMessages: messages,
      generateMessageId: () => 'answer',
      onEnd: (end) => store.saveChat({ chatId, messages: end.messages }),
    }),
    consumeSseStream({ stream }) {
      stored = store.storeStream({ chatId, stream, abortController });
    },
  });
  const sent = response.text();
  await until(async () => (await other.getActiveStreamId(chatId)) !== null);
  assert.equal(await other.stopStream(chatId), true);
  assert.equal(await other.stopStream(chatId), false);
  assert.equal((await stored).status, 'stopped');
  assert.match(await sent, /"type":"abort"/);
  await until(async () => (await other.loadChat(chatId)).length === 2);
  const [, answer] = await other.loadChat(chatId);
  assert.deepEqual([answer.id, answer.parts.at(-1).text], ['answer', 'Half of']);
  assert.equal(await store.getActiveStreamId(chatId), null);
});

onEachEngine('a stream is stopped by another program', async (store, other) => {
  const chatId = await store.createChat();
  for (const abortController of [undefined, new AbortController()]) {
    const events = await started(store, chatId, { abortController });
    events.add('a');
    const read = textOf(await other.resumeStream(chatId));
    assert.equal(await other.stopStream(chatId, 'another'), false);
    assert.equal(await other.stopStream(chatId, events.streamId), true);
    // A source that was aborted ends, also with more events.
    abortController?.signal.addEventListener('abort', () => {
      events.add('end');
      events.end();
    });
    assert.deepEqual(await events.stored, { streamId: events.streamId, status: 'stopped' });
    assert.equal(events.isCancelled(), abortController === undefined);
    assert.equal(await read, abortController === undefined ? 'a' : 'aend');
    assert.equal(await other.getActiveStreamId(chatId), null);
    assert.equal(await other.stopStream(chatId, events.streamId), false);
  }
  // Ended elsewhere, without a request.
  const abortController = new AbortController();
  const events = await started(store, chatId, { abortController });
  assert.equal(await other.clearActiveStreamId(chatId, events.streamId), true);
  assert.equal(await other.clearActiveStreamId(chatId, events.streamId), false);
  events.add('late');
  assert.equal((await events.stored).status, 'stopped');
  assert.ok(abortController.signal.aborted && events.isCancelled());
});

onEachEngine('a new stream replaces the active one', async (store, other) => {
  const chatId = await store.createChat();
  const abortController = new AbortController();
  const first = await started(store, chatId, { abortController });
  first.add('first');
  const reader = textOf(await other.resumeStream(chatId));
  const second = await started(other, chatId, { streamId: `own-${chatId}` });
  assert.equal(second.streamId, `own-${chatId}`);
  assert.equal((await store.readChat(chatId)).activeStreamId, second.streamId);
  first.add('late');
  assert.equal((await first.stored).status, 'replaced');
  assert.ok(!abortController.signal.aborted);
  assert.ok(['first', ''].includes(await reader));
  second.add('second');
  const resumed = textOf(await store.resumeStream(chatId));
  second.end();
  assert.equal((await second.stored).status, 'completed');
  assert.equal(await resumed, 'second');
});

onEachEngine(
  'ids of streams that other programs store are set and cleared',
  async (store, other) => {
    const [chatId, name] = [randomUUID(), randomUUID()];
    const [first, second] = [`first-${name}`, `second-${name}`];
    await store.setActiveStreamId(chatId, first);
    assert.equal(await other.getActiveStreamId(chatId), first);
    await other.setActiveStreamId(chatId, first);
    await other.saveChat({ id: chatId, activeStreamId: second });
    assert.equal(await store.getActiveStreamId(chatId), second);
    // A late request does not clear a newer stream.
    assert.equal(await store.clearActiveStreamId(chatId, first), false);
    assert.equal(await store.clearActiveStreamId(chatId, `unknown-${name}`), false);
    assert.equal(await store.clearActiveStreamId(chatId, 'not an id'), false);
    assert.equal((await store.readChat(chatId)).activeStreamId, second);
    const ended = { code: 'CHATKEEP_CONFLICT', field: 'streamId' };
    await assert.rejects(store.setActiveStreamId(chatId, first), ended);
    const another = await store.createChat();
    await assert.rejects(store.setActiveStreamId(another, second), ended);
    assert.equal(await store.clearActiveStreamId(another, second), false);
    assert.equal(await store.stopStream(another, second), false);
    await store.saveChat({ id: chatId, messages: [], activeStreamId: null });
    assert.equal(await other.getActiveStreamId(chatId), null);
    await store.setActiveStreamId(chatId, null);
  },
);

onEachEngine('streams of other kinds are not active', async (store) => {
  const chatId = await store.createChat();
  const { publicId } = await store.chat.streamManager.createStream({ conversationId: chatId });
  assert.equal(await store.getActiveStreamId(chatId), null);
  assert.equal(await store.stopStream(chatId, publicId), false);
  await store.setActiveStreamId(chatId, null);
  const stream = await store.chat.streamManager.getStream(publicId);
  assert.equal(stream.status, 'running');
});

onEachEngine('a reader that leaves holds nothing', async (store, other) => {
  const chatId = await store.createChat();
  const events = await started(store, chatId, { report: () => {} });
  events.add('a');
  const reader = (await other.resumeStream(chatId)).getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'a');
  const waiting = reader.read();
  await reader.cancel();
  assert.equal((await waiting).done, true);
  await store.deleteChat(chatId);
  events.add('late');
  assert.equal((await events.stored).status, 'failed');
});

onEachEngine('a stream that fails ends, and the error is reported', async (store) => {
  const chatId = await store.createChat();
  const reports = [];
  const report = (text) => reports.push(text);
  const events = await started(store, chatId, { report });
  events.add('a');
  const read = textOf(await store.resumeStream(chatId));
  events.fail(new Error('the source broke'));
  assert.equal((await events.stored).status, 'failed');
  assert.match(reports[0], /the source broke/);
  assert.equal(await read, 'a');
  assert.equal(await store.getActiveStreamId(chatId), null);
});

test('a database that is down does not break the response', async (t) => {
  const warnings = t.mock.method(console, 'warn', () => {});
  const store = new ChatkeepChatStore(new Chatkeep(DOWN, { connectTimeout: 2, maxRetries: 0 }));
  let stored;
  const response = createUIMessageStreamResponse({
    stream: createUIMessageStream({
      execute({ writer }) {
        writer.write({ type: 'start', messageId: 'answer' });
      },
    }),
    consumeSseStream({ stream }) {
      stored = store.storeStream({ chatId: 'a', stream });
    },
  });
  assert.match(await response.text(), /\[DONE\]/);
  assert.deepEqual(await stored, { streamId: null, status: 'failed' });
  assert.match(
    warnings.mock.calls[0].arguments[0],
    /^chatkeep: a stream of a chat is not stored: /,
  );
  assert.ok(!warnings.mock.calls[0].arguments[0].includes('s3cret'));
});

const WRITER = `
  import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
  const store = new ChatkeepChatStore(process.env.DATABASE_URL);
  const stream = new ReadableStream({
    async start(controller) {
      controller.enqueue('first ');
      process.stdin.once('data', () => {
        controller.enqueue('last');
        controller.close();
      });
    },
  });
  console.log((await store.storeStream({ chatId: process.argv[1], stream })).status);
  await store.close();
  process.exit();
`;

onEachEngine('a stream of another process is read', async (store, _, url) => {
  const chatId = await store.createChat();
  const program = start(WRITER, { args: [chatId], variables: { DATABASE_URL: url } });
  await until(async () => (await store.getActiveStreamId(chatId)) !== null);
  const read = textOf(await store.resumeStream(chatId));
  program.stdin.write('end\n');
  assert.equal((await outcome(program)).stdout, 'completed\n');
  assert.equal(await read, 'first last');
});
