/** A task that a worker runs. */

import { setTimeout as sleep } from 'node:timers/promises';
import { asyncDispose } from '../dispose.js';
import { ChatkeepError } from '../errors.js';
import type { OperationGroup } from '../operations.js';
import type { ClaimedTask, FailTaskOptions, LeaseState, Task } from '../types.js';
import {
  complete,
  errorText,
  fail,
  isLost,
  type Lease,
  leaseState,
  mayContinue,
  Outage,
  type Report,
  release,
} from './calls.js';

/**
 * A task that a worker runs, from `TaskManager.work`. Its lease is renewed in the background.
 *
 * The worker ends it with {@link complete}, {@link fail} or {@link release}, or lets {@link run} do
 * so. `await using` releases a task that has not ended at the end of the block.
 */
export class RunningTask implements AsyncDisposable {
  /** The task, as it was claimed. */
  readonly task: Task;
  /** Token of the lease. */
  readonly leaseToken: string;
  readonly #group: OperationGroup;
  readonly #report: Report;
  readonly #ended: () => void;
  #hasEnded = false;

  /** @internal */
  constructor(group: OperationGroup, claimed: ClaimedTask, report: Report, ended: () => void) {
    this.task = claimed.task;
    this.leaseToken = claimed.leaseToken;
    this.#group = group;
    this.#report = report;
    this.#ended = ended;
  }

  /** The task's public id. */
  get id(): string {
    return this.task.publicId;
  }

  /** Kind of the task. */
  get kind(): string {
    return this.task.kind;
  }

  /** Input for the worker. */
  get input(): Task['input'] {
    return this.task.input;
  }

  /** Public id of the task's user, if any. */
  get userId(): string | null {
    return this.task.userId;
  }

  /** Number of attempts, with the current one. */
  get attempts(): number {
    return this.task.attempts;
  }

  /** Number of attempts after which the task fails. */
  get maxAttempts(): number {
    return this.task.maxAttempts;
  }

  /** State of the lease, from memory: `held`, `cancel_requested` or `lost`. */
  get leaseState(): LeaseState {
    return leaseState(this.#group, this.#lease());
  }

  /**
   * Whether the worker should stop: a cancellation was requested, or the lease is lost.
   *
   * It does not query the database. A cancellation by another process is known after a third of the
   * lease.
   */
  get isCancelled(): boolean {
    return this.leaseState !== 'held';
  }

  /**
   * Completes the task.
   *
   * @param result Result, as a JSON object of at most 1 MiB.
   * @throws `CHATKEEP_CONFLICT`: the lease is lost. Other errors are those of `completeTask`.
   */
  complete(result?: object | null): Promise<void> {
    return this.#end(complete(this.#group, this.#lease(), result));
  }

  /**
   * Fails the attempt. The task is queued again, or fails after the last attempt.
   *
   * @param error Error, for people. Do not pass secrets.
   * @param options Options: `retryAfterSeconds` and `isFinal`.
   * @returns The task, with its new state.
   * @throws `CHATKEEP_CONFLICT`: the lease is lost. Other errors are those of `failTask`.
   */
  fail(error: string, options: Omit<FailTaskOptions, 'signal'> = {}): Promise<Task> {
    const { retryAfterSeconds, isFinal } = options;
    return this.#end(fail(this.#group, this.#lease(), error, retryAfterSeconds, isFinal));
  }

  /**
   * Gives the task back, so that another worker can claim it. The attempt does not count.
   *
   * @returns The task, with its new state.
   * @throws `CHATKEEP_CONFLICT`: the lease is lost. Other errors are those of `releaseTask`.
   */
  release(): Promise<Task> {
    return this.#end(release(this.#group, this.#lease()));
  }

  /**
   * Runs a function, and completes the task with the result.
   *
   * If the function throws, the attempt fails with the name and message of the error, which is
   * reported by `onError` and not thrown again. While the database is down, the end is reported
   * again until the lease is lost. A function may also end the task itself.
   *
   * @param handler Function that gets the task, and returns a JSON object or nothing.
   */
  async run(handler: (task: this) => unknown): Promise<void> {
    let result: unknown;
    try {
      result = await handler(this);
    } catch (error) {
      if (this.#hasEnded) throw error;
      await this.#failWith(error);
      return;
    }
    if (this.#hasEnded) return;
    try {
      await this.#settle(() => this.complete(result as object | null | undefined));
    } catch (error) {
      const isInvalid = error instanceof ChatkeepError && error.code === 'CHATKEEP_INVALID_INPUT';
      if (!isInvalid) throw error;
      await this.#failWith(error);
    }
  }

  async #failWith(error: unknown): Promise<void> {
    this.#report(error, `task ${this.id} of kind ${this.kind} failed`);
    await this.#settle(() => this.fail(errorText(error)));
  }

  /** Ends the attempt, until the database answers or the lease is lost. */
  async #settle(end: () => Promise<unknown>): Promise<void> {
    const outage = new Outage(this.#report);
    for (;;) {
      try {
        await end();
        return;
      } catch (error) {
        if (isLost(error)) {
          this.#report(error, `the lease of task ${this.id} was lost`);
          return;
        }
        if (!mayContinue(error) || this.leaseState === 'lost') throw error;
        await sleep(outage.failed(error, `the end of task ${this.id} is not stored`));
      }
    }
  }

  async #end<T>(end: Promise<T>): Promise<T> {
    try {
      const ended = await end;
      this.#setEnded();
      return ended;
    } catch (error) {
      if (isLost(error)) this.#setEnded();
      throw error;
    }
  }

  #setEnded(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ended();
  }

  /** Releases the task, unless it has ended. */
  async [asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    try {
      await this.release();
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }

  #lease(): Lease {
    return [this.id, this.leaseToken];
  }
}
