/** Real web servers in processes of their own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { environment } from './programs.mjs';

/**
 * Runs a program that says where it listens as `listening on URL`. It ends with the test.
 *
 * Gives `{ url, told(), stop(), ended }`: what it wrote so far; a way to end it as an operator does; and its exit code. `url` is
 * `undefined` when it ended without listening.
 */
export async function webServer(t, { folder, program, variables }) {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: environment({ PORT: '0', ...variables }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  const ended = once(child, 'close').then(([code]) => code);
  const listening = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        told += text;
        const url = /listening on (\S+)\n/.exec(told)?.[1];
        if (url) resolve(url);
      });
    }
    ended.then(() => resolve(undefined));
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    url: await listening,
    told: () => told,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    ended,
  };
}
