/** StreamManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { finishedStream, streamInfo, streamPage, streamRead } from './decode.js';
import type {
  CreateStreamOptions,
  FinishStreamOptions,
  FinishedStream,
  ListStreamsOptions,
  ReadOptions,
  StreamInfo,
  StreamPage,
  StreamRead,
} from './types.js';

const CREATE_STREAM = operation(
  'streams',
  'create_stream',
  'createStream',
  ['conversationId', 'userId', 'turnId', 'kind', 'provider', 'model', 'metadata', 'publicId'],
  recordOf(streamInfo),
);
const APPEND = operation('streams', 'append', 'append', [], identity<boolean>);
const FLUSH_STREAM = operation('streams', 'flush_stream', 'flushStream', [], identity<boolean>);
const READ = operation(
  'streams',
  'read',
  'read',
  ['afterSeq', 'limit', 'waitSeconds'],
  optionalOf(streamRead),
);
const FINISH_STREAM = operation(
  'streams',
  'finish_stream',
  'finishStream',
  ['status', 'error', 'tokens', 'cost'],
  recordOf(finishedStream),
);
const CANCEL_STREAM = operation('streams', 'cancel_stream', 'cancelStream', [], identity<boolean>);
const GET_STREAM = operation('streams', 'get_stream', 'getStream', [], optionalOf(streamInfo));
const GET_STREAM_TEXT = operation(
  'streams',
  'get_stream_text',
  'getStreamText',
  [],
  identity<string | null>,
);
const LIST_STREAMS = operation(
  'streams',
  'list_streams',
  'listStreams',
  ['conversationId', 'userId', 'running', 'limit', 'cursor'],
  recordOf(streamPage),
);
const INTERRUPT_STALE_STREAMS = operation(
  'streams',
  'interrupt_stale_streams',
  'interruptStaleStreams',
  [],
  integer<number>,
);
const PRUNE_STREAM_CHUNKS = operation(
  'streams',
  'prune_stream_chunks',
  'pruneStreamChunks',
  [],
  integer<number>,
);
const PRUNE_STREAMS = operation('streams', 'prune_streams', 'pruneStreams', [], integer<number>);

/**
 * Stores and reads streamed responses.
 *
 * A stream is the text that a model generates for one response, stored while it is generated. It
 * has one writer, which appends text, and any number of readers in any process. A reader that was
 * disconnected reads on after the last chunk that it has.
 *
 * Appended text is buffered in the writer's process for up to `STREAM_FLUSH_SECONDS` or
 * `STREAM_BUFFER_BYTES`, whichever is reached first. The buffers of all streams are then stored
 * together. Text that was appended and not yet stored is lost if the process is killed;
 * `finishStream`, `flush`, `close` and a normal exit store it.
 */
export class StreamManager extends OperationGroup {
  /**
   * Creates a stream, which is running and empty.
   *
   * The first handle or process that stores text in a stream is its writer.
   *
   * @param options Options: `conversationId`, `userId`, `turnId`, `kind`, `provider`, `model`,
   * `metadata`, `publicId` and `signal`.
   * @returns The stream.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or there is no such conversation, user or
   * open turn.
   * @throws `CHATKEEP_CONFLICT`: a stream with this `publicId` exists. It is not retryable then.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * stream may have been created.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_STORAGE_FULL`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createStream(options?: CreateStreamOptions): Promise<StreamInfo> {
    return call(this, CREATE_STREAM, options, ({ conversationId, userId, turnId, kind, provider, model, metadata, publicId }) => [
      conversationId,
      userId,
      turnId,
      kind,
      provider,
      model,
      metadataText(CREATE_STREAM.name, metadata),
      publicId,
    ]);
  }

  /**
   * Appends text to a stream. It does not wait for the database.
   *
   * The text is buffered, and stored in the background. If storing fails, the buffered text is kept
   * and stored later, and the next `append`, `flushStream` or `finishStream` of the stream returns
   * the error. An append that returns an error has not appended its text.
   *
   * @param streamId The stream's public id.
   * @param text The text, at most 16 MiB. An empty text renews `updatedAt` and looks for a
   * cancellation, for a writer that waits for its model.
   * @param options An abort signal.
   * @returns Whether a cancellation was requested, as of the last time that text was stored. The
   * writer should then stop and call `finishStream` with `cancelled`.
   * @throws `CHATKEEP_INVALID_INPUT`: `text` contains a NUL character or is too large, or an
   * earlier append found that there is no such stream.
   * @throws `CHATKEEP_CONFLICT`: the stream has ended or has another writer. Text that was appended
   * since the last flush is not stored; the message has its size.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: the text that was appended earlier is not stored
   * yet, and is kept.
   */
  append(streamId: string, text: string, options?: Abortable): Promise<boolean> {
    return call(this, APPEND, options, () => [streamId, text]);
  }

  /**
   * Stores the buffered text of a stream, and waits until it is stored.
   *
   * @param streamId The stream's public id.
   * @param options An abort signal.
   * @returns Whether a cancellation was requested, as `append` returns it. `false` also if this
   * process has not appended text to the stream.
   * @throws `CHATKEEP_INVALID_INPUT`: there is no such stream.
   * @throws `CHATKEEP_CONFLICT`: the stream has ended or has another writer. The buffered text is
   * not stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: the text is not stored yet, and is kept.
   */
  flushStream(streamId: string, options?: Abortable): Promise<boolean> {
    return call(this, FLUSH_STREAM, options, () => [streamId]);
  }

