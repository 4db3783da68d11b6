/** Conversion between items of the OpenAI Agents SDK and conversation items. */

import type { AgentInputItem } from '@openai/agents';
import { contentOf, decoded } from '../conversation_items/content.js';
import { wrongType } from '../errors.js';
import type { ConversationItem, NewItem } from '../generated/types.js';

/** A role or a kind that is stored in its column. Others are only in the content. */
const NAME = /^[\x21-\x7e]{1,50}$/;
/** Role of the records of applied operations. No item has it. */
const RECORD_ROLE = 'chatkeep';
const RECORD_KIND = 'operation';

/** An operation that was applied, which is stored among the items. */
export interface AppliedOperation {
  readonly operationId: string;
  /** Hash of the transaction. */
  readonly digest: string;
}

/** Returns the items to store. The values are those at the time of the call. */
export function newItems(operation: string, field: string, items: unknown): NewItem[] {
  if (!Array.isArray(items)) throw wrongType(operation, field, 'an array', items);
  return Array.from(items, (item, index) => newItem(operation, `${field}[${index}]`, item));
}

/** Returns the item to store. */
export function newItem(operation: string, field: string, item: unknown): NewItem {
  const content = contentOf(operation, field, item);
  const { type, role } = item as { readonly type?: unknown; readonly role?: unknown };
  // In the SDK, only messages may have no type.
  const kind = nameOf(type) ?? 'message';
  const author = nameOf(role) ?? (/(result|output)$/.test(kind) ? 'tool' : 'assistant');
  return { role: author === RECORD_ROLE ? 'assistant' : author, kind, content };
}

/** Returns the item of the SDK. */
export function agentItem(stored: ConversationItem): AgentInputItem {
  return decoded(stored.content) as AgentInputItem;
}

/** Returns the record of an applied operation. */
export function operationRecord(operation: string, applied: AppliedOperation): NewItem {
  const content = contentOf(operation, 'operationId', applied);
  return { role: RECORD_ROLE, kind: RECORD_KIND, content };
}

/** Returns whether a stored item is an item of the SDK, not a record of an operation. */
export function isAgentItem(stored: ConversationItem): boolean {
  return stored.role !== RECORD_ROLE;
}

/** Returns the applied operations among stored items. */
export function appliedOperations(stored: readonly ConversationItem[]): AppliedOperation[] {
  const records = stored.filter((item) => !isAgentItem(item));
  return records.map(({ content }) => decoded(content) as AppliedOperation);
}

/** Returns a stored item as a new one. */
export function again({ role, kind, content, messageId }: ConversationItem): NewItem {
  return { role, kind, content, messageId };
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && NAME.test(value) ? value : undefined;
}
