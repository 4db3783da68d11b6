/** Child processes of tests. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** A folder from which `chatkeep` can be imported. */
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** Returns this process's environment without chatkeep's settings. */
export function environment(variables = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(DB_|DATABASE_|TOKEN_CACHE)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...variables };
}

const HEAD = "import { Chatkeep, ChatkeepError } from 'chatkeep';\n";

/** Starts a Node program that imports chatkeep. Its arguments begin at `process.argv[1]`. */
export function start(code, { args = [], flags = [], variables = {}, cwd = PACKAGE } = {}) {
  const all = [...flags, '--input-type=module', '--eval', `${HEAD}${code}`, '--', ...args];
  const program = spawn(process.execPath, all, {
    cwd,
    env: environment(variables),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  for (const stream of [program.stdout, program.stderr]) stream.setEncoding('utf8');
  return program;
}

/** Waits until a program ends, and returns its output, exit code and signal. */
export async function outcome(program, timeout = 120_000) {
  let [stdout, stderr] = ['', ''];
  program.stdout.on('data', (text) => {
    stdout += text;
  });
  program.stderr.on('data', (text) => {
    stderr += text;
  });
  // Generous for a busy machine. A program that hangs would keep its files open.
  const timer = setTimeout(() => program.kill('SIGKILL'), timeout);
  const [code, signal] = await once(program, 'close');
  clearTimeout(timer);
  return { stdout, stderr, code, signal };
}

/** Runs a program, which must succeed. `noise` allows output on standard error. */
export async function run(code, { noise = false, timeout, ...options } = {}) {
  const program = start(code, options);
  program.stdin.end();
  const ended = await outcome(program, timeout);
  assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr);
  if (!noise) assert.equal(ended.stderr, '');
  return ended;
}
