/** Chatkeep: its operations. Made from the descriptions in crates/ by `make generate`. */

import { noResult } from '../calls.js';
import { OperationGroup, operation } from '../operations.js';
import { close, flush } from '../tuned.js';
import type { FlushOptions } from './types.js';

const FLUSH = operation('store', 'flush', 'flush', ['timeout'], noResult);
const CLOSE = operation('store', 'close', 'close', ['timeout'], noResult);

/**
 * The database of a chat backend: users, sessions, tokens, conversations, messages.
 *
 * The first call connects, and creates or upgrades the schema. Settings that are not passed are
 * read from the environment.
 */
export class StoreOperations extends OperationGroup {
  /**
   * Waits for all operations that were submitted before.
   *
   * These are messages, text that was appended to streams, other asynchronous calls, and background
   * work such as recording when tokens were last used. A message is stored when a blocking call
   * returns.
   *
   * @param options Options: `timeout` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired. Unfinished operations continue.
   * @throws `CHATKEEP_CONFLICT`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: text that was appended to a stream could not be
   * stored.
   */
  flush(options?: FlushOptions): Promise<void> {
    return flush(this, FLUSH, options, ({ timeout }) => [timeout]);
  }

  /**
   * Rejects new calls, waits for operations in flight, and closes all connections.
   *
   * Later calls fail with `CHATKEEP_UNAVAILABLE`. Tasks whose leases this process keeps are
   * released. Closing a closed store does nothing.
   *
   * @param options Options: `timeout` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired. Queued messages then fail with
   * `CHATKEEP_UNAVAILABLE`; messages that are being written may or may not be stored.
   * @throws `CHATKEEP_CONFLICT`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: text that was appended to a stream could not be
   * stored.
   */
  close(options?: FlushOptions): Promise<void> {
    return close(this, CLOSE, options, ({ timeout }) => [timeout]);
  }
}
