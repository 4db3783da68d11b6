/** Asynchronous calls. The addon completes them by number, in batches. */

import type { Abort, Batch, Failure } from './addon.js';
import { errorOf, wrongType } from './errors.js';
import { native } from './native.js';

/** The outcome of a call as the addon returns it. */
export type Response = Batch['responses'][number];

interface PendingCall {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly decode: (response: never) => unknown;
}

const pending = new Map<number, PendingCall>();
let lastNumber = 0;

/** The mailbox of this JavaScript thread: the main thread or a worker. */
export const mailbox = new native.Mailbox(settle);

function settle(batch: Batch): void {
  const { integers, calls, responses, more } = batch;
  // Scheduled first, so that an exception below cannot prevent it.
  if (more) setImmediate(settleMore);
  for (let index = 0; index < integers.length; index += 2) {
    takePending(integers[index] as number)?.resolve(integers[index + 1] as never);
  }
  for (let index = 0; index < calls.length; index += 1) {
    const call = takePending(calls[index] as number);
    if (call !== undefined) complete(call, responses[index] as Response);
  }
}

function settleMore(): void {
  settle(mailbox.fetch());
}

/** Removes the call and returns it; `undefined` for a call that failed to start. */
function takePending(number: number): PendingCall | undefined {
  const call = pending.get(number);
  pending.delete(number);
  return call;
}

function complete(call: PendingCall, response: Response): void {
  if (typeof response === 'object' && response !== null) {
    call.reject(errorOf(response));
    return;
  }
  try {
    call.resolve(call.decode(response as never) as never);
  } catch (error) {
    call.reject(error);
  }
}

/** Starts a call. Returns null if it was started, otherwise the failure. */
type Submit = (number: number, abort?: Abort) => Failure | null;

/**
 * Makes a call.
 *
 * @param submit Starts the call. The promise is rejected with any exception that it throws.
 * @param decode Converts the response to the result.
 */
export function call<R extends Response, T>(
  submit: Submit,
  decode: (response: R) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    lastNumber += 1;
    const failure = submit(lastNumber);
    if (failure === null) {
      pending.set(lastNumber, { resolve, reject, decode });
    } else {
      reject(errorOf(failure));
    }
  });
}

/** Makes a call that a signal can abort. An abort immediately rejects with the signal's reason. */
export function abortableCall<R extends Response, T>(
  operation: string,
  signal: unknown,
  submit: Submit,
  decode: (response: R) => T,
): Promise<T> {
  if (signal === undefined || signal === null) return call(submit, decode);
  if (!isSignal(signal)) {
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
    const result = call((number) => submit(number, abort), decode);
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Checks for the interface, not the class: test environments have a class of their own. */
function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
  );
}

/** Returns the value of a synchronous call, or throws its failure. */
export function unwrapSync<T extends Response>(returned: T | Failure): Exclude<T, Failure> {
  if (typeof returned === 'object' && returned !== null) throw errorOf(returned as Failure);
  return returned as Exclude<T, Failure>;
}

/** Returns whether the addon returned a failure. */
export function isFailure(returned: unknown): returned is Failure {
  return typeof returned === 'object' && returned !== null && 'code' in returned;
}

/** Returns the addon object that a synchronous call created, or throws its failure. */
export function unwrapObject<T extends object>(returned: T | Failure): T {
  if (isFailure(returned)) throw errorOf(returned);
  return returned as T;
}

/** Decodes a response that needs no conversion. */
export function identity<T>(response: T): T {
  return response;
}

/** Decodes the response of a call without a result. */
export function noResult(): void {}
