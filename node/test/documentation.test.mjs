/** The pages of the READMEs, the examples beside the declarations, and the types. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { folderWith, PACKAGE, ROOT } from './support/examples.mjs';
import { pages } from './support/pages.mjs';
import { environment } from './support/programs.mjs';

const INSTALLED = ['chatkeep', 'express', 'fastify', '@types'];
const PAGES = pages();

/** Runs a program to its end; a failed `console.assert` is told on standard error. */
function run(program, programArguments, cwd) {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(), timeout: 120_000 };
    execFile(program, programArguments, options, (error, out, told) => {
      resolve({ code: error ? error.code : 0, out, told });
    });
  });
}

async function assertRuns(folder, ...programArguments) {
  const done = await run(process.execPath, programArguments, folder);
  assert.deepEqual([done.code, done.told], [0, ''], done.out);
}

/** Asks an application that a page exports as `app` what the page says of it. */
const ASK = `
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Chatkeep } from 'chatkeep';
import { app } from './page.mjs';

let url;
if (app.ready) {
  url = await app.listen({ port: 0, host: '127.0.0.1' });
} else {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = 'http://127.0.0.1:' + server.address().port;
}
const { token } = await new Chatkeep('sqlite:///chat.db').tokenManager.createToken();
const headers = { Authorization: 'Bearer ' + token };
assert.equal((await fetch(url + '/health/db-pool')).status, 200);
assert.equal((await fetch(url + '/messages')).status, 401);
assert.deepEqual(await (await fetch(url + '/messages', { headers })).json(), []);
process.exit();
`;

for (const [number, { readme, text }] of PAGES.entries()) {
  const name = `${readme.slice(ROOT.length)}, page ${number + 1}`;
  test(`the page runs as it stands: ${name}`, async (t) => {
    const folder = await folderWith(t, INSTALLED);
    await writeFile(join(folder, 'page.mjs'), text);
    if (/^export const app\b/m.test(text)) {
      await writeFile(join(folder, 'ask.mjs'), ASK);
      await assertRuns(folder, 'ask.mjs');
    } else {
      await assertRuns(folder, 'page.mjs');
    }
    assert.ok((await readdir(folder)).includes('chat.db'));
  });
}

test('there are pages', () => {
  assert.equal(PAGES.filter(({ text }) => /^export const app\b/m.test(text)).length, 2);
  assert.ok(PAGES.length >= 5);
});

/** The sources, by name. */
async function sources() {
  const folder = join(PACKAGE, 'src');
  const names = await readdir(folder, { recursive: true });
  const texts = names
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => [name, await readFile(join(folder, name), 'utf8')]);
  return new Map(await Promise.all(texts));
}

/** What the examples beside the declarations say, with what is declared behind them. */
function examplesIn(text) {
  const comments = text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*(?<behind>[^\n]*)/g);
  return [...comments].flatMap(([comment, behind]) => {
    const plain = comment.replace(/^[ \t]*\* ?/gm, '');
    return [...plain.matchAll(/^```ts\n(.*?)^```/gms)].map(([, example]) => ({ behind, example }));
  });
}

async function compiled(folder, files, options) {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'node16',
    types: ['node'],
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const { code, out } = await run(join(PACKAGE, 'node_modules/.bin/tsc'), [], folder);
  assert.equal(code, 0, out);
}

test('the examples beside the declarations are typed, and run as they stand', async (t) => {
  const folder = await folderWith(t, INSTALLED);
  const files = [];
  for (const [name, text] of await sources()) {
    for (const { example } of examplesIn(text)) {
      const file = `${name.replace(/\W/g, '_')}_${files.length}.mts`;
      await writeFile(join(folder, file), example);
      files.push(file);
    }
  }
  assert.ok(files.length >= 4);
  await compiled(folder, files, { strict: true });
  for (const file of files) await assertRuns(folder, file.replace('.mts', '.mjs'));
});

test('the important calls have an example', async () => {
  const all = [...(await sources()).values()];
  const shown = all.flatMap((text) => examplesIn(text).map(({ behind }) => behind)).join('\n');
  for (const name of [
    'class Chatkeep',
    'class TokenManager',
    'logMessage',
    'getMessages',
    'checkToken',
    'migrate',
    'migrateFromOldSqlite',
  ]) {
    assert.match(shown, new RegExp(`\\b${name}\\b`));
  }
  for (const framework of ['express', 'fastify']) {
    assert.ok(examplesIn((await sources()).get(`${framework}.ts`)).length > 0);
  }
});

test('the pages use what there is', async (t) => {
  const folder = await folderWith(t, INSTALLED);
  const files = PAGES.map((_, number) => `page${number}.mjs`);
  for (const [number, { text }] of PAGES.entries()) {
    await writeFile(join(folder, files[number]), text);
  }
  // Without `strict`: these are JavaScript, whose readers know that the row is there that they made.
  const options = { allowJs: true, checkJs: true, noEmit: true, strict: false };
  await compiled(folder, files, options);
});

/** Where what is public is declared. */
const PUBLIC = [
  'database',
  'errors',
  'express',
  'fastify',
  'index',
  'messages',
  'store',
  'tokens',
  'types',
];

test('everything public is documented', async () => {
  const silent = [];
  let found = 0;
  for (const name of PUBLIC) {
    const declarations = await readFile(join(PACKAGE, 'dist', `${name}.d.ts`), 'utf8');
    const lines = declarations.split('\n');
    let inClass = false;
    for (const [number, line] of lines.entries()) {
      if (/^\S/.test(line)) inClass = /^export declare class/.test(line);
      const isDeclared = /^export (declare |interface |type \w)/.test(line);
      const isMember = inClass && /^ {4}(?!constructor|private)\w.*;$/.test(line);
      if (!isDeclared && !isMember) continue;
      found += 1;
      if (!lines[number - 1].endsWith('*/')) silent.push(`${name}: ${line.trim()}`);
    }
  }
  assert.deepEqual(silent, []);
  assert.ok(found > 60, `${found} declarations`);
});
