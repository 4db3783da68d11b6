// Examples of the database in JavaScript. They are part of the documentation of the methods.

import { Chatkeep, ChatkeepError } from 'chatkeep';

// ## DatabaseManager
{
  const { dbManager } = new Chatkeep('postgresql://bot:secret@db.example/chat');
  console.log(dbManager.dbType); // postgresql
  console.log(dbManager.databaseUrl); // postgresql://bot:***@db.example/chat
}

// ## health
{
  const { dbManager } = new Chatkeep('sqlite:///:memory:');
  const { ok, engine, schema } = await dbManager.health({ signal: AbortSignal.timeout(5000) });
  console.log(ok, engine, schema); // true sqlite head
}

// ## migrate
{
  const { dbManager } = new Chatkeep('sqlite:///:memory:');
  const { matches, messages } = await dbManager.migrate('check');
  console.assert(matches, messages.join());
  // For your own tables: dbManager.migrate('current', null, { folder: 'migrations' })
  const { pending } = await dbManager.migrate('current');
  console.assert(pending.length === 0);
}

// ## migrateFromOldSqlite
{
  const { dbManager } = new Chatkeep('sqlite:///:memory:');
  try {
    const { files } = await dbManager.migrateFromOldSqlite('no-such-folder/chatbot.db');
    console.log(files[0]?.messages.stored);
  } catch (error) {
    if (!(error instanceof ChatkeepError)) throw error;
    console.log(error.code, error.message);
  }
}

// ## createSearchIndex
{
  const { messageLogger, dbManager } = new Chatkeep('sqlite:///:memory:');
  await messageLogger.logMessage('Explain WAL.');
  console.log(await dbManager.createSearchIndex()); // true
  console.log(await dbManager.searchIndex()); // ready
}
