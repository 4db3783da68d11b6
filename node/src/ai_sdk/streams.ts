/** Streams of chats, which clients can resume. */

import { isPublicId } from '../conversation_items/ids.js';
import type { ItemList } from '../conversation_items/item_list.js';
import { ChatkeepError, withField, wrongType } from '../errors.js';
import type { StreamInfo, StreamStatus } from '../generated/types.js';
import type { Chatkeep } from '../store.js';
import type { StoredStream, StreamToStore } from './types.js';

/** Kind of the streams. A conversation may have streams of other kinds. */
const KIND = 'ui-message-stream';
/** Time after which a writer without text looks for a cancellation, in milliseconds. */
const IDLE = 5_000;
/** Time that a reader waits in one call, in seconds. */
const WAIT = 30;

/** A chat whose streams are used. */
export interface ChatStreams {
  readonly chat: Chatkeep;
  readonly conversation: string;
  /** The items, which can create the conversation. */
  readonly list: ItemList;
}

/** Returns the running streams of a chat, the newest first, after checking the user. */
async function running({ chat, conversation, list }: ChatStreams): Promise<StreamInfo[]> {
  if (!(await list.checkOwner())) return [];
  const found: StreamInfo[] = [];
  let cursor: string | null = null;
  do {
    const options = { conversationId: conversation, running: true, cursor };
    const page = await chat.streamManager.listStreams(options);
    found.push(...page.streams.filter(({ kind }) => kind === KIND));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

/** Returns the id of the stream that can be resumed. */
export async function activeStreamId(streams: ChatStreams): Promise<string | null> {
  return (await running(streams))[0]?.publicId ?? null;
}

/** Creates a stream, which becomes the active one of its chat. Earlier ones end. */
async function createActive(streams: ChatStreams, streamId: string | undefined): Promise<string> {
  const { publicId } = await streams.list.orCreated(() => create(streams, streamId));
  await endOthers(streams, publicId);
  return publicId;
}

async function create(
  { chat, conversation }: ChatStreams,
  streamId: string | undefined,
): Promise<StreamInfo> {
  const options = { conversationId: conversation, kind: KIND, publicId: streamId };
  try {
    return await chat.streamManager.createStream(options);
  } catch (error) {
    const isId = error instanceof ChatkeepError && error.field === 'publicId';
    throw isId ? withField(error, 'streamId') : error;
  }
}

async function endOthers(streams: ChatStreams, kept: string | null): Promise<void> {
  const others = (await running(streams)).filter(({ publicId }) => publicId !== kept);
  for (const { publicId } of others) await end(streams.chat, publicId, 'interrupted');
}

async function end(chat: Chatkeep, streamId: string, status: StreamStatus): Promise<boolean> {
  return (await chat.streamManager.finishStream(streamId, { status })).ended;
}

/** Makes a stream the active one, or with `null` ends the active one. */
export async function setActive(streams: ChatStreams, streamId: string | null): Promise<void> {
  if (streamId === null) {
    await endOthers(streams, null);
    return;
  }
  const active = await running(streams);
  if (active.some(({ publicId }) => publicId === streamId)) await endOthers(streams, streamId);
  else await createActive(streams, streamId);
}

/** Ends a stream if it belongs to the chat. */
export async function clearActive(streams: ChatStreams, streamId: string): Promise<boolean> {
  if (!isPublicId(streamId) || (await ofChat(streams, streamId)) === null) return false;
  return await end(streams.chat, streamId, 'cancelled');
}

/** Requests that the writer of a stream stops: of the active one, or of the one with this id. */
export async function stop(streams: ChatStreams, streamId: string | undefined): Promise<boolean> {
  const id = streamId ?? (await activeStreamId(streams));
  if (id === null || !isPublicId(id) || (await ofChat(streams, id)) === null) return false;
  return await streams.chat.streamManager.cancelStream(id);
}

async function ofChat(streams: ChatStreams, streamId: string): Promise<StreamInfo | null> {
  if (!(await streams.list.checkOwner())) return null;
  const found = await streams.chat.streamManager.getStream(streamId);
  return found?.conversationId === streams.conversation && found.kind === KIND ? found : null;
}

/** Stores a stream until its end. Never rejects: the AI SDK does not handle the rejection. */
export async function store(
  streams: ChatStreams,
  { stream, streamId, abortController, report = warn }: StreamToStore,
): Promise<StoredStream> {
  const reader = stream.getReader();
  let id: string | null = null;
  try {
    id = await createActive(streams, streamId);
    return { streamId: id, status: await write(streams.chat, id, reader, abortController) };
  } catch (error) {
    report(`a stream of a chat is not stored: ${error instanceof Error ? error.message : error}`);
    // Otherwise the events would be queued in memory.
    await reader.cancel(error).catch(() => {});
    if (id !== null) await end(streams.chat, id, 'failed').catch(() => {});
    return { streamId: id, status: 'failed' };
  }
}

async function write(
  chat: Chatkeep,
  id: string,
  reader: ReadableStreamDefaultReader<string>,
  abortController: AbortController | undefined,
): Promise<StoredStream['status']> {
  let isStopped = false;
  let next = reader.read();
  for (;;) {
    const result = await within(IDLE, next);
    if (result?.done) break;
    let isCancelled: boolean;
    try {
      isCancelled = await chat.streamManager.append(id, result?.value ?? '');
    } catch (error) {
      const ended = await chat.streamManager.getStream(id);
      if (ended === null || ended.status === 'running') throw error;
      await reader.cancel().catch(() => {});
      if (ended.status !== 'cancelled') return 'replaced';
      abortController?.abort();
      return 'stopped';
    }
    if (isCancelled && !isStopped) {
      isStopped = true;
      // The source may have more events after it was aborted.
      if (abortController === undefined) break;
      abortController.abort();
    }
    if (result !== null) next = reader.read();
  }
  if (isStopped) await reader.cancel().catch(() => {});
  const isEnded = await end(chat, id, isStopped ? 'cancelled' : 'completed');
  if (isStopped) return 'stopped';
  return isEnded ? 'completed' : 'replaced';
}

/** Returns the value of a promise, or null after a time in milliseconds. */
async function within<T>(time: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, time, null);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the events of the active stream from its start on, and those that follow. */
export async function resume(streams: ChatStreams): Promise<ReadableStream<Uint8Array> | null> {
  const id = await activeStreamId(streams);
  if (id === null) return null;
  const { streamManager } = streams.chat;
  const aborted = new AbortController();
  const encoder = new TextEncoder();
  let afterSeq = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const options = { afterSeq, waitSeconds: WAIT, signal: aborted.signal };
        const read = await streamManager.read(id, options);
        const chunks = read?.chunks ?? [];
        for (const { seq, text } of chunks) {
          controller.enqueue(encoder.encode(text));
          afterSeq = seq;
        }
        if (read === null || read.done) {
          controller.close();
          return;
        }
        if (chunks.length > 0) return;
      }
    },
    cancel() {
      aborted.abort();
    },
  });
}

/** Returns the id of a stream after checking its type. */
export function streamIdOf(operation: string, streamId: unknown): string {
  if (typeof streamId === 'string') return streamId;
  throw wrongType(operation, 'streamId', 'a string', streamId);
}

function warn(message: string): void {
  console.warn(`chatkeep: ${message}`);
}
