/** Programs in the documentation, examples in doc comments, and type declarations. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { folderWith, PACKAGE, ROOT } from './support/examples.mjs';
import { pages } from './support/pages.mjs';
import { environment } from './support/programs.mjs';

const INSTALLED = [
  'chatkeep',
  'express',
  'fastify',
  '@langchain',
  '@openai',
  'ai',
  'zod',
  '@types',
];
const PROGRAMS = pages();

/** Runs a program to completion. A failed `console.assert` prints to standard error. */
function run(program, programArguments, cwd) {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(), timeout: 120_000 };
    execFile(program, programArguments, options, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

async function assertRuns(folder, ...programArguments) {
  const done = await run(process.execPath, programArguments, folder);
  assert.deepEqual([done.code, done.stderr], [0, ''], done.stdout);
}

/** Tests the application that a program of the documentation exports as `app`. */
const APP_TEST = `
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Chatkeep } from 'chatkeep';
import { app } from './program.mjs';

let url;
if (app.ready) {
  url = await app.listen({ port: 0, host: '127.0.0.1' });
} else {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = 'http://127.0.0.1:' + server.address().port;
}
const chat = new Chatkeep('sqlite:///chat.db');
if ((await fetch(url + '/health/db-pool')).status === 200) {
  const { token } = await chat.tokenManager.createToken();
  const headers = { Authorization: 'Bearer ' + token };
  assert.equal((await fetch(url + '/messages')).status, 401);
  assert.deepEqual(await (await fetch(url + '/messages', { headers })).json(), []);
} else {
  const account = { email: 'ada@example.org', password: 'correct horse' };
  await chat.userManager.createUser(account);
  const headers = { 'Content-Type': 'application/json' };
  const sent = { method: 'POST', headers, body: JSON.stringify(account) };
  const [cookie] = (await fetch(url + '/sign-in', sent)).headers.getSetCookie();
  const session = { headers: { Cookie: cookie.split(';', 1)[0] } };
  assert.equal((await (await fetch(url + '/me', session)).json()).email, account.email);
  assert.equal((await fetch(url + '/sign-out', { method: 'POST', ...session })).status, 204);
  assert.equal((await fetch(url + '/me', session)).status, 401);
}
process.exit();
`;

for (const [number, { path, text }] of PROGRAMS.entries()) {
  const name = `${path.slice(ROOT.length)}, program ${number + 1}`;
  test(`a program of the documentation runs unmodified: ${name}`, async (t) => {
    const folder = await folderWith(t, INSTALLED);
    await writeFile(join(folder, 'program.mjs'), text);
    if (/^export const app\b/m.test(text)) {
      await writeFile(join(folder, 'app_test.mjs'), APP_TEST);
      await assertRuns(folder, 'app_test.mjs');
    } else {
      await assertRuns(folder, 'program.mjs');
    }
    assert.ok((await readdir(folder)).includes('chat.db'));
  });
}

test('the documentation contains programs', () => {
  assert.equal(PROGRAMS.filter(({ text }) => /^export const app\b/m.test(text)).length, 5);
  assert.ok(PROGRAMS.length >= 9);
});

/** Returns the text of the source files, by name. */
async function sources() {
  const folder = join(PACKAGE, 'src');
  const names = await readdir(folder, { recursive: true });
  const texts = names
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => [name, await readFile(join(folder, name), 'utf8')]);
  return new Map(await Promise.all(texts));
}

/** Returns the examples in doc comments, each with the declaration that follows. */
function examplesIn(text) {
  const comments = text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*(?<declaration>[^\n]*)/g);
  return [...comments].flatMap(([comment, declaration]) => {
    const plain = comment.replace(/^[ \t]*\* ?/gm, '');
    return [...plain.matchAll(/^```ts\n(.*?)^```/gms)].map(([, example]) => ({
      declaration,
      example,
    }));
  });
}

async function compiled(folder, files, options) {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'node16',
    types: ['node'],
    // The declarations of the AI SDK and of the OpenAI Agents SDK need those of browsers.
    skipLibCheck: true,
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const { code, stdout } = await run(join(PACKAGE, 'node_modules/.bin/tsc'), [], folder);
  assert.equal(code, 0, stdout);
}

test('examples in doc comments compile and run', async (t) => {
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

for (const name of await readdir(join(ROOT, 'examples/operations'))) {
  if (!name.endsWith('.mjs')) continue;
  test(`examples of operations run as a program: ${name}`, async (t) => {
    const folder = await folderWith(t, INSTALLED);
    await copyFile(join(ROOT, 'examples/operations', name), join(folder, name));
    await assertRuns(folder, name);
  });
}

test('the most important calls have an example', async () => {
  const all = [...(await sources()).values()];
  const shown = all
    .flatMap((text) => examplesIn(text).map(({ declaration }) => declaration))
    .join('\n');
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
  for (const framework of ['ai_sdk', 'express', 'fastify', 'langgraph', 'openai_agents']) {
    assert.ok(examplesIn((await sources()).get(`${framework}.ts`)).length > 0);
  }
});

test('programs of the documentation pass the type checker', async (t) => {
  const folder = await folderWith(t, INSTALLED);
  const files = PROGRAMS.map((_, number) => `program${number}.mjs`);
  for (const [number, { text }] of PROGRAMS.entries()) {
    await writeFile(join(folder, files[number]), text);
  }
  // Not `strict`: the programs do not check for rows that they have just created.
  const options = { allowJs: true, checkJs: true, noEmit: true, strict: false };
  await compiled(folder, files, options);
});

/** Generated modules without public declarations. */
const INTERNAL = ['decode.d.ts', 'encode.d.ts', 'settings.d.ts'];
const generated = await readdir(join(PACKAGE, 'dist/generated'));
/** Modules with public declarations. */
const PUBLIC = [
  'ai_sdk',
  'ai_sdk/chat_store',
  'ai_sdk/types',
  ...generated
    .filter((name) => name.endsWith('.d.ts') && !INTERNAL.includes(name))
    .map((name) => `generated/${name.replace('.d.ts', '')}`),
  'database_manager',
  'errors',
  'express',
  'fastify',
  'index',
  'langgraph',
  'langgraph/types',
  'message_logger',
  'openai_agents',
  'openai_agents/session',
  'openai_agents/types',
  'store',
  'types',
];

test('every public declaration is documented', async () => {
  const undocumented = [];
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
      if (!lines[number - 1].endsWith('*/')) undocumented.push(`${name}: ${line.trim()}`);
    }
  }
  assert.deepEqual(undocumented, []);
  assert.ok(found > 60, `${found} declarations`);
});
