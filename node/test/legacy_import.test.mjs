/** Import of SQLite files of other programs. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './support/databases.mjs';
import { memoryStore, onEachEngine } from './support/stores.mjs';

const HASH = createHash('sha256').update('old-secret').digest('hex');
const TABLES = `
  CREATE TABLE messages (id INTEGER PRIMARY KEY, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    user_message TEXT NOT NULL, bot_response TEXT, provider TEXT, model TEXT,
    tokens_used INTEGER, metadata TEXT);
  INSERT INTO messages VALUES (4, '2024-01-01 10:00:00', 'hi', 'ho', 'openai', NULL, 3, '{"a": 1}');
  CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT UNIQUE, description TEXT,
    created_at TEXT, expires_at TEXT, is_active INTEGER DEFAULT 1, last_used_at TEXT);
  INSERT INTO tokens (token_hash, created_at) VALUES ('${HASH}', '2024-01-01T10:00:00');
`;
const EXECUTE = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(sys.stdin.read())
connection.close()
`;

/** Runs SQL in another process, because this one has chatkeep's SQLite. */
function execute(path, sql) {
  execFileSync('python3', ['-c', EXECUTE, path], { input: sql });
}

async function oldFile(t, more = '') {
  const path = join(await temporaryFolder(t), 'chatbot.db');
  execute(path, TABLES + more);
  return path;
}

const NONE = { found: 0, stored: 0, alreadyThere: 0, withNewId: 0, forced: 0 };

onEachEngine('a file is imported only once', async (t, { chat, log, tokens }) => {
  const path = await oldFile(t, 'CREATE TABLE notes (id INTEGER PRIMARY KEY);');
  const bytes = await readFile(path);
  const stored = { ...NONE, found: 1, stored: 1 };
  const [otherTables, timesAreUnknown] = [['notes'], false];
  const unknownColumns = [];
  const counts = { messages: stored, tokens: stored };
  const file = { file: path, ...counts, otherTables, timesAreUnknown, unknownColumns };
  assert.deepEqual(await chat.dbManager.migrateFromOldSqlite(path), {
    stored: true,
    files: [file],
    badRows: 0,
    hopelessRows: 0,
    problems: [],
  });
  const again = await chat.dbManager.migrateFromOldSqlite(path);
  const there = { ...NONE, found: 1, alreadyThere: 1 };
  assert.deepEqual([again.files[0].messages, again.files[0].tokens], [there, there]);

  const messages = await log.getMessages();
  assert.equal(messages.length, 1);
  const { id, timestamp, userMessage, metadata } = messages[0];
  assert.deepEqual([id, userMessage, metadata], [4, 'hi', { a: 1 }]);
  assert.equal(timestamp.toISOString(), '2024-01-01T10:00:00.000Z');
  assert.equal(await tokens.verifyToken('old-secret'), true);
  assert.ok(bytes.equals(await readFile(path)));
});

onEachEngine('an invalid row is reported and no row is stored', async (t, { chat, log }) => {
  const path = await oldFile(t, "UPDATE messages SET metadata = '{';");
  await assert.rejects(chat.dbManager.migrateFromOldSqlite(path), {
    code: 'CHATKEEP_INVALID_INPUT',
    operation: 'migrateFromOldSqlite',
    message: /row 4: metadata/,
  });
  const none = join(await temporaryFolder(t), 'none.db');
  await writeFile(none, 'nothing of the kind');
  await assert.rejects(chat.dbManager.migrateFromOldSqlite(none), {
    code: 'CHATKEEP_CORRUPT',
    message: /is not a SQLite file/,
  });
  await assert.rejects(chat.dbManager.migrateFromOldSqlite(`${none}.not`), {
    code: 'CHATKEEP_CONFIGURATION',
  });
  assert.equal(await log.getMessageCount(), 0);
});

test('unknown columns are reported', async (t) => {
  const chat = memoryStore(t);
  const path = await oldFile(t, 'ALTER TABLE messages ADD COLUMN mood;');
  await assert.rejects(chat.dbManager.migrateFromOldSqlite(path), {
    code: 'CHATKEEP_INVALID_INPUT',
    operation: 'migrateFromOldSqlite',
    message: /table messages, column mood: is unknown to chatkeep \(--force stores the rows/,
  });
  assert.equal(await chat.messageLogger.getMessageCount(), 0);
});

test('a path that is not a string is rejected', async (t) => {
  const chat = memoryStore(t);
  const path = await oldFile(t);
  for (const given of [undefined, null, 5, Buffer.from(path), pathToFileURL(path), [path]]) {
    await assert.rejects(chat.dbManager.migrateFromOldSqlite(given), {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'path',
      operation: 'migrateFromOldSqlite',
      message: /^path: must be a string, not /,
    });
  }
  assert.equal(await chat.messageLogger.getMessageCount(), 0);
});
