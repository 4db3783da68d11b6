/** A panic in Rust rejects the call and does not end the process. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/databases.mjs';
import { run } from './support/programs.mjs';

test('a panic rejects the call and the process continues', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await temporaryFolder(t);
  const library = join(folder, 'broken_clock.so');
  const source = fileURLToPath(new URL('support/broken_clock.c', import.meta.url));
  // A C compiler is available, because Rust needs one for linking.
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  const { stdout } = await run(
    `
    import { rmSync, writeFileSync } from 'node:fs';
    const chat = new Chatkeep('sqlite:///:memory:');
    const { messageLogger: log, tokenManager: tokens } = chat;
    await log.logMessage('before');
    writeFileSync(process.env.BROKEN_CLOCK, '');
    const calls = [
      () => log.logMessage('during'),
      () => tokens.createToken(),
      () => log.deleteOldMessages(1),
    ];
    const errors = await Promise.all(calls.map((call) => call().catch((error) => error)));
    rmSync(process.env.BROKEN_CLOCK);
    for (const error of errors) {
      const { code, operation, retryable, message } = error;
      const isExpected = error instanceof ChatkeepError && message.includes('panic');
      console.log(isExpected, code, operation, retryable);
    }
    console.log((await log.logMessage('after')) > 0);
    `,
    { variables: { LD_PRELOAD: library, BROKEN_CLOCK: join(folder, 'broken') }, noise: true },
  );
  assert.deepEqual(stdout.trim().split('\n'), [
    'true CHATKEEP_INTERNAL logMessage false',
    'true CHATKEEP_INTERNAL createToken false',
    'true CHATKEEP_INTERNAL deleteOldMessages false',
    'true',
  ]);
});
