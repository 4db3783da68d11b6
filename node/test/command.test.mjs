/** `npx chatkeep`, which is the Rust command. */

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

test('the command works through Node', async (t) => {
  const { url, file } = await emptyDatabase(t, 'sqlite');
  const runCommand = (...args) => command(url, args);
  assert.equal((await runCommand('messages', 'log', 'hi', '--provider', 'openai')).code, 0);
  const listed = await runCommand('messages', 'list', '--json');
  assert.match(listed.stdout.replaceAll(' ', ''), /"provider":"openai"/);
  assert.equal((await runCommand('tokens', 'verify', 'ck_nonsense')).code, 1);
  const wrong = await runCommand('messages', 'list', '--limit', 'many');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /invalid value 'many'/);
  assert.match((await runCommand('--version')).stdout, /^chatkeep /);
  assert.match((await runCommand('--help')).stdout, /Usage: chatkeep /);
  assert.ok(existsSync(file));
});

test('the command uses standard streams and accepts an early closed pipe', async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  const lines = Array.from({ length: 20_000 }, (_, index) =>
    JSON.stringify({ user_message: `m${index}`, bot_response: 'é' }),
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

test('a signal ends the command with that signal', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // The command waits for more input.
    const program = begin(url, 'messages', 'import', '-');
    program.stdin.write(`${JSON.stringify({ user_message: 'a' })}\n`);
    setTimeout(() => program.kill(signal), 500);
    const ended = await outcome(program);
    assert.equal(ended.signal, signal, ended.stderr);
    assert.doesNotMatch(ended.stderr, /panic|at .*js/);
  }
});
