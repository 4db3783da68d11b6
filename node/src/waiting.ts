/** Waiting for calls that were handed in before. */

import type { Store } from './addon.js';
import { ask, nothing } from './calls.js';
import type { Abortable, Patience } from './types.js';

const FLUSH = new Set(['timeout', 'signal']);
const CLOSE = new Set(['timeout']);

/** How long to wait, and what ends it before. */
export type FlushOptions = Patience & Abortable;

export function flush(store: Store, options: unknown): Promise<void> {
  const begin = (number: number, { timeout }: { readonly timeout?: unknown }) =>
    store.flush(number, timeout);
  return ask('flush', options, FLUSH, begin, nothing);
}

export function close(store: Store, options: unknown): Promise<void> {
  const begin = (number: number, { timeout }: { readonly timeout?: unknown }) =>
    store.close(number, timeout);
  return ask('close', options, CLOSE, begin, nothing);
}
