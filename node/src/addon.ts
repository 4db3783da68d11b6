/** The addon's types. Made from bindings/node by `cargo xtask generated --write`. */

/** The result of starting a call: null if it was started, otherwise the failure. */
export type Submitted = Failure | null;

/** Aborts the calls that it is passed to. */
export declare class Abort {
  /** Creates a handle that has not been aborted. */
  constructor()
  /** Aborts the calls, each at the next point where it waits. */
  abort(): void
}

/** Outcomes of completed calls. */
export interface Batch {
  /** Calls with an integer outcome, as alternating call numbers and integers. */
  integers: Array<number>
  /** Numbers of the calls with other outcomes. */
  calls: Array<number>
  /** Outcomes of `calls`, in the same order. */
  responses: (null | boolean | number | string | Failure)[]
  /** Whether more outcomes are queued; `fetch` returns them. */
  more: boolean
}

/** Details of a failed call. */
export interface Failure {
  /** Error code, for example `CHATKEEP_INVALID_INPUT`. */
  code: string
  /** Human-readable description. */
  message: string
  /** Argument or setting that is invalid. */
  field?: string
  /** Whether the same call may succeed if it is retried. */
  retryable: boolean
  /** How the schema differs from this version, for schema errors. */
  state?: string
  /** Name of the failed call. */
  operation?: string
  /** Messages of the underlying errors, outermost first. */
  causes: Array<string>
}

/** The mailbox of an environment. */
export declare class Mailbox {
  /** Creates a mailbox that passes outcomes to `settle`, at most 256 per call. */
  constructor(settle: (arg: Batch) => unknown)
  /** Removes and returns the next outcomes. */
  fetch(): Batch
}

/** An iteration over messages, or over lines of training data, one page at a time. */
export declare class MessagePages {
  /** Fetches the next page; null after the last one. */
  nextPage(number: number, abort?: Abort | undefined | null): Submitted
}

/**
 * A store, as used by one environment.
 *
 * JavaScript assigns a number to each asynchronous call. The call returns null if it was started,
 * and its outcome is delivered through the mailbox. Otherwise it returns the failure.
 */
export declare class Store {
  /**
   * Starts a call of an operation. `number` is the caller's number of the call, and `args` are
   * the arguments in the order of the operation's fields.
   */
  call(number: number, operation: number, args: unknown[], abort?: Abort | undefined | null): Submitted
  /** Makes a call of an operation that does not wait, and returns its result. */
  callSync(operation: number, args: unknown[]): null | boolean | number | string | Failure
  /** Iterates over messages, a page at a time. The arguments are those of `iter_messages`. */
  iterMessages(args: unknown[]): MessagePages | Failure
  /**
   * Iterates over lines of training data, a page at a time. The arguments are those of
   * `export_for_fine_tuning`.
   */
  exportPages(args: unknown[]): MessagePages | Failure
  /** Returns the URL without its password, or null if the store has not been opened. */
  displayUrl(): string | null
  /** `Chatkeep.flush` */
  flush(number: number, timeout: unknown, abort?: Abort | undefined | null): Submitted
  /** `Chatkeep.close` */
  close(number: number, timeout: unknown, abort?: Abort | undefined | null): Submitted
  /** `DatabaseManager.waitUntilReady`, which has a timeout in JavaScript. */
  waitUntilReady(number: number, timeout: unknown, abort?: Abort | undefined | null): Submitted
  /** Returns the result of `verify_token` if it is known without a database query. */
  verifyCached(token: unknown): null | boolean | Failure
  /** Returns the result of `check_token`, as JSON, if it is known without a database query. */
  checkCached(token: unknown, scope: unknown): null | string | Failure
}

/** Returns the cursor after a message. The timestamp is text with microseconds. */
export declare function cursorAfter(timestamp: unknown, id: unknown): string | Failure;

/**
 * Returns the store that the environment variables configure. They are read at its first use. All
 * threads of the process share it.
 */
export declare function environmentStore(mailbox: Mailbox): Store;

/** Creates a store with its own settings, in the order of the library's table. */
export declare function openStore(mailbox: Mailbox, url: unknown, settings: unknown[]): Store | Failure;

/** Returns the number of an operation, by which it is called. JavaScript reads it once. */
export declare function operation(interface: string, name: string): number;

/**
 * Runs the `chatkeep` command on the standard streams of this process and returns its exit code.
 * The first argument is the program's name.
 */
export declare function runCommand(args: Array<string>): number;
