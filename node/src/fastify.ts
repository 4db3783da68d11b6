/**
 * Fastify integration: hooks that check tokens and sessions, and a plugin. The plugin adds error
 * responses and a health check, and opens and closes the store with the application.
 *
 * Each function takes a {@link Chatkeep}; the default is the store that the environment variables
 * configure. Fastify is an optional peer dependency.
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
import type { Chatkeep, CreatedSession, RotatedSession, SessionInfo, TokenInfo } from './index.js';
import * as chatkeep from './index.js';
import * as web from './web.js';
import { type SessionOptions, Sessions } from './web_sessions.js';

export type { AnswerOptions, DatabaseHealth, TokenOptions } from './web.js';
export type { SessionOptions } from './web_sessions.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The record of the request's token. `tokenRequired` sets it; on other routes it is `null`. */
    token: TokenInfo | null;
    /** The request's session. `sessionRequired` sets it; on other routes it is `null`. */
    userSession: SessionInfo | null;
  }
}

/** Options of the plugin. */
export interface PluginOptions extends web.AnswerOptions {
  /** The store; by default the one that the environment variables configure. */
  readonly chat?: Chatkeep;
  /**
   * Whether the plugin converts chatkeep's errors in routes to responses. An application with its
   * own error handler sets it to `false` and calls {@link answerError} there. Default: true.
   */
  readonly errors?: boolean;
  /** Path of the health check; `false` disables it. Default: `/health/db-pool`. */
  readonly healthPath?: string | false;
  /** Maximum response time of the database in a health check, in seconds. Default: 5. */
  readonly healthTimeout?: number;
  /**
   * Whether the application waits at startup until the database responds and has its schema.
   * Startup fails after `DB_MAX_RETRIES` times `DB_RETRY_DELAY` seconds. Default: false; then
   * the first call opens the store.
   */
  readonly wait?: boolean;
  /**
   * Whether the plugin closes the store with the application; a closed store stays closed.
   * Default: false; then the store is flushed, and its connections stay open.
   */
  readonly close?: boolean;
}

/** A hook for `onRequest` or `preHandler` that checks a token or a session. */
export type TokenHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * Returns a hook that requires a valid token: `Authorization: Bearer …`. It sets `request.token`
 * to the token's record.
 *
 * Without a valid token, the response is 401, and without the scope 403, both with
 * `WWW-Authenticate`. If the database does not respond, it is 503 with `Retry-After`. To require a
 * token for all routes of an application or plugin, use
 * `app.addHook('onRequest', tokenRequired(chat))`.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options The scope, and options of the responses.
 */
export function tokenRequired(chat?: Chatkeep, options: web.TokenOptions = {}): TokenHook {
  const { scope, retryAfter = web.RETRY_AFTER } = options;
  return async (request, reply) => {
    const { authorization } = request.headers;
    const report = reporter(request);
    const store = chat ?? chatkeep;
    const verdict = await web.checkRequest(store, authorization, scope, retryAfter, report);
    if ('error' in verdict) return sendError(reply, verdict.error);
    request.token = verdict.token;
    return undefined;
  };
}

/**
 * Returns the record of the request's token. The route must use `tokenRequired`.
 *
 * @param request The request.
 * @throws Error if the route does not use `tokenRequired`.
 */
export function currentToken(request: { readonly token: TokenInfo | null }): TokenInfo {
  if (!request.token) throw new Error('this route does not use tokenRequired');
  return request.token;
}

/** A hook that requires a session, and the functions for its cookie. */
export interface SessionHook extends TokenHook {
  /**
   * Sets the cookie of a session, the result of `createSession`. The browser deletes it when the
   * session expires.
   */
  setCookie(reply: FastifyReply, created: CreatedSession | RotatedSession): void;
  /** Deletes the cookie. The session itself is ended by `logout`. */
  deleteCookie(reply: FastifyReply): void;
  /** Returns the secret that a request presents, valid or not, for `logout`. */
  secret(request: FastifyRequest): string | undefined;
  /**
   * A hook for routes that need no session, such as the sign-in: rejects a request that may change
   * data if another site caused it.
   */
  readonly sameSite: TokenHook;
}

/**
 * Returns a hook that requires the session of a signed-in user. It sets `request.userSession` to the
 * session, which has the user's id.
 *
 * The secret of the session is in the cookie `__Host-chat-session` or in `Authorization: Bearer …`.
 * Without a valid session, the response is 401 with the reason. A request with the cookie that may
 * change data and that another site caused gets 403. If the database does not respond, the response
 * is 503 with `Retry-After`. A session in a cookie regularly gets a new secret.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { chatkeepPlugin, currentSession, sessionRequired } from 'chatkeep/fastify';
 * import Fastify from 'fastify';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const session = sessionRequired(chat);
 * const app = Fastify();
 * app.register(chatkeepPlugin, { chat });
 * app.get('/me', { onRequest: session }, async (request) => {
 *   return chat.userManager.getUser(currentSession(request).userId);
 * });
 * app.post('/sign-out', { onRequest: session }, async (request, reply) => {
 *   await chat.sessionManager.logout(session.secret(request) ?? '');
 *   session.deleteCookie(reply);
 *   return reply.code(204).send();
 * });
 * ```
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param options Options of the cookie and of the responses.
 */
