/** Concurrent use of one database from Node, Python and the command. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ENGINES } from './support/databases.mjs';
import { environment, outcome } from './support/programs.mjs';
import { onEachEngine, openStore, texts } from './support/stores.mjs';

// The Python package built by `cargo xtask build python`, and the command built by Cargo.
const {
  CHATKEEP_TEST_PYTHON: PYTHON,
  CHATKEEP_TEST_PYTHON_PACKAGE: PACKAGE,
  CHATKEEP_TEST_COMMAND: COMMAND,
} = process.env;

/** A Python program that runs the calls on its standard input, one JSON line per call. */
const SERVER = `
import json, sys
import chatkeep
chat = chatkeep.Chatkeep(sys.argv[1], token_cache=0)
log, tokens = chat.message_logger, chat.token_manager
for line in sys.stdin:
    call, arguments = json.loads(line)
    owner = tokens if "token" in call else log
    print(json.dumps(getattr(owner, call)(**arguments)), flush=True)
`;

function python(t, url) {
  const program = spawn(PYTHON, ['-c', SERVER, url], {
    env: environment({ PYTHONPATH: PACKAGE }),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(async () => {
    program.stdin.end();
    if (program.exitCode === null) await once(program, 'exit');
  });
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return async (call, args = {}) => {
    program.stdin.write(`${JSON.stringify([call, args])}\n`);
    const { value, done } = await lines.next();
    assert.ok(!done, 'Python ended');
    return JSON.parse(value);
  };
}

async function command(url, ...args) {
  const program = spawn(COMMAND, args, { env: environment({ DATABASE_URL: url }) });
  program.stdin.end();
  return outcome(program);
}

// Plain `npm test` builds only the Node package, so the others may be missing.
const isPlain = !process.env.CHATKEEP_TEST_HOME && !process.env.CI;
const isBuilt = [PYTHON, PACKAGE, COMMAND].every((path) => path && existsSync(path));
const skip = isPlain && !isBuilt && 'they are not built';

test('the Python package and the command exist', { skip }, () => {
  for (const path of [PYTHON, PACKAGE, COMMAND])
    assert.ok(path && existsSync(path), `${path}: see xtask/src/test/node.rs`);
});

onEachEngine(
  'languages share messages, tokens and revocations',
  shareDatabase,
  skip ? [] : ENGINES,
);

async function shareDatabase(t, { database }) {
  const chat = openStore(t, database, { tokenCache: 0 });
  const { messageLogger: log, tokenManager: tokens } = chat;
  await log.logMessage({
    message: 'from Node é😀',
    response: 'r',
    tokensUsed: 2n ** 62n,
    metadata: { n: 2n ** 63n, f: 0.1, l: [null, true] },
    timestamp: '2024-02-29T12:00:00.123456Z',
  });
  const ask = python(t, database.url);
  const [read] = await ask('get_messages');
  assert.deepEqual(
    [read.user_message, read.bot_response, read.timestamp, read.metadata.f, read.metadata.l],
    ['from Node é😀', 'r', '2024-02-29T12:00:00.123456+00:00', 0.1, [null, true]],
  );

  // Concurrent writes from both languages.
  const [, ...ids] = await Promise.all([
    (async () => {
      for (let index = 0; index < 30; index += 1)
        await ask('log_message', { message: 'from Python', metadata: { index } });
    })(),
    ...Array.from({ length: 30 }, () => log.logMessage('from Node')),
  ]);
  assert.equal(new Set(ids).size, 30);
  assert.equal(await log.getMessageCount(), 61);
  assert.equal(await ask('get_message_count'), 61);
  assert.deepEqual(texts(await log.getMessages({ metadata: { index: 7 } })), ['from Python']);
  const listed = await command(database.url, 'messages', 'list', '--json', '--limit', '100');
  assert.equal(listed.code, 0, listed.stderr);
  assert.ok(listed.stdout.includes('from Python') && listed.stdout.includes('from Node'));

  // A token from each language is checked by the others and revoked by a third.
  const ours = await tokens.createToken('Node');
  assert.equal(await ask('verify_token', { token: ours.token }), true);
  const theirs = await ask('create_token', { description: 'Python' });
  assert.equal((await tokens.checkToken(theirs.token)).token.description, 'Python');
  const revoked = await command(database.url, 'tokens', 'revoke', String(ours.id));
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.equal(await tokens.verifyToken(ours.token), false);
  assert.equal((await ask('check_token', { token: ours.token })).reason, 'revoked');
  assert.equal(await tokens.revokeToken(theirs.id), true);
  assert.equal(await ask('verify_token', { token: theirs.token }), false);
  assert.notEqual((await command(database.url, 'tokens', 'verify', theirs.token)).code, 0);
}