  /**
   * Returns the next chunks of a stream, and optionally waits for them.
   *
   * A reader passes the `seq` of its last chunk as `afterSeq` until `done` is true. It reads each
   * chunk once and in order, also after it was disconnected, and in another process than the
   * writer. A wait holds no connection.
   *
   * @param streamId The stream's public id.
   * @param options Options: `afterSeq`, `limit`, `waitSeconds` and `signal`.
   * @returns The chunks and the state of the stream, or `null` if the stream does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `afterSeq`, `limit` or `waitSeconds` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  read(streamId: string, options?: ReadOptions): Promise<StreamRead | null> {
    return call(this, READ, options, ({ afterSeq, limit, waitSeconds }) => [
      streamId,
      afterSeq,
      limit,
      waitSeconds,
    ]);
  }

  /**
   * Stores the buffered text of a stream, and ends it.
   *
   * Of several calls in any process, the first one determines the final state, and the others
   * change nothing.
   *
   * If the stream belongs to an open turn, the same transaction moves the turn into the message
   * log, with the stream's text as the response and its state as the status. So of several replicas
   * that finish a stream, exactly one stores the message.
   *
   * @param streamId The stream's public id.
   * @param options Options: `status`, `error`, `tokens`, `cost` and `signal`.
   * @returns The stream in its final state, whether this call ended it, and the id of the message.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or there is no such stream. If the
   * message would be too large, the field is its largest one, usually `botResponse`: call
   * `finishTurn` with a shorter text first.
   * @throws `CHATKEEP_CONFLICT`: buffered text could not be stored, because the stream had ended or
   * has another writer. The stream is not ended by this call; a further call ends it without the
   * text.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Call it
   * again.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_STORAGE_FULL`,
   * `CHATKEEP_READ_ONLY`: the stream has not ended. Call it again.
   */
  finishStream(streamId: string, options?: FinishStreamOptions): Promise<FinishedStream> {
    return call(this, FINISH_STREAM, options, ({ status, error, tokens, cost }) => [
      streamId,
      status,
      error,
      tokens,
      cost,
    ]);
  }

  /**
   * Requests that the writer of a running stream stops.
   *
   * After the writer has stored text the next time, its `append` returns `true`. The stream stays
   * `running` until the writer ends it.
   *
   * @param streamId The stream's public id.
   * @param options An abort signal.
   * @returns `false` if the stream does not exist, has ended, or was cancelled before.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  cancelStream(streamId: string, options?: Abortable): Promise<boolean> {
    return call(this, CANCEL_STREAM, options, () => [streamId]);
  }

  /**
   * Returns a stream without its text.
   *
   * @param streamId The stream's public id.
   * @param options An abort signal.
   * @returns The stream, or `null` if it does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getStream(streamId: string, options?: Abortable): Promise<StreamInfo | null> {
    return call(this, GET_STREAM, options, () => [streamId]);
  }

  /**
   * Returns the whole stored text of a stream, also while it is running.
   *
   * @param streamId The stream's public id.
   * @param options An abort signal.
   * @returns The text, or `null` if the stream does not exist or its chunks were deleted after its
   * end.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getStreamText(streamId: string, options?: Abortable): Promise<string | null> {
    return call(this, GET_STREAM_TEXT, options, () => [streamId]);
  }

  /**
   * Returns a page of streams without their text, newest first.
   *
   * @param options Options: `conversationId`, `userId`, `running`, `limit`, `cursor` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listStreams(options?: ListStreamsOptions): Promise<StreamPage> {
    return call(this, LIST_STREAMS, options, ({ conversationId, userId, running, limit, cursor }) => [
      conversationId,
      userId,
      running,
      limit,
      cursor,
    ]);
  }

  /**
   * Marks running streams without recent text as `interrupted`.
   *
   * Their writers have probably been killed. Call it regularly; a writer that waits longer than
   * this for its model should append an empty text now and then. The open turn of a stream is moved
   * into the message log as `interrupted`, with the text that is stored.
   *
   * @param seconds Minimum time since the last change. A value below 5 can interrupt live writers.
   * Default: 300.
   * @param options An abort signal.
   * @returns The number of interrupted streams.
   * @throws `CHATKEEP_INVALID_INPUT`: `seconds` is out of range. Nothing is changed.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some streams may be interrupted. Call it again.
   */
  interruptStaleStreams(seconds?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, INTERRUPT_STALE_STREAMS, options, () => [seconds]);
  }

  /**
   * Deletes the text of streams that ended a number of seconds ago. The streams themselves are
   * kept.
   *
   * Streams are for delivery: an application stores the complete text elsewhere, such as in the
   * message log. Until their text is deleted, readers can read it again.
   *
   * @param seconds Minimum time since the end. Default: 3600.
   * @param options An abort signal.
   * @returns The number of deleted chunks.
   * @throws `CHATKEEP_INVALID_INPUT`: `seconds` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some chunks may be deleted. Call it again.
   */
  pruneStreamChunks(seconds?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, PRUNE_STREAM_CHUNKS, options, () => [seconds]);
  }

  /**
   * Deletes the streams that ended a number of days ago, with their text.
   *
   * @param days Minimum age in days of 24 hours since the end, 1–3,650,000. Default: 30.
   * @param options An abort signal.
   * @returns The number of deleted streams.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some streams may be deleted. Call it again.
   */
  pruneStreams(days?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, PRUNE_STREAMS, options, () => [days]);
  }
}
