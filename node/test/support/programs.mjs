/** Programs that tests run beside themselves. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Where `chatkeep` can be imported. */
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** This process's environment without chatkeep's settings. */
export function environment(variables = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(DB_|DATABASE_|TOKEN_CACHE)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...variables };
}

const HEAD = "import { Chatkeep, ChatkeepError } from 'chatkeep';\n";

/** Starts a program of Node's that has chatkeep; its arguments begin at `process.argv[1]`. */
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

/** What a program that was started says until it ends, and how it ends. */
export async function outcome(program, patience = 120_000) {
  let [stdout, stderr] = ['', ''];
  program.stdout.on('data', (text) => {
    stdout += text;
  });
  program.stderr.on('data', (text) => {
    stderr += text;
  });
  // Far beyond what a busy machine needs; a program that hangs would keep its files open.
  const timer = setTimeout(() => program.kill('SIGKILL'), patience);
  const [code, signal] = await once(program, 'close');
  clearTimeout(timer);
  return { stdout, stderr, code, signal };
}

/** Runs a program to its end, which has to be a good one. `noise` is what it may say on standard error. */
export async function run(code, { noise = false, patience, ...options } = {}) {
  const program = start(code, options);
  program.stdin.end();
  const told = await outcome(program, patience);
  assert.deepEqual([told.code, told.signal], [0, null], told.stderr);
  if (!noise) assert.equal(told.stderr, '');
  return told;
}
