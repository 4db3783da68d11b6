/** Keys of records in arguments, and of messages. Made from the descriptions in crates/ by `make generate`. */

import type { RecordKeys } from '../records.js';

export const newMessageKeys: RecordKeys = [
  ['message'],
  ['response'],
  ['provider'],
  ['model'],
  ['tokensUsed'],
  ['metadata', 'metadata'],
  ['timestamp', 'timestamp'],
  ['conversationId'],
  ['userId'],
  ['inputTokens'],
  ['outputTokens'],
  ['cachedTokens'],
  ['reasoningTokens'],
  ['cost'],
  ['latencyMs'],
  ['ttftMs'],
  ['status'],
  ['error'],
];

export const newItemKeys: RecordKeys = [
  ['role'],
  ['kind'],
  ['content', 'metadata'],
  ['messageId'],
];

export const messageDetails: readonly string[] = [
  'conversationId',
  'userId',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'cost',
  'latencyMs',
  'ttftMs',
  'status',
  'error',
];
