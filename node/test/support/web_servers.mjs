/** Web servers in child processes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { environment } from './programs.mjs';

/**
 * Starts a program that prints `listening on URL`. It ends with the test.
 *
 * Returns `{ url, output(), stop(), ended }`. `output` returns the output so far. `stop` sends
 * SIGTERM and returns `ended`, a promise of the exit code. `url` is `undefined` if the program
 * ended without listening.
 */
export async function webServer(t, { folder, program, variables }) {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: environment({ PORT: '0', ...variables }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = once(child, 'close').then(([code]) => code);
  const listening = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        const url = /listening on (\S+)\n/.exec(output)?.[1];
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
    output: () => output,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    ended,
  };
}
