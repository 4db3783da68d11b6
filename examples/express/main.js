/**
 * A small chat: accounts, conversations, and answers that stream, survive a reload, and can be
 * stopped.
 *
 * The page `index.html` is its user interface. The data is in the database that `DATABASE_URL` names.
 */

import process from 'node:process';
import {
  conversationManager,
  dbManager,
  messageLogger,
  sessionManager,
  streamManager,
  userManager,
} from 'chatkeep';
import {
  currentSession,
  handleErrors,
  healthCheck,
  sessionRequired,
  tokenRequired,
} from 'chatkeep/express';
import express from 'express';
import * as answers from './answers.js';

// Browsers other than Safari accept secure cookies of this computer over HTTP, too.
const session = sessionRequired(undefined, { secure: process.env.CHAT_INSECURE !== '1' });

const app = express();
app.get('/health/db-pool', healthCheck());

/** Returns totals by provider, model and day, for programs with an API token. */
app.get('/analytics', tokenRequired(), async (request, response) => {
  const { startDate, endDate } = request.query;
  response.json(await messageLogger.getAnalytics({ startDate, endDate }));
});

/** Returns the user interface. */
app.get('/', (_request, response) =>
  response.sendFile('index.html', { root: import.meta.dirname }),
);

/** Creates a user. A taken address is a 409 error. */
app.post('/sign-up', session.sameSite, express.json(), async (request, response) => {
  const { email, password } = request.body ?? {};
  await signIn(request, response, await userManager.createUser({ email, password }));
});

/** Creates a session, and sets its cookie. */
app.post('/sign-in', session.sameSite, express.json(), async (request, response) => {
  const { email, password } = request.body ?? {};
  const user = await userManager.authenticate(email, password);
  if (user === null) throw failure(401, 'Wrong address or password');
  await signIn(request, response, user);
});

/** Creates the session of a user, unless the password was changed since the sign-in. */
async function signIn(request, response, user) {
  const userAgent = request.get('User-Agent');
  const client = { ip: request.ip, userAgent, userStamp: user.stamp };
  session.setCookie(response, await sessionManager.createSession(user.publicId, client));
  response.json(shownUser(user));
}

// Before the body is read, so that requests without a session cannot send megabytes.
app.use(session);
app.use(express.json());

/** Ends the session, and deletes its cookie. */
app.post('/sign-out', async (request, response) => {
  await sessionManager.logout(session.secret(request));
  session.deleteCookie(response);
  response.sendStatus(204);
});

/** Returns the signed-in user. */
app.get('/me', async (request, response) => {
  const user = await userManager.getUser(currentSession(request).userId);
  if (user === null) throw failure(404, 'No such user');
  response.json(shownUser(user));
});

/** Returns a page of the user's conversations, last used first. */
app.get('/conversations', async (request, response) => {
  const { userId } = currentSession(request);
  const { cursor } = request.query;
  const page = await conversationManager.listConversations(userId, { limit: 50, cursor });
  const conversations = page.conversations.map(shownConversation);
  response.json({ conversations, next_cursor: page.nextCursor });
});

/** Creates a conversation. */
app.post('/conversations', async (request, response) => {
  const { userId } = currentSession(request);
  const title = request.body?.title;
  const created = await conversationManager.createConversation({ userId, title });
  response.json(shownConversation(created));
});

/** Finds the user's conversation of a route. */
app.param('conversation', async (request, _response, next, id) => {
  const found = await conversationManager.getConversation(id);
  const isOwn = found !== null && found.userId === currentSession(request).userId;
  request.conversation = found;
  next(isOwn ? undefined : failure(404, 'No such conversation'));
});

/** Returns the newest messages of a conversation, and the ids of answers that are streaming. */
app.get('/conversations/:conversation', async ({ conversation }, response) => {
  // In this order, so that a turn that ends between the two reads is not missing. It is in both
  // results then. The time of its message is that of its start.
  const turns = await conversationManager.listOpenTurns(conversation.publicId);
  const conversationId = conversation.id;
  const messages = await messageLogger.getMessages({ limit: 50, conversationId });
  const key = (time, question) => `${time.getTime()} ${question}`;
  const stored = new Set(messages.map(({ timestamp, userMessage }) => key(timestamp, userMessage)));
  const open = turns.filter(
    ({ startedAt, userMessage }) => !stored.has(key(startedAt, userMessage)),
  );
  response.json({
    ...shownConversation(conversation),
    messages: messages.reverse().map(({ userMessage, botResponse, status }) => {
      return { question: userMessage, answer: botResponse, status };
    }),
    open: open.map(({ publicId, userMessage }) => {
      return { stream_id: publicId, question: userMessage };
    }),
  });
});

/** Deletes a conversation. */
app.delete('/conversations/:conversation', async ({ conversation }, response) => {
  await conversationManager.deleteConversation(conversation.publicId);
  response.sendStatus(204);
});

/** Stores a question, and starts to answer it. */
app.post('/conversations/:conversation/messages', async (request, response) => {
  const { publicId } = request.conversation;
  const streamId = await answers.start(publicId, request.body?.message);
  response.status(202).json({ stream_id: streamId });
});

/** Finds the user's stream of a route. */
app.param('stream', async (request, _response, next, id) => {
  const found = await streamManager.getStream(id);
  const isOwn = found !== null && found.userId === currentSession(request).userId;
  request.streamId = id;
  next(isOwn ? undefined : failure(404, 'No such stream'));
});

/** Returns an answer while it is generated. Browsers reconnect with `Last-Event-ID`. */
app.get('/streams/:stream', async (request, response) => {
  const after = Number(request.get('Last-Event-ID') ?? 0);
  if (!Number.isSafeInteger(after) || after < 0)
    throw failure(422, 'Last-Event-ID is not a number');
  const closed = new AbortController();
  response.on('close', () => closed.abort());
  response.set({ 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  response.type('text/event-stream').flushHeaders();
  try {
    for await (const event of answers.events(request.streamId, after, closed.signal)) {
      response.write(event);
    }
    response.end();
  } catch (error) {
    if (error !== closed.signal.reason) throw error;
  }
});

/** Stops an answer, also if another process generates it. */
app.post('/streams/:stream/cancel', async (request, response) => {
  response.json(await streamManager.cancelStream(request.streamId));
});

app.use(handleErrors());
app.use((error, _request, response, next) => {
  if (error.status === undefined || response.headersSent) next(error);
  else response.status(error.status).json({ detail: error.message });
});

/** Returns the error of a request. */
function failure(status, detail) {
  return Object.assign(new Error(detail), { status });
}

/** Returns the public fields of a user. */
function shownUser({ publicId, email }) {
  return { id: publicId, email };
}

/** Returns the public fields of a conversation. */
function shownConversation({ publicId, title }) {
  return { id: publicId, title };
}

// Starts once the database is reachable, and exits after the last answer is stored.
await dbManager.waitUntilReady();
await answers.maintain();
const maintenance = setInterval(answers.maintain, 60_000);
const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(maintenance);
    server.close(async () => {
      await answers.finished();
      await messageLogger.flush();
    });
  });
}
