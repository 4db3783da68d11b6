/** The packages, installed in an empty folder without a registry, Rust or other packages. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages } from '../test/support/pages.mjs';
import { install, SOURCES, tool } from './packages.mjs';

const installation = install();
const { version } = JSON.parse(readFileSync(join(SOURCES, 'package.json'), 'utf8'));

function assertRuns(done, stdout) {
  assert.deepEqual([done.code, done.stderr], [0, ''], done.output);
  if (stdout !== undefined) assert.equal(done.stdout, stdout);
}

test('nothing else is installed', () => {
  assert.deepEqual(
    readdirSync(join(installation.app, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['@chatkeep', 'chatkeep'],
  );
  assert.equal(readdirSync(join(installation.app, 'node_modules/@chatkeep')).length, 1);
  assert.deepEqual(readdirSync(installation.programs).sort(), ['env', 'node', 'npm', 'npx', 'sh']);
});

const USE = `
  const chat = new Chatkeep('sqlite:///:memory:');
  const id = await chat.messageLogger.logMessage({ message: 'hello' });
  const row = await chat.messageLogger.getMessageById(id);
  await chat.close();
  console.log(row.userMessage, typeof messageLogger, typeof tokenManager, typeof dbManager);
`;

test('an ES module can import the package', () => {
  const names = 'Chatkeep, dbManager, messageLogger, tokenManager';
  assertRuns(
    installation.script('module.mjs', `import { ${names} } from 'chatkeep';${USE}`),
    'hello object object object\n',
  );
});

test('a CommonJS module can require the package', () => {
  const names = 'Chatkeep, dbManager, messageLogger, tokenManager';
  const text = `const { ${names} } = require('chatkeep');\n(async () => {${USE}})();`;
  assertRuns(installation.script('module.cjs', text), 'hello object object object\n');
});

test('import and require return the same objects', () => {
  const text = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    for (const name of ['', '/ai-sdk', '/express', '/fastify', '/openai-agents']) {
      const [imported, required] = [await import('chatkeep' + name), require('chatkeep' + name)];
      const names = Object.keys(required).filter((key) => key !== '__esModule');
      console.log(names.length > 0, names.every((key) => imported[key] === required[key]));
    }
  `;
  assertRuns(installation.script('both.mjs', text), 'true true\n'.repeat(5));
});

test('programs of the documentation run unmodified', () => {
  const framework = /from '(ai|express|fastify|zod|@langchain\/.*|@openai\/.*)'/;
  const plain = pages().filter(({ text }) => !framework.test(text));
  assert.ok(plain.length >= 2);
  for (const [number, { text }] of plain.entries()) {
    assertRuns(installation.script(`page${number}.mjs`, text));
  }
  assert.ok(readdirSync(installation.app).includes('chat.db'));
});

for (const [resolution, compilerOptions] of [
  ['node16', { module: 'node16' }],
  ['bundler', { module: 'preserve', moduleResolution: 'bundler' }],
]) {
  for (const extension of ['mts', 'cts']) {
    test(`user code passes the type checker: ${resolution}, .${extension}`, () => {
      addFrameworks();
      assertCompiles('user', extension, compilerOptions);
      // With `exactOptionalPropertyTypes`, the frameworks' own declarations have errors.
      for (const name of ['langgraph', 'openai-agents', 'ai-sdk']) {
        assertCompiles(name, extension, { ...compilerOptions, skipLibCheck: true });
      }
    });
  }
}

/** Compiles a program. Its extension decides between ES modules and CommonJS. */
function assertCompiles(name, extension, compilerOptions) {
  const program = readFileSync(join(SOURCES, `test-package/${name}.ts`), 'utf8');
  writeFileSync(join(installation.app, `${name}.${extension}`), program);
  writeFileSync(
    join(installation.app, 'tsconfig.json'),
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
      files: [`${name}.${extension}`],
    }),
  );
  assertRuns(installation.run(tool('tsc'), ['--project', installation.app]));
}

/** Adds the frameworks and their types, which users install themselves. */
function addFrameworks() {
  const modules = join(installation.app, 'node_modules');
  for (const name of ['@langchain', '@openai', '@types', 'ai', 'express', 'fastify']) {
    if (readdirSync(modules).includes(name)) continue;
    symlinkSync(join(SOURCES, 'node_modules', name), join(modules, name));
  }
}

test('the package installs the command', () => {
  const DATABASE_URL = `sqlite:///${installation.app}/command.db`;
  const chatkeep = (...words) =>
    installation.run('npx', ['--offline', 'chatkeep', ...words], { DATABASE_URL });
  assertRuns(chatkeep('--version'), `chatkeep ${version}\n`);
  assertRuns(chatkeep('messages', 'log', 'Explain WAL.'));
  const listed = chatkeep('--json', 'messages', 'list');
  assertRuns(listed);
  assert.equal(JSON.parse(listed.stdout)[0].user_message, 'Explain WAL.');
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
  test(`the command exits with ${code}: ${words.join(' ')} on ${url}`, () => {
    const settings = { DATABASE_URL: url, DB_MAX_RETRIES: '1', DB_CONNECT_TIMEOUT: '1' };
    const done = installation.run(
      join(installation.app, 'node_modules/.bin/chatkeep'),
      words,
      settings,
    );
    assert.equal(done.code, code, done.output);
  });
}

test('a missing platform package is an error with its name', () => {
  const folder = join(installation.app, 'node_modules/@chatkeep');
  renameSync(folder, `${folder}-away`);
  try {
    for (const [name, text] of [
      ['missing.mjs', "import 'chatkeep';"],
      ['missing.cjs', "require('chatkeep');"],
    ]) {
      const done = installation.script(name, text);
      assert.equal(done.code, 1);
      assert.match(done.stderr, /@chatkeep\/[a-z0-9-]+/);
      assert.match(done.stderr, /optional/);
    }
  } finally {
    renameSync(`${folder}-away`, folder);
  }
});
