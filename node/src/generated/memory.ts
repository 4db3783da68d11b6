/** MemoryManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { recordsArg } from '../records.js';
import { integer, listOf, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { memory } from './decode.js';
import { newMemoryKeys } from './encode.js';
import type {
  GetMemoryOptions,
  ListMemoryNamespacesOptions,
  Memory,
  NewMemory,
  PutMemoryOptions,
  SearchMemoriesOptions,
} from './types.js';

const PUT_MEMORY = operation(
  'memory',
  'put_memory',
  'putMemory',
  ['ttlSeconds'],
  recordOf(memory),
);
const PUT_MEMORIES = operation('memory', 'put_memories', 'putMemories', [], noResult);
const GET_MEMORY = operation(
  'memory',
  'get_memory',
  'getMemory',
  ['refreshTtl'],
  optionalOf(memory),
);
const DELETE_MEMORY = operation('memory', 'delete_memory', 'deleteMemory', [], identity<boolean>);
const DELETE_MEMORIES_UNDER = operation(
  'memory',
  'delete_memories_under',
  'deleteMemoriesUnder',
  [],
  integer<number>,
);
const DELETE_EXPIRED_MEMORIES = operation(
  'memory',
  'delete_expired_memories',
  'deleteExpiredMemories',
  [],
  integer<number>,
);
const SEARCH_MEMORIES = operation(
  'memory',
  'search_memories',
  'searchMemories',
  ['filter', 'limit', 'offset', 'refreshTtl'],
  listOf(memory),
);
const LIST_MEMORY_NAMESPACES = operation(
  'memory',
  'list_memory_namespaces',
  'listMemoryNamespaces',
  ['prefix', 'suffix', 'maxDepth', 'limit', 'offset'],
  recordOf(identity<string[][]>),
);

/**
 * Stores the long-term memory of agents, as JSON objects that outlive a conversation.
 *
 * An item has a namespace, which is a list of segments such as `["users", "ada", "preferences"]`,
 * and a key. Searches find the items below a namespace by the values of their keys.
 * `["users", "ada"]` is not above `["users", "adam"]`: segments are compared as a whole, and by
 * their characters.
 *
 * An item with a time to live expires unless it is stored or read again. An expired item does not
 * exist, even before it is deleted.
 *
 * In Python, `chatkeep.langgraph` has a store for LangGraph that uses it.
 */
export class MemoryManager extends OperationGroup {
  /**
   * Stores an item, and replaces one with the same namespace and key.
   *
   * `createdAt` stays when an item is replaced.
   *
   * @param namespace Namespace, from the outermost segment on. Each segment has 1–255 characters.
   * The namespace has at most 500, with one more for each segment and for each slash or backslash
   * in it.
   * @param key Key in the namespace, 1–255 characters.
   * @param value Value, as a JSON object of at most 16 MiB.
   * @param options Options: `ttlSeconds` and `signal`.
   * @returns The stored item.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid, such as `namespace[1]`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * item may be stored; storing it again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  putMemory(
    namespace: readonly string[],
    key: string,
    value: object,
    options?: PutMemoryOptions,
  ): Promise<Memory> {
    return call(this, PUT_MEMORY, options, ({ ttlSeconds }) => [
      namespace,
      key,
      metadataText(PUT_MEMORY.name, value, 'value'),
      ttlSeconds,
    ]);
  }

  /**
   * Stores and deletes items, all or none.
   *
   * Of several items with the same namespace and key, the last one counts.
   *
   * @param items The items. One without a value is deleted, if it exists.
   * @param options An abort signal.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `items[3].key`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * changes may have been made; making them again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  putMemories(items: Iterable<NewMemory>, options?: Abortable): Promise<void> {
    return call(this, PUT_MEMORIES, options, () => [
      recordsArg(PUT_MEMORIES.name, 'items', items, newMemoryKeys),
    ]);
  }

  /**
   * Returns an item.
   *
   * A read extends an item with a time to live, exact to a second, or to a tenth of a shorter time.
   * On a read-only database it does not.
   *
   * @param namespace Namespace of the item.
   * @param key Key in the namespace.
   * @param options Options: `refreshTtl` and `signal`.
   * @returns `null` if the item does not exist, or has expired.
   * @throws `CHATKEEP_INVALID_INPUT`: `namespace` or `key` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getMemory(
    namespace: readonly string[],
    key: string,
    options?: GetMemoryOptions,
  ): Promise<Memory | null> {
    return call(this, GET_MEMORY, options, ({ refreshTtl }) => [namespace, key, refreshTtl]);
  }

  /**
   * Deletes an item.
   *
   * @param namespace Namespace of the item.
   * @param key Key in the namespace.
   * @param options An abort signal.
   * @returns `false` if the item does not exist, or has expired.
   * @throws `CHATKEEP_INVALID_INPUT`: `namespace` or `key` is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteMemory(namespace: readonly string[], key: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_MEMORY, options, () => [namespace, key]);
  }

  /**
   * Deletes all items below a namespace, in batches. For example, it deletes everything that is
   * stored about a user whose id is a segment.
   *
   * @param prefix First segments of the namespaces, one or more.
   * @param options An abort signal.
   * @returns The number of deleted items, with expired ones.
   * @throws `CHATKEEP_INVALID_INPUT`: `prefix` is empty, or a segment is invalid. Nothing is
   * deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some items may be deleted. Call it again.
   */
  deleteMemoriesUnder(prefix: readonly string[], options?: Abortable): Promise<number> {
    return call(this, DELETE_MEMORIES_UNDER, options, () => [prefix]);
  }

  /**
   * Deletes the items that have expired, in batches.
   *
   * No call returns them. Deleting them frees their disk space.
   *
   * @param options An abort signal.
   * @returns The number of deleted items.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some items may be deleted. Call it again.
   */
  deleteExpiredMemories(options?: Abortable): Promise<number> {
    return call(this, DELETE_EXPIRED_MEMORIES, options, () => []);
  }

  /**
   * Returns the items below a namespace, the last stored first.
   *
   * A filter has conditions on keys of the values, and an item must meet all of them. A condition
   * is a value that must be equal, or an object of operators: `$eq`, `$ne`, `$gt`, `$gte`, `$lt`
   * and `$lte`. Numbers are compared by value, so 1 and 1.0 are equal. Strings are compared by
   * their code points. A number is neither less nor greater than a string. A missing key is null.
   *
   * @param prefix First segments of the namespaces. An empty list finds items in all namespaces.
   * @param options Options: `filter`, `limit`, `offset`, `refreshTtl` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid, or an operator of the filter is
   * unknown.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  searchMemories(prefix: readonly string[], options?: SearchMemoriesOptions): Promise<Memory[]> {
    return call(this, SEARCH_MEMORIES, options, ({ filter, limit, offset, refreshTtl }) => [
      prefix,
      metadataText(SEARCH_MEMORIES.name, filter, 'filter'),
      limit,
      offset,
      refreshTtl,
    ]);
  }

  /**
   * Returns the namespaces that have items.
   *
   * They are ordered by their segments, each of which is followed by a slash, compared by bytes.
   *
   * @param options Options: `prefix`, `suffix`, `maxDepth`, `limit`, `offset` and `signal`.
   * @returns The namespaces, each as a list of segments.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listMemoryNamespaces(options?: ListMemoryNamespacesOptions): Promise<string[][]> {
    return call(this, LIST_MEMORY_NAMESPACES, options, ({ prefix, suffix, maxDepth, limit, offset }) => [
      prefix,
      suffix,
      maxDepth,
      limit,
      offset,
    ]);
  }
}
