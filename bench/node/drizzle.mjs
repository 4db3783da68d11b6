// Drizzle over better-sqlite3, pg and mysql2, in its usual form: a declared schema, and queries
// built for each call.

import * as sqlite from './better_sqlite3.mjs';
import * as postgresql from './pg.mjs';
import * as mysql from './mysql2.mjs';
import { checkPage, checkToken, hashOf, load, nowText, versionOf } from './protocol.mjs';

const { desc, eq } = load('drizzle-orm');
const versions = { 'drizzle-orm': versionOf('drizzle-orm') };

function sqliteTables() {
  const { integer, sqliteTable, text } = load('drizzle-orm/sqlite-core');
  const messages = sqliteTable('messages', {
    id: integer().primaryKey({ autoIncrement: true }),
    timestamp: text().notNull(),
    userMessage: text('user_message').notNull(),
    botResponse: text('bot_response'),
    provider: text(),
    model: text(),
    tokensUsed: integer('tokens_used'),
    metadata: text({ mode: 'json' }),
  });
  const tokens = sqliteTable('api_tokens', {
    id: integer().primaryKey(),
    tokenHash: text('token_hash').notNull(),
    isActive: integer('is_active', { mode: 'boolean' }).notNull(),
    expiresAt: text('expires_at'),
  });
  return { messages, tokens };
}

function postgresqlTables() {
  const { bigint, boolean, char, jsonb, pgTable, text, timestamp, varchar } =
    load('drizzle-orm/pg-core');
  const messages = pgTable('messages', {
    id: bigint({ mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    timestamp: timestamp({ precision: 6, mode: 'string' }).notNull(),
    userMessage: text('user_message').notNull(),
    botResponse: text('bot_response'),
    provider: varchar({ length: 50 }),
    model: varchar({ length: 100 }),
    tokensUsed: bigint('tokens_used', { mode: 'number' }),
    metadata: jsonb(),
  });
  const tokens = pgTable('api_tokens', {
    id: bigint({ mode: 'number' }).primaryKey(),
    tokenHash: char('token_hash', { length: 64 }).notNull(),
    isActive: boolean('is_active').notNull(),
    expiresAt: timestamp('expires_at', { precision: 6, mode: 'string' }),
  });
  return { messages, tokens };
}

function mysqlTables() {
  const { bigint, boolean, char, datetime, json, longtext, mysqlTable, varchar } =
    load('drizzle-orm/mysql-core');
  const messages = mysqlTable('messages', {
    id: bigint({ mode: 'number' }).primaryKey().autoincrement(),
    timestamp: datetime({ fsp: 6, mode: 'string' }).notNull(),
    userMessage: longtext('user_message').notNull(),
    botResponse: longtext('bot_response'),
    provider: varchar({ length: 50 }),
    model: varchar({ length: 100 }),
    tokensUsed: bigint('tokens_used', { mode: 'number' }),
    metadata: json(),
  });
  const tokens = mysqlTable('api_tokens', {
    id: bigint({ mode: 'number' }).primaryKey(),
    tokenHash: char('token_hash', { length: 64 }).notNull(),
    isActive: boolean('is_active').notNull(),
    expiresAt: datetime('expires_at', { fsp: 6, mode: 'string' }),
  });
  return { messages, tokens };
}

export async function open(setup) {
  const { row } = setup;
  const parsed = JSON.parse(row.metadata);
  const message = () => ({
    timestamp: nowText(),
    userMessage: row.user_message,
    botResponse: row.bot_response,
    provider: row.provider,
    model: row.model,
    tokensUsed: row.tokens_used,
    metadata: parsed,
  });
  const rows = () => Array.from({ length: setup.batch }, message);
  const kind = { sqlite, postgresql }[setup.engine] ?? mysql;
  const client = await kind.connect(setup);
  const reads = (database, { messages, tokens }) => ({
    ready: () => kind.ready(setup, client, versions),
    page: async () => {
      const query = database.select().from(messages);
      const page = await query
        .orderBy(desc(messages.timestamp), desc(messages.id))
        .limit(setup.page);
      // MariaDB stores JSON as text, which is returned unparsed.
      const one = ({ metadata, ...rest }) => ({
        ...rest,
        metadata: typeof metadata === 'string' ? JSON.parse(metadata) : metadata,
      });
      return checkPage(page.map(one));
    },
    verify: async (token) => {
      const query = database
        .select({ isActive: tokens.isActive, expiresAt: tokens.expiresAt })
        .from(tokens);
      const [found] = await query.where(eq(tokens.tokenHash, hashOf(token)));
      return checkToken(found);
    },
  });
  if (kind === mysql) {
    const { drizzle } = load('drizzle-orm/mysql2');
    const tables = mysqlTables();
    const database = drizzle({ client });
    const insert = async (values) => {
      const ids = await database.insert(tables.messages).values(values).$returningId();
      return ids.map(({ id }) => id);
    };
    return { ...reads(database, tables), log: () => insert(message()), bulk: () => insert(rows()) };
  }
  const tables = kind === sqlite ? sqliteTables() : postgresqlTables();
  const { drizzle } = load(
    kind === sqlite ? 'drizzle-orm/better-sqlite3' : 'drizzle-orm/node-postgres',
  );
  const database = drizzle({ client });
  const insert = async (values) => {
    const { id } = tables.messages;
    const stored = await database.insert(tables.messages).values(values).returning({ id });
    return stored.map((one) => one.id);
  };
  return { ...reads(database, tables), log: () => insert(message()), bulk: () => insert(rows()) };
}
