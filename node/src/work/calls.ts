/** The operations that a worker calls, and how it treats their errors. */

import process from 'node:process';
import { identity, noResult } from '../calls.js';
import { ChatkeepError } from '../errors.js';
import { claimedTask, task } from '../generated/decode.js';
import { metadataText } from '../metadata.js';
import { call, callSync, type OperationGroup, operation } from '../operations.js';
import { listOf, recordOf } from '../revive.js';
import type { ClaimedTask, LeaseState, Task } from '../types.js';

const CLAIM = operation('tasks', 'claim_tasks', 'claimTasks', [], listOf(claimedTask));
const KEEP = operation('tasks', 'keep_lease', 'keepLease', [], noResult);
const STATE = operation('tasks', 'get_lease_state', 'getLeaseState', [], identity<LeaseState>);
const COMPLETE = operation('tasks', 'complete_task', 'completeTask', [], noResult);
const FAIL = operation('tasks', 'fail_task', 'failTask', [], recordOf(task));
const RELEASE = operation('tasks', 'release_task', 'releaseTask', [], recordOf(task));

/** Wait of one claim, in seconds. A worker that is stopped waits for its end. */
const WAIT_SECONDS = 1;
/** Pause after a call that failed, in milliseconds. It doubles with each further one. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** A lease of a task. */
export type Lease = readonly [taskId: string, leaseToken: string];

export function claim(
  group: OperationGroup,
  kinds: readonly string[],
  worker: string,
  leaseSeconds: number,
): Promise<ClaimedTask[]> {
  return call(group, CLAIM, undefined, () => [kinds, worker, leaseSeconds, 1, WAIT_SECONDS]);
}

/** Keeps a lease. It does not wait. */
export function keep(group: OperationGroup, lease: Lease, leaseSeconds: number): void {
  callSync(group, KEEP, [...lease, leaseSeconds]);
}

/** Returns the state of a kept lease. It does not wait. */
export function leaseState(group: OperationGroup, lease: Lease): LeaseState {
  return callSync(group, STATE, [...lease]);
}

export function complete(group: OperationGroup, lease: Lease, result: unknown): Promise<void> {
  return call(group, COMPLETE, undefined, () => [
    ...lease,
    metadataText('completeTask', result, 'result'),
  ]);
}

export function fail(
  group: OperationGroup,
  lease: Lease,
  error: string,
  retryAfterSeconds: number | bigint | null | undefined,
  isFinal: boolean | null | undefined,
): Promise<Task> {
  return call(group, FAIL, undefined, () => [...lease, error, retryAfterSeconds, isFinal]);
}

export function release(group: OperationGroup, lease: Lease): Promise<Task> {
  return call(group, RELEASE, undefined, () => [...lease]);
}

/** Returns whether the same call may succeed later. A task runs at least once. */
export function mayContinue(error: unknown): error is ChatkeepError {
  return (
    error instanceof ChatkeepError && (error.retryable || error.code === 'CHATKEEP_OUTCOME_UNKNOWN')
  );
}

/** Returns whether an error means that the worker does not have the task. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof ChatkeepError &&
    error.code === 'CHATKEEP_CONFLICT' &&
    error.field === 'leaseToken'
  );
}

/** Returns the type and the text of an exception. */
export function errorText(error: unknown): string {
  // Errors of other realms are not instances of this one's class.
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll(/\p{Surrogate}|\0/gu, '\u{FFFD}');
}

/** A function that is called with errors after which a worker continues. */
export type Report = (error: unknown, action: string) => void;

/** Reports an error as a warning of the process, which is printed by default. */
export function warn(error: unknown, action: string): void {
  process.emitWarning(`${action}: ${errorText(error)}`, { code: 'CHATKEEP_WORK' });
}

/** Reports failed calls once per outage, and returns the pauses after them. */
export class Outage {
  readonly #report: Report;
  #failures = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Returns the pause in milliseconds before the next attempt. */
  failed(error: unknown, action: string): number {
    if (this.#failures === 0) this.#report(error, `${action}; trying again`);
    this.#failures += 1;
    return Math.min(FIRST_PAUSE * 2 ** Math.min(this.#failures - 1, 5), LONGEST_PAUSE);
  }

  ended(): void {
    this.#failures = 0;
  }
}
