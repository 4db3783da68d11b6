/** The parts of the database that are not its operations. */

import { noResult } from './calls.js';
import { OperationGroup, operation } from './operations.js';
import { close } from './tuned.js';
import type { FlushOptions } from './types.js';

const CLOSE = operation('store', 'close', 'close', ['timeout'], noResult);

/** The methods of {@link DatabaseManager} besides its operations. */
export class DatabaseManagerBase extends OperationGroup {
  /**
   * Closes the store, as {@link Chatkeep.close} does. The environment's store reopens at its next
   * use.
   *
   * @param options Options: `timeout`, 30 s by default, and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: calls are still in progress after the timeout.
   */
  close(options?: FlushOptions): Promise<void> {
    return close(this, CLOSE, options, ({ timeout }) => [timeout]);
  }
}
