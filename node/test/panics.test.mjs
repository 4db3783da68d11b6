/** A fault in chatkeep is a rejection, never the end of the process. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/databases.mjs';
import { run } from './support/programs.mjs';

test('a panic is a rejection and the process lives', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await temporaryFolder(t);
  const library = join(folder, 'broken_clock.so');
  const source = fileURLToPath(new URL('support/broken_clock.c', import.meta.url));
  // Rust needs a compiler to link with, so there is one.
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  const { stdout } = await run(
    `
    import { rmSync, writeFileSync } from 'node:fs';
    const chat = new Chatkeep('sqlite:///:memory:');
    const { messageLogger: log, tokenManager: tokens } = chat;
    await log.logMessage('before');
    writeFileSync(process.env.BROKEN_CLOCK, '');
    const calls = [() => log.logMessage('during'), () => tokens.createToken(), () => log.deleteOldMessages(1)];
    const told = await Promise.all(calls.map((call) => call().catch((error) => error)));
    rmSync(process.env.BROKEN_CLOCK);
    for (const error of told) {
      console.log(error instanceof ChatkeepError, error.code, error.operation, error.retryable, error.message.includes('panic'));
    }
    console.log((await log.logMessage('after')) > 0);
    `,
    { variables: { LD_PRELOAD: library, BROKEN_CLOCK: join(folder, 'broken') }, noise: true },
  );
  assert.deepEqual(stdout.trim().split('\n'), [
    'true CHATKEEP_INTERNAL logMessage false true',
    'true CHATKEEP_INTERNAL createToken false true',
    'true CHATKEEP_INTERNAL deleteOldMessages false true',
    'true',
  ]);
});
