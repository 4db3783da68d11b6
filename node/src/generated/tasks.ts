/** TaskManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { TaskManagerBase } from '../task_manager.js';
import { metadataText } from '../metadata.js';
import { call, operation } from '../operations.js';
import { recordsArg } from '../records.js';
import { integer, listOf, mapValues, optionalOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import { claimedTask, task, taskCounts, taskPage } from './decode.js';
import { newTaskKeys } from './encode.js';
import type {
  ClaimTasksOptions,
  ClaimedTask,
  CompleteTaskOptions,
  EnqueueTaskOptions,
  FailTaskOptions,
  HeartbeatTaskOptions,
  KeepLeaseOptions,
  LeaseState,
  ListTasksOptions,
  NewTask,
  Task,
  TaskCounts,
  TaskPage,
} from './types.js';

const ENQUEUE_TASK = operation(
  'tasks',
  'enqueue_task',
  'enqueueTask',
  ['userId', 'priority', 'runAt', 'delaySeconds', 'maxAttempts', 'idempotencyKey'],
  recordOf(task),
);
const ENQUEUE_TASKS = operation('tasks', 'enqueue_tasks', 'enqueueTasks', [], listOf(task));
const CANCEL_TASK = operation('tasks', 'cancel_task', 'cancelTask', [], optionalOf(task));
const RETRY_TASK = operation('tasks', 'retry_task', 'retryTask', [], optionalOf(task));
const CLAIM_TASKS = operation(
  'tasks',
  'claim_tasks',
  'claimTasks',
  ['leaseSeconds', 'limit', 'waitSeconds'],
  listOf(claimedTask),
);
const HEARTBEAT_TASK = operation(
  'tasks',
  'heartbeat_task',
  'heartbeatTask',
  ['leaseSeconds'],
  identity<boolean>,
);
const COMPLETE_TASK = operation('tasks', 'complete_task', 'completeTask', ['result'], noResult);
const FAIL_TASK = operation(
  'tasks',
  'fail_task',
  'failTask',
  ['retryAfterSeconds', 'isFinal'],
  recordOf(task),
);
const RELEASE_TASK = operation('tasks', 'release_task', 'releaseTask', [], recordOf(task));
const KEEP_LEASE = operation('tasks', 'keep_lease', 'keepLease', ['leaseSeconds'], noResult);
const GET_LEASE_STATE = operation(
  'tasks',
  'get_lease_state',
  'getLeaseState',
  [],
  identity<LeaseState>,
);
const RELEASE_KEPT_TASKS = operation(
  'tasks',
  'release_kept_tasks',
  'releaseKeptTasks',
  [],
  integer<number>,
);
const GET_TASK = operation('tasks', 'get_task', 'getTask', [], optionalOf(task));
const LIST_TASKS = operation(
  'tasks',
  'list_tasks',
  'listTasks',
  ['status', 'kind', 'userId', 'limit', 'cursor'],
  recordOf(taskPage),
);
const COUNT_TASKS = operation(
  'tasks',
  'count_tasks',
  'countTasks',
  [],
  recordOf((raw: any): Readonly<Record<string, TaskCounts>> => mapValues(raw, taskCounts)),
);
const DELETE_OLD_TASKS = operation(
  'tasks',
  'delete_old_tasks',
  'deleteOldTasks',
  [],
  integer<number>,
);

/**
 * Stores tasks, and distributes them to workers in any process.
 *
 * A worker claims tasks, which leases them to it. While it runs a task, `keepLease` renews the
 * lease in the background; or the worker extends it with `heartbeatTask`. It ends with
 * `completeTask`, `failTask` or `releaseTask`. If a worker is killed, its lease ends, and the task
 * is queued again. `work` does all of this in a loop.
 *
 * A task runs at least once, and sometimes more than once: a worker may be killed after it has done
 * the work, or be slower than its lease. So the work should be safe to repeat. A worker whose lease
 * ended gets `CHATKEEP_CONFLICT` and cannot change the task.
 *
 * Times are those of the clocks of the calling programs, which should agree to within a second or
 * so. A lease should last much longer than the difference.
 */
