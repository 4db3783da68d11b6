/** Iteration over all messages or lines of training data, one page at a time. */

import type { Abort, MessagePages, Store } from './addon.js';
import { abortableCall, type Response, unwrapObject } from './calls.js';
import type { Args, Operation } from './operations.js';
import { optionsOf } from './options.js';
import { messagesOf } from './revive.js';
import type { Message } from './types.js';

type Pages = Pick<Operation<unknown>, 'name' | 'options'>;

export async function* messages(
  store: Store,
  operation: Pages,
  options: unknown,
  args: Args,
): AsyncGenerator<Message, void, undefined> {
  const checked = optionsOf(operation.name, options, operation.options);
  const { signal } = checked;
  const pages = unwrapObject<MessagePages>(store.iterMessages(args(checked)));
  for (;;) {
    const page = await nextPage(operation.name, pages, signal, messagesOf);
    if (page === null) return;
    for (const message of page) yield message;
  }
}

export async function* trainingLines(
  store: Store,
  operation: Pages,
  options: unknown,
  args: Args,
): AsyncGenerator<string, void, undefined> {
  const checked = optionsOf(operation.name, options, operation.options);
  const { signal } = checked;
  const pages = unwrapObject<MessagePages>(store.exportPages(args(checked)));
  const linesOf = (json: string) => JSON.parse(json) as string[];
  for (;;) {
    const page = await nextPage(operation.name, pages, signal, linesOf);
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
