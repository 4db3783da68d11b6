/** The loop of a worker. */

import { hostname } from 'node:os';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { invalidInput } from '../errors.js';
import type { OperationGroup } from '../operations.js';
import { optionsOf } from '../options.js';
import type { ClaimedTask } from '../types.js';
import { claim, keep, mayContinue, Outage, type Report, release, warn } from './calls.js';
import { RunningTask } from './running_task.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const OPTIONS = new Set([
  'concurrency',
  'leaseSeconds',
  'worker',
  'signal',
  'stopOnSignals',
  'onError',
]);

/** Options of a worker. */
export interface WorkOptions {
  /**
   * Maximum number of tasks that have not ended; 1 by default. With as many, the iterator waits.
   */
  readonly concurrency?: number | undefined;
  /**
   * Duration of leases in seconds, after which the tasks of a killed worker are queued again
   * (1–2,592,000); 60 by default.
   */
  readonly leaseSeconds?: number | undefined;
  /** Name of the worker, 1–255 characters; by default the name of the host and the process id. */
  readonly worker?: string | undefined;
  /** Ends the iteration. It is not an error. */
  readonly signal?: AbortSignal | undefined;
  /** Whether SIGTERM and SIGINT end the iteration, on the main thread; `true` by default. */
  readonly stopOnSignals?: boolean | undefined;
  /**
   * Called with an error after which the worker continues, and a description; by default, a warning
   * of the process is emitted. These are errors of handlers, lost leases, and the first error of an
   * outage of the database.
   */
  readonly onError?: ((error: unknown, action: string) => void) | undefined;
}

/** An asynchronous iterator of the tasks that a worker runs; see `TaskManager.work`. */
export class Work implements AsyncIterableIterator<RunningTask, undefined> {
  readonly #group: OperationGroup;
  readonly #kinds: readonly string[];
  readonly #concurrency: number;
  readonly #leaseSeconds: number;
  readonly #worker: string;
  readonly #signal: AbortSignal | undefined;
  readonly #stopOnSignals: boolean;
  readonly #report: Report;
  readonly #outage: Outage;
  #used = 0;
  #isStopped = false;
  #isInstalled = false;
  /** Called when a task has ended or the worker was stopped. */
  #wakers = new Set<() => void>();
  /** Calls of `next` are made one after another. */
  #last: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(group: OperationGroup, kinds: readonly string[], options?: WorkOptions) {
    const checked = optionsOf('work', options, OPTIONS) as WorkOptions;
    const concurrency = checked.concurrency ?? 1;
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      const message = `must be an integer of 1 or more, not ${String(concurrency)}`;
      throw invalidInput('work', 'concurrency', message);
    }
    this.#group = group;
    this.#kinds = kinds;
    this.#concurrency = concurrency;
    this.#leaseSeconds = checked.leaseSeconds ?? 60;
    this.#worker = checked.worker ?? `${hostname()}:${process.pid}`;
    this.#signal = checked.signal;
    this.#stopOnSignals = checked.stopOnSignals ?? true;
    this.#report = checked.onError ?? warn;
    this.#outage = new Outage(this.#report);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Ends the iteration, within about a second. No further task is claimed. Tasks that were returned
   * can still be finished.
   */
  stop(): void {
    this.#isStopped = true;
    this.#uninstall();
    this.#wake();
  }

  /** Returns the next task, when one is due and fewer than `concurrency` tasks are unfinished. */
  next(): Promise<IteratorResult<RunningTask, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Ends the iteration, as `break` does. */
  return(): Promise<IteratorResult<RunningTask, undefined>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #next(): Promise<IteratorResult<RunningTask, undefined>> {
    this.#install();
    try {
      while (!this.#isStopped) {
        if (this.#used >= this.#concurrency) {
          await this.#change();
          continue;
        }
        const task = await this.#claim();
        if (task !== null) return { done: false, value: task };
      }
    } catch (error) {
      this.stop();
      throw error;
    }
    this.stop();
    return { done: true, value: undefined };
  }

  async #claim(): Promise<RunningTask | null> {
    let claimed: ClaimedTask | undefined;
    try {
      [claimed] = await claim(this.#group, this.#kinds, this.#worker, this.#leaseSeconds);
      this.#outage.ended();
      if (claimed === undefined) return null;
      const lease = [claimed.task.publicId, claimed.leaseToken] as const;
      if (this.#isStopped) {
        await release(this.#group, lease);
        return null;
      }
      keep(this.#group, lease, this.#leaseSeconds);
    } catch (error) {
      if (!mayContinue(error)) throw error;
      await this.#change(this.#outage.failed(error, 'no task can be claimed'));
      return null;
    }
    this.#used += 1;
    return new RunningTask(this.#group, claimed, this.#report, () => {
      this.#used -= 1;
      this.#wake();
    });
  }

  /** Waits until a task has ended or the worker was stopped, or for a time in milliseconds. */
  #change(time?: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopped) {
        resolve();
        return;
      }
      const wake = () => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = time === undefined ? undefined : setTimeout(wake, time);
      this.#wakers.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  readonly #stopBySignal = (name: NodeJS.Signals) => {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#wake();
      return;
    }
    // The second signal has its usual effect.
    this.#uninstall();
    process.kill(process.pid, name);
  };

  readonly #stopByAbort = () => this.stop();

  #install(): void {
    if (this.#isInstalled || this.#isStopped) return;
    this.#isInstalled = true;
    if (this.#signal?.aborted) {
      this.stop();
      return;
    }
    this.#signal?.addEventListener('abort', this.#stopByAbort, { once: true });
    if (!this.#stopOnSignals || !isMainThread) return;
    for (const name of SIGNALS) process.on(name, this.#stopBySignal);
  }

  #uninstall(): void {
    this.#signal?.removeEventListener('abort', this.#stopByAbort);
    for (const name of SIGNALS) process.off(name, this.#stopBySignal);
  }
}
