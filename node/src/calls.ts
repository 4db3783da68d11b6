/** Calls whose outcome is awaited. The addon settles them by their numbers, all those of one commit in one call. */

import type { Abort, Batch, Failure } from './addon.js';
import { errorOf, wrongType } from './errors.js';
import { native } from './native.js';
import { type Options, optionsOf } from './options.js';

/** An outcome as the addon hands it over. */
export type Answer = Batch['answers'][number];

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly give: (answer: never) => unknown;
}

const pending = new Map<number, Pending>();
let last = 0;

/** The mailbox of this environment, which is the main thread's JavaScript or a worker's. */
export const mailbox = new native.Mailbox(settle);

function settle(batch: Batch): void {
  const { whole, calls, answers, more } = batch;
  // First, so that it comes even if something below is broken.
  if (more) setImmediate(settleMore);
  for (let place = 0; place < whole.length; place += 2) {
    taken(whole[place] as number)?.resolve(whole[place + 1] as never);
  }
  for (let place = 0; place < calls.length; place += 1) {
    const call = taken(calls[place] as number);
    if (call !== undefined) conclude(call, answers[place] as Answer);
  }
}

function settleMore(): void {
  settle(mailbox.fetch());
}

/** Whoever stopped waiting is told nothing. */
function taken(number: number): Pending | undefined {
  const call = pending.get(number);
  pending.delete(number);
  return call;
}

function conclude(call: Pending, answer: Answer): void {
  if (typeof answer === 'object' && answer !== null) {
    call.reject(errorOf(answer));
    return;
  }
  try {
    call.resolve(call.give(answer as never) as never);
  } catch (error) {
    call.reject(error);
  }
}

/** What begins a call: nothing when it has begun, or why it could not. */
type Begin = (number: number, abort?: Abort) => Failure | null;

/**
 * Makes a call.
 *
 * @param begin Begins it; what it throws is what the promise is rejected with.
 * @param give Makes the result of the answer.
 */
export function call<A extends Answer, T>(begin: Begin, give: (answer: A) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    last += 1;
    const failure = begin(last);
    if (failure === null) {
      pending.set(last, { resolve, reject, give });
    } else {
      reject(errorOf(failure));
    }
  });
}

/** The same, to be broken off by a signal: then the promise is rejected with the signal's reason at once. */
export function abortable<A extends Answer, T>(
  operation: string,
  signal: unknown,
  begin: Begin,
  give: (answer: A) => T,
): Promise<T> {
  if (signal === undefined || signal === null) return call(begin, give);
  if (!(signal instanceof AbortSignal)) {
    return Promise.reject(wrongType(operation, 'signal', 'an AbortSignal', signal));
  }
  if (signal.aborted) return Promise.reject(signal.reason);
  const abort = new native.Abort();
  return new Promise((resolve, reject) => {
    const stop = () => {
      abort.abort();
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    const made = call((number) => begin(number, abort), give);
    made.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** What a call that never waits returned. */
export function now<T extends Answer>(returned: T | Failure): Exclude<T, Failure> {
  if (typeof returned === 'object' && returned !== null) throw errorOf(returned as Failure);
  return returned as Exclude<T, Failure>;
}

/** Whether this is what the addon says of a call that failed. */
export function isFailure(returned: unknown): returned is Failure {
  return typeof returned === 'object' && returned !== null && 'code' in returned;
}

/** A call that makes an object of the addon's. */
export function made<T extends object>(returned: T | Failure): T {
  if (isFailure(returned)) throw errorOf(returned);
  return returned as T;
}

/** For results that are what they are. */
export function same<T>(answer: T): T {
  return answer;
}

/** For calls that have no result. */
export function nothing(): void {}

/** Begins a call with the options that it was given. */
export type Asking = (number: number, options: Options, abort?: Abort) => Failure | null;

/** Makes a call that has options, a signal among them. */
export function ask<A extends Answer, T>(
  operation: string,
  options: unknown,
  known: ReadonlySet<string>,
  begin: Asking,
  give: (answer: A) => T,
): Promise<T> {
  try {
    const asked = optionsOf(operation, options, known);
    const { signal } = asked;
    return abortable(operation, signal, (number, abort) => begin(number, asked, abort), give);
  } catch (error) {
    return Promise.reject(error);
  }
}
