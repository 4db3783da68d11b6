/** The packages in an empty folder: no registry, no Rust, no other package. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages } from '../test/support/pages.mjs';
import { installed, SOURCES, tool } from './packages.mjs';

const here = installed();
const { version } = JSON.parse(readFileSync(join(SOURCES, 'package.json'), 'utf8'));

function assertRuns(done, out) {
  assert.deepEqual([done.code, done.told], [0, ''], done.all);
  if (out !== undefined) assert.equal(done.out, out);
}

test('there is nothing else', () => {
  assert.deepEqual(
    readdirSync(join(here.app, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['@chatkeep', 'chatkeep'],
  );
  assert.equal(readdirSync(join(here.app, 'node_modules/@chatkeep')).length, 1);
  assert.deepEqual(readdirSync(here.programs).sort(), ['env', 'node', 'npm', 'npx', 'sh']);
});

const USE = `
  const chat = new Chatkeep('sqlite:///:memory:');
  const id = await chat.messageLogger.logMessage({ message: 'hello' });
  const row = await chat.messageLogger.getMessageById(id);
  await chat.close();
  console.log(row.userMessage, typeof messageLogger, typeof tokenManager, typeof dbManager);
`;

test('it is imported', () => {
  const names = 'Chatkeep, dbManager, messageLogger, tokenManager';
  assertRuns(
    here.script('module.mjs', `import { ${names} } from 'chatkeep';${USE}`),
    'hello object object object\n',
  );
});

test('it is required', () => {
  const names = 'Chatkeep, dbManager, messageLogger, tokenManager';
  const text = `const { ${names} } = require('chatkeep');\n(async () => {${USE}})();`;
  assertRuns(here.script('module.cjs', text), 'hello object object object\n');
});

test('both are the same, so that an error of one is an error of the other', () => {
  const text = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    for (const name of ['chatkeep', 'chatkeep/express', 'chatkeep/fastify']) {
      const [imported, required] = [await import(name), require(name)];
      const names = Object.keys(required).filter((key) => key !== '__esModule');
      console.log(names.length > 2, names.every((key) => imported[key] === required[key]));
    }
  `;
  assertRuns(here.script('both.mjs', text), 'true true\n'.repeat(3));
});

test('the pages run as they stand', () => {
  const plain = pages().filter(({ text }) => !/from '(express|fastify)'/.test(text));
  assert.ok(plain.length >= 2);
  for (const [number, { text }] of plain.entries()) {
    assertRuns(here.script(`page${number}.mjs`, text));
  }
  assert.ok(readdirSync(here.app).includes('chat.db'));
});

for (const [name, compilerOptions] of [
  ['node16', { module: 'node16' }],
  ['bundler', { module: 'preserve', moduleResolution: 'bundler' }],
]) {
  for (const extension of ['mts', 'cts']) {
    test(`users' code is typed: ${name}, .${extension}`, () => {
      withTypes();
      // As importing and as requiring modules have it.
      const program = readFileSync(join(SOURCES, 'test-package/user.ts'), 'utf8');
      writeFileSync(join(here.app, `user.${extension}`), program);
      writeFileSync(
        join(here.app, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'esnext.disposable'],
            types: ['node'],
            noEmit: true,
            strict: true,
            exactOptionalPropertyTypes: true,
            ...compilerOptions,
          },
          files: [`user.${extension}`],
        }),
      );
      assertRuns(here.run(tool('tsc'), ['--project', here.app]));
    });
  }
}

/** The frameworks and their types, which users of them have. */
function withTypes() {
  const modules = join(here.app, 'node_modules');
  for (const name of ['@types', 'express', 'fastify']) {
    if (readdirSync(modules).includes(name)) continue;
    symlinkSync(join(SOURCES, 'node_modules', name), join(modules, name));
  }
}

test('the command comes with it', () => {
  const DATABASE_URL = `sqlite:///${here.app}/command.db`;
  const chatkeep = (...words) =>
    here.run('npx', ['--offline', 'chatkeep', ...words], { DATABASE_URL });
  assertRuns(chatkeep('--version'), `chatkeep ${version}\n`);
  assertRuns(chatkeep('messages', 'log', 'What is WAL?'));
  const listed = chatkeep('--json', 'messages', 'list');
  assertRuns(listed);
  assert.equal(JSON.parse(listed.out)[0].user_message, 'What is WAL?');
});

for (const [code, url, ...words] of [
  [0, 'sqlite:///chat.db', 'tokens', 'list'],
  [1, 'sqlite:///chat.db', 'tokens', 'verify', 'nonsense'],
  [1, 'sqlite:///chat.db', 'messages', 'get', '999'],
  [2, 'sqlite:///chat.db', 'no-such-command'],
  [2, 'oracle://somewhere/chat', 'db', 'health'],
  [3, 'sqlite:///none.db', 'db', 'health'],
  [5, 'postgresql://a:b@127.0.0.1:1/chat', 'db', 'health'],
]) {
  test(`the command ends with ${code}: ${words.join(' ')} on ${url}`, () => {
    const settings = { DATABASE_URL: url, DB_MAX_RETRIES: '1', DB_CONNECT_TIMEOUT: '1' };
    const done = here.run(join(here.app, 'node_modules/.bin/chatkeep'), words, settings);
    assert.equal(done.code, code, done.all);
  });
}

test('without the package of the platform it says which one is missing', () => {
  const folder = join(here.app, 'node_modules/@chatkeep');
  renameSync(folder, `${folder}-away`);
  try {
    for (const [name, text] of [
      ['missing.mjs', "import 'chatkeep';"],
      ['missing.cjs', "require('chatkeep');"],
    ]) {
      const done = here.script(name, text);
      assert.equal(done.code, 1);
      assert.match(done.told, /@chatkeep\/[a-z0-9-]+/);
      assert.match(done.told, /optional/);
    }
  } finally {
    renameSync(`${folder}-away`, folder);
  }
});