export class TaskManager extends TaskManagerBase {
  /**
   * Enqueues a task.
   *
   * A task with an idempotency key is enqueued once: a later call with the same key, kind, input
   * and user returns the existing task, in whatever state it is. Its other values do not change.
   * The key is free again when the task is deleted.
   *
   * @param kind Kind of the task, by which workers claim it. 1–100 characters.
   * @param input Input for the worker, as a JSON object of at most 1 MiB.
   * @param options Options: `userId`, `priority`, `runAt`, `delaySeconds`, `maxAttempts`,
   * `idempotencyKey` and `signal`.
   * @returns The task.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or there is no such user.
   * @throws `CHATKEEP_CONFLICT`: a task with the key has another kind, input or user. It is not
   * retryable then, and its field is `idempotencyKey`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * task may be stored; with an idempotency key, calling again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  enqueueTask(kind: string, input: object, options?: EnqueueTaskOptions): Promise<Task> {
    return call(this, ENQUEUE_TASK, options, ({ userId, priority, runAt, delaySeconds, maxAttempts, idempotencyKey }) => [
      kind,
      metadataText(ENQUEUE_TASK.name, input, 'input'),
      userId,
      priority,
      timestampArg(runAt),
      delaySeconds,
      maxAttempts,
      idempotencyKey,
    ]);
  }

  /**
   * Enqueues tasks, all or none.
   *
   * Tasks with idempotency keys are enqueued once, as by `enqueueTask`.
   *
   * @param tasks The tasks.
   * @param options An abort signal.
   * @returns The tasks, in the same order.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `tasks[3].kind`, or there is no
   * such user.
   * @throws `CHATKEEP_CONFLICT`: a task with one of the keys has another kind, input or user. It is
   * not retryable then, and its field is such as `tasks[3].idempotencyKey`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. All
   * tasks may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  enqueueTasks(tasks: Iterable<NewTask>, options?: Abortable): Promise<Task[]> {
    return call(this, ENQUEUE_TASKS, options, () => [
      recordsArg(ENQUEUE_TASKS.name, 'tasks', tasks, newTaskKeys),
    ]);
  }

  /**
   * Cancels a task.
   *
   * A queued task is `cancelled` immediately. For a running one, a cancellation is requested: the
   * next `heartbeatTask` of its worker returns `true`. If the worker then fails or releases the
   * task, or its lease ends, the task is `cancelled`. A task that has ended is not changed.
   *
   * @param taskId The task's public id.
   * @param options An abort signal.
   * @returns The task, or `null` if it does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Calling
   * again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  cancelTask(taskId: string, options?: Abortable): Promise<Task | null> {
    return call(this, CANCEL_TASK, options, () => [taskId]);
  }

  /**
   * Queues a failed or cancelled task again, with all its attempts.
   *
   * @param taskId The task's public id.
   * @param options An abort signal.
   * @returns The task, or `null` if it does not exist.
   * @throws `CHATKEEP_CONFLICT`: the task is queued, running or completed. It is not retryable
   * then, and its field is `taskId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * task may be queued.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  retryTask(taskId: string, options?: Abortable): Promise<Task | null> {
    return call(this, RETRY_TASK, options, () => [taskId]);
  }

  /**
   * Claims due tasks for a worker.
   *
   * Each task is leased to one worker at a time. Tasks of the first kind are claimed before those
   * of the second, and so on; a worker that should not neglect any kind changes their order from
   * call to call. Tasks of one kind are claimed by priority, the highest first, then by `runAt`,
   * the earliest first. On a Galera cluster, this order is approximate if workers use several
   * nodes.
   *
   * A claim first queues tasks of any kind whose leases have ended. Those that have no attempt left
   * become `failed`.
   *
   * A call without due tasks reads only the ends of index ranges. Each priority at which all tasks
   * are in the future takes one more query.
   *
   * With `waitSeconds`, a call waits until a task is due. Tasks that this process queues are
   * claimed immediately, and those of other processes within about a second. A wait holds no
   * connection.
   *
   * @param kinds Kinds of tasks to claim, 1–100.
   * @param worker Name of the worker, such as host and process id, 1–255 characters.
   * @param options Options: `leaseSeconds`, `limit`, `waitSeconds` and `signal`.
   * @returns The tasks with the token of their lease, in the order in which they were claimed. The
   * list is empty if no task is due.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid, such as `kinds[1]`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Tasks
   * may be leased; they are queued again when the lease ends.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  claimTasks(
    kinds: readonly string[],
    worker: string,
    options?: ClaimTasksOptions,
  ): Promise<ClaimedTask[]> {
    return call(this, CLAIM_TASKS, options, ({ leaseSeconds, limit, waitSeconds }) => [
      kinds,
      worker,
      leaseSeconds,
      limit,
      waitSeconds,
    ]);
  }

  /**
   * Extends the lease of a running task.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param options Options: `leaseSeconds` and `signal`.
   * @returns Whether a cancellation of the task was requested. The worker should then stop and call
   * `failTask`, after which the task is `cancelled`.
   * @throws `CHATKEEP_INVALID_INPUT`: `leaseSeconds` is out of range, or `leaseToken` is malformed.
   * @throws `CHATKEEP_CONFLICT`: the lease has ended, another claim has the task, or it does not
   * exist. The worker should stop working on it. It is not retryable then, and its field is
   * `leaseToken`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Calling
   * again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: the lease may not be extended. Calling again is
   * safe.
   */
  heartbeatTask(
    taskId: string,
    leaseToken: string,
    options?: HeartbeatTaskOptions,
  ): Promise<boolean> {
    return call(this, HEARTBEAT_TASK, options, ({ leaseSeconds }) => [
      taskId,
      leaseToken,
      leaseSeconds,
    ]);
  }

