/** A cluster whose processes all log to the database of the environment. */

import cluster from 'node:cluster';
import { once } from 'node:events';
import process from 'node:process';
import { messageLogger } from 'chatkeep';

if (cluster.isPrimary) {
  await messageLogger.logMessage('primary');
  const workers = Array.from({ length: 3 }, () => cluster.fork());
  const ends = await Promise.all(workers.map((worker) => once(worker, 'exit')));
  await messageLogger.logMessage('primary');
  console.log('served', ...ends.map(([code]) => code));
} else {
  await Promise.all(Array.from({ length: 20 }, () => messageLogger.logMessage('worker')));
  process.disconnect();
}
