/** A chat backend with an echo instead of a model. It logs every message and requires a token. */

import process from 'node:process';
import { dbManager, messageLogger } from 'chatkeep';
import { currentToken, handleErrors, healthCheck, tokenRequired } from 'chatkeep/express';
import express from 'express';

/** Placeholder for the model. */
async function echo(message) {
  const text = `You said: ${message}`;
  return { text, tokensUsed: message.split(/\s+/).length + text.split(/\s+/).length };
}

const app = express();
app.get('/health/db-pool', healthCheck());
// Before the body is read, so that requests without a token cannot send megabytes.
app.use(tokenRequired());
app.use(express.json({ limit: '16mb' }));

/** Replies to a message and logs both. They are stored before the response is sent. */
app.post('/chat', async (request, response) => {
  const { message, session = null } = request.body ?? {};
  if (typeof message !== 'string') {
    response.status(422).json({ detail: 'message must be a string' });
    return;
  }
  const { text, tokensUsed } = await echo(message);
  const id = await messageLogger.logMessage({
    message,
    response: text,
    provider: 'echo',
    model: 'echo-1',
    tokensUsed,
    metadata: { session, tokenId: currentToken(request).id },
  });
  response.json({ id, reply: text });
});

/** Returns a page of the log, newest first. An invalid limit or cursor is a 422 error. */
app.get('/messages', async (request, response) => {
  const { cursor, session } = request.query;
  const limit = Number(request.query.limit ?? 20);
  const messages = await messageLogger.getMessages({
    limit,
    cursor,
    metadata: session === undefined ? undefined : { session },
  });
  const last = messages.at(-1);
  const nextCursor = last && messages.length === limit ? messageLogger.cursorAfter(last) : null;
  response.json({ messages, nextCursor });
});

/** Returns totals by provider, model and day. */
app.get('/analytics', async (request, response) => {
  const { startDate, endDate } = request.query;
  response.json(await messageLogger.getAnalytics({ startDate, endDate }));
});

app.use(handleErrors());

// Starts once the database is reachable, and exits after all submitted messages are stored.
await dbManager.waitUntilReady();
const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => messageLogger.flush()));
}
