// What chatkeep costs an event loop of Node's; see `src/studies/node_event_loop.rs`.
//
// study.mjs event-loop WHO SECONDS
//
// The setup comes on standard input, as a contestant's does; the answer is a line of figures by their names.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

const modules = {
  chatkeep: './chatkeep_node.mjs',
  'better-sqlite3': './better_sqlite3.mjs',
  pg: './pg.mjs',
  mysql2: './mysql2.mjs',
};

/** How late the loop is, in microseconds; a turn is asked for every millisecond. */
async function late(seconds) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await pause(seconds * 1000);
  delay.disable();
  // It counts the millisecond as well.
  const over = (nanoseconds) => Math.max(nanoseconds / 1000 - 1000, 0);
  return { p99: over(delay.percentile(99)), longest: over(delay.max) };
}

async function eventLoop(setup, who, seconds) {
  const { open } = await import(modules[who]);
  const contestant = await open(setup);
  await contestant.log();
  const idle = await late(seconds / 3);
  let logged = 0;
  let isOver = false;
  async function work() {
    while (!isOver) {
      const ids = contestant.log();
      // A driver that knows no promises gives others their turn only where its caller does.
      if (!(ids instanceof Promise)) await turn();
      // Not in one: `+=` would take the number from before the others' turn.
      const { length } = await ids;
      logged += length;
    }
  }
  const workers = Array.from({ length: setup.callers }, work);
  await pause(seconds * 100);
  const [begin, before] = [performance.now(), logged];
  const busy = await late(seconds);
  const rate = ((logged - before) * 1000) / (performance.now() - begin);
  isOver = true;
  await Promise.all(workers);
  return { idle_p99: idle.p99, idle_longest: idle.longest, busy_p99: busy.p99, busy_longest: busy.longest, rate };
}

const [, , , who, seconds] = process.argv;
try {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const setup = JSON.parse((await lines.next()).value);
  const figures = await eventLoop(setup, who, Number(seconds));
  process.stdout.write(`${JSON.stringify({ figures })}\n`, () => process.exit(0));
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error).slice(0, 500) })}\n`, () => process.exit(1));
}
