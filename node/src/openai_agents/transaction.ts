/** Transactions of a session's history, which are applied once for each operation id. */

import { createHash } from 'node:crypto';
import { comparable } from '../conversation_items/content.js';
import type { Rewrite } from '../conversation_items/item_list.js';
import { ChatkeepError, invalidInput, wrongType } from '../errors.js';
import type { ConversationItem, NewItem } from '../generated/types.js';
import { optionsOf } from '../options.js';
import { again, appliedOperations, isAgentItem, newItems, operationRecord } from './items.js';

const OPERATION = 'applyHistoryTransaction';
const KEYS = {
  append_items: new Set(['type', 'items']),
  replace_suffix: new Set(['type', 'expectedSuffix', 'replacement']),
};

/** A transaction whose values are those at the time of the call. */
interface Transaction {
  readonly operationId: string;
  readonly digest: string;
  /** Items that are the last ones of the history, and are replaced. */
  readonly expected: readonly string[];
  readonly items: readonly NewItem[];
}

/** Returns a transaction after checking it. */
export function transactionOf(args: unknown): Transaction {
  const { operationId, transaction } = (args ?? {}) as {
    readonly operationId?: unknown;
    readonly transaction?: unknown;
  };
  if (typeof operationId !== 'string' || operationId.trim() === '') {
    throw invalidInput(OPERATION, 'operationId', 'must be a non-empty string');
  }
  if (typeof transaction !== 'object' || transaction === null) {
    throw wrongType(OPERATION, 'transaction', 'an object', transaction);
  }
  const { type, items, expectedSuffix, replacement } = transaction as Record<string, unknown>;
  if (type !== 'append_items' && type !== 'replace_suffix') {
    throw invalidInput(OPERATION, 'type', 'must be append_items or replace_suffix');
  }
  optionsOf(OPERATION, transaction, KEYS[type]);
  const isAppended = type === 'append_items';
  const expected = isAppended ? [] : newItems(OPERATION, 'expectedSuffix', expectedSuffix);
  const added = isAppended
    ? newItems(OPERATION, 'items', items)
    : newItems(OPERATION, 'replacement', replacement);
  const texts = [expected, added].map((list) => list.map(comparable));
  const digest = createHash('sha256').update(JSON.stringify([type, ...texts]));
  return {
    operationId,
    digest: digest.digest('base64url'),
    expected: texts[0] ?? [],
    items: added,
  };
}

/**
 * Applies a transaction to the stored items, unless its operation id is among them. The record of
 * the operation is stored with the items in one transaction of the database.
 */
export function applied(
  stored: readonly ConversationItem[],
  { operationId, digest, expected, items }: Transaction,
): Rewrite | undefined {
  const earlier = appliedOperations(stored).find((one) => one.operationId === operationId);
  if (earlier !== undefined) {
    if (earlier.digest === digest) return undefined;
    throw conflict('operationId', 'was already applied with a different transaction');
  }
  const record = operationRecord(OPERATION, { operationId, digest });
  const agentItems = stored.filter(isAgentItem);
  const suffix = expected.length === 0 ? [] : agentItems.slice(-expected.length);
  const found = suffix.map(comparable);
  if (found.length !== expected.length || found.some((text, index) => text !== expected[index])) {
    throw conflict('expectedSuffix', 'the suffix no longer matches the stored items');
  }
  const from = suffix[0]?.position ?? stored.length + 1;
  // Records between the replaced items are kept.
  const records = stored.filter((item) => item.position >= from && !isAgentItem(item));
  return { from, items: [...items, ...records.map(again), record] };
}

function conflict(field: string, message: string): ChatkeepError {
  const code = 'CHATKEEP_CONFLICT';
  return new ChatkeepError(`${field}: ${message}`, { code, field, operation: OPERATION });
}
