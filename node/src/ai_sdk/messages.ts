/** The messages of chats. */

import type { UIMessage } from 'ai' with { 'resolution-mode': 'import' };
import { comparable, contentOf, decoded } from '../conversation_items/content.js';
import type { ItemList } from '../conversation_items/item_list.js';
import { invalidInput, wrongType } from '../errors.js';
import type { NewItem } from '../generated/types.js';
import type { LoadChatOptions } from './types.js';

const ROLES = ['system', 'user', 'assistant'];

/** Returns the items to store. The values are those at the time of the call. */
export function newItems(operation: string, messages: unknown): NewItem[] {
  if (!Array.isArray(messages)) throw wrongType(operation, 'messages', 'an array', messages);
  return Array.from(messages, (message: unknown, index) => {
    const field = `messages[${index}]`;
    const content = contentOf(operation, field, message);
    const { role } = message as { readonly role?: unknown };
    if (typeof role !== 'string' || !ROLES.includes(role)) {
      throw invalidInput(operation, `${field}.role`, `must be one of: ${ROLES.join(', ')}`);
    }
    return { role, kind: 'message', content };
  });
}

/** Returns the messages of a chat. */
export async function loadMessages<M extends UIMessage>(
  list: ItemList,
  { validate = false }: LoadChatOptions<M>,
): Promise<M[]> {
  const messages = (await list.all()).map(({ content }) => decoded(content) as M);
  // The AI SDK does not accept an empty list.
  if (validate === false || messages.length === 0) return messages;
  const { validateUIMessages } = await import('ai');
  return await validateUIMessages<M>({ ...(validate === true ? {} : validate), messages });
}

/** Stores the messages of a chat. Only those after the first difference are written. */
export async function saveMessages(list: ItemList, items: readonly NewItem[]): Promise<void> {
  await list.rewrite((stored) => {
    const texts = stored.map(comparable);
    const found = items.findIndex((item, index) => comparable(item) !== texts[index]);
    const first = found < 0 ? items.length : found;
    if (first === stored.length && first === items.length) return undefined;
    return { from: first + 1, items: items.slice(first) };
  });
}
