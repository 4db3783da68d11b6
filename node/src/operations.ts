/** Calls of operations, which the library describes. */

import type { Abort, Failure, Store } from './addon.js';
import { abortableCall, type Response, unwrapSync } from './calls.js';
import { native } from './native.js';
import { type Options, optionsOf } from './options.js';

let store: (group: OperationGroup) => Store;

/** The base class of objects with operations. */
export class OperationGroup {
  readonly #store: Store;

  /** @internal */
  constructor(store: unknown) {
    this.#store = store as Store;
  }

  static {
    store = (group) => group.#store;
  }
}

/** Returns the store of an object. */
export function storeOf(group: OperationGroup): Store {
  return store(group);
}

/** An operation, as a class calls it. */
export interface Operation<T> {
  /** Name in camel case, as errors contain it. */
  readonly name: string;
  /** Number by which the addon knows the operation. */
  readonly number: number;
  /** Names of the options. */
  readonly options: ReadonlySet<string>;
  readonly decode: (response: never) => T;
}

/** Finds an operation when the module is loaded. Throws if the addon has another version. */
export function operation<T>(
  group: string,
  source: string,
  name: string,
  options: readonly string[],
  decode: (response: never) => T,
): Operation<T> {
  const number = native.operation(group, source);
  return { name, number, options: new Set([...options, 'signal']), decode };
}

/** Returns the arguments of a call, in the order of the operation's fields. */
export type Args = (options: Options) => unknown[];

/** Starts a call. Returns null if it was started, otherwise the failure. */
export type Start = (number: number, options: Options, abort?: Abort) => Failure | null;

/** Makes a call that waits. A signal among the options can abort it. */
export function call<T>(
  group: OperationGroup,
  operation: Operation<T>,
  options: unknown,
  args: Args,
): Promise<T> {
  return startCall(operation, options, (number, checked, abort) =>
    store(group).call(number, operation.number, args(checked), abort),
  );
}

/** Makes a call that `start` starts. */
export function startCall<T>(operation: Operation<T>, options: unknown, start: Start): Promise<T> {
  let checked: Options;
  try {
    checked = optionsOf(operation.name, options, operation.options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal } = checked;
  return abortableCall(
    operation.name,
    signal,
    (number, abort) => start(number, checked, abort),
    operation.decode as (response: Response) => T,
  );
}

/** Makes a call that does not wait. */
export function callSync<T>(
  group: OperationGroup,
  operation: Operation<T>,
  args: unknown[] = [],
): T {
  const response = unwrapSync<Response>(store(group).callSync(operation.number, args));
  return operation.decode(response as never);
}
