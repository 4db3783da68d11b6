/** A program that uses the packages. It is only type-checked, in a folder that has them. */

import type { Message, TokenInfo } from 'chatkeep';
import { Chatkeep, ChatkeepError, dbManager, messageLogger, tokenManager } from 'chatkeep';
import * as forExpress from 'chatkeep/express';
import { answerError, chatkeepPlugin, currentToken, tokenRequired } from 'chatkeep/fastify';
import express from 'express';
import Fastify from 'fastify';

const chat = new Chatkeep('sqlite:///:memory:', { poolSize: 5, connectTimeout: 2 });

export async function calls(): Promise<Message[]> {
  const id: number = await chat.messageLogger.logMessage({
    message: 'hello',
    response: null,
    tokensUsed: 3,
    metadata: { session: 'a', deep: { list: [1, null] } },
    timestamp: new Date(),
  });
  const row: Message | null = await messageLogger.getMessageById(id);
  const when: Date | undefined = row?.timestamp;
  const created = await tokenManager.createToken({ description: 'web app', expiresDays: 90 });
  const check = await tokenManager.checkToken(created.token);
  if (check.reason === 'expired') await dbManager.waitUntilReady();
  for await (const message of chat.messageLogger.iterMessages({ provider: 'openai' })) {
    if (message.metadata) Object.keys(message.metadata);
  }
  try {
    // @ts-expect-error A limit is a number.
    await chat.messageLogger.getMessages({ limit: '10' });
  } catch (error) {
    if (error instanceof ChatkeepError && error.code === 'CHATKEEP_INVALID_INPUT') error.field;
  }
  await chat.close();
  return when ? [] : chat.messageLogger.getMessages({ limit: 10, startDate: '2026-01-01' });
}

export function withExpress(): express.Express {
  const app = express();
  app.get('/health/db-pool', forExpress.healthCheck(chat, { timeout: 1 }));
  app.use('/messages', forExpress.tokenRequired(chat, { retryAfter: 7, report: console.error }));
  app.get('/messages', forExpress.tokenRequired(), async (request, response) => {
    const token: TokenInfo | undefined = request.token;
    response.json([token?.description, forExpress.currentToken(request).id]);
  });
  const health: Promise<forExpress.DatabaseHealth> = forExpress.dbPoolHealth();
  health.catch(() => {});
  return app.use(forExpress.handleErrors());
}

export async function withFastify(): Promise<string> {
  const app = Fastify();
  await app.register(chatkeepPlugin, { chat, wait: true, healthPath: false });
  app.addHook('onRequest', tokenRequired(chat));
  app.get('/', { preHandler: tokenRequired(chat, { retryAfter: 7 }) }, async (request) => {
    const token: TokenInfo | null = request.token;
    return [token?.description, currentToken(request).id];
  });
  app.setErrorHandler((error, request, reply) => {
    return answerError(error, request, reply) ?? reply.code(500).send({});
  });
  return app.listen();
}
