/** Changes of stored function calls. */

import type { Rewrite } from '../conversation_items/item_list.js';
import { invalidInput, wrongType } from '../errors.js';
import type { ConversationItem, NewItem } from '../generated/types.js';
import { optionsOf } from '../options.js';
import { again, agentItem, isAgentItem, newItem } from './items.js';

const OPERATION = 'applyHistoryMutations';
const KEYS = new Set(['type', 'callId', 'replacement']);

/** The replacement of a function call. */
interface Mutation {
  readonly callId: string;
  readonly replacement: NewItem;
}

/** An item of the history, which has a position if it is stored. */
interface Entry {
  readonly item: NewItem;
  readonly callId: string | undefined;
  readonly position?: number;
}

/** Returns the mutations after checking them. Their values are those at the time of the call. */
export function mutationsOf(args: unknown): Mutation[] {
  const { mutations } = (args ?? {}) as { readonly mutations?: unknown };
  if (!Array.isArray(mutations)) throw wrongType(OPERATION, 'mutations', 'an array', mutations);
  return mutations.map((mutation: unknown, index) => {
    const field = `mutations[${index}]`;
    // An unknown key could be a condition of a later version of the SDK.
    const { type, callId, replacement } = optionsOf(OPERATION, mutation, KEYS);
    if (type !== 'replace_function_call') {
      throw invalidInput(OPERATION, `${field}.type`, 'must be replace_function_call');
    }
    if (typeof callId !== 'string') {
      throw wrongType(OPERATION, `${field}.callId`, 'a string', callId);
    }
    return { callId, replacement: newItem(OPERATION, `${field}.replacement`, replacement) };
  });
}

/** Replaces the first function call with each id, and removes its repetitions. */
export function mutated(
  stored: readonly ConversationItem[],
  mutations: readonly Mutation[],
): Rewrite | undefined {
  let entries: Entry[] = stored.map((item) => ({
    item: again(item),
    callId: callIdOf(item),
    position: item.position,
  }));
  for (const { callId, replacement } of mutations) {
    const first = entries.findIndex((entry) => entry.callId === callId);
    const isKept = (entry: Entry, index: number) => index <= first || entry.callId !== callId;
    const { type, callId: next } = replacement.content as { type?: unknown; callId?: unknown };
    const entry = {
      item: replacement,
      callId: type === 'function_call' && typeof next === 'string' ? next : undefined,
    };
    if (first >= 0) entries = entries.with(first, entry).filter(isKept);
  }
  const found = entries.findIndex((entry, index) => entry.position !== index + 1);
  const first = found < 0 ? entries.length : found;
  if (first === stored.length) return undefined;
  return { from: first + 1, items: entries.slice(first).map(({ item }) => item) };
}

function callIdOf(stored: ConversationItem): string | undefined {
  if (!isAgentItem(stored)) return undefined;
  const item = agentItem(stored);
  return item.type === 'function_call' ? item.callId : undefined;
}