  /**
   * Completes a running task.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param options Options: `result` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `result` is too large, or `leaseToken` is malformed.
   * @throws `CHATKEEP_CONFLICT`: the lease has ended, another claim has the task, or it does not
   * exist. Nothing is stored. It is not retryable then, and its field is `leaseToken`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Call it
   * again: after a `CHATKEEP_CONFLICT`, `getTask` returns whether the task is completed.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  completeTask(taskId: string, leaseToken: string, options?: CompleteTaskOptions): Promise<void> {
    return call(this, COMPLETE_TASK, options, ({ result }) => [
      taskId,
      leaseToken,
      metadataText(COMPLETE_TASK.name, result, 'result'),
    ]);
  }

  /**
   * Reports that an attempt to run a task failed.
   *
   * The task is queued again, or becomes `failed` after `maxAttempts` attempts. The delay is 5
   * seconds after the first attempt, and doubles with each further one, up to an hour; up to a
   * tenth is added at random. A task whose cancellation was requested becomes `cancelled`.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param error Error, for people. It is cut to 64 KiB. Do not pass secrets.
   * @param options Options: `retryAfterSeconds`, `isFinal` and `signal`.
   * @returns The task, with its new state.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid.
   * @throws `CHATKEEP_CONFLICT`: the lease has ended, another claim has the task, or it does not
   * exist. Nothing is stored. It is not retryable then, and its field is `leaseToken`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * failure may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  failTask(
    taskId: string,
    leaseToken: string,
    error: string,
    options?: FailTaskOptions,
  ): Promise<Task> {
    return call(this, FAIL_TASK, options, ({ retryAfterSeconds, isFinal }) => [
      taskId,
      leaseToken,
      error,
      retryAfterSeconds,
      isFinal,
    ]);
  }

  /**
   * Gives a task back, so that another worker can claim it at once.
   *
   * The attempt does not count. A worker that stops calls it for the tasks that it does not finish.
   * A task whose cancellation was requested becomes `cancelled`.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param options An abort signal.
   * @returns The task, with its new state.
   * @throws `CHATKEEP_INVALID_INPUT`: `leaseToken` is malformed.
   * @throws `CHATKEEP_CONFLICT`: the lease has ended, another claim has the task, or it does not
   * exist. It is not retryable then, and its field is `leaseToken`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * task may be queued.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  releaseTask(taskId: string, leaseToken: string, options?: Abortable): Promise<Task> {
    return call(this, RELEASE_TASK, options, () => [taskId, leaseToken]);
  }

  /**
   * Renews the lease of a claimed task in the background, until the task ends.
   *
   * It is called directly after `claimTasks`, and does not wait. A thread of this process renews
   * all kept leases every third of `leaseSeconds`, until `completeTask`, `failTask` or
   * `releaseTask` is called with the token. When the store is closed, or when the process exits
   * normally, the tasks are released. If the process is killed, the lease ends. A forked child does
   * not keep the leases of its parent.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param options Options: `leaseSeconds` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `leaseSeconds` is out of range, or `leaseToken` is malformed.
   * @throws `CHATKEEP_UNAVAILABLE`: the store is closed, or no thread can be started.
   */
  keepLease(taskId: string, leaseToken: string, options?: KeepLeaseOptions): Promise<void> {
    return call(this, KEEP_LEASE, options, ({ leaseSeconds }) => [
      taskId,
      leaseToken,
      leaseSeconds,
    ]);
  }

