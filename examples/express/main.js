/** A chat backend with an echo for a model: every message is logged, and every route wants a token. */

import process from 'node:process';
import { dbManager, messageLogger } from 'chatkeep';
import { currentToken, handleErrors, healthCheck, tokenRequired } from 'chatkeep/express';
import express from 'express';

/** The model. Yours goes here. */
async function echo(message) {
  const text = `You said: ${message}`;
  return { text, tokensUsed: message.split(/\s+/).length + text.split(/\s+/).length };
}

const app = express();
app.get('/health/db-pool', healthCheck());
// Before the body is read: who brings no token sends no megabytes.
app.use(tokenRequired());
app.use(express.json({ limit: '16mb' }));

/** Answers a message and logs both. When this answers, they are stored. */
app.post('/chat', async (request, response) => {
  const { message, session = null } = request.body ?? {};
  if (typeof message !== 'string') {
    response.status(422).json({ detail: 'message must be a text' });
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

/** A page of the log, newest first. A limit or cursor that cannot be is 422, and says why. */
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

/** Totals by provider, model and day. */
app.get('/analytics', async (request, response) => {
  const { startDate, endDate } = request.query;
  response.json(await messageLogger.getAnalytics({ startDate, endDate }));
});

app.use(handleErrors());

// It starts when the database answers, and ends when all that was handed in is stored.
await dbManager.waitUntilReady();
const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => messageLogger.flush()));
}
