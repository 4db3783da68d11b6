/** The members of the task manager that are not its operations. */

import { OperationGroup } from './operations.js';
import { Work, type WorkOptions } from './work/work.js';

/** The methods of {@link TaskManager} besides its operations. */
export class TaskManagerBase extends OperationGroup {
  /**
   * Returns an asynchronous iterator of tasks of these kinds, which waits until it is stopped.
   *
   * Each task is claimed when the iterator is asked for it, and its lease is renewed in the
   * background until it ends. The order is that of `claimTasks`. If the process is killed, the
   * leases end, and the tasks are queued again.
   *
   * SIGTERM, SIGINT and `signal` end the iteration within about a second. A second SIGTERM or
   * SIGINT has its usual effect. Tasks that have not ended then can still be finished. Those that
   * are left when the store is closed, or when the process exits, are released.
   *
   * While the database is down, claims are repeated after pauses of up to 30 seconds.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const chat = new Chatkeep('sqlite:///:memory:');
   * await chat.taskManager.enqueueTask('email', { to: 'ada@example.org' });
   * const work = chat.taskManager.work(['email']);
   * for await (const task of work) {
   *   await task.run(async ({ input }) => ({ sent: input['to'] }));
   *   work.stop();
   * }
   * ```
   *
   * @param kinds Kinds of tasks to claim, 1–100.
   * @param options Options of the worker.
   * @returns The iterator. It rejects if a claim fails and a repetition would not help.
   * @throws `CHATKEEP_INVALID_INPUT`: an option is invalid. Others are checked by the first claim.
   */
  work(kinds: readonly string[], options?: WorkOptions): Work {
    return new Work(this, kinds, options);
  }
}
