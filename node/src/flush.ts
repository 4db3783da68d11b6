/** Flushing and closing a store: both wait for earlier calls. */

import type { Store } from './addon.js';
import { callWithOptions, noResult, type SubmitWithOptions } from './calls.js';
import type { Abortable, TimeoutOptions } from './types.js';

const FLUSH = new Set(['timeout', 'signal']);
const CLOSE = new Set(['timeout']);

/** Options of `flush`: a timeout and an abort signal. */
export type FlushOptions = TimeoutOptions & Abortable;

export function flush(store: Store, options: unknown): Promise<void> {
  const submit: SubmitWithOptions = (number, { timeout }, abort) =>
    store.flush(number, timeout, abort);
  return callWithOptions('flush', options, FLUSH, submit, noResult);
}

export function close(store: Store, options: unknown): Promise<void> {
  const submit: SubmitWithOptions = (number, { timeout }) => store.close(number, timeout);
  return callWithOptions('close', options, CLOSE, submit, noResult);
}
