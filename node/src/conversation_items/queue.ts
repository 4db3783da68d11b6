/** Order of the changes of a conversation by one program. */

import type { Chatkeep } from '../store.js';

/** The last change of each conversation that is being changed. */
const queues = new WeakMap<Chatkeep, Map<string, Promise<unknown>>>();

/**
 * Runs a change after the earlier ones of the same conversation.
 *
 * A change that depends on the stored items reads them first, and must not delete items that are
 * appended after that. The changes of other programs are not in the queue.
 */
export async function inOrder<T>(
  chat: Chatkeep,
  conversation: string,
  change: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(chat) ?? new Map<string, Promise<unknown>>();
  queues.set(chat, queue);
  const earlier = queue.get(conversation);
  const result = earlier === undefined ? change() : earlier.then(change);
  // A change that failed does not prevent the next one.
  const settled = result.catch(() => {});
  queue.set(conversation, settled);
  try {
    return await result;
  } finally {
    if (queue.get(conversation) === settled) queue.delete(conversation);
  }
}