  /**
   * Returns the state of a lease that this process keeps, from memory.
   *
   * A cancellation by this process is known immediately, and one by another process after the next
   * renewal. A lease is lost when a renewal finds that another claim has the task, or when the
   * database did not answer until the end of the lease.
   *
   * @param taskId The task's public id.
   * @param leaseToken Token of the lease, from `claimTasks`.
   * @param options An abort signal.
   * @returns The state. It is `lost` also if the process does not keep the lease, or the task has
   * ended.
   * @throws `CHATKEEP_INVALID_INPUT`: `leaseToken` is malformed.
   */
  getLeaseState(taskId: string, leaseToken: string, options?: Abortable): Promise<LeaseState> {
    return call(this, GET_LEASE_STATE, options, () => [taskId, leaseToken]);
  }

  /**
   * Releases the tasks whose leases this process keeps, so that other workers can claim them.
   *
   * The attempts do not count, as after `releaseTask`. A program that stops calls it if some tasks
   * are not finished.
   *
   * @param options An abort signal.
   * @returns The number of released tasks.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`, `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: some tasks may not be
   * released. Their leases are not renewed any more.
   */
  releaseKeptTasks(options?: Abortable): Promise<number> {
    return call(this, RELEASE_KEPT_TASKS, options, () => []);
  }

  /**
   * Returns a task.
   *
   * @param taskId The task's public id.
   * @param options An abort signal.
   * @returns The task, or `null` if it does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getTask(taskId: string, options?: Abortable): Promise<Task | null> {
    return call(this, GET_TASK, options, () => [taskId]);
  }

  /**
   * Returns tasks, newest first.
   *
   * @param options Options: `status`, `kind`, `userId`, `limit`, `cursor` and `signal`.
   * @returns A page of tasks. It is empty if there is no such user.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or another argument is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listTasks(options?: ListTasksOptions): Promise<TaskPage> {
    return call(this, LIST_TASKS, options, ({ status, kind, userId, limit, cursor }) => [
      status,
      kind,
      userId,
      limit,
      cursor,
    ]);
  }

  /**
   * Returns the numbers of tasks by kind and state.
   *
   * It reads the index of all tasks, so it takes longer with more of them.
   *
   * @param options An abort signal.
   * @returns The numbers for each kind of which tasks are stored.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  countTasks(options?: Abortable): Promise<Readonly<Record<string, TaskCounts>>> {
    return call(this, COUNT_TASKS, options, () => []);
  }

  /**
   * Deletes the tasks that ended a number of days ago, in batches.
   *
   * Queued and running tasks are kept, however old they are.
   *
   * @param days Minimum age in days of 24 hours since the end, 1–3,650,000. Default: 30.
   * @param options An abort signal.
   * @returns The number of deleted tasks.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some tasks may be deleted. Call it again.
   */
  deleteOldTasks(days?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_TASKS, options, () => [days]);
  }
}
