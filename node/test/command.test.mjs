/** `npx chatkeep`: the same as the Rust command. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyDatabase } from './support/databases.mjs';
import { environment, outcome } from './support/programs.mjs';

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url));

function begin(url, ...args) {
  const program = spawn(process.execPath, [BIN, ...args], {
    env: environment({ DATABASE_URL: url }),
  });
  for (const stream of [program.stdout, program.stderr]) stream.setEncoding('utf8');
  return program;
}

async function command(url, args, input = '') {
  const program = begin(url, ...args);
  program.stdin.end(input);
  return outcome(program);
}

test('the command is the same', async (t) => {
  const { url, file } = await emptyDatabase(t, 'sqlite');
  const ask = (...args) => command(url, args);
  assert.equal((await ask('messages', 'log', 'hi', '--provider', 'openai')).code, 0);
  const listed = await ask('messages', 'list', '--json');
  assert.match(listed.stdout.replaceAll(' ', ''), /"provider":"openai"/);
  assert.equal((await ask('tokens', 'verify', 'ck_nonsense')).code, 1);
  const wrong = await ask('messages', 'list', '--limit', 'many');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /invalid value 'many'/);
  assert.match((await ask('--version')).stdout, /^chatkeep /);
  assert.match((await ask('--help')).stdout, /Usage: chatkeep /);
  assert.ok(existsSync(file));
});

test('it reads standard input and writes standard output, also into a pipe that is closed early', async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  const lines = Array.from({ length: 20_000 }, (_, place) =>
    JSON.stringify({ user_message: `m${place}`, bot_response: 'é' }),
  );
  const imported = await command(url, ['messages', 'import', '-'], `${lines.join('\n')}\n`);
  assert.equal(imported.code, 0, imported.stderr);
  const exported = await command(url, ['messages', 'export']);
  assert.equal(exported.stdout.trimEnd().split('\n').length, 20_000);
  const program = begin(url, 'messages', 'export');
  program.stdin.end();
  await once(program.stdout, 'data');
  program.stdout.destroy();
  let stderr = '';
  program.stderr.on('data', (text) => {
    stderr += text;
  });
  await once(program, 'exit');
  assert.doesNotMatch(stderr, /panic|at .*js|Error/);
});

test('Ctrl-C ends it by that signal', { skip: process.platform === 'win32' }, async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // It waits for its input.
    const program = begin(url, 'messages', 'import', '-');
    program.stdin.write(`${JSON.stringify({ user_message: 'a' })}\n`);
    setTimeout(() => program.kill(signal), 500);
    const told = await outcome(program);
    assert.equal(told.signal, signal, told.stderr);
    assert.doesNotMatch(told.stderr, /panic|at .*js/);
  }
});
