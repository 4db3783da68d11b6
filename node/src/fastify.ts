/**
 * For Fastify: bearer tokens, and a plugin with errors as answers, a health check and the store's life beside the
 * application's.
 *
 * Each takes a {@link Chatkeep}; without one, it is the database that the environment names. Fastify itself is not installed with
 * chatkeep.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { chatkeepPlugin, currentToken, tokenRequired } from 'chatkeep/fastify';
 * import Fastify from 'fastify';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const app = Fastify();
 * app.register(chatkeepPlugin, { chat, wait: true });
 * app.get('/whoami', { onRequest: tokenRequired(chat) }, async (request) => {
 *   return { you: currentToken(request).description };
 * });
 * ```
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Chatkeep, TokenInfo } from './index.js';
import * as chatkeep from './index.js';
import * as web from './web.js';

export type { DatabaseHealth } from './web.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The record of the token that the request brought; there behind `tokenRequired`. */
    token: TokenInfo | null;
  }
}

/** What can be set for answers. */
export interface TokenOptions {
  /** The seconds of `Retry-After`. Default: 5. */
  readonly retryAfter?: number;
}

/** What can be set for the plugin. */
export interface PluginOptions {
  /** The store. */
  readonly chat?: Chatkeep;
  /** The seconds of `Retry-After`. Default: 5. */
  readonly retryAfter?: number;
  /**
   * Whether errors of chatkeep's in routes become answers. An application with an error handler of its own says `false`, and calls
   * {@link answerError} in it. Default: true.
   */
  readonly errors?: boolean;
  /** The path of the health check; `false` for none. Default: `/health/db-pool`. */
  readonly healthPath?: string | false;
  /** The seconds after which a database that has not answered counts as down. Default: 5. */
  readonly healthTimeout?: number;
  /**
   * Whether the application gets ready only when the database answers and has its schema; it does not when that takes longer than
   * `DB_MAX_RETRIES` times `DB_RETRY_DELAY`. Without it, the first call opens the store.
   */
  readonly wait?: boolean;
  /**
   * Whether the store is closed with the application, after which it cannot be used again. Without it, it is flushed, and its
   * connections go with the process.
   */
  readonly close?: boolean;
}

/** A hook for `onRequest` or `preHandler`. */
export type TokenHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * A hook that lets a request pass that brings a valid token: `Authorization: Bearer …`. Its record is `request.token`.
 *
 * Without a token, or with one that is not valid, the answer is 401 with `WWW-Authenticate`; when the database does not answer,
 * 503 with `Retry-After`. For all routes of an application or plugin: `app.addHook('onRequest', tokenRequired(chat))`.
 *
 * @param chat The store.
 * @param options What can be set.
 */
export function tokenRequired(chat?: Chatkeep, options: TokenOptions = {}): TokenHook {
  const { retryAfter = web.RETRY_AFTER } = options;
  return async (request, reply) => {
    const { authorization } = request.headers;
    const report = reporter(request);
    const verdict = await web.checked(chat ?? chatkeep, authorization, retryAfter, report);
    if ('refusal' in verdict) return refuse(reply, verdict.refusal);
    request.token = verdict.token;
    return undefined;
  };
}

/**
 * The record of the token that a request brought; for routes behind `tokenRequired`.
 *
 * @param request The request.
 * @throws Error when no token was asked for.
 */
export function currentToken(request: { readonly token: TokenInfo | null }): TokenInfo {
  if (!request.token) throw new Error('this route is not behind tokenRequired');
  return request.token;
}

/**
 * Answers to an error of chatkeep's, for error handlers.
 *
 * `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT` and `CHATKEEP_CONFLICT` become 503 with `Retry-After`. `CHATKEEP_OUTCOME_UNKNOWN`
 * becomes 503 without it, as who tries again may store twice. `CHATKEEP_INVALID_INPUT` becomes 422 and names the field.
 *
 * @param error What a route threw.
 * @param request The request.
 * @param reply The reply to it.
 * @param options What can be set.
 * @returns The reply; nothing for all other errors, which are no caller's business.
 */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: TokenOptions = {},
): FastifyReply | undefined {
  const { retryAfter = web.RETRY_AFTER } = options;
  const refusal = web.refusalOf(error, retryAfter, reporter(request));
  return refusal && refuse(reply, refusal);
}

/**
 * A plugin that turns errors of chatkeep's in routes into answers (see {@link answerError}), answers `GET /health/db-pool`, and waits
 * until what was handed in is stored before the application ends.
 *
 * @param app The application.
 * @param options What can be set.
 */
export async function chatkeepPlugin(
  app: FastifyInstance,
  options: PluginOptions = {},
): Promise<void> {
  const { retryAfter = web.RETRY_AFTER, healthPath = web.HEALTH_PATH } = options;
  const chat = options.chat ?? chatkeep;
  if (!app.hasRequestDecorator('token')) app.decorateRequest('token', null);

  if (options.errors !== false) {
    const others = app.errorHandler;
    app.setErrorHandler((error, request, reply) => {
      return (
        answerError(error, request, reply, { retryAfter }) ??
        others.call(app, error, request, reply)
      );
    });
  }

  if (healthPath !== false) {
    app.get(healthPath, async (_request, reply) => {
      const health = await dbPoolHealth(options.chat, options.healthTimeout);
      const { status, headers } = web.healthAnswer(health);
      return reply.code(status).headers(headers).send(health);
    });
  }

  if (options.wait) {
    app.addHook('onReady', async () => {
      await chat.dbManager.waitUntilReady();
    });
  }
  // After the last request was answered.
  app.addHook('onClose', async () => {
    await (options.close ? chat.dbManager.close() : chat.messageLogger.flush());
  });
}

// It is for the application that registers it, not for itself alone: what the package `fastify-plugin` would say.
Object.assign(chatkeepPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'chatkeep',
});

/**
 * What `/health/db-pool` says: whether the database answers, and the pool's figures.
 *
 * It names neither the host nor the account, so that it may be asked without a token.
 *
 * @param chat The store.
 * @param timeout The seconds after which a database that has not answered counts as down.
 */
export function dbPoolHealth(
  chat?: Chatkeep,
  timeout: number = web.HEALTH_TIMEOUT,
): Promise<web.DatabaseHealth> {
  return web.databaseHealth(chat ?? chatkeep, timeout);
}

function refuse(reply: FastifyReply, { status, headers, detail }: web.Refusal): FastifyReply {
  return reply.code(status).headers(headers).send({ detail });
}

function reporter(request: FastifyRequest): web.Report {
  return (told) => request.log.warn(told);
}
