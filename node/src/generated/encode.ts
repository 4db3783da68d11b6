/** Keys of records in arguments. Made from the descriptions in crates/ by `make generate`. */

import type { RecordKeys } from '../records.js';

export const newItemKeys: RecordKeys = [
  ['role'],
  ['kind'],
  ['content', 'metadata'],
  ['messageId'],
];

export const newChannelKeys: RecordKeys = [
  ['channel'],
  ['version'],
  ['changed'],
  ['format'],
  ['data'],
];

export const newCheckpointKeys: RecordKeys = [
  ['id'],
  ['namespace'],
  ['parentId'],
  ['format'],
  ['data'],
  ['metadataFormat'],
  ['metadata'],
  ['source'],
  ['step'],
  ['runId'],
  ['deltaChannels'],
  ['channels', { list: newChannelKeys }],
];

export const newGraphWriteKeys: RecordKeys = [['index'], ['channel'], ['format'], ['data']];

export const newMemoryKeys: RecordKeys = [
  ['namespace'],
  ['key'],
  ['value', 'metadata'],
  ['ttlSeconds'],
];

export const newTaskKeys: RecordKeys = [
  ['kind'],
  ['input', 'metadata'],
  ['userId'],
  ['priority'],
  ['runAt', 'timestamp'],
  ['delaySeconds'],
  ['maxAttempts'],
  ['idempotencyKey'],
];

export const newRoutingRequestKeys: RecordKeys = [
  ['requestId'],
  ['provider'],
  ['model'],
  ['outcome'],
  ['attempt'],
  ['userId'],
  ['conversationId'],
  ['capability'],
  ['errorKind'],
  ['latencyMs'],
  ['ttftMs'],
  ['inputTokens'],
  ['outputTokens'],
  ['cachedTokens'],
  ['reasoningTokens'],
  ['cost'],
  ['reason', 'optionalJson'],
  ['source'],
  ['createdAt', 'timestamp'],
];
