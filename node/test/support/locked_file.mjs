/** A SQLite file that another process locks for writing. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

// Python's SQLite library, because Node has none before version 22.
const HOLDER = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
connection.close()
`;

/** Runs `body` while another process holds the write lock. */
export async function whileLocked(file, body) {
  const holder = spawn('python3', ['-c', HOLDER, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  try {
    assert.deepEqual(await once(createInterface(holder.stdout), 'line'), ['locked']);
    await body();
    holder.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  } finally {
    holder.kill('SIGKILL');
    await ended;
  }
}
