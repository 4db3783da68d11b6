/** Iteration over all messages or lines of training data, one page at a time. */

import type { Abort, MessagePages, Store } from './addon.js';
import { abortableCall, type Response, unwrapObject } from './calls.js';
import { FILTER, filterArgs, ITERATION } from './filters.js';
import { optionsOf } from './options.js';
import { messagesOf } from './rows.js';
import type { Message } from './types.js';

export async function* messages(
  store: Store,
  options: unknown,
): AsyncGenerator<Message, void, undefined> {
  const checked = optionsOf('iterMessages', options, ITERATION);
  const { oldestFirst, signal } = checked;
  const filter = filterArgs('iterMessages', checked);
  const pages = unwrapObject<MessagePages>(store.iterMessages(...filter, oldestFirst));
  for (;;) {
    const page = await nextPage('iterMessages', pages, signal, messagesOf);
    if (page === null) return;
    for (const message of page) yield message;
  }
}

export async function* trainingLines(
  store: Store,
  format: unknown,
  options: unknown,
): AsyncGenerator<string, void, undefined> {
  const checked = optionsOf('exportForFineTuning', options, FILTER);
  const { signal } = checked;
  const filter = filterArgs('exportForFineTuning', checked);
  const pages = unwrapObject<MessagePages>(store.exportPages(format, ...filter));
  const linesOf = (json: string) => JSON.parse(json) as string[];
  for (;;) {
    const page = await nextPage('exportForFineTuning', pages, signal, linesOf);
    if (page === null) return;
    for (const line of page) yield `${line}\n`;
  }
}

/** Fetches the next page; null after the last one. */
function nextPage<T>(
  operation: string,
  pages: MessagePages,
  signal: unknown,
  decode: (json: string) => T[],
): Promise<T[] | null> {
  const submit = (number: number, abort?: Abort) => pages.nextPage(number, abort);
  const decodePage = (json: string | null) => (json === null ? null : decode(json));
  return abortableCall<Response & (string | null), T[] | null>(
    operation,
    signal,
    submit,
    decodePage,
  );
}
