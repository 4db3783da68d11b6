/** Keys of records in arguments. Made from the descriptions in crates/ by `make generate`. */

import type { RecordKeys } from '../records.js';

export const newItemKeys: RecordKeys = [
  ['role'],
  ['kind'],
  ['content', 'metadata'],
  ['messageId'],
];