export function sessionRequired(chat?: Chatkeep, options: SessionOptions = {}): SessionHook {
  const sessions = new Sessions(options);
  const setCookie = (reply: FastifyReply, cookie: string) => {
    const values = sessions.replaced(reply.getHeader('set-cookie'), cookie);
    // Fastify appends values of this header.
    reply.removeHeader('set-cookie').header('set-cookie', values);
    reply.header('vary', sessions.vary(reply.getHeader('vary')));
  };
  const required: TokenHook = async (request, reply) => {
    const verdict = await sessions.check(chat ?? chatkeep, request, reporter(request));
    if ('error' in verdict) return sendError(reply, verdict.error);
    if (verdict.cookie !== undefined) setCookie(reply, verdict.cookie);
    request.userSession = verdict.session;
    return undefined;
  };
  return Object.assign(required, {
    setCookie(reply: FastifyReply, created: CreatedSession | RotatedSession) {
      setCookie(reply, sessions.value(created));
    },
    deleteCookie(reply: FastifyReply) {
      setCookie(reply, sessions.deleted());
    },
    secret: (request: FastifyRequest) => sessions.secret(request),
    async sameSite(request: FastifyRequest, reply: FastifyReply) {
      const rejected = sessions.crossSite(request);
      return rejected && sendError(reply, rejected);
    },
  });
}

/**
 * Returns the request's session. The route must use `sessionRequired`.
 *
 * @param request The request.
 * @throws Error if the route does not use `sessionRequired`.
 */
export function currentSession(request: { readonly userSession: SessionInfo | null }): SessionInfo {
  if (!request.userSession) throw new Error('this route does not use sessionRequired');
  return request.userSession;
}

/**
 * Sends the response to an error of chatkeep, for use in error handlers.
 *
 * - `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, and `CHATKEEP_CONFLICT` that is retryable: 503
 *   with `Retry-After`.
 * - `CHATKEEP_OUTCOME_UNKNOWN`: 503 without `Retry-After`, because a retry may store the message
 *   twice.
 * - `CHATKEEP_INVALID_INPUT`: 422 with the field's name.
 * - `CHATKEEP_CONFLICT` that is not retryable, such as a taken address: 409 with the field's name.
 *
 * @param error The error that a route threw.
 * @param request The request.
 * @param reply The reply to the request.
 * @param options Options of the responses.
 * @returns The reply. For all other errors `undefined`, and nothing is sent: clients must not see
 * the details of such an error.
 */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: web.AnswerOptions = {},
): FastifyReply | undefined {
  const { retryAfter = web.RETRY_AFTER } = options;
  const details = web.errorResponse(error, retryAfter, reporter(request));
  return details && sendError(reply, details);
}

/**
 * Adds chatkeep to an application.
 *
 * The plugin converts chatkeep's errors in routes to responses (see {@link answerError}) and serves
 * `GET /health/db-pool`. When the application closes, it waits until submitted messages are stored.
 *
 * @param app The application.
 * @param options Options of the plugin.
 */
export async function chatkeepPlugin(
  app: FastifyInstance,
  options: PluginOptions = {},
): Promise<void> {
  const { retryAfter = web.RETRY_AFTER, healthPath = web.HEALTH_PATH } = options;
  const chat = options.chat ?? chatkeep;
  for (const name of ['token', 'userSession']) {
    if (!app.hasRequestDecorator(name)) app.decorateRequest(name, null);
  }

  if (options.errors !== false) {
    const previous = app.errorHandler;
    app.setErrorHandler((error, request, reply) => {
      return (
        answerError(error, request, reply, { retryAfter }) ??
        previous.call(app, error, request, reply)
      );
    });
  }

  if (healthPath !== false) {
    app.get(healthPath, async (_request, reply) => {
      const health = await dbPoolHealth(options.chat, options.healthTimeout);
      const { status, headers } = web.healthResponse(health);
      return reply.code(status).headers(headers).send(health);
    });
  }

  if (options.wait) {
    app.addHook('onReady', async () => {
      await chat.dbManager.waitUntilReady();
    });
  }
  // `onClose` runs after the last request has been answered.
  app.addHook('onClose', async () => {
    await (options.close ? chat.dbManager.close() : chat.messageLogger.flush());
  });
}

// Applies the plugin to the application that registers it, as the package `fastify-plugin` does.
Object.assign(chatkeepPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'chatkeep',
});

/**
 * Returns the body of `/health/db-pool`: the health of the database and the pool's connection
 * counts.
 *
 * It contains neither the host nor the account, so the route needs no token.
 *
 * @param chat The store; by default the one that the environment variables configure.
 * @param timeout Maximum response time of the database, in seconds.
 */
export function dbPoolHealth(
  chat?: Chatkeep,
  timeout: number = web.HEALTH_TIMEOUT,
): Promise<web.DatabaseHealth> {
  return web.databaseHealth(chat ?? chatkeep, timeout);
}

function sendError(
  reply: FastifyReply,
  { status, headers, detail }: web.ErrorResponse,
): FastifyReply {
  return reply.code(status).headers(headers).send({ detail });
}

function reporter(request: FastifyRequest): web.Report {
  return (message) => request.log.warn(message);
}
