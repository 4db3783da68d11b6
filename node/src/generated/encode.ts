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
];

export const messageDetails: readonly string[] = [];
