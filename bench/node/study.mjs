// Measures the cost of chatkeep for the Node event loop; see `src/studies/node_event_loop.rs`.
//
// study.mjs event-loop LIBRARY SECONDS
//
// The setup is read from standard input, as for a competitor. The output is one line of figures by
// name.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setImmediate as yieldToLoop, setTimeout as pause } from 'node:timers/promises';

const modules = {
  chatkeep: './chatkeep_node.mjs',
  'better-sqlite3': './better_sqlite3.mjs',
  pg: './pg.mjs',
  mysql2: './mysql2.mjs',
};

/** Measures the delay of a timer of one millisecond, in microseconds. */
async function measureDelay(seconds) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await pause(seconds * 1000);
  delay.disable();
  // The measured time includes the millisecond itself.
  const excess = (nanoseconds) => Math.max(nanoseconds / 1000 - 1000, 0);
  return { p99: excess(delay.percentile(99)), longest: excess(delay.max) };
}

async function eventLoop(setup, library, seconds) {
  const { open } = await import(modules[library]);
  const competitor = await open(setup);
  await competitor.log();
  const idle = await measureDelay(seconds / 3);
  let logged = 0;
  let isOver = false;
  async function work() {
    while (!isOver) {
      const ids = competitor.log();
      // A synchronous driver never yields, so its caller does.
      if (!(ids instanceof Promise)) await yieldToLoop();
      // Two statements, because `+=` would read the number before other callers run.
      const { length } = await ids;
      logged += length;
    }
  }
  const workers = Array.from({ length: setup.callers }, work);
  await pause(seconds * 100);
  const [begin, before] = [performance.now(), logged];
  const busy = await measureDelay(seconds);
  const rate = ((logged - before) * 1000) / (performance.now() - begin);
  isOver = true;
  await Promise.all(workers);
  return {
    idle_p99: idle.p99,
    idle_longest: idle.longest,
    busy_p99: busy.p99,
    busy_longest: busy.longest,
    rate,
  };
}

const [, , , library, seconds] = process.argv;
try {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const setup = JSON.parse((await lines.next()).value);
  const figures = await eventLoop(setup, library, Number(seconds));
  process.stdout.write(`${JSON.stringify({ figures })}\n`, () => process.exit(0));
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error).slice(0, 500) })}\n`, () =>
    process.exit(1),
  );
}
